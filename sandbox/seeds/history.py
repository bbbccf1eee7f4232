"""The past fortnight's mail over SMTP, which only statistics know."""

import random
from datetime import datetime, timedelta

from sandbox.clock import vendor_day
from sandbox.mailing import Account, Traffic
from sandbox.outcomes import USUAL, expected

DAYS = 14
A_DAY = {"umail": (12_000, 34_000), "umail_v3": (800, 1_500)}
"""Mails a day in the past week, in which tasks were sent too, and in the week before."""


def past_days(account: Account, now: datetime) -> None:
    """Fourteen days of a usual outcome; the volume differs from day to day by a tenth."""
    this_week, before = A_DAY[account.vendor]
    for ago in range(1, DAYS + 1):
        day = vendor_day(now) - timedelta(days=ago)
        key = f"{account.username}:{ago}"
        volume = round((this_week if ago <= 7 else before) * random.Random(key).uniform(0.9, 1.1))
        ident = f"{day:%Y%m%d}-{account.customer_id}-SMTP{ago:02}"
        account.history[day] = Traffic(ident, 6_000_000 + ago, expected(volume, USUAL, key))
