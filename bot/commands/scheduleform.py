"""The form of a scheduled send: what may be chosen, what was entered, and what of it will not do."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from bot.command import RefusalError
from bot.commands.letterform import is_address
from bot.forms import Form
from providers.model import TaskForm, Tracking
from store.tables import Outcome

SLOWEST, FASTEST = 100, 75_000
"""Messages an hour (000 5.1, `hour_speed`)."""
EVERYBODY = "all"
"""As a sender: any mailbox of the account (000 5.1, remark 2); after an @, any of a domain."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One thing that may be chosen, with the state that it was read in."""

    id: str
    name: str | None = None
    state: str = ""
    """A template's check (`CheckState`); a list: `importing`."""
    count: int | None = None
    """A list's contacts."""

    @property
    def value(self) -> str:
        """What Slack hands back; its state comes along, so that it need not be asked for while Slack waits."""
        return f"{self.id} {self.state}".strip()

    @classmethod
    def read(cls, value: str) -> Self:
        """Of what Slack handed back."""
        name, _, state = value.partition(" ")
        return cls(name, state=state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What was entered, or what a form is filled in with."""

    templates: Sequence[Offered] = ()
    lists: Sequence[Offered] = ()
    sender: str | None = None
    """An address, `@` and a domain, or `all`."""
    sender_name: str | None = None
    reply_to: str | None = None
    at: datetime | None = None
    speed: int | None = None
    tracking: Tracking = Tracking.OPENS_AND_CLICKS
    unsubscribe: bool = True
    first: int | None = None
    last: int | None = None
    reason: str | None = None

    @classmethod
    def read(cls, form: Form) -> Self:
        """Of a form in which nothing was found wrong."""
        return cls(
            templates=tuple(Offered.read(value) for value in form.many("templates")),
            lists=tuple(Offered.read(value) for value in form.many("lists")),
            sender=form.one("sender"),
            sender_name=form.text("sender_name"),
            reply_to=form.text("reply_to"),
            at=form.moment("at"),
            speed=number(form.text("speed")),
            tracking=Tracking(form.one("tracking") or Tracking.NONE),
            unsubscribe="unsubscribe" in form.many("flags"),
            first=number(form.text("first")),
            last=number(form.text("last")),
            reason=form.text("reason"),
        )

    @classmethod
    def of(cls, form: TaskForm, names: Mapping[str, str | None], reason: str | None) -> Self:
        """Of a task, as far as it is known. names: by `template ID` and `list ID`."""
        return cls(
            templates=tuple(Offered(one, names.get(f"template {one}")) for one in form.template_ids or ()),
            lists=tuple(Offered(one, names.get(f"list {one}")) for one in form.list_ids or ()),
            sender=_sender_of(form),
            sender_name=form.sender_name,
            reply_to=form.reply_to,
            at=form.scheduled_at,
            speed=form.hourly_speed,
            tracking=form.tracking or Tracking.NONE,
            unsubscribe=form.unsubscribe_link is not False,
            first=form.first,
            last=form.last or None,
            reason=reason,
        )

    @property
    def form(self) -> TaskForm:
        """What the vendor is told."""
        sender = self.sender or EVERYBODY
        domain = sender.rpartition("@")[2]
        return TaskForm(
            template_ids=tuple(one.id for one in self.templates),
            list_ids=tuple(one.id for one in self.lists),
            # The domain need not be given with an address, but an edit fills it with `all` (000 6.3).
            sender_domain=domain,
            sender=EVERYBODY if sender.startswith("@") else sender,
            sender_name=self.sender_name,
            reply_to=self.reply_to,
            first=self.first,
            # Everybody, said aloud: what is left out cannot be compared with what is read back.
            last=self.last or 0,
            scheduled_at=self.at,
            unsubscribe_link=self.unsubscribe,
            tracking=self.tracking,
            hourly_speed=self.speed,
        )


def _sender_of(form: TaskForm) -> str | None:
    if form.sender != EVERYBODY:
        return form.sender
    return EVERYBODY if form.sender_domain in (EVERYBODY, None) else f"@{form.sender_domain}"


def number(text: str | None) -> int | None:
    """A whole number as people write it: `12,000`, `１２０００`.

    Raises:
        ValueError: it is none.
    """
    return int(unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")) if text else None


def check(form: Form) -> Mapping[str, RefusalError]:
    """By field, what is wrong with it, as far as that can be told without asking."""
    return dict(_faults(form))


def check_time(form: Form) -> Mapping[str, RefusalError]:
    """The same for a new time alone."""
    return dict(_time(form))


def _faults(form: Form) -> Iterator[tuple[str, RefusalError]]:
    templates = [Offered.read(value) for value in form.many("templates")]
    if bad := next((one for one in templates if one.state not in ("", "passed", "unknown")), None):
        yield "templates", wrong(bad.state, word=bad.id)
    lists = [Offered.read(value) for value in form.many("lists")]
    if busy := next((one for one in lists if one.state == "importing"), None):
        yield "lists", wrong("importing", word=busy.id)
    reply_to = form.text("reply_to")
    if reply_to and not is_address(reply_to):
        yield "reply_to", wrong("address", word=reply_to)
    yield from _time(form)
    yield from _numbers(form)
    if form.text("reason") is None:
        yield "reason", wrong("blank")


def _time(form: Form) -> Iterator[tuple[str, RefusalError]]:
    at = form.moment("at")
    if at is None or at <= datetime.now(UTC):
        yield "at", wrong("past" if at else "blank")


def _numbers(form: Form) -> Iterator[tuple[str, RefusalError]]:
    found: dict[str, int | None] = {}
    for name in ("speed", "first", "last"):
        text = form.text(name)
        try:
            found[name] = number(text)
        except ValueError:
            yield name, wrong("number", word=text or "")
    speed, first, last = found.get("speed"), found.get("first"), found.get("last")
    if speed is not None and not SLOWEST <= speed <= FASTEST:
        yield "speed", wrong("speed", count=speed)
    if first is not None and first < 1:
        yield "first", wrong("first", count=first)
    elif last is not None and last < (first or 1):
        yield "last", wrong("last", count=last, least=first or 1)


def wrong(problem: str, *, word: str = "", count: int | None = None, least: int | None = None) -> RefusalError:
    """One thing that will not do, for `schedule/wrong.j2`."""
    about = {"problem": problem, "word": word, "count": count, "least": least}
    return RefusalError("schedule/wrong", Outcome.NOT_UNDERSTOOD, slowest=SLOWEST, fastest=FASTEST, **about)
