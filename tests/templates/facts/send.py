"""The messages about writing and sending a single message."""

from bridge.changes.letters import Letter
from providers.errors import NoEncryptionError
from store.tables import DraftState
from tests.templates.facts.shared import AT, ERRORS, NASTY, error

DRAFT = "0197d2a0-5c1e-7b3a-9f42-2f6a1c0d8e55"
PLAIN = Letter("news@shop.example", NASTY, ("a@b.example",), NASTY, NASTY * 40)
HTML = Letter(
    "news@shop.example",
    "小店",
    tuple(f"kunde{n}@mail.example" for n in range(50)),
    NASTY,
    f"<h1>{NASTY}</h1><p>你好</p>",
    is_html=True,
    reply_to="service@shop.example",
    track_opens=True,
    track_clicks=True,
)
ABOUT = {"account": "emailcar", "title": "EmailCar", "subject": NASTY, "check": "sent today --account emailcar"}
FORM = {"account": "umail", "title": "U-Mail", "most": 50, "fits": True}
PREVIEW = {
    "text": NASTY * 20,
    "account": "emailcar",
    "title": "EmailCar",
    "draft_id": DRAFT,
    "expires_at": AT,
    "why_unknown": None,
    "asks": False,
}
CLOSED = {**ABOUT, "count": 3, "at": AT, "user": "U0LIN", "replaced_by": None}
SENT = {**ABOUT, "at": AT, "refused": (), "declined": 0, "ids": ()}

MESSAGES = {
    "send/closed": [
        {**CLOSED, "state": state, "count": count} for state in DraftState if state != "open" for count in (1, 3)
    ]
    + [
        {**CLOSED, "state": DraftState.DISCARDED, "replaced_by": DRAFT},
        {**CLOSED, "state": DraftState.DISCARDED, "user": None},
        {**CLOSED, "state": DraftState.SENDING, "at": None, "user": "terminal"},
    ],
    "send/confirm": [{**ABOUT, "draft_id": DRAFT, "count": count} for count in (1, 50)],
    "send/discarded": [{"account": "emailcar", "count": count} for count in (1, 50)],
    "send/failed": [
        {**ABOUT, "count": 3, "error": fault, "draft_id": draft_id}
        for fault in (*ERRORS, error(NoEncryptionError))
        for draft_id in (DRAFT, None)
    ],
    "send/form": [
        {**FORM, "choices": [], "tracks": True, "letter": letter, "fits": letter is not PLAIN}
        for letter in (None, PLAIN, HTML)
    ]
    + [
        {**FORM, "choices": [(f"{n}@shop.example", f"{n}@shop.example") for n in range(count)], "tracks": False, **more}
        for count in (1, 120)
        for more in ({"letter": None}, {"letter": Letter("0@shop.example", "x", ("a@b.example",), "s", "c")})
    ],
    "send/no_draft": [{"draft_id": NASTY}],
    "send/not_yours": [{"account": "emailcar", "user": user} for user in ("U0LIN", "terminal")],
    "send/preview": [
        {**PREVIEW, "letter": PLAIN, "shown": PLAIN.recipients, "count": 1, "left": None, "share": False},
        {**PREVIEW, "letter": HTML, "shown": HTML.recipients[:3], "count": 50, "left": 1_024, "share": True},
        {**PREVIEW, "letter": HTML, "shown": HTML.recipients[:3], "count": 50, "left": 7, "share": False, "asks": True},
        *(
            {**PREVIEW, "letter": PLAIN, "shown": PLAIN.recipients, "count": 1, "left": None, "share": False}
            | {"why_unknown": fault}
            for fault in ERRORS
        ),
    ],
    "send/sent": [
        {**SENT, "count": 1, "ids": ("873216184254383362",)},
        {**SENT, "count": 50, "ids": tuple(str(873216184254383362 + n) for n in range(50))},
        {**SENT, "count": 3, "refused": ("a@b.example", "c@d.example"), "declined": 2},
        {**SENT, "count": 3, "declined": 2},
        {**SENT, "count": 3},
    ],
    "send/unknown": [{**ABOUT, "count": count, "error": fault} for count in (1, 3) for fault in (ERRORS[-1], None)],
    "send/wrong": [
        {"problem": problem, "word": NASTY, "count": count, "most": 50, "fits": True}
        for problem, count in (("blank", 1), ("many", 51), ("address", 1), ("address", 4))
    ],
}
