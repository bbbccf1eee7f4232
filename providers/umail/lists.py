"""mloperate.php, the lists: 000 4.1 to 4.6 and 4.11 to 4.13; 001 4.1 to 4.7 and 4.12 to 4.14."""

from collections.abc import Sequence
from datetime import datetime

from providers import values
from providers.call import Call
from providers.contacts import MOST_AT_ONCE, ContactList, ListId
from providers.errors import BadAnswerError, RefusedError
from providers.refusals import says_nothing_found
from providers.tables import Table
from providers.umail.api import result
from providers.umail.exports import line_batches
from providers.umail.part import Part, named
from providers.xml import Reader

SCRIPT = "mloperate.php"
_STATUS = {True: "enabled", False: "disabled"}
_ENABLED = {"enabled": True, "disabled": False}
_IMPORTING = {"1": True, "0": False}


def _name(do: str) -> str:
    return f"{SCRIPT}?do={do}"


class Lists(Part):
    """The account's contact lists, and who subscribes to them."""

    async def contact_lists(self) -> Sequence[ContactList]:
        """All of them; there are no pages (maillist-list; 000 4.1, 001 4.1)."""
        call = self._api.call(SCRIPT, "maillist-list")
        return tuple(await self._api.rows(call, "maillist", "item", lambda row: self.__list(row, call.name)))

    async def contact_list(self, list_id: ListId) -> ContactList | None:
        """One list, or None when there is no such (maillist-detail; 000 4.2, 001 4.2)."""
        call = self._api.call(SCRIPT, "maillist-detail", self.__id("id", list_id, "maillist-detail"))
        try:
            return await self._api.read(call, "maillist", lambda row: self.__found(row, call.name))
        except RefusedError as error:
            if says_nothing_found(error):
                return None
            raise

    async def add_list(self, name: str, *, enabled: bool = True, description: str | None = None) -> ListId | None:
        """Create a list (maillist-add; 000 4.3, 001 4.3). None on V3.0, which does not say what it is called."""
        form = self.__form("maillist-add", name, description, enabled=enabled)
        added = await self._api.change(self._api.post(SCRIPT, "maillist-add", {}, form), result)
        return named(ListId, added.id)

    async def edit_list(self, list_id: ListId, name: str, *, enabled: bool, description: str | None = None) -> None:
        """Rename, enable or disable a list; read it first (maillist-edit; 000 4.4, 001 4.4).

        description: None leaves it out; no document says whether the vendor then keeps it.
        """
        params = self.__id("id", list_id, "maillist-edit")
        form = self.__form("maillist-edit", name, description, enabled=enabled)
        await self._api.change(self._api.post(SCRIPT, "maillist-edit", params, form), result)

    async def delete_list(self, list_id: ListId) -> None:
        """Delete a list with its contacts (maillist-del; 000 4.5, 001 4.5)."""
        await self.__change("maillist-del", self.__id("id", list_id, "maillist-del"))

    async def empty_list(self, *, list_id: ListId) -> None:
        """Delete every contact of a list (ml-addr-empty; 000 4.11, 001 4.12). The answer is undocumented."""
        await self.__change("ml-addr-empty", self.__id("list_id", list_id, "ml-addr-empty"))

    async def subscribe(self, list_id: ListId, address: str, *, name: str | None = None) -> None:
        """Add one address to a subscription list (ml-sub; 000 4.12, 001 4.13).

        name: None makes it what stands before the @.
        """
        params = self.__id("list_id", list_id, "ml-sub")
        await self.__change("ml-sub", params | {"address": self.__filled(address, "ml-sub"), "name": name})

    async def subscribe_many(self, list_id: ListId, subscribers: Sequence[tuple[str, str | None]]) -> None:
        """Add addresses, each with a name or None (ml-sub with maillist; 000 4.12, 001 4.13). At most 500."""
        params = self.__id("list_id", list_id, "ml-sub")
        rows = [self.__joined((address, name or ""), "ml-sub") for address, name in subscribers]
        form = {"maillist": "\n".join(self.__batch(rows, "ml-sub"))}
        await self._api.change(self._api.post(SCRIPT, "ml-sub", params, form), result)

    async def unsubscribe(self, list_id: ListId, addresses: Sequence[str]) -> None:
        """Take addresses off a subscription list (ml-unsub; 000 4.13, 001 4.14). At most 500."""
        params = self.__id("list_id", list_id, "ml-unsub")
        rows = [self.__joined((address,), "ml-unsub") for address in addresses]
        form = {"address": ",".join(self.__batch(rows, "ml-unsub"))}
        await self._api.change(self._api.post(SCRIPT, "ml-unsub", params, form), result)

    def unsubscribe_table(self, list_id: ListId) -> Table:
        """Who left a list and when, in the account's zone (unsubscribe-export; 000 4.6, 001 4.7)."""
        call = self.__export("unsubscribe-export", list_id)
        return Table(("address", "at"), line_batches(self._api, call, self.__left))

    def subscriber_table(self, list_id: ListId) -> Table:
        """The addresses of a list (subscription-export; 001 4.6; not in the API of 2019).

        Raises:
            UnsupportedError: at once, on an account of 2019; its contacts can be listed.
        """
        if self._api.dialect.newer:
            raise self._api.unsupported("has no export of subscribers; list the contacts", _name("subscription-export"))
        call = self.__export("subscription-export", list_id)
        return Table(("address", "name"), line_batches(self._api, call, self.__subscribed))

    def __export(self, do: str, list_id: ListId) -> Call:
        return self._api.call(SCRIPT, do, self.__id("id", list_id, do))

    async def __change(self, do: str, params: dict[str, str | None]) -> None:
        await self._api.change(self._api.call(SCRIPT, do, params), result)

    def __id(self, name: str, list_id: str, do: str) -> dict[str, str | None]:
        return {name: self._api.checked(list_id, _name(do))}

    def __form(self, do: str, name: str, description: str | None, *, enabled: bool) -> dict[str, str | None]:
        # 000 prints `descrīption`, the mark of a filter in its editor; 001 has `description`.
        return {"subject": self.__filled(name, do), "status": _STATUS[enabled], "description": description}

    def __filled(self, text: str, do: str) -> str:
        if not text.strip():
            raise self._api.refused("an address or a name is empty", _name(do))
        return text

    def __joined(self, fields: tuple[str, ...], do: str) -> str:
        """A row of a batch; what separates cannot be part of a field, as nothing escapes it."""
        if not fields[0].strip() or any(mark in field for field in fields for mark in ",;\t\r\n"):
            raise self._api.refused("an address is empty, or holds a comma, semicolon, tab or line break", _name(do))
        return ",".join(fields).rstrip(",")

    def __batch(self, rows: list[str], do: str) -> list[str]:
        if not 1 <= len(rows) <= MOST_AT_ONCE:
            raise self._api.refused(f"U-Mail takes 1 to {MOST_AT_ONCE} addresses a call", _name(do))
        return rows

    def __found(self, row: Reader, source: str) -> ContactList | None:
        return None if row.hollow else self.__list(row, source)

    def __list(self, row: Reader, source: str) -> ContactList:
        list_id = row.identifier("id")
        if list_id is None:
            raise BadAnswerError("a contact list without an id")
        return ContactList(
            **self._api.about(source),
            raw=row.raw(),
            id=ListId(list_id),
            name=row.text("subject"),
            description=row.text("description", "descrīption"),
            contacts=row.whole("count"),
            importing=_IMPORTING.get(row.text("input_status") or ""),
            enabled=_ENABLED.get((row.text("status") or "").lower()),
        )

    def __left(self, line: str) -> tuple[str, datetime | None]:
        """`time<TAB>address`; whichever field holds the @ is the address."""
        found = [field.strip() for field in line.split("\t")]
        address = next((field for field in found if "@" in field), line.strip())
        at = values.moment(found[0], self._api.zone)
        return address, at.astimezone(self._api.zone) if at else None

    def __subscribed(self, line: str) -> tuple[str, str | None]:
        """`address<TAB>name`."""
        address, _, name = line.partition("\t")
        return address.strip(), name.strip() or None
