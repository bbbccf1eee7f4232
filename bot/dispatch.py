"""The one way in: every command and every click.

    row (committed) -> ack -> person -> role -> parse -> run -> outcome -> reply

Commands return and only `bot.conversation` replies; commands raise and only this module catches. A request is
identified by its signature (HTTP) or its envelope (Socket Mode), so that a repeated delivery changes nothing. Work goes
on in tasks that a shutdown waits for; a run whose process died is found by its lease and its asker is told
(`jobs.sweep`).
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import uuid4

import structlog
from prometheus_client import Counter
from sqlalchemy.exc import SQLAlchemyError

from bot.command import Answer, RefusalError
from bot.config import Config, Role
from bot.context import Context
from bot.conversation import SHARE, Conversation, Request, Slack
from bot.deciders import Deciders
from bot.errors import Errors
from bot.grammar import Grammar, Parsed
from bot.line import read
from bot.people import People, Person
from bot.redaction import kept, without_secrets
from bot.turns import Turns
from providers.base import Provider
from providers.errors import ProviderError
from store.engine import Store
from store.runs import RunJournal, finish, renew
from store.tables import CommandRun, new_id
from templates import Message, render
from templates.blocks import Block

LOOKED_UP = 1.0
"""Seconds in which Slack may say what somebody reads, while a form waits for its three."""
SUGGESTED = 2.0
"""Seconds in which the choices of a field must be there: Slack waits three, and asks again at the next letter."""
RETRY = 0.5
"""Seconds from one try to write down a run's end to the next, while the database takes nothing…"""
RETRIES = 7_200
"""…and how often."""

_log = structlog.get_logger()
_runs = Counter("edmbot_commands_total", "Commands and clicks by how they ended", ["outcome"])


_COLUMNS = ("key", "kind", "user_id", "team_id", "channel_id", "text", "response_url", "confirmed")


def _nobody() -> None:
    """Where no outbox is near."""


class Dispatcher:
    """Runs requests."""

    def __init__(
        self,
        config: Config,
        store: Store,
        providers: Mapping[str, Provider],
        people: People,
        grammar: Grammar,
        *,
        told: Callable[[], None] = _nobody,
    ) -> None:
        """told: called when a command has changed what Slack shows by itself."""
        self._config = config
        self._store = store
        self._providers = providers
        self._people = people
        self._deciders = Deciders(people)
        self._grammar = grammar
        self._errors = Errors(config, store, providers, people)
        self._told = told
        self._journal = RunJournal(store)
        self._worker = str(uuid4())
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_work: set[str] = set()
        """The ids whose leases are kept; one that failed before its answer must run out, so that the sweep tells."""
        self._turns = Turns()

    async def receive(self, request: Request) -> str | None:
        """Commit the request; the new run's id, or None when it was received before."""
        row = self._row(request)
        run_id = new_id()
        with self._turns.arriving():
            return run_id if await self._journal.add({"id": run_id, "worker": self._worker, **row}) else None

    def start(self, run_id: str, request: Request, slack: Slack) -> None:
        """Run it and reply, in a task that `drain` waits for."""
        self._at_work.add(run_id)
        self.spawn(self._serve(run_id, request, slack))

    async def drain(self, seconds: float) -> None:
        """Let the work that was begun end; what does not is left to the lease."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)

    async def keep_leases(self) -> None:
        """Say that the runs at work here are alive; called by the clock."""
        if self._at_work:
            await renew(self._store, self._at_work)

    async def run(
        self, run: CommandRun, person: Person, request: Request, conversation: Conversation | None = None
    ) -> Answer:
        """Everything between the row and the reply; every failure becomes an answer."""
        try:
            answer = await self._execute(run, person, request, conversation)
        except Exception as error:  # noqa: BLE001
            # Whatever it was, the asker must not be left without an answer.
            return await self._errors.answer(error, run, person)
        if answer.wakes:
            self._told()
        return answer

    async def _execute(
        self, run: CommandRun, person: Person, request: Request, conversation: Conversation | None
    ) -> Answer:
        if person.role() is Role.NONE:
            raise RefusalError("stranger", stranger=person.stranger, user=person.id)
        # Not what was written down of it: there the URL of a webhook is cut.
        parsed = self._grammar.parse(_words(without_secrets(request.text, self._grammar.commands)))
        run.command = parsed.command.name
        context = self._context(parsed, person, run, request, conversation)
        if person.role() < parsed.command.role:
            raise context.not_allowed()
        if conversation is not None and parsed.asks:
            await conversation.open_form()
        return await parsed.command.run(*parsed.args, **{**parsed.kwargs, "ctx": context})

    def _context(
        self,
        parsed: Parsed,
        person: Person,
        run: CommandRun,
        request: Request,
        conversation: Conversation | None = None,
    ) -> Context:
        return Context(
            config=self._config,
            providers=self._providers,
            store=self._store,
            commands=self._grammar.commands,
            command=parsed.command,
            person=person,
            run=run,
            people=self._people,
            deciders=self._deciders,
            conversation=conversation,
            form=request.form,
            confirmed=run.confirmed,
        )

    async def close(self, run: CommandRun, answer: Answer) -> bool:
        """Write the outcome down; False when the run was closed already, and nothing may be replied."""
        _runs.labels(answer.outcome).inc()
        return await self._write_down(run, answer)

    async def _write_down(self, run: CommandRun, answer: Answer) -> bool:
        return await finish(
            self._store,
            run,
            answer.outcome,
            answer=(answer.modal or answer.message).text,
            command=run.command,
            account=answer.account,
        )

    async def _close_later(self, run: CommandRun, answer: Answer) -> None:
        try:
            for _ in range(RETRIES):
                await asyncio.sleep(RETRY)
                # Its lease is kept: nobody shall take it for interrupted.
                self._at_work.add(run.id)
                with suppress(SQLAlchemyError):
                    await self._write_down(run, answer)
                    return
        finally:
            self._at_work.discard(run.id)

    def opened(self, run_id: str, request: Request) -> CommandRun:
        """The run of a request that was received."""
        return CommandRun(id=run_id, worker=self._worker, **self._row(request))

    def _row(self, request: Request) -> dict[str, Any]:
        """What is kept of a request: no password that somebody typed into the line."""
        columns = {name: getattr(request, name) for name in _COLUMNS}
        return columns | {"text": kept(request.text, self._grammar.commands)}

    def faults(self, request: Request) -> Mapping[str, RefusalError]:
        """What is wrong with a form, by field; nothing when it may be taken. Asks nobody: Slack waits."""
        try:
            command = self._grammar.parse(_words(request.text)).command
        except RefusalError:
            # The line is refused when it is run, with an answer of its own.
            return {}
        return {} if request.form is None or command.form is None else command.form(request.form)

    def stays(self, request: Request) -> bool:
        """Whether the form is kept open until the answer is there."""
        try:
            return self._grammar.parse(_words(request.text)).command.stays
        except RefusalError:
            return False

    async def loading(self, request: Request) -> Message:
        """What a form that stays shows meanwhile."""
        return render("form_loading", await self._language(request))

    async def suggested(self, request: Request, field: str, query: str) -> Sequence[Block]:
        """What may be chosen in a field while somebody types; nothing where it cannot be told in time.

        No run: it changes nothing, and Slack asks at each letter.
        """
        try:
            async with asyncio.timeout(SUGGESTED):
                message = await self._suggested(request, field, query)
        except (RefusalError, ProviderError, TimeoutError) as error:
            _log.info("dispatch.suggested", field=field, error=repr(error))
            return ()
        found: Sequence[Block] = message.blocks[0]["element"]["options"] if message and message.blocks else ()
        return found

    async def _suggested(self, request: Request, field: str, query: str) -> Message | None:
        parsed = self._grammar.parse(_words(request.text))
        person = await self._people.identify(request.user_id, request.team_id, request.channel_id)
        if parsed.command.suggest is None or person.role() < parsed.command.role:
            return None
        context = self._context(parsed, person, self.opened(new_id(), request), request)
        return await parsed.command.suggest(field, query, *parsed.args, **{**parsed.kwargs, "ctx": context})

    async def in_words(self, faults: Mapping[str, RefusalError], request: Request) -> Mapping[str, str]:
        """The same for the asker, in the configured language where Slack takes long to tell theirs."""
        language = await self._language(request)
        return {
            name: render(
                fault.template, language, zone=self._config.timezone, slash=self._config.slash, **fault.facts
            ).text
            for name, fault in faults.items()
        }

    async def _language(self, request: Request) -> str:
        """What to answer in, where Slack tells in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOKED_UP):
                return await self._people.language_of(request.user_id, request.channel_id)
        return str(self._config.language)

    async def _serve(self, run_id: str, request: Request, slack: Slack) -> None:
        try:
            await self._turns.mine()
            await self._run_and_reply(self.opened(run_id, request), request, slack)
        finally:
            self._at_work.discard(run_id)

    async def _run_and_reply(self, run: CommandRun, request: Request, slack: Slack) -> None:
        person = await self._people.identify(run.user_id, run.team_id, run.channel_id)

        def say(name: str, /, **facts: Any) -> Message:  # noqa: ANN401
            return render(name, person.language, slash=self._config.slash, **facts)

        name_of = self._people.name_of
        conversation = Conversation(run, request, store=self._store, slack=slack, say=say, name_of=name_of)
        work = asyncio.ensure_future(self.run(run, person, request, conversation))
        answer = await conversation.hand_over(await conversation.wait_for(work))
        # Before the reply: a reply that was lost with the process is not sent again, and the audit log has it.
        try:
            ours = await self.close(run, answer)
        except SQLAlchemyError as error:
            # Whoever asks is answered all the same, and the row is closed once the database takes it.
            _log.error("dispatch.close", run=run.id, error=str(error.__cause__))
            ours = True
            self.spawn(self._close_later(run, answer))
        if ours:
            await conversation.reply(answer)
            await conversation.show_picture(answer)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in a task that `drain` waits for."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.error("dispatch.reply", error=repr(error), exc_info=error)


def _words(text: str) -> list[str]:
    return [word for word in read(text) if word != SHARE]
