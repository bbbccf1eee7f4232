"""A draft on its way to its vendor: claimed, sent once, written down."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bridge.changes import drafts
from bridge.changes.deeds import Deed, carry_out
from bridge.changes.letters import Letter
from bridge.changes.tasks import Guard, anybody
from providers.base import ListsMessages, Provider, SendsMessages
from providers.errors import ProviderError
from providers.messages import Accepted
from store.engine import Store
from store.tables import CommandRun, Draft, DraftState

STEPS = ("intended", "asked")
"""Claimed, and answered: after either the process may die."""


def _nothing(_step: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of a draft."""

    state: DraftState
    """SENT, FAILED: nothing was sent; UNKNOWN: the vendor never answered, and nothing tells."""
    accepted: Accepted | None = None
    error: ProviderError | None = None
    again: Draft | None = None
    """When nothing was sent: an open copy."""


def check_line(provider: Provider) -> str:
    """The command that shows a person whether a message went out: by name, or in the day's totals."""
    return f"{'sent' if isinstance(provider, ListsMessages) else 'stats'} today --account {provider.account}"


async def post(
    store: Store,
    provider: SendsMessages,
    draft: Draft,
    *,
    by: str,
    run: CommandRun,
    again: tuple[type[ProviderError], ...] = (),
    guard: Guard = anybody,
    crash: Callable[[str], None] = _nothing,
) -> Posted | None:
    """Send an open draft, once; None when somebody was faster or its time is over.

    by: who said yes. run: what carries it out.
    again: errors after which nothing was sent and the same draft waits on; they are raised.
    guard: asked in the transaction that claims it. crash: called at each of `STEPS`; where tests end the process.

    Raises:
        NotOursError: `guard` said no; nothing was sent, and the draft is as it was.
    """
    letter = Letter.read(draft.content)
    if not await drafts.claim(store, draft, by=by, run_id=run.id, guard=guard):
        return None
    crash("intended")
    try:
        deed: Deed[Accepted, None] = await carry_out(
            store, run, lambda: provider.send(**letter.sent()), look=None, check=check_line(provider)
        )
    except again:
        await drafts.reopen(store, draft)
        raise
    except ProviderError as error:
        instead = await drafts.settle(store, draft, DraftState.FAILED, result=_said(error))
        return Posted(DraftState.FAILED, error=error, again=instead)
    crash("asked")
    if deed.value is None:
        code = deed.error.code if deed.error else None
        await drafts.settle(store, draft, DraftState.UNKNOWN, result={"code": code})
        return Posted(DraftState.UNKNOWN, error=deed.error)
    await drafts.settle(store, draft, DraftState.SENT, result=sent(deed.value))
    return Posted(DraftState.SENT, accepted=deed.value)


def sent(accepted: Accepted) -> dict[str, Any]:
    """What is kept of a message that was taken: no address."""
    return {
        "message_ids": list(accepted.message_ids),
        "refused": len(accepted.refused),
        "source": accepted.source,
    }


def _said(error: ProviderError) -> dict[str, Any]:
    return {"code": error.code, "vendor_code": error.vendor_code, "vendor_text": error.vendor_text}
