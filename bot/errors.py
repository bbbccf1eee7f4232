"""What is answered when a command raises."""

from collections.abc import Mapping
from typing import Any

import structlog

from bot.command import Answer, RefusalError, error_of
from bot.config import Config
from bot.people import People, Person
from bridge.changes.tasks import OpenChangeError
from providers.base import Provider
from providers.errors import OutcomeUnknownError, ProviderError, UnsupportedError
from store.engine import Store
from store.runs import get
from store.tables import CommandRun, Outcome
from templates import render

_log = structlog.get_logger()


class Errors:
    """Puts into words what went wrong, for whoever asked."""

    def __init__(self, config: Config, store: Store, providers: Mapping[str, Provider], people: People) -> None:
        self._config = config
        self._store = store
        self._providers = providers
        self._people = people

    async def answer(self, error: Exception, run: CommandRun, person: Person) -> Answer:
        """The answer to any error; the trace of one that nobody foresaw is logged, for the maintainer."""
        match error:
            case RefusalError():
                return self._said(person, error.template, error.outcome, **error.facts)
            case OpenChangeError():
                return await self._busy(person, error)
            case UnsupportedError():
                return self._unsupported(person, error)
            case ProviderError(account=account):
                outcome = Outcome.UNKNOWN if isinstance(error, OutcomeUnknownError) else Outcome.FAILED
                title = self._title(account)
                return self._said(person, "provider_error", outcome, error=error, title=title, account=account)
            case _:
                _log.error("dispatch.run", run=run.id, command=run.command, exc_info=error)
                return self._said(person, "unexpected", Outcome.FAILED, run=run.id)

    async def _busy(self, person: Person, other: OpenChangeError) -> Answer:
        run = await get(self._store, other.change.run_id)
        return self._said(
            person,
            "busy",
            Outcome.REFUSED,
            change=other.change,
            user=run.user_id if run else None,
            account=other.change.account,
        )

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

    def _title(self, account: str) -> str:
        provider = self._providers.get(account)
        return provider.title if provider else account

    def _said(self, person: Person, template: str, outcome: Outcome, /, **facts: Any) -> Answer:  # noqa: ANN401
        account = facts.get("account")
        message = render(
            template, person.language, zone=self._people.zone_of(account), slash=self._config.slash, **facts
        )
        return Answer(message=message, outcome=outcome, account=account, error=error_of(template, facts))
