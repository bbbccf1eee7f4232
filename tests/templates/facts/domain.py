"""Sender domains."""

from providers.domains import Domain, DomainCheck, DomainState, Mailbox
from tests.templates.facts.shared import ERRORS, NASTY, seen

OF = {"account": "umail", "title": "U-Mail"}
DOMAIN = Domain(**seen, name="shop.example", customer_id="7020", system=False)
SYSTEM = Domain(**seen, name="mail.bestedm.example", customer_id="0", system=True)
CHECKS = [
    DomainCheck(**seen, name="shop.example", state=state, raw_state="3", said=said, dkim=dkim)
    for state in DomainState
    for said, dkim in ((NASTY, NASTY), (None, None))
]
MAILBOX = Mailbox(**seen, address="news@shop.example")
CHANGED = {**OF, "name": "shop.example", "user": "U0MEI", "verified": None, "check": None}
CHANGES = [
    {**CHANGED, "action": "delete"},
    {**CHANGED, "action": "add"},
    {**CHANGED, "action": "add", "verified": True, "check": CHECKS[0]},
    {**CHANGED, "action": "add", "verified": False, "check": CHECKS[2]},
    {**CHANGED, "action": "add", "verified": False},
]

MESSAGES = {
    "domain/announcement": CHANGES,
    "domain/changed": CHANGES,
    "domain/check": [{**OF, "check": check} for check in CHECKS],
    "domain/confirm": [
        {**OF, "domain": DOMAIN, "check": check, "mailboxes": mailboxes}
        for check, mailboxes in (
            (CHECKS[0], None),
            (CHECKS[2], []),
            (None, [MAILBOX]),
            (None, [MAILBOX] * 2),
            (None, [MAILBOX] * 30),
        )
    ],
    "domain/list": [
        {**OF, "rows": [], "fault": None},
        {**OF, "rows": [(SYSTEM, None), *((DOMAIN, check) for check in CHECKS)], "fault": None},
        {**OF, "rows": [(DOMAIN, None)] * 120, "fault": ERRORS[-2]},
    ],
    "domain/managers_only": [OF],
    "domain/missing": [{**OF, "name": "nowhere.example"}],
    "domain/not_changed": [{**CHANGED, "action": action} for action in ("add", "delete")],
    "domain/unchanged": [
        {**OF, "domain": domain, "why": why} for domain, why in ((DOMAIN, "there"), (SYSTEM, "system"))
    ],
}
