"""Senders' mailboxes."""

from bot.commands import COMMANDS
from providers.domains import Mailbox
from tests.templates.facts.shared import ERRORS, seen

OF = {"account": "umail", "title": "U-Mail"}
MAILBOX = Mailbox(**seen, address="news@shop.example", name="news", domain="shop.example")
ADD = next(command for command in COMMANDS if command.name == "mailbox add")
CHANGES = [
    {**OF, "action": action, "address": "news@shop.example", "domain": "shop.example", "user": "U0MEI"}
    for action in ("add", "edit", "delete")
]

MESSAGES = {
    "mailbox/announcement": CHANGES,
    "mailbox/bad_password": [{"problem": problem} for problem in ("empty", "blanks", "unprintable")],
    "mailbox/changed": CHANGES,
    "mailbox/confirm": [{**OF, "mailbox": MAILBOX}],
    "mailbox/form": [{**OF, "action": action, "address": "news@shop.example"} for action in ("add", "edit")],
    "mailbox/list": [
        {**OF, "domain": "shop.example", "mailboxes": mailboxes, "page": page, "more": more}
        for mailboxes, page, more in (([], 1, False), ([MAILBOX], 1, False), ([MAILBOX] * 30, 1, True), ([], 2, True))
    ],
    "mailbox/missing": [{**OF, "address": "nobody@shop.example", "domain": "shop.example"}],
    "mailbox/not_changed": [one for one in CHANGES if one["action"] != "edit"],
    "mailbox/typed": [{"command": ADD}],
    "mailbox/unchanged": [{**OF, "mailbox": MAILBOX}],
    "mailbox/unknown": [{**OF, "mailbox": MAILBOX, "error": error} for error in ERRORS],
}
