"""Calling an outside watcher while polls go well, so that somebody notices when this bot does not."""

from datetime import timedelta

import httpx
from pydantic import SecretStr
from sqlmodel import Session, col, select

from jobs.poll import FAMILY
from jobs.scheduler import Duty
from store.engine import Store
from store.jobs import Claimed
from store.tables import Job

NAME = "heartbeat"
EVERY = timedelta(minutes=1)
_TIMEOUT = 10.0


class HeartbeatError(Exception):
    """The watcher could not be reached, or did not want the call."""


class Heartbeat:
    """A GET of `heartbeat_url`."""

    def __init__(self, store: Store, url: SecretStr) -> None:
        self._store = store
        self._url = url

    def duty(self) -> Duty:
        """Once a minute, by whichever process."""
        return Duty(NAME, self._run, EVERY)

    async def _run(self, claimed: Claimed) -> None:
        """Call, if any poll has gone well since the last time.

        Raises:
            HeartbeatError: its text names no URL, which may carry a secret.
        """
        if not await self._store.transact(lambda session, _now: _went_well(session, claimed)):
            return
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
                answer = await client.get(self._url.get_secret_value())
        except httpx.HTTPError as error:
            raise HeartbeatError(f"the watcher was not reached: {type(error).__name__}") from None
        if not answer.is_success:
            raise HeartbeatError(f"the watcher answered with HTTP {answer.status_code}")


def _went_well(session: Session, claimed: Claimed) -> bool:
    polls = select(Job.name).where(col(Job.name).startswith(f"{FAMILY} "))
    # A poll that was begun at the same tick as the last call had not ended by then.
    since = claimed.before or claimed.at - EVERY
    return session.exec(polls.where(col(Job.last_good) >= since).limit(1)).first() is not None
