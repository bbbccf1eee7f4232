"""Whatever happens to requests, in whatever order: what must always be true of them."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule
from sqlmodel import select

from bridge.approvals.asking import OpenRequestError
from bridge.approvals.ballots import Answer
from bridge.approvals.handover import Duty
from bridge.approvals.requests import counting
from store.tables import Approval, ApprovalKind, ApprovalState, Event, Notice, NoticeKind, Vote
from tests.bridge.ballotbox import STEPS, Desk, proposal, wish
from tests.bridge.machines import OnDatabase, explore

SUBJECTS = st.sampled_from(["task/1", "task/2"])
ASKERS = st.sampled_from(["U0CHEN", "U0KAI", "U0LIN"])
APPROVERS = st.sampled_from(["U0LIN", "U0MEI"])
CLICKERS = st.sampled_from(["U0LIN", "U0LIN", "U0MEI", "U0MEI", "U0CHEN"])
WORKERS = st.sampled_from(["first", "second"])
PICK = st.integers(0, 99)
HOURS = st.sampled_from([None, 0.5, 2])
S = ApprovalState
MOVES = {
    S.PENDING: {S.APPROVED, S.REJECTED, S.EXPIRED, S.WITHDRAWN, S.VOIDED},
    S.APPROVED: {S.EXECUTING, S.EXPIRED, S.WITHDRAWN, S.VOIDED},
    S.EXECUTING: {S.EXECUTED, S.FAILED, S.UNKNOWN, S.APPROVED, S.PENDING, S.VOIDED, S.EXPIRED},
    S.UNKNOWN: {S.EXECUTED, S.FAILED},
}
NOTHING_SENT = {S.PENDING, S.APPROVED, S.REJECTED, S.EXPIRED, S.WITHDRAWN, S.VOIDED}
END_EVENTS = {f"approval.{state}" for state in S if state not in (S.PENDING, S.APPROVED, S.EXECUTING)}
BEFORE = st.sampled_from([*[None] * 7, "postponed", "drift", "gone", "late", "killed_before"])
CALLS = st.sampled_from(["executed", "failed", "unknown", "unknown_for_good", "killed_after"])
LOOKS = st.sampled_from(["executed", "failed", "unknown", "unknown_for_good", "postponed", "killed"])


@dataclass
class World:
    """All rows at one moment."""

    now: datetime
    rows: dict
    votes: dict
    cards: dict
    notes: list
    events: dict


class Requests(OnDatabase):
    """People, time, vendors and deaths. `calls` is what the vendor was asked for, `intents` what was written before."""

    @initialize(hours=HOURS, count=st.integers(1, 2), agreed=st.booleans(), found=st.booleans())
    def begin(self, hours, count, agreed, found):
        self.desk = Desk(self.opened())
        self.able = {"U0LIN", "U0MEI"}
        self.hands = {}
        self.calls = Counter()
        self.intents = set()
        self.said_yes = defaultdict(set)
        self.over = {}
        self.seen = {}
        self.drawn = {}
        # Hypothesis leaves out some rules in each example: what all others are about is there in any case.
        if found:
            self.find("task/2", hours)
            self.read(can=True)
        if agreed:
            self.ask_and_agree("task/1", hours, count)
        else:
            self.ask("task/1", "U0CHEN", count, hours, 1, "no")

    # ---- people

    @rule(
        subject=SUBJECTS,
        by=ASKERS,
        count=st.integers(0, 2),
        hours=HOURS,
        planned=st.integers(1, 3),
        again=st.sampled_from(["no", "no", "no", "asked", "named"]),
    )
    def ask(self, subject, by, count, hours, planned, again):
        before = self.open_row(subject)
        if before is not None and again == "no":
            return
        named = before.id if again == "named" and before else None
        kind = ApprovalKind.RESUME if hours is None else ApprovalKind.SCHEDULE
        more = {"kind": kind, "policy": {"steps": STEPS}, "proposal": proposal(planned=planned), "replaces": named}
        asking = self.desk.ask(subject, by=by, hours=hours, count=count, **more)
        movable = before is None or before.state in (S.PENDING, S.APPROVED)
        if movable and (before is None or named or before.requested_by in (None, by)):
            self.run(asking)
        else:
            with pytest.raises(OpenRequestError) as caught:
                self.run(asking)
            assert caught.value.approval.id == before.id

    @rule(subject=SUBJECTS, hours=st.sampled_from([None, 0.5]))
    def find(self, subject, hours):
        before = self.open_row(subject)
        assert (self.run(self.desk.find_one(subject, hours)) is None) == (before is not None)

    @rule(can=st.booleans())
    def read(self, can):
        row = self.run(self.desk.claim_unread())
        if row is None:
            return
        if can:
            self.run(self.desk.read(row))
        else:
            self.run(self.desk.do(lambda s, now: self.desk.approvals.unread(s, now, row.id)))

    @rule(pick=PICK, user=CLICKERS, old=st.booleans())
    def vote(self, pick, user, old):
        row = self.any_row(pick)
        if row is None:
            return
        before = self.look()
        given = before.votes[row.id]
        lost = {vote.user_id for vote in given} - self.able
        version = 1 if old else row.version
        ruling = self.run(self.desk.vote(row, user, version=version, may=user in self.able, lost=lost))
        if row.state is S.PENDING and row.expires_at > before.now:
            self.said_yes[row.id] -= lost
        if ruling.answer in (Answer.VOTED, Answer.DECIDED):
            assert row.state is S.PENDING, "no vote after the decision"
            assert row.expires_at > before.now, "no vote after its time"
            assert user in self.able, "by somebody who may"
            assert user != row.requested_by, "never one's own"
            self.said_yes[row.id].add(user)
        else:
            assert {(one.user_id, one.at) for one in given} == {
                (one.user_id, one.at) for one in self.look().votes[row.id]
            }
        enough = len(self.said_yes[row.id]) >= row.needed
        assert (ruling.answer is Answer.DECIDED) == (enough and ruling.answer in (Answer.VOTED, Answer.DECIDED)), (
            "the vote that is needed decides, and no other"
        )

    @rule(subject=SUBJECTS, hours=HOURS, count=st.integers(1, 2))
    def ask_and_agree(self, subject, hours, count):
        """What most days are like."""
        self.ask(subject, "U0CHEN", count, hours, 1, "no")
        for user in ("U0LIN", "U0MEI"):
            self.it_holds()
            self.vote(0, user, old=False)

    @rule(pick=PICK, user=ASKERS, how=st.sampled_from(["reject", "request_changes", "withdraw", "void"]))
    def say_no(self, pick, user, how):
        row = self.any_row(pick)
        if row is None:
            return
        if how == "void":
            assert self.run(self.desk.decide("void", row, why="edited")) == (row.state in (S.PENDING, S.APPROVED))
            return
        more = {} if how == "withdraw" else {"note": "not like this"}
        ruling = self.run(self.desk.decide(how, row, user=user, **more))
        is_done = ruling.answer in (Answer.REJECTED, Answer.WITHDRAWN)
        assert is_done == (ruling.approval.version > row.version and ruling.approval.state is not S.EXPIRED)
        assert not is_done or row.state is S.PENDING or (row.state is S.APPROVED and how == "withdraw")

    @rule(user=APPROVERS)
    def a_role_is_taken_away_or_given_back(self, user):
        self.able ^= {user}

    # ---- carrying out

    @rule(worker=WORKERS)
    def claim(self, worker):
        if worker in self.hands:
            return
        before = self.look()
        claim = self.run(self.desk.claim())
        if claim is not None:
            row = before.rows[claim.approval.id]
            assert row.due_at <= before.now + timedelta(seconds=5)
            assert row.lease_until is None or row.lease_until <= before.now + timedelta(seconds=5), "somebody has it"
            assert (claim.duty is Duty.TAKE_UP) == (row.state is S.EXECUTING)
            self.hands[worker] = claim

    @precondition(lambda self: self.hands)
    @rule(pick=PICK, before=BEFORE, call=CALLS, look=LOOKS)
    def work(self, pick, before, call, look):
        worker = sorted(self.hands)[pick % len(self.hands)]
        claim = self.hands.pop(worker)
        row = claim.approval
        if claim.duty is Duty.HOLD:
            self.report({"executed": "held", "failed": "held"}.get(look, "postponed"), claim)
        elif claim.duty is Duty.LOOK_UP or row.id in self.intents:
            # What may have been asked for is never asked for again.
            if look == "postponed" and claim.duty is not Duty.LOOK_UP:
                look = "unknown"
            self.report(look, claim)
        elif before is not None:
            self.report(before, claim)
        else:
            self.carry_out(claim, call)

    @rule(minutes=st.sampled_from([0, 0, 0.6, 3]), before=BEFORE, call=CALLS, look=LOOKS)
    def claim_and_work(self, minutes, before, call, look):
        """A worker's turn; perhaps what was put off is due by now, or somebody else's lease has run out."""
        self.desk.wait(minutes)
        self.claim("third")
        if "third" in self.hands:
            self.it_holds()
            self.work(sorted(self.hands).index("third"), before, call, look)

    def carry_out(self, claim, call):
        row = claim.approval
        votes = self.look().votes[row.id]
        lost = {vote.user_id for vote in votes} - self.able
        held = self.run(self.desk.row(row)).lease_until == claim.lease_until
        enough = self.run(self.desk.report("recount", claim, lost))
        if held:
            self.said_yes[row.id] -= lost
        if not enough:
            return
        assert len(self.said_yes[row.id] & self.able) >= row.needed, "never without enough valid votes"
        self.intents.add(row.id)
        self.calls[row.id] += 1
        self.report(call, claim)

    def report(self, how, claim):
        """How it ended, by whoever held it; a process that was killed says nothing."""
        later = self.now() + timedelta(seconds=30)
        what = {
            "executed": ("executed", {}),
            "failed": ("failed", {}, "refused"),
            "unknown": ("unknown", {}, later),
            "unknown_for_good": ("unknown", {}, None),
            "postponed": ("postponed", "unreachable"),
            "gone": ("voided", "gone"),
            "late": ("late",),
            "held": ("held", {}),
        }
        before = self.run(self.desk.row(claim.approval))
        if how == "drift":
            anew = wish(
                self.now(),
                before.subject,
                by=before.requested_by,
                proposal=proposal(planned=9),
                policy={"steps": STEPS},
                replaces=before.id,
            )
            done = self.run(self.desk.report("asked_anew", claim, self.desk.approvals, anew)) is not None
        elif how in what:
            name, *rest = what[how]
            done = self.run(self.desk.report(name, claim, *rest))
        else:
            return
        assert done == (before.lease_until == claim.lease_until), "who lost the lease writes nothing"
        if not done:
            assert self.run(self.desk.row(before)).version == before.version

    @rule()
    def a_process_is_killed(self):
        self.desk = Desk(self.restarted())
        self.hands = {}

    # ---- time

    @rule(minutes=st.sampled_from([0.2, 1, 3, 16, 40]), due=st.booleans())
    def time_passes(self, minutes, due):
        self.desk.wait(minutes)
        while due and self.run(self.desk.due()):
            pass

    @rule()
    def show(self):
        self.run(self.desk.show())
        world = self.look()
        for approval_id, cards in world.cards.items():
            self.drawn |= {card.id: world.rows[approval_id].version for card in cards}

    # ---- what must be true

    @invariant()
    def it_holds(self):
        if not hasattr(self, "desk"):
            return
        world = self.look()
        for row in world.rows.values():
            self.it_moves_as_it_may(row)
            self.its_end_is_the_end(row)
            self.its_votes_suffice(world, row)
            self.it_is_carried_out_once(row)
            self.its_asker_is_told_its_end_once(world, row)
            self.its_cards_show_it_soon(world, row)
            self.its_events_tell_its_story(world, row)
        self.one_open_request_a_subject(world)

    def it_moves_as_it_may(self, row):
        before = self.seen.get(row.id, row.state)
        assert row.state is before or row.state in MOVES[before], f"{before} -> {row.state}"
        self.seen[row.id] = row.state

    def its_end_is_the_end(self, row):
        if row.ended_at is None:
            assert row.due_at is not None, "nothing would ever happen to it"
            assert row.open_key == f"umail|{row.subject}"
        else:
            assert (row.due_at, row.open_key, row.lease_until) == (None, None, None)
            assert self.over.setdefault(row.id, row.state) is row.state

    def its_votes_suffice(self, world, row):
        votes = counting(row, world.votes[row.id])
        assert {vote.user_id for vote in votes} == self.said_yes[row.id]
        if row.state in (S.APPROVED, S.EXECUTING, S.EXECUTED, S.UNKNOWN, S.FAILED):
            assert len(votes) >= row.needed
        if row.state is S.PENDING:
            assert len(votes) < row.needed or not row.hash

    def it_is_carried_out_once(self, row):
        assert self.calls[row.id] <= 1
        if row.state in NOTHING_SENT:
            assert self.calls[row.id] == 0

    def its_asker_is_told_its_end_once(self, world, row):
        notes = [note for note in world.notes if note.facts["facts"]["id"] == row.id]
        ends = [note for note in notes if note.facts["facts"]["over"]]
        after = world.rows.get(row.replaced_by)
        by_themselves = (row.state in (S.WITHDRAWN, S.REJECTED) and row.decided_by == row.requested_by) or (
            row.note == "replaced" and after.requested_by == row.requested_by
        )
        told = row.ended_at is not None and row.requested_by is not None and not by_themselves
        assert len(ends) == int(told)
        assert all(note.facts["facts"]["state"] == row.state and note.receiver == row.requested_by for note in ends)
        assert len(notes) - len(ends) <= 1, "that it is unknown is said once"
        if row.state is S.UNKNOWN and row.requested_by:
            assert notes

    def its_cards_show_it_soon(self, world, row):
        cards = world.cards.get(row.id, [])
        assert bool(cards) == bool(row.hash)
        for card in cards:
            assert card.wanted > card.shown or self.drawn[card.id] == row.version
            assert card.wanted == card.shown or card.due_at <= world.now

    def its_events_tell_its_story(self, world, row):
        types = Counter(event.type for event in world.events[row.id])
        assert types["approval.requested"] == int(bool(row.hash))
        ends = {kind: number for kind, number in types.items() if kind in END_EVENTS}
        ended = row.ended_at is not None or row.state is S.REJECTED
        assert ends == ({f"approval.{row.state}": 1} if ended else {})
        assert row.state not in (S.EXECUTING, S.EXECUTED) or types["approval.approved"] >= 1

    def one_open_request_a_subject(self, world):
        subjects = [row.subject for row in world.rows.values() if row.ended_at is None]
        assert len(subjects) == len(set(subjects))

    # ---- reading

    def look(self):
        def read(session, now):
            votes, cards, events = defaultdict(list), defaultdict(list), defaultdict(list)
            for vote in session.exec(select(Vote)):
                votes[vote.approval_id].append(vote)
            notes = []
            for notice in session.exec(select(Notice)):
                if notice.kind is NoticeKind.APPROVAL:
                    cards[notice.approval_id].append(notice)
                elif notice.facts["template"] == "approval/ended":
                    notes.append(notice)
            for event in session.exec(select(Event)):
                events[event.data["approval_id"]].append(event)
            return World(now, {row.id: row for row in session.exec(select(Approval))}, votes, cards, notes, events)

        return self.run(self.desk.do(read))

    def now(self):
        return self.run(self.desk.now())

    def any_row(self, pick):
        """The newest ones first: they are what most happens to."""
        rows = sorted(self.look().rows.values(), key=lambda row: row.id, reverse=True)
        return rows[pick % min(len(rows), 3)] if rows else None

    def open_row(self, subject):
        return next((row for row in self.look().rows.values() if row.subject == subject and row.ended_at is None), None)


@pytest.mark.hypothesis
def test_whatever_happens_to_requests_none_is_sent_twice_or_without_its_votes(database):
    explore(Requests, database, steps=40)
