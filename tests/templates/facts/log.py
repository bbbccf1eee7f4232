"""What was sent to one address."""

from datetime import date

from bot.commands.log import Line
from providers.model import FailureCategory
from tests.templates.facts.shared import AT, NASTY


def facts(lines, total=None, at=AT):
    return {
        "account": "umail",
        "title": "U-Mail",
        "zone_name": "Asia/Shanghai",
        "day": date(2026, 11, 20),
        "address": NASTY,
        "lines": lines,
        "total": len(lines) if total is None else total,
        "at": at,
    }


SENT = Line(AT, NASTY, "success", True, None, (("mail_from", NASTY), (NASTY, "1")))
FAILED = Line("25:61", None, NASTY, False, FailureCategory.MAILBOX_NOT_FOUND, ())
UNKNOWN = Line(None, None, None, None, None, ())
MESSAGES = {
    "log/show": [facts([], at=None), facts([UNKNOWN]), facts([SENT, FAILED, UNKNOWN]), facts([SENT] * 20, 1_234)]
}
