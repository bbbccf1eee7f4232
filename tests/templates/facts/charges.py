"""What days cost."""

from datetime import date

from bot.commands.charges import Bill
from providers.tracking import Charge
from tests.templates.facts.shared import ERRORS, NASTY, period, seen

CHARGE = Charge(**seen, day=date(2026, 11, 20), company=NASTY, kind=NASTY, messages=41_200, points=42_000)
UNKNOWN = Charge(**seen)


def bill(charges=(), error=None):
    return Bill("umail", "U-Mail", "Asia/Shanghai", charges, error)


def facts(bills, words="today", days=(21,), without=()):
    return {"account": None, "bills": bills, "period": period(words, *days), "without": without}


MESSAGES = {
    "charges/show": [
        facts([bill([CHARGE])]),
        facts([bill([])], "yesterday", (20,), ["EmailCar", "ITNIO"]),
        facts([bill([CHARGE, UNKNOWN] * 31)], "7d", (1, 21)),
        facts([bill([CHARGE, UNKNOWN]), bill(), *(bill(error=fault) for fault in ERRORS)], "7d", (14, 21)),
    ],
}
