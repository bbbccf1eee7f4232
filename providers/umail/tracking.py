"""track.php and trackexport.php: opens and clicks (000 3.1 to 3.5, 001 the same). Web mass mailing only.

A task is named by its send id or by its batch number, by exactly one of them: given both, the vendor takes the
batch (000 3.2), and RefusedError is raised here instead, before anything is sent.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from types import MappingProxyType
from zoneinfo import ZoneInfo

from providers import values
from providers.call import Call
from providers.errors import RefusedError
from providers.model import BatchNumber, SendId, StatisticsId
from providers.refusals import says_nothing_found
from providers.tables import Row, Table
from providers.tracking import EmailId, LinkClicks, LinkId, Tracked, TrackId, TrackOverview
from providers.umail.exports import lines, row_batches
from providers.umail.part import Part, named
from providers.xml import Element, Reader, fields

_EXPORT = "trackexport.php"
_TIMES = ("open_first", "open_last", "click_first", "click_last")
_NUMBERS = ("open_total", "click_total", "click_unique")
_OPENER = {
    "address": "email",
    "browser": "browser",
    "system": "os",
    "first_place": "addr_first",
    "last_place": "addr_last",
    "first_ip": "ip_first",
    "last_ip": "ip_last",
    "opened_total": "open_total",
    "clicked_total": "click_total",
    "first_open": "open_first",
    "last_open": "open_last",
    "first_click": "click_first",
    "last_click": "click_last",
}
"""Column -> the vendor's field."""
_CLICK = {
    "address": "email",
    "url": "link",
    "clicked_unique": "click_unique",
    "clicked_total": "click_total",
    "first_click": "click_first",
    "last_click": "click_last",
}


class Tracking(Part):
    """The account's opens and clicks."""

    async def track_overview(
        self, *, task_id: SendId | None = None, batch: BatchNumber | None = None
    ) -> TrackOverview | None:
        """Totals and links of one task (000 3.1, 001 3.1); None when it is not tracked."""
        call = self.__track("overview", task_id, batch)
        try:
            return await self._api.read(call, "track", lambda row: self.__overview(row, call.name))
        except RefusedError as error:
            if says_nothing_found(error):
                return None
            raise

    def opener_table(self, *, task_id: SendId | None = None, batch: BatchNumber | None = None) -> Table:
        """Who opened one task's messages; times in the account's zone (open-detail; 000 3.2, 001 3.2)."""
        return self.__table(self.__track("open-detail", task_id, batch), "user", _OPENER)

    def click_table(
        self, *, task_id: SendId | None = None, batch: BatchNumber | None = None, link_id: LinkId | None = None
    ) -> Table:
        """Who clicked in one task's messages, on any link or on one (click-detail; 000 3.3, 001 3.3).

        Times in the account's zone.
        """
        return self.__table(self.__track("click-detail", task_id, batch, link_id), "click", _CLICK)

    async def link_clicks(
        self, *, task_id: SendId | None = None, batch: BatchNumber | None = None, link_id: LinkId | None = None
    ) -> Sequence[LinkClicks]:
        """The links of one task's messages with their clicks (link-stat; 000 3.5, 001 3.5)."""
        call = self.__track("link-stat", task_id, batch, link_id)
        # Direct children only: within each <link> there is another <link>, the URL.
        return tuple(await self._api.rows(call, "data", "link", lambda row: self.__link(row, call.name)))

    def tracked(
        self,
        track_ids: Sequence[TrackId],
        *,
        clicked_only: bool = False,
        link_id: LinkId | None = None,
        email_id: EmailId | None = None,
    ) -> AsyncIterator[Tracked]:
        """The recipients of tracking records, as a stream (trackexport; 000 3.4, 001 3.4).

        The output is in neither document; read as one address a line, as the other exports are.

        Raises:
            RefusedError: no id, or an empty one.
            UnsupportedError: several ids on V3.0.
        """
        if not track_ids:
            raise self._api.refused("name at least one tracking record", _EXPORT)
        if len(track_ids) > 1:
            self._api.needs_2019("export several tracking records at once", _EXPORT)
        params = {
            "track_id": ",".join(self._api.checked(track_id, _EXPORT) for track_id in track_ids),
            "is_click": "1" if clicked_only else "0",
            "link_id": self.__optional(link_id, _EXPORT),
            "email_id": self.__optional(email_id, _EXPORT),
        }
        call = self._api.call(_EXPORT, None, params)
        return lines(self._api, call, lambda line: self.__tracked(line, call.name))

    def __track(
        self, do: str, task_id: SendId | None, batch: BatchNumber | None, link_id: LinkId | None = None
    ) -> Call:
        name = f"track.php?do={do}"
        if bool(task_id) == bool(batch):
            raise self._api.refused("name one task: by its id or by its batch number", name)
        which = {"id": self._api.checked(task_id, name)} if task_id else {"ident": batch}
        return self._api.call("track.php", do, {**which, "link_id": self.__optional(link_id, name)})

    def __optional(self, identifier: str | None, call: str) -> str | None:
        return None if identifier is None else self._api.checked(identifier, call)

    def __overview(self, row: Reader, source: str) -> TrackOverview:
        batch, ids = row.text("task_sn"), row.text("track_id") or ""
        links = [link for link in row.each("link_statistic/link") if not link.hollow]
        return TrackOverview(
            **self._api.about(source),
            raw=row.raw(),
            # Several for several templates, as trackexport takes them (000 3.4).
            track_ids=tuple(TrackId(part.strip()) for part in ids.split(",") if part.strip()),
            statistics_id=named(StatisticsId, row.identifier("task_id")),
            batch=BatchNumber(batch) if batch else None,
            task_id=named(SendId, row.identifier("send_id")),
            sent=row.whole("send_count"),
            delivered=row.whole("real_send_count"),
            failed=row.whole("error_send_count"),
            opened_unique=row.whole("open_unique"),
            opened_total=row.whole("open_total"),
            first_open=row.moment("open_first"),
            last_open=row.moment("open_last"),
            clicked_unique=row.whole("click_unique"),
            clicked_total=row.whole("click_total"),
            first_click=row.moment("click_first"),
            last_click=row.moment("click_last"),
            links=tuple(self.__link(link, source) for link in links),
        )

    def __link(self, row: Reader, source: str) -> LinkClicks:
        return LinkClicks(
            **self._api.about(source),
            raw=row.raw(),
            id=named(LinkId, row.identifier("link_id")),
            url=row.text("link"),
            clicked_unique=row.whole("click_unique"),
            clicked_total=row.whole("click_total"),
            # 000 3.5 calls both "number of clicks"; elsewhere, and by name, they are times.
            first_click=row.moment("click_first"),
            last_click=row.moment("click_last"),
        )

    def __tracked(self, line: str, source: str) -> Tracked:
        return Tracked(**self._api.about(source), raw={"line": line}, address=line.strip())

    def __table(self, call: Call, row: str, columns: Mapping[str, str]) -> Table:
        read = partial(_row, self._api.zone, tuple(columns.values()))
        return Table(tuple(columns), row_batches(self._api, call, "data", row, read, open_ended=True))


def _row(zone: ZoneInfo, names: Sequence[str], element: Element) -> Row | None:
    found = fields(element)
    if "email" not in found:
        return None
    return tuple(_READ.get(name, _text)(found.get(name), zone) for name in names)


def _text(found: str | None, _: ZoneInfo) -> str | None:
    return found


def _number(found: str | None, _: ZoneInfo) -> int | None:
    return values.whole(found)


def _time(found: str | None, zone: ZoneInfo) -> datetime | None:
    """A time as a person there reads it."""
    read = values.moment(found, zone)
    return read.astimezone(zone) if read else None


_READ: Mapping[str, Callable[[str | None, ZoneInfo], object]] = MappingProxyType(
    dict.fromkeys(_NUMBERS, _number) | dict.fromkeys(_TIMES, _time)
)
