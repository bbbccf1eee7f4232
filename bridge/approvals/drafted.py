"""A message that waits here and was approved: compared, sent once, written down.

Nothing at a vendor identifies the result of a lost answer: the draft's row says whether the call may have been made,
and where it may, the outcome stays unknown.
"""

from bridge.approvals.claimed import Claimed, result_of_error
from bridge.approvals.proposals import of_draft
from bridge.approvals.requests import DRAFT, hash_of
from bridge.changes import drafts, posting
from bridge.changes.tasks import NOT_ASKED_FOR, NotOursError
from providers.base import SendsMessages
from store.tables import Draft, DraftState


class Posting:
    """A claimed request to send a draft."""

    def __init__(self, claimed: Claimed, provider: SendsMessages) -> None:
        self._claimed = claimed
        self._store = claimed.house.store
        self._crash = claimed.house.crash
        self._provider = provider

    async def serve(self) -> None:
        """Go on from where the draft's row says it stands."""
        draft = await drafts.find(self._store, self._claimed.approval.subject.removeprefix(DRAFT))
        self._crash("read")
        if draft is None or draft.state is DraftState.DISCARDED:
            await self._claimed.gone()
        elif draft.state is DraftState.OPEN:
            await self._send(draft)
        elif draft.run_id != self._claimed.run.id:
            # Somebody has sent it by another way.
            await self._claimed.gone()
        else:
            await self._settle(draft)

    async def _send(self, draft: Draft) -> None:
        if not await self._claimed.counts():
            return
        self._crash("counted")
        if hash_of(of_draft(draft)) != self._claimed.approval.hash:
            # Whoever edits a draft makes another one.
            await self._claimed.gone()
            return
        self._crash("compared")
        run = self._claimed.run
        try:
            posted = await posting.post(
                self._store,
                self._provider,
                draft,
                by=run.user_id,
                run=run,
                again=NOT_ASKED_FOR,
                guard=self._claimed.is_ours,
                crash=self._crash,
            )
        except NOT_ASKED_FOR as error:
            await self._claimed.postponed(error.code)
            return
        except NotOursError:
            # Whoever takes it up next finds the draft as it was.
            return
        self._crash("settled")
        if posted is None:
            await self._claimed.gone()
        elif posted.state is DraftState.SENT and posted.accepted is not None:
            await self._claimed.executed(posting.sent(posted.accepted))
        elif posted.state is DraftState.FAILED:
            again = {"draft": posted.again.id} if posted.again else {}
            code = posted.error.code if posted.error else "failed"
            await self._claimed.failed(code, result_of_error(posted.error) | again)
        else:
            await self._claimed.unknown(result_of_error(posted.error), final=True)

    async def _settle(self, draft: Draft) -> None:
        """Its process died: the call was made, or may have been."""
        result = draft.result or {}
        if draft.state is DraftState.SENT:
            await self._claimed.executed(result)
        elif draft.state is DraftState.FAILED:
            await self._claimed.failed(str(result.get("code") or "failed"), result)
        else:
            result = result or {"code": "interrupted"}
            if draft.state is DraftState.SENDING:
                await drafts.settle(self._store, draft, DraftState.UNKNOWN, result=result)
            await self._claimed.unknown(result, final=True)
