"""The messages about messages that were sent one by one."""

from datetime import date

from bot.arguments import Period
from providers.messages import MessageId, MessageRecord, MessageStatus
from tests.templates.facts.shared import AT, NASTY, STATS, seen

WHOLE = MessageRecord(
    **seen,
    id=MessageId("2611211004051000001"),
    recipient="l***@mail.example",
    status=MessageStatus.BOUNCED,
    raw_status="3",
    reason=NASTY,
    subject=NASTY,
    sender="support@shop.example",
    sent_at=AT,
    opens=2,
)
BARE = [MessageRecord(**seen, status=status, raw_status="77") for status in MessageStatus]
TODAY = Period("today", date(2026, 11, 21), date(2026, 11, 21))
WEEK = Period("7d", date(2026, 11, 15), date(2026, 11, 21))
SENT = {
    "account": "emailcar",
    "title": "EmailCar",
    "id": None,
    "page": 1,
    "more": False,
    "stats": None,
    "last_page": None,
}
SHOWN = {
    "watched_until": None,
    "watcher": None,
    "account": "itnio",
    "title": "ITNIO",
    "missing": [],
    "unshown": 0,
    "masked": False,
    "whole": True,
}
NONE = dict.fromkeys(MessageStatus, 0)
IDS = [str(2611211004051000001 + n) for n in range(200)]

MESSAGES = {
    "message/bad_ids": [
        {"problem": problem, "word": NASTY, "count": 201, "most": 200, "account": account}
        for problem in ("wrong", "many", "none")
        for account in (None, "emailcar")
    ],
    "message/sent": [
        {**SENT, "records": [], "period": TODAY},
        {**SENT, "records": [WHOLE], "period": None, "id": "873216184254383362"},
        {**SENT, "records": [WHOLE, *BARE] * 6, "period": WEEK, "page": 2, "more": True},
        {**SENT, "records": [WHOLE], "period": WEEK, "page": 1, "more": True, "stats": STATS, "last_page": 1_030},
    ],
    "message/show": [
        {**SHOWN, "asked": 1, "records": [WHOLE], "counts": NONE | {"bounced": 1}, "masked": True, "whole": False},
        *({**SHOWN, "asked": 1, "records": [one], "counts": NONE} for one in BARE),
        {**SHOWN, "asked": 1, "records": [], "counts": NONE, "missing": IDS[:1]},
        *(
            {**SHOWN, "asked": 1, "records": [WHOLE], "counts": NONE, "watched_until": AT, "watcher": watcher}
            for watcher in ("U0LIN", "C0ALERTS")
        ),
        {**SHOWN, "asked": 200, "records": [], "counts": NONE, "missing": IDS},
        {**SHOWN, "asked": 200, "records": [WHOLE, *BARE] * 10, "counts": dict.fromkeys(MessageStatus, 20)}
        | {"missing": IDS[:40], "unshown": 60},
    ],
}
