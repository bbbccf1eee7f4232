"""Rules about what the vendor found: of a template, a domain, an import, a message."""

from collections.abc import Callable, Collection, Sequence

from bridge.alerts.rules import Rule
from bridge.alerts.verdicts.view import Clear, Firing, Reason, Verdict, View, unless_over
from providers.contacts import ImportState
from providers.domains import DomainState
from providers.mailtemplates import CheckState
from providers.messages import MessageStatus


def _verdict_of(
    reason: Reason, bad: Collection[str], good: Collection[str], told: Sequence[str], *, final: bool = False
) -> Callable[[Rule, View], Verdict]:
    """Something that the vendor has found good or bad; what was bad at the account's first poll is no news.

    final: it stays bad for ever, so that the alert ends by itself one day.
    """

    def found(_rule: Rule, view: View) -> Verdict:
        if view.row.state in good:
            return Clear()
        if view.row.state not in bad:
            return None
        if view.fresh:
            facts = {name: view.row.facts.get(name) for name in told}
            return Firing(reason, {"id": view.row.subject, "state": view.row.state, **facts})
        return unless_over(view) if final else None

    return found


template_rejected = _verdict_of(
    Reason.REJECTED,
    bad=(CheckState.REJECTED,),
    good=(CheckState.PASSED, CheckState.CHECKING),
    told=("name", "subject", "colour"),
)
domain_unverified = _verdict_of(
    Reason.UNVERIFIED,
    bad=(DomainState.ADDED, DomainState.MISSING),
    good=(DomainState.VERIFIED, DomainState.READY),
    told=("name", "said"),
)
import_failed = _verdict_of(
    Reason.FAILED,
    bad=(ImportState.FAILED,),
    good=(ImportState.DONE, ImportState.PARSING),
    told=("raw_state", "said"),
    final=True,
)
message_failed = _verdict_of(
    Reason.FAILED,
    bad=(MessageStatus.FAILED, MessageStatus.BOUNCED),
    good=(MessageStatus.DELIVERED, MessageStatus.QUEUED),
    told=("raw_status", "reason"),
    final=True,
)
