"""The one way in: every command and every click.

    row (committed) -> ack -> person -> role -> parse -> run -> outcome -> reply

Commands return and only this module replies; commands raise and only this module catches. A request is identified by
its signature (HTTP) or its envelope (Socket Mode), so that a repeated delivery changes nothing. Work goes on in tasks
that a shutdown waits for; a run whose process died is found by its lease and its asker is told (`jobs.sweep`).
"""

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog
from prometheus_client import Counter

from bot.command import Answer, RefusalError
from bot.config import Config, Role
from bot.context import Context
from bot.grammar import Grammar
from bot.line import read
from bot.people import People, Person
from bridge.changes import OpenChangeError
from bridge.receivers.slack import SlackAnswers
from providers.base import Provider
from providers.errors import OutcomeUnknownError, ProviderError, UnsupportedError
from store.engine import Store
from store.runs import LEASE, RunJournal, finish, renew
from store.tables import CommandRun, Outcome
from templates import Message, render

INTERIM_AFTER = 2.0
"""Seconds until the asker is told that it takes longer."""
AT_ONCE = 8
"""Commands at work together; the rest wait, acked and on disk. Acks never wait for them."""

_log = structlog.get_logger()
_runs = Counter("edmbot_commands_total", "Commands and clicks by how they ended", ["outcome"])


@dataclass(frozen=True, slots=True)
class Request:
    """A command as it came in, whichever way."""

    key: str
    kind: str
    """`slash`, `click` or `exec`."""
    user_id: str
    text: str
    team_id: str | None = None
    channel_id: str | None = None
    response_url: str | None = None
    confirmed: bool = False
    replace: bool = False
    """Whether the answer takes the place of the message that was clicked."""


class Dispatcher:
    """Runs requests."""

    def __init__(
        self, config: Config, store: Store, providers: Mapping[str, Provider], people: People, grammar: Grammar
    ) -> None:
        self._config = config
        self._store = store
        self._providers = providers
        self._people = people
        self._grammar = grammar
        self._journal = RunJournal(store)
        self._worker = str(uuid4())
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def receive(self, request: Request, now: datetime) -> CommandRun | None:
        """Commit the request; None when it was received before."""
        run = CommandRun(
            key=request.key,
            kind=request.kind,
            user_id=request.user_id,
            team_id=request.team_id,
            channel_id=request.channel_id,
            text=request.text,
            confirmed=request.confirmed,
            response_url=request.response_url,
            worker=self._worker,
            received_at=now,
            lease_until=now + LEASE,
        )
        return run if await self._journal.add(run) else None

    def start(self, run: CommandRun, answers: SlackAnswers, *, replace: bool) -> None:
        """Run it and reply, in a task that `drain` waits for."""
        self._track(self._serve(run, answers, replace=replace))

    async def drain(self, seconds: float) -> None:
        """Let the work that was begun end; what does not is left to the lease."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def keep_leases(self) -> None:
        """Say that the runs at work here are alive; called by the clock."""
        if self._tasks:
            await renew(self._store, self._worker)

    async def run(self, run: CommandRun, person: Person) -> Answer:
        """Everything between the row and the reply; every failure becomes an answer."""
        try:
            return await self._execute(run, person)
        except RefusalError as refusal:
            return self._said(person, refusal.template, refusal.outcome, **refusal.facts)
        except OpenChangeError as other:
            return await self._busy(person, other)
        except UnsupportedError as error:
            return self._unsupported(person, error)
        except ProviderError as error:
            outcome = Outcome.UNKNOWN if isinstance(error, OutcomeUnknownError) else Outcome.FAILED
            return self._said(
                person, "provider_error", outcome, error=error, title=self._title(error.account), account=error.account
            )
        except Exception:  # noqa: BLE001
            # The asker must not be left without an answer; the trace is for the maintainer.
            _log.exception("dispatch.run", run=run.id, command=run.command)
            return self._said(person, "unexpected", Outcome.FAILED, run=run.id)

    async def _execute(self, run: CommandRun, person: Person) -> Answer:
        if person.role() is Role.NONE:
            raise RefusalError("stranger", stranger=person.stranger, user=person.id)
        parsed = self._grammar.parse(read(run.text))
        run.command = parsed.command.name
        context = Context(
            config=self._config,
            providers=self._providers,
            store=self._store,
            commands=self._grammar.commands,
            command=parsed.command,
            person=person,
            run=run,
            confirmed=run.confirmed,
        )
        if person.role() < parsed.command.role:
            raise context.not_allowed()
        return await parsed.command.run(*parsed.args, **{**parsed.kwargs, "ctx": context})

    async def close(self, run: CommandRun, answer: Answer) -> bool:
        """Write the outcome down; False when the run was closed already, and nothing may be replied."""
        _runs.labels(answer.outcome).inc()
        return await finish(
            self._store,
            run,
            answer.outcome,
            answer=answer.message.text,
            command=run.command,
            account=answer.account,
        )

    async def _serve(self, run: CommandRun, answers: SlackAnswers, *, replace: bool) -> None:
        async with self._room:
            person = await self._people.identify(run.user_id, run.team_id, run.channel_id)
            work = asyncio.ensure_future(self.run(run, person))
            done, _ = await asyncio.wait({work}, timeout=INTERIM_AFTER)
            if not done:
                await answers.answer(run, render("interim", person.language))
            answer = await work
            # Before the reply: a reply that was lost with the process is not sent again, and the audit log has it.
            if not await self.close(run, answer):
                return
            await answers.answer(run, answer.message, replace=replace and answer.outcome is Outcome.DONE)
            if answer.announcement is not None:
                await answers.announce(run, answer.announcement)

    def _track(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("dispatch.reply", error=repr(error), exc_info=error)

    def _said(self, person: Person, template: str, outcome: Outcome, /, **facts: Any) -> Answer:  # noqa: ANN401
        account = facts.get("account")
        message: Message = render(template, person.language, zone=self._people.zone_of(account), **facts)
        return Answer(message=message, outcome=outcome, account=account, error=_error_of(template, facts))

    def _unsupported(self, person: Person, error: UnsupportedError) -> Answer:
        wanted = error.capability
        able = [p for p in self._providers.values() if wanted and isinstance(p, wanted) and p.account != error.account]
        return self._said(
            person,
            "unsupported",
            Outcome.REFUSED,
            account=error.account or None,
            title=self._title(error.account),
            able=able,
            error=error,
        )

    async def _busy(self, person: Person, other: OpenChangeError) -> Answer:
        async with self._store.transaction() as session:
            run = await session.get(CommandRun, other.change.run_id)
        return self._said(
            person,
            "busy",
            Outcome.REFUSED,
            change=other.change,
            user=run.user_id if run else None,
            account=other.change.account,
        )

    def _title(self, account: str) -> str:
        provider = self._providers.get(account)
        return provider.title if provider else account


def _error_of(template: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    error = facts.get("error")
    if isinstance(error, ProviderError):
        return {"code": error.code, "vendor_code": error.vendor_code, "vendor_text": error.vendor_text}
    return {"code": template, "problem": facts.get("problem")}
