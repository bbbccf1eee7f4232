"""The way out to Slack: what should be shown is shown, neither lost nor twice.

A notice is due while `wanted` is past `shown`. One turn of the outbox is one transaction: it marks what has just been
sent and claims what comes next, so that all channels share its commit. A claim is a lease and carries what the rows
said at that moment; before anything is posted, `tried_at` is written. Whoever claims a notice that has `tried_at` and
no timestamp (its process died, the reply was lost) looks for it in the channel before posting it again.

    due -> claimed -> shown      due again when `wanted` has moved on meanwhile
                   -> later      Slack's Retry-After; the whole receiver waits
                   -> lost       after a settling time: looked for, then edited or posted
                   -> refused    parked; admins are told once, and it is tried again every hour
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial

from jinja2 import TemplateError
from prometheus_client import Counter
from sqlmodel import Session

from bridge.notices.claims import Claim, UnrenderableError, claim, pause
from bridge.notices.endings import Ending, settle
from bridge.notices.faces import Face, NextOf, RunbookOf, face, no_runbook, nobody
from bridge.receivers.board import Board, Later, Lost, Posted, Refused, Shown, Trouble
from store.engine import Store
from store.tables import new_id
from templates import Message, render

BATCH = 20
"""Notices under way at once, each to another receiver."""
PATIENCE = 4.0
"""Seconds for a whole attempt, under half a lease: whoever takes over finds nothing still on its way."""
GLANCE = 0.2
"""Seconds after which it is looked again for what fell due, while a slow call is under way."""
STEPS = ("claimed", "rendered", "tried", "posted", "marked")
OUTCOMES: Mapping[type[Posted], str] = {Shown: "shown", Later: "later", Refused: "refused", Lost: "lost"}

_deliveries = Counter("edmbot_deliveries_total", "Attempts to show something in Slack by how they ended", ["outcome"])
for _outcome in OUTCOMES.values():
    # One that has not happened yet reads 0.
    _deliveries.labels(_outcome)


def _nothing(_step: str) -> None:
    pass


async def _nameless(_user: str) -> str | None:
    """Where nobody knows names."""
    return None


class Outbox:
    """Sends what is due; any number of processes may do it at once."""

    def __init__(
        self,
        store: Store,
        board: Board,
        language_of: Callable[[str], Awaitable[str]],
        slash: str,
        *,
        admins: Sequence[str] = (),
        zone: tzinfo = UTC,
        next_of: NextOf = nobody,
        runbook_of: RunbookOf = no_runbook,
        name_of: Callable[[str], Awaitable[str | None]] = _nameless,
        tests: bool = False,
        crash: Callable[[str], None] = _nothing,
    ) -> None:
        """language_of: of a receiver, a channel's or a person's id.

        admins: receivers of the notes about what cannot be sent.
        zone: where Slack draws no times itself.
        next_of: whom the next step of an alert's escalation will mention.
        runbook_of: what to do about the alerts of a rule.
        name_of: what people call somebody, by id; where it is None, the id is shown.
        tests: whether some account can send a single message: a request may then be tried on oneself.
        crash: called at each of `STEPS`; where tests end the process.
        """
        self._store = store
        self._board = board
        self._language_of = language_of
        self._slash = slash
        self._admins = admins
        self._zone = zone
        self._look = partial(face, next_of=next_of, runbook_of=runbook_of, tests=tests)
        self._name_of = name_of
        self._crash = crash
        self._worker = new_id()
        self._nudged = asyncio.Event()
        self._pause: timedelta | None = None

    def nudge(self) -> None:
        """Something may have fallen due: who is at work looks at once, whatever is still under way."""
        self._nudged.set()

    async def deliver(self) -> timedelta | None:
        """`run_once`, for the clock: when something can go again, where that is sooner than the clock would ask."""
        await self.run_once()
        return self._pause

    async def run_once(self) -> int:
        """Send until nothing can be sent at this moment; how many attempts came to an end."""
        flying: set[asyncio.Task[Ending]] = set()
        endings: list[Ending] = []
        ended = 0
        try:
            while True:
                self._nudged.clear()
                claims, deadline = await self._turn(endings, BATCH - len(flying))
                ended += len(endings)
                flying |= {asyncio.create_task(self._send(claim, deadline)) for claim in claims}
                if not flying:
                    return ended
                await self._something(flying)
                endings = [task.result() for task in flying if task.done()]
                flying = {task for task in flying if not task.done()}
        finally:
            # Their leases run out, and they are looked for.
            for task in flying:
                task.cancel()
            await asyncio.gather(*flying, return_exceptions=True)

    async def _something(self, flying: Collection[asyncio.Task[Ending]]) -> None:
        """Wait until one has come to its end, somebody nudges, or it is time to look again."""
        nudge = asyncio.ensure_future(self._nudged.wait())
        try:
            await asyncio.wait({*flying, nudge}, timeout=GLANCE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            nudge.cancel()

    async def _turn(self, endings: Sequence[Ending], room: int) -> tuple[Sequence[Claim], float]:
        """Mark what ended and claim what comes next; the claims' deadline, in the loop's time."""
        seconds = asyncio.get_running_loop().time

        def work(session: Session, now: datetime) -> tuple[float, Sequence[Claim], timedelta | None]:
            # From when their leases begin: the transaction may have stood in a queue.
            deadline = seconds() + PATIENCE
            settle(session, now, endings, self._admins)
            session.flush()
            claims = claim(session, now, self._worker, room, self._look)
            return deadline, claims, None if claims else pause(session, now)

        deadline, claims, self._pause = await self._store.transact(work)
        for ending in endings:
            _deliveries.labels(OUTCOMES[type(ending.posted)]).inc()
            self._crash("marked")
        for _ in claims:
            self._crash("claimed")
        return claims, deadline

    async def _send(self, claim: Claim, deadline: float) -> Ending:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._attempt(claim, deadline)
        except TimeoutError:
            return Ending(claim, Lost("patience"), reached=True)

    async def _attempt(self, claim: Claim, deadline: float) -> Ending:
        message = await self._rendered(claim)
        if isinstance(message, UnrenderableError):
            return Ending(claim, Refused(f"unrenderable: {message}"))
        self._crash("rendered")
        channel = claim.channel or await self._channel_of(claim.receiver)
        if not isinstance(channel, str):
            return Ending(claim, channel)
        if claim.ts is None and claim.tried_at is not None:
            found = await self._board.find(channel, claim.id, claim.tried_at, claim.thread_ts)
            if found is not None:
                return Ending(claim, found, channel, found=isinstance(found, Shown))
        self._crash("tried")
        if asyncio.get_running_loop().time() > deadline:
            # The process stood still; by now somebody else may be posting it.
            return Ending(claim, Lost("late"), channel)
        posted = await self._say(claim, channel, message)
        self._crash("posted")
        return Ending(claim, posted, channel, reached=True)

    async def _say(self, claim: Claim, channel: str, message: Message) -> Posted:
        if claim.ts is not None:
            return await self._board.edit(channel, claim.ts, message)
        broadcast = isinstance(claim.face, Face) and claim.face.broadcast
        return await self._board.post(channel, message, claim.id, claim.thread_ts, broadcast=broadcast)

    async def _channel_of(self, receiver: str) -> str | Trouble:
        return await self._board.direct(receiver) if receiver[:1] in "UW" else receiver

    async def _rendered(self, claim: Claim) -> Message | UnrenderableError:
        shown = claim.face
        if isinstance(shown, UnrenderableError):
            return shown
        language = await self._language_of(claim.receiver)
        known_as = {one: await self._name_of(one) or one for one in shown.named}
        try:
            facts = {**shown.facts, "known_as": known_as}
            return render(shown.name, language, zone=self._zone, slash=self._slash, **facts)
        except (TemplateError, LookupError, TypeError, ValueError, AttributeError) as error:
            # One bad row must not stand in the way of the rest.
            return UnrenderableError(repr(error))
