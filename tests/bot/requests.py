"""Requests in the office: asked for as rows, shown in Slack as the outbox shows them."""

from datetime import timedelta
from functools import partial

import aiohttp
from sqlmodel import select

from bridge.approvals.asking import Approvals, Wish
from bridge.approvals.policy import Needs, Reason, Settings
from bridge.notices.outbox import Outbox
from store.tables import Approval, ApprovalKind, Notice, NoticeKind
from tests.bridge.posts import board_of, english

APPROVE = "C0APPROVE"
PROPOSAL = {
    "name": "十一月大促",
    "recipients": 90_000,
    "fields": {
        "task_id": "19128",
        "templates": [{"id": "16", "name": "十一月大促", "subject": "十一月大促", "content_hash": "0" * 64}],
        "lists": [{"id": "5", "name": "VIP"}],
        "sender": "news@shop.example",
        "sender_name": "小店",
        "reply_to": None,
        "planned": 90_000,
        "tracking": "opens_and_clicks",
    },
    "told": {"hourly_speed": 12_000, "unsubscribe_link": True},
    "context": {
        "title": "U-Mail",
        "recipients": 90_000,
        "lists": [{"id": "5", "name": "VIP", "count": 90_000, "last_sent_at": "2026-11-18T02:00:00+00:00"}],
        "credit": {"before": 311_016, "after": 221_016},
        "checks": [{"id": "16", "state": "passed", "colour": "green"}],
        "recent": [],
        "unread": {},
    },
}
TWO = Needs(count=2, reasons=(Reason("recipients_over", 50_000),))


def desk():
    return Approvals(Settings(policies=()), APPROVE, lambda _account: ("U0LIN", "U0MEI"))


async def asked(office, *, by="U0OPS", needs=TWO, subject="task/19128", hours=6, **more):
    """A request; its id."""

    def work(session, now):
        about = {"kind": ApprovalKind.SCHEDULE, "account": "umail", "subject": subject, "requested_by": by}
        about |= {"channel_id": "C0GENERAL", "reason": "start of the *November* campaign", "proposal": PROPOSAL}
        about |= {"send_at": now + timedelta(hours=hours), "policy": needs} | more
        return desk().ask(session, now, Wish(**about)).id

    return await office.store.transact(work)


async def request(office, approval_id):
    return await office.store.transact(lambda session, _now: session.get_one(Approval, approval_id))


async def cards(office):
    return await office.store.transact(
        lambda session, _now: session.exec(select(Notice).where(Notice.kind == NoticeKind.APPROVAL)).all()
    )


async def show(office):
    """Let the outbox show all that is due within some seconds."""
    async with aiohttp.ClientSession() as session:
        about = {"name_of": partial(named, office), "tests": True}
        outbox = Outbox(office.store, board_of(office.slack, session), english, "/edm", **about)
        for _ in range(4):
            await outbox.run_once()
            office.later(1)


async def named(office, user):
    return office.slack.workspace.people[user].name


async def card(office, words, user="U0LIN"):
    """The card in the approvals channel that says so."""
    await show(office)
    return await office.slack.wait(user, APPROVE, lambda m: words in m.plain and not m.ephemeral_for, timeout=2.0)
