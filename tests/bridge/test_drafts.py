"""Drafts: each step once, whatever happens at the same time; and nothing about people stays."""

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from bridge.changes import drafts
from bridge.changes.letters import Letter
from store.engine import Store
from store.tables import CommandRun, Draft, DraftState, Outcome, new_id

LETTER = Letter("news@shop.example", "小店", ("a@mail.example", "b@mail.example"), "Hello", "1 < 2\n& so on")


@pytest.fixture
async def other(store, database):
    """The store of a second process on the same database."""
    another = Store(database)
    await another.open()
    yield another
    await another.close()


async def run(store, *, command="send", outcome=Outcome.REFUSED, answer="To a@mail.example"):
    """A request's row, as the dispatcher leaves it."""
    run_id = new_id()

    def added(session, now):
        asked = {"id": run_id, "key": run_id, "kind": "form", "user_id": "U0LIN", "text": command, "worker": "w"}
        session.add(
            CommandRun(**asked, received_at=now, lease_until=now, outcome=outcome, command=command, answer=answer)
        )

    await store.transact(added)
    return run_id


async def written(store, **more):
    return await drafts.write(store, LETTER, account="emailcar", by="U0LIN", run_id=await run(store), **more)


async def sending(store):
    """A draft that somebody has claimed, with the run that sends it."""
    draft, run_id = await written(store), await run(store, command="draft send", outcome=None, answer=None)
    assert await drafts.claim(store, draft, by="U0MEI", run_id=run_id)
    return draft, run_id


async def close(store, run_id):
    await store.transact(lambda session, _now: setattr(session.get(CommandRun, run_id), "outcome", Outcome.INTERRUPTED))


async def test_one_of_many_claims_wins_whichever_process_it_comes_from(store, other):
    draft = await written(store)
    runs = [await run(store, command="draft send", outcome=None) for _ in range(10)]
    won = await asyncio.gather(
        *(drafts.claim(one, draft, by=f"U{n}", run_id=runs[n]) for n, one in enumerate([store, other] * 5))
    )
    assert won.count(True) == 1
    found = await drafts.find(store, draft.id)
    assert (found.state, found.settled_by) == (DraftState.SENDING, f"U{won.index(True)}")


async def test_of_a_claim_an_edit_and_a_discard_at_once_one_is_done(store, other):
    for _ in range(10):
        draft, run_id = await written(store), await run(store, command="draft send", outcome=None)
        claimed, edited, discarded = await asyncio.gather(
            drafts.claim(store, draft, by="U0LIN", run_id=run_id),
            written(other, instead_of=draft),
            drafts.discard(other, draft, by="U0LIN"),
        )
        assert [claimed, edited is not None, discarded].count(True) == 1
        state = (await drafts.find(store, draft.id)).state
        assert state is (DraftState.SENDING if claimed else DraftState.DISCARDED)


@pytest.mark.parametrize("state", [DraftState.SENT, DraftState.FAILED, DraftState.UNKNOWN])
async def test_a_settled_draft_keeps_a_count_and_a_hash_only(store, state):
    draft, _ = await sending(store)
    again = await drafts.settle(store, draft, state, result={"code": "x"})
    found = await drafts.find(store, draft.id)
    assert (found.state, found.settled_by, found.result) == (state, "U0MEI", {"code": "x"})
    assert found.content == {"recipients": 2, "hash": LETTER.hash}
    assert drafts.recipients_of(found) == 2
    assert (again is not None) == (state is DraftState.FAILED)
    if again is not None:
        assert Letter.read(again.content) == LETTER
        assert (again.state, again.requested_by) == (DraftState.OPEN, "U0LIN")
    assert not await drafts.claim(store, draft, by="U0LIN", run_id=await run(store))


async def test_the_audit_log_forgets_the_preview_and_nothing_else(store):
    draft, sender = await sending(store)
    await drafts.settle(store, draft, DraftState.SENT, result={})
    answers = await store.transact(
        lambda session, _now: {one.id: one.answer for one in session.exec(select(CommandRun)).all()}
    )
    assert answers[sender] is None
    assert [answer for answer in answers.values() if answer and "mail.example" in answer] == []


async def test_what_a_dead_process_was_sending_is_unknown_for_good(store):
    draft, run_id = await sending(store)
    await drafts.tidy(store)
    assert (await drafts.find(store, draft.id)).state is DraftState.SENDING
    await close(store, run_id)
    await drafts.tidy(store)
    found = await drafts.find(store, draft.id)
    assert (found.state, found.content["recipients"], found.settled_by) == (DraftState.UNKNOWN, 2, "U0MEI")


async def test_an_answer_that_comes_after_all_is_the_truth(store):
    draft, run_id = await sending(store)
    await close(store, run_id)
    await drafts.tidy(store)
    await drafts.settle(store, draft, DraftState.SENT, result={"message_ids": ["5"]})
    assert (await drafts.find(store, draft.id)).state is DraftState.SENT


async def test_a_refusal_that_comes_after_it_was_given_up_has_nothing_left_to_copy(store):
    draft, run_id = await sending(store)
    await close(store, run_id)
    await drafts.tidy(store)
    assert await drafts.settle(store, draft, DraftState.FAILED, result={}) is None


@pytest.mark.parametrize("tidied", [True, False])
async def test_a_day_later_it_can_be_neither_sent_nor_read(store, tidied):
    draft = await written(store)
    store.clock_offset += drafts.LIFE + timedelta(seconds=1)
    if tidied:
        await drafts.tidy(store)
    assert not await drafts.claim(store, draft, by="U0LIN", run_id=await run(store))
    assert not await drafts.discard(store, draft, by="U0LIN")
    assert await written(store, instead_of=draft) is None
    found = await drafts.find(store, draft.id)
    assert (found.state, found.settled_by, found.settled_at) == (DraftState.DISCARDED, None, draft.expires_at)
    assert set(found.content) == {"recipients", "hash"}


async def test_an_edit_leaves_one_open_draft_whoever_else_edits(store):
    draft = await written(store)
    made = await asyncio.gather(*(written(store, instead_of=draft) for _ in range(3)))
    assert sum(one is not None for one in made) == 1
    everything = await store.transact(lambda session, _now: session.exec(select(Draft)).all())
    assert [one.state for one in everything].count(DraftState.OPEN) == 1
    (newer,) = [one for one in made if one]
    assert (await drafts.find(store, draft.id)).result == {"replaced_by": newer.id}


def test_plain_text_is_sent_as_html_that_reads_the_same_and_html_as_it_is():
    assert LETTER.sent() == {
        "sender": "news@shop.example",
        "sender_name": "小店",
        "recipients": ("a@mail.example", "b@mail.example"),
        "subject": "Hello",
        "html": "<p>1 &lt; 2<br>\n&amp; so on</p>",
        "reply_to": None,
        "track_opens": False,
        "track_clicks": False,
    }
    page = Letter("n@shop.example", "n", ("a@b.example",), "s", "<b>1 < 2</b>", is_html=True)
    assert page.sent()["html"] == "<b>1 < 2</b>"
