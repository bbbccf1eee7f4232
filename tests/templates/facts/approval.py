"""Requests for approval."""

from dataclasses import replace
from datetime import timedelta

from bot.commands.approval_audit import Entry
from bot.commands.approval_looks import Piece
from bridge.approvals.ballots import Answer
from bridge.approvals.cardface import Card, Progress
from bridge.events import EventType
from providers.model import TaskStatus
from store.tables import ApprovalKind, ApprovalState, Event
from tests.templates.facts.shared import AT, NASTY

LATER = AT + timedelta(hours=2)
ID = "0199aaaa-0000-7000-8000-00000000fabc"
OTHER = "0199aaaa-0000-7000-8000-00000000beef"
HOURS = {"from": "09:00", "to": "21:00", "days": ["mon"], "when": "starts"}
REASONS = [
    {"what": what, "limit": limit, "known": known}
    for known in (True, False)
    for what, limit in (
        ("recipients_over", 50_000),
        ("new_sender", True),
        ("outside", HOURS),
        ("outside", {**HOURS, "when": "ends"}),
        ("credit_share_over", 0.25),
        ("accounts", "umail"),
        ("kinds", "schedule"),
    )
]
CHANGES = [
    {"field": field, "before": before, "after": after}
    for field, before, after in (
        ("templates", [{"id": "16", "name": NASTY, "subject": None, "content_hash": "a"}], []),
        ("lists", [{"id": "5", "name": "VIP"}], [{"id": "5", "name": None}, {"id": "7", "name": NASTY}]),
        ("list_size", 90_000, 91_234),
        ("sender", "news@shop.example", None),
        ("scheduled_at", AT, LATER),
        ("tracking", "opens", "opens_and_clicks"),
        ("planned", None, 5),
        ("unsubscribe_link", True, False),
        ("subject", NASTY, "x"),
        ("status", "draft", "sending"),
        ("reply_to", None, NASTY),
    )
]
CARD = Card(
    id=ID,
    kind="schedule",
    account="umail",
    title="U-Mail",
    of="task",
    subject="19124",
    state="pending",
    version=3,
    read=True,
    requested_by="U0OPS",
    reason=NASTY,
    channel_id="C0GENERAL",
    send_at=LATER,
    expires_at=LATER,
    left=7_200,
    created_at=AT,
    ended_at=None,
    hash="a91c" * 16,
    needed=2,
    votes=({"user": "U0LIN", "at": AT},),
    lost=("U0MEI",),
    reasons=REASONS,
    who=("S0LEADS",),
    self_approval=False,
    step=0,
    decided_by=None,
    decided_at=None,
    note=None,
    replaces=OTHER,
    replaced_by=None,
    name=NASTY,
    subjects=(NASTY, "二"),
    templates=({"id": "16", "name": NASTY, "subject": NASTY},),
    lists=(
        {"id": "5", "name": NASTY, "count": 90_000, "last_sent_at": AT},
        {"id": "7", "name": None, "count": None, "last_sent_at": None},
    ),
    recipients=90_000,
    sent=41_200,
    sender="news@shop.example",
    sender_name="小店",
    reply_to="service@shop.example",
    tracking="opens_and_clicks",
    first=1,
    last=90_000,
    speed=12_000,
    done_at=LATER,
    unsubscribe_link=True,
    read_receipt=None,
    tracking_domain=None,
    credit_before=311_016,
    credit_after=221_016,
    checks=tuple(
        {"id": "16", "state": state, "colour": "green"} for state in ("passed", "rejected", "checking", "unknown")
    ),
    recent=tuple({"task_id": str(n), "name": NASTY, "at": AT, "sent": n} for n in range(5)),
    unread=dict.fromkeys(("lists", "credit", "checks", "recent")),
    differences=(),
    held=False,
    hold_failed=False,
    reset=None,
    too_late=False,
    result=dict.fromkeys(
        ("code", "vendor_code", "vendor_text", "raw_status", "status", "at", "sent", "planned", "held")
    )
    | {"differences": []},
    progress=None,
)
BARE = replace(
    CARD,
    name=None,
    reason=None,
    lists=(),
    recipients=None,
    sender=None,
    sender_name=None,
    reply_to=None,
    tracking=None,
    first=None,
    last=None,
    speed=None,
    done_at=None,
    unsubscribe_link=None,
    credit_before=None,
    credit_after=None,
    checks=(),
    recent=(),
    votes=(),
    lost=(),
    reasons=(),
    who=(),
    unread={"lists": "timeout", "credit": "unreachable", "checks": "refused", "recent": "unsupported"},
    replaces=None,
)
SHORT = replace(
    CARD, credit_after=-4, unsubscribe_link=False, speed=None, done_at=None, tracking="none", first=None, last=None
)
UNSAID = replace(CARD, credit_after=None, tracking="opens", recent=CARD.recent[:1], votes=(), lost=(), needed=1)
FAULT = {**CARD.result, "code": "refused", "vendor_code": "1001", "vendor_text": NASTY, "differences": CHANGES[:3]}


def progress(status, sent=41_200, planned=90_000):
    return Progress(status=status, sent=sent, planned=planned, unsent=3, observed_at=AT)


def found(**more):
    about = {"kind": "found", "requested_by": None, "reason": None, **more}
    return replace(CARD, **about)


DRAFT = replace(
    BARE, kind="draft", of="draft", subject=OTHER, send_at=None, recipients=30, name=NASTY, unread=CARD.unread
)
UNREAD = found(read=False, hash="", name=None, recipients=None, send_at=None)
PENDING = [
    CARD,
    BARE,
    SHORT,
    UNSAID,
    DRAFT,
    UNREAD,
    replace(CARD, kind="resume"),
    replace(CARD, send_at=None),
    replace(CARD, differences=CHANGES),
    found(),
    found(send_at=None),
    found(held=True),
    found(held=True, reset=("first", "hourly_speed", "read_receipt")),
    found(held=True, reset=()),
    found(hold_failed=True),
    replace(CARD, read_receipt=True, tracking_domain="t.shop.example"),
    found(too_late=True),
    found(progress=progress("sending")),
]


def ended(card, state, **more):
    return replace(card, state=state, ended_at=LATER, decided_by="U0LIN", **more)


RUNNING = [progress(status) for status in (*TaskStatus, "vanished")] + [progress("sending", None, None)]
ENDED = [
    ended(card, state.value, note=note, result=result, replaced_by=new)
    for card in (CARD, BARE, DRAFT, found())
    for state in ApprovalState
    if state is not ApprovalState.PENDING
    for note, result, new in ((None, CARD.result, None), (NASTY, FAULT, OTHER))
]
ENDED += [
    ended(card, state, progress=one)
    for card in (CARD, found())
    for state in ("executed", "rejected")
    for one in RUNNING
]
ENDED += [
    replace(CARD, state="unknown"),
    ended(found(held=True), "expired"),
    *(ended(found(), "rejected", result={**CARD.result, "held": held}) for held in ("not_held", "unknown", "held")),
    ended(CARD, "expired", note="late"),
    ended(CARD, "executed", votes=()),
]
ENDED += [ended(CARD, "voided", note="stopped by U0OPS")]
ENDED += [replace(CARD, state="approved", note=code) for code in ("unreachable", "auth", "bad_answer", "open_change")]
EACH = [*PENDING, *ENDED]


def event(kind, **data):
    return Event(id="x", account="umail", type=kind, subject="approval/1", time=AT, recorded_at=AT, data=data)


STORY = [event(kind, by=by) for kind in (*EventType,) if kind.startswith("approval.") for by in (None, "U0LIN")]
NOTE = {
    "id": ID,
    "account": "umail",
    "recipients": 90_000,
    "by": "U0LIN",
    "send_at": LATER,
    "over": True,
}


def end(state, kind="schedule", **more):
    subject = f"draft/{OTHER}" if kind == "draft" else "task/19124"
    about = {"state": state, "kind": kind, "subject": subject, "name": NASTY, "note": None, "result": None}
    return {**NOTE, **about, "replaced_by": None, **more}


PIECES = [
    Piece(NASTY, NASTY, f"<p>{'x' * 4_000}</p>", same=True),
    Piece(NASTY, None, "", same=False),
    Piece(None, NASTY, NASTY, same=True, is_html=False),
]
TRIED = {
    "account": "emailcar",
    "title": "EmailCar",
    "address": "lin@t0demo.example",
    "subject": NASTY,
    "approval_id": ID,
    "same_account": False,
    "several": True,
}
HAPPENED = (
    "approval.requested",
    "approval.unknown",
    "vote",
    "vote.lost",
    "command",
    "vendor.asked",
    "vendor.answered",
    "x",
)
ENTRIES = [
    *(Entry(at=AT, who=None, what=event.type, detail=NASTY) for event in STORY),
    *(
        Entry(at=AT, who="U0LIN", what=what, outcome="done", detail=detail)
        for what in HAPPENED
        for detail in (None, NASTY * 3)
    ),
]

MESSAGES = {
    "approval/card": [{"card": card, "tests": tests} for card in EACH for tests in (True, False)]
    + [{"card": card, "tests": True, "known_as": {"U0OPS": "<!channel> *VIP*"}} for card in PENDING],
    "approval/list": [
        {"cards": cards, "may": may, "user": "U0LIN", "mine": mine, "of": of, "most": 10}
        for cards, may in (([], set()), ([CARD], {ID}), (PENDING, {ID}), (PENDING, set()))
        for mine in (True, False)
        for of in (None, "umail")
    ],
    "approval/show": [
        {"card": card, "story": story, "may": may, "mine": may, "tests": may}
        for card in EACH
        for story, may in ((STORY, True), ((), False))
    ],
    "approval/ruling": [
        {"account": "umail", "answer": answer, "card": card, "changes": changes, "who": who}
        for answer in (*(one.value for one in Answer), "not_yours", "unasked")
        for card in (CARD, DRAFT, found(), replace(CARD, lost=(), votes=()), *ENDED[:20])
        for changes, who in ((True, ("U0LIN", "S0LEADS")), (False, ()))
    ],
    "approval/reason": [{"card": card, "changes": changes} for card in PENDING for changes in (True, False)],
    "approval/no_reason": [{}],
    "approval/unclear": [{"approval_id": "fabc", "cards": cards} for cards in ((), EACH[:10], ENDED[:10])],
    "approval/ended": [
        end(state.value, kind.value, note=note, result=result, replaced_by=new, name=name, over=over)
        for state in ApprovalState
        if state not in (ApprovalState.PENDING, ApprovalState.APPROVED, ApprovalState.EXECUTING)
        for kind in ApprovalKind
        for note, result, new, name, over in (
            (None, None, None, NASTY, True),
            (NASTY, FAULT, OTHER, None, False),
            ("late", {"changes": True}, None, NASTY, True),
        )
    ],
    "approval/waiting_on": [
        {"id": ID, "kind": "schedule", "account": "umail", "subject": "task/19124", "name": name, "recipients": count}
        | {"who": ["S0LEADS", "U0MEI"], "step": 1, "expires_at": LATER}
        for name, count in ((NASTY, 90_000), (None, None))
    ],
    "approval/preview": [
        {"account": "umail", "approval_id": ID, "pieces": pieces, "file": "preview-00fabc.html"}
        for pieces in (PIECES, PIECES[:1], PIECES * 3)
    ],
    "approval/no_content": [{"account": "umail", "approval_id": ID}],
    "approval/no_person": [{"account": "umail"}],
    "approval/no_address": [{"account": "umail", "user": "U0LIN"}],
    "approval/test_confirm": [TRIED, {**TRIED, "same_account": True, "several": False}],
    "approval/tested": [{**TRIED, "check": "sent today --account emailcar"}],
    "approval/audit": [
        {"card": card, "fields": {}, "entries": entries, "most": 10}
        for card in (CARD, BARE, DRAFT, UNREAD, *ENDED[:8])
        for entries in (ENTRIES, ENTRIES[:1], [])
    ],
    "approval/audit_file": [{"card": CARD, "fields": {}, "name": "approval.csv", "rows": rows} for rows in (1, 12)],
}
