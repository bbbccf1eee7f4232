"""The way out to other systems: each event goes to whoever asked for it, at least once, in the order of its subject.

One turn is one transaction: it marks what has just come to an end and claims what comes next, so that all endpoints
share its commit. Between an answer and its mark the process may die; the same event then goes out once more, under the
same `webhook-id`. An endpoint that is slow, or dead, uses up its own few requests at once and nobody else's.

    due -> claimed -> sent
                   -> later   with its turn in the schedule; those behind it wait with it
                   -> dead    after the last; the next of its subject goes on
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from math import inf
from types import MappingProxyType

from prometheus_client import Counter, Histogram
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bridge.receivers.webhook import Answer, WebhookReceiver
from bridge.webhooks.endpoints import Shipped, secrets_of
from bridge.webhooks.envelope import CONTENT_TYPE, envelope, trial
from bridge.webhooks.fates import Ending, attempt, settle
from bridge.webhooks.queues import Parcel, Turn, claim
from bridge.webhooks.signing import sign
from store.engine import Store
from store.tables import Attempt, WebhookEndpoint, new_id

BATCH = 256
"""Requests under way at once, to all endpoints together."""
GLANCE = 0.2
"""Seconds after which it is looked again for what fell due, while something slow is under way."""
LATE = 5.0
"""Seconds after its claim in which a request must begin: with its patience it ends well before the lease."""
STEPS = ("claimed", "sending", "answered", "marked")
OUTCOMES = ("taken", "refused", "unanswered", "late")

_attempts = Counter("edmbot_webhook_attempts_total", "Tries to hand over an event by how they ended", ["outcome"])
_seconds = Histogram("edmbot_webhook_seconds", "How long endpoints took to answer")
for _outcome in OUTCOMES:
    # One that has not happened yet reads 0.
    _attempts.labels(_outcome)


def _nothing(_step: str) -> None:
    pass


class Deliverer:
    """Sends what is due; any number of processes may do it at once."""

    def __init__(
        self,
        store: Store,
        receiver: WebhookReceiver,
        shipped: Mapping[str, Shipped] = MappingProxyType({}),
        *,
        admins: Sequence[str] = (),
        home: str | None = None,
        crash: Callable[[str], None] = _nothing,
    ) -> None:
        """shipped: app.yaml's endpoints by name, as `bridge.webhooks.endpoints.ship` has written them down.

        admins: receivers of the notes about endpoints in trouble.
        home: our public address, as `bridge.webhooks.envelope` has it.
        crash: called at each of `STEPS`; where tests end the process.
        """
        self._store = store
        self._receiver = receiver
        self._shipped = shipped
        self._admins = admins
        self._home = home
        self._crash = crash
        self._worker = new_id()
        self._news = asyncio.Event()
        self._flying: set[asyncio.Task[None]] = set()
        self._ended: list[Ending] = []
        self._is_over = False

    def nudge(self) -> None:
        """Something may have fallen due: who is at work looks at once, whatever is still under way."""
        self._news.set()

    def finish(self) -> None:
        """Begin nothing more; what is under way comes to its end."""
        self._is_over = True
        self._news.set()

    async def run_once(self, seconds: float = inf) -> bool:
        """Send until nothing can be sent at this moment, or for so long; whether something is under way still.

        What is under way comes to its end all the same, and is marked by the next call.
        """
        over = asyncio.get_running_loop().time() + seconds
        try:
            while True:
                self._news.clear()
                more = await self._round()
                if not self._flying and not more and not self._ended:
                    return False
                if asyncio.get_running_loop().time() >= over:
                    return True
                if not more:
                    await self._something()
        except BaseException:
            # Their leases run out, and they are sent again.
            for task in self._flying:
                task.cancel()
            await asyncio.gather(*self._flying, return_exceptions=True)
            self._flying.clear()
            raise

    async def _round(self) -> bool:
        """One turn, and off with what it brought; whether another should follow at once."""
        done = {task for task in self._flying if task.done()}
        self._flying -= done
        for task in done:
            task.result()
        endings, self._ended = self._ended, []
        turn = await self._turn(endings, 0 if self._is_over else BATCH - len(self._flying))
        late = asyncio.get_running_loop().time() + LATE
        self._flying |= {asyncio.create_task(self._send(parcel, late)) for parcel in turn.parcels}
        return turn.more

    async def _something(self) -> None:
        """Wait until one has come to its end, somebody nudges, or it is time to look again."""
        try:
            async with asyncio.timeout(GLANCE):
                await self._news.wait()
        except TimeoutError:
            pass

    async def _turn(self, endings: Sequence[Ending], room: int) -> Turn:
        """Mark what ended and claim what comes next."""

        def work(session: Session, now: datetime) -> Turn:
            settle(session, now, endings, self._admins)
            session.flush()
            return claim(session, now, self._worker, room, self._shipped)

        try:
            turn = await self._store.transact(work, alone=WebhookEndpoint)
        except DBAPIError:
            # They are marked when the database is back, if their leases still hold then.
            self._ended = [*endings, *self._ended]
            raise
        for ending in endings:
            _count(ending.answer)
            self._crash("marked")
        for _ in turn.parcels:
            self._crash("claimed")
        return turn

    async def _send(self, parcel: Parcel, late: float) -> None:
        at = datetime.now(UTC) + self._store.clock_offset
        answer = None
        # A process that stood still lets somebody else try.
        if asyncio.get_running_loop().time() <= late:
            answer = await self._try(parcel, at)
            self._crash("answered")
        self._ended.append(Ending(parcel, at, answer))
        self._news.set()

    async def _try(self, parcel: Parcel, at: datetime) -> Answer:
        try:
            body = envelope(parcel.event, addresses=parcel.addresses, home=self._home)
            headers = {**sign(parcel.keys, parcel.event.id, at, body), "Content-Type": CONTENT_TYPE}
            self._crash("sending")
            return await self._receiver.post(parcel.url, body, headers, allow_private=parcel.allow_private)
        except Exception as error:  # noqa: BLE001  # this delivery's failed try, and nobody else's
            return Answer(None, 0, f"could not be sent: {type(error).__name__}")


def _count(answer: Answer | None) -> None:
    if answer is None:
        _attempts.labels("late").inc()
        return
    _seconds.observe(answer.milliseconds / 1000)
    _attempts.labels("taken" if answer.is_taken else "unanswered" if answer.status is None else "refused").inc()


async def try_out(
    store: Store,
    receiver: WebhookReceiver,
    endpoint: WebhookEndpoint,
    shipped: Mapping[str, Shipped],
    *,
    by: str,
) -> Attempt:
    """Send a signed `endpoint.test` at once, whatever the endpoint's state; it is tried once and is no event.

    Raises:
        LookupError: this process's app.yaml does not know the endpoint, so nothing can be signed.
    """
    at = await store.now()
    keys = secrets_of(endpoint, at, shipped)
    if not keys:
        raise LookupError(endpoint.id)
    id_ = new_id()
    body = trial(id_, at, endpoint_id=endpoint.id, name=endpoint.name, by=by)
    headers = {**sign(keys, id_, at, body), "Content-Type": CONTENT_TYPE}
    answer = await receiver.post(endpoint.url, body, headers, allow_private=endpoint.allow_private)
    made = Attempt(**attempt(endpoint.id, 0, id_, at, answer))
    await store.transact(lambda session, _now: session.add(Attempt(**made.model_dump())))
    return made
