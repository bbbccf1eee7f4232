"""What becomes of a mail that came over SMTP: letters, the day's statistics, points."""

from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header

from sandbox.clock import vendor_day
from sandbox.mailing import Account, Letter, Traffic
from sandbox.outcomes import Failure, Tally
from sandbox.smtptalk import Envelope

FATES = {"nobody": Failure.NOT_EXIST, "full": Failure.OVER_QUOTA}
"""Recipients that fail, by the beginning of their address."""
FIRST_REPORT = 7_000_000


def deliver(account: Account, envelope: Envelope, content: bytes, now: datetime) -> str | None:
    """Book a mail to each recipient at once; its number, or None when the points do not suffice."""
    if account.balance(now) < len(envelope.recipients):
        return None
    subject = str(make_header(decode_header(str(message_from_bytes(content).get("Subject", "")))))
    day = vendor_day(now)
    ident = f"{day:%Y%m%d}-{account.customer_id}-SMTP00"
    booked = account.history.setdefault(day, Traffic(ident, FIRST_REPORT + day.toordinal(), Tally()))
    for recipient in envelope.recipients:
        fate = next((kind for word, kind in FATES.items() if recipient.startswith(word)), None)
        account.letters.append(Letter(now, envelope.sender, recipient, subject, content, fate))
        booked.tally += Tally(1, {fate: 1} if fate else {})
        account.credit -= 1
    return f"{ident}-{booked.tally.processed}"
