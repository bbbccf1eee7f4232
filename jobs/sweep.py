"""What falls due: commands whose process died, changes whose outcome is unknown, drafts and alerts in their time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, tzinfo

import structlog
from sqlmodel import Session

from bridge.alerts import breaker
from bridge.approvals import handover
from bridge.changes.drafts import tidy
from bridge.changes.tasks import OPEN, change_of, claim_due, look_up, settle
from bridge.receivers.slack import SlackAnswers
from providers.base import ChangesTasks, Provider, require
from providers.errors import ProviderError
from providers.model import Task
from store.engine import Store
from store.runs import get, take_interrupted
from store.tables import Change, ChangeState, CommandRun
from templates import render

_log = structlog.get_logger()

LanguageOf = Callable[[str, str | None], Awaitable[str]]
ZoneOf = Callable[[str | None], tzinfo]
Due = Callable[[Session, datetime, int], int]
"""Part of a transaction: does what is due, at most so much of it, and says how much that was."""

_SILENT = ("exec", handover.KIND)
"""Whoever sat at the terminal saw the command end; a request's row says by itself what is left to do."""
AT_ONCE = 200
"""Alerts that fall due in one transaction."""


class Sweep:
    """Looks for rows that are due; the rows alone say what is left to do."""

    def __init__(
        self,
        store: Store,
        providers: Mapping[str, Provider],
        answers: SlackAnswers,
        due: Due,
        *,
        language_of: LanguageOf,
        zone_of: ZoneOf,
        slash: str,
    ) -> None:
        self._store = store
        self._providers = providers
        self._answers = answers
        self._due = due
        self._language_of = language_of
        self._zone_of = zone_of
        self._slash = slash

    async def run(self) -> None:
        """One round, each step of it in transactions of its own.

        Raises:
            ExceptionGroup: of what failed; the other steps were done all the same.
        """
        failed = []
        for step in (self._alerts, self._interrupted, self._drafts, self._changes):
            try:
                await step()
            except Exception as error:  # noqa: BLE001
                # Told below, whatever it was.
                failed.append(error)
        if failed:
            raise ExceptionGroup("sweep", failed)

    async def _alerts(self) -> None:
        done = AT_ONCE
        while done >= AT_ONCE:
            done = await self._store.transact(lambda session, now: self._due(session, now, AT_ONCE))

    async def _interrupted(self) -> None:
        # One by one: should this process die as well, no more than one is closed and not told.
        while run := await take_interrupted(self._store):
            await self._tell_interrupted(run)

    async def _drafts(self) -> None:
        await tidy(self._store)

    async def _changes(self) -> None:
        await asyncio.gather(*(self._look_up(change) for change in await claim_due(self._store)))

    async def _tell_interrupted(self, run: CommandRun) -> None:
        if run.kind in _SILENT:
            return
        change = await change_of(self._store, run.id)
        if run.kind == breaker.KIND:
            await breaker.settled(self._store, run, change)
            return
        language = await self._language_of(run.user_id, run.channel_id)
        message = render("interrupted", language, slash=self._slash, text=run.text, change=change, check=run.check_with)
        if run.progress_channel and run.progress_ts:
            # Or it would say for ever that something is under way.
            await self._answers.edit(run.progress_channel, run.progress_ts, message)
        await self._answers.answer(run, message)

    async def _look_up(self, change: Change) -> None:
        task: Task | None = None
        provider = self._providers.get(change.account)
        if provider is None:
            # Taken out of app.yaml since: nobody is left to ask.
            await settle(self._store, change, ChangeState.LOST, "no account")
        else:
            task = await self._looked(provider, change)
        if change.state in OPEN:
            return
        run = await get(self._store, change.run_id)
        if run is not None and run.kind == breaker.KIND:
            await breaker.settled(self._store, run, change)
        elif run is not None and run.kind not in _SILENT:
            await self._tell_settled(run, change, task, provider.title if provider else change.account)

    async def _looked(self, provider: Provider, change: Change) -> Task | None:
        try:
            return await look_up(self._store, require(provider, ChangesTasks), change)
        except ProviderError as error:
            _log.info("sweep.look_up", change=change.id, error=error.code)
            return None

    async def _tell_settled(self, run: CommandRun, change: Change, task: Task | None, title: str) -> None:
        message = render(
            "settled",
            await self._language_of(run.user_id, run.channel_id),
            zone=self._zone_of(change.account),
            account=change.account,
            change=change,
            state=change.state,
            task=task,
            title=title,
        )
        await self._answers.answer(run, message)
