"""Single messages: the form, filled in, and what the vendor was told to send."""

from sqlmodel import select

from store.tables import Draft

LIN, MEI, OPS, VERA = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"
MAIL = {
    "sender": "support@shop.example",
    "sender_name": "小店",
    "recipients": "a@mail.example, b@mail.example\nA@mail.example；c@mail.example",
    "subject": "Your order & <!channel>",
    "content": "Dear friend,\nit is *on* its way & <b>soon</b> there.",
}
VIA = "send --account emailcar"


def pass_a_second(office):
    """EmailCar takes one call a second, by both clocks."""
    office.later(2)
    office.box.clock.step(2)


async def open_form(office, line=VIA, user=LIN, press=None):
    if press is None:
        await office.type(user, line)
    else:
        await office.slack.click(user, press, line)
    await office.until(lambda: (view := office.slack.modal(user)) and "subject" in str(view.blocks))
    return office.slack.modal(user)


async def write(office, line=VIA, user=LIN, **more):
    """Fill the form in; the preview."""
    await open_form(office, line, user)
    before = office.shown(user)
    reply = await office.slack.submit(user, MAIL | more)
    assert reply.error is None
    assert office.slack.modal(user) is None
    shown = await office.answer(user, "C0GENERAL", before)
    pass_a_second(office)
    return shown


def sends(office):
    return [request for request in office.box.requests if request.call == "mail/send"]


def forms(office):
    """What EmailCar was told to send."""
    return [request.params for request in sends(office)]


async def rows(office, table):
    return await office.store.transact(lambda session, _now: session.exec(select(table)).all())


async def the_draft(office):
    *_, draft = sorted(await rows(office, Draft), key=lambda one: one.id)
    return draft
