"""Sends that are scheduled: the form, filled in, and what comes of it."""

from datetime import timedelta

from sqlmodel import select

from store.tables import Approval

LIN, MEI, OPS, VERA = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"
SCHEDULE = "task schedule --account umail"


def soon(office, **span):
    return int((office.clock() + timedelta(**(span or {"hours": 6}))).timestamp())


def entered(office, **more):
    """What somebody enters; a template and a list by their ids."""
    return {
        "templates": ["16 passed"],
        "lists": ["12"],
        "sender": "news@shop.example",
        "sender_name": "小店",
        "at": soon(office),
        "speed": "12,000",
        "reason": "start of the *November* campaign",
    } | more


def title(office, user=LIN):
    view = office.slack.modal(user)
    return view.definition["title"]["text"] if view else ""


def words_of(office, user=LIN):
    view = office.slack.modal(user)
    return str(view.blocks) if view else ""


async def opened(office, line=SCHEDULE, user=LIN):
    await office.type(user, line)
    await office.until(lambda: "'reason'" in words_of(office, user))
    return office.slack.modal(user)


async def submitted(office, says, user=LIN, **more):
    """Fill the form in and read what takes its place."""
    reply = await office.slack.submit(user, entered(office, **more))
    assert reply.error is None, reply
    await office.until(lambda: says in words_of(office, user))
    return office.slack.modal(user)


async def rows(office, table):
    return await office.store.transact(lambda session, _now: session.exec(select(table)).all())


def field(view, name):
    return next(block for block in view.blocks if block.get("block_id") == name)


def account(office):
    return office.box.world.umail["demo-umail"]


def newest(office):
    """The task that was made last."""
    return max(account(office).tasks.values(), key=lambda task: task.id)


async def request_of(office):
    """The newest request."""
    return max(await rows(office, Approval), key=lambda one: one.id)
