"""A single message is sent once, whatever becomes of its answer; one that was refused is kept for another try."""

import asyncio
import signal

from providers.emailcar import EmailCar
from store.tables import DraftState
from tests.bot.letters import (
    LIN,
    MAIL,
    VIA,
    forms,
    open_form,
    pass_a_second,
    sends,
    the_draft,
    write,
)

# Once and no more


async def test_a_second_click_sends_nothing_and_is_told_when_and_by_whom(office):
    preview = await write(office)
    before = office.shown(LIN)
    await asyncio.gather(*(office.slack.click(LIN, preview, "Send to 3 people") for _ in range(3)))
    await office.told(LIN, "Sent to 3 people")
    await office.until(lambda: len(office.shown(LIN) - before) >= 3)
    said = [words for _, words in office.shown(LIN) - before]
    assert sum("Sent to 3 people" in words for words in said) == 1
    assert all("@lin" in words or "Sent to 3" in words for words in said)
    assert len(sends(office)) == 1

    again = await office.ask(LIN, f"draft send {(await the_draft(office)).id}")
    assert "This was sent already, to 3 people at" in again.plain
    assert "by @lin" in again.plain


async def test_a_draft_outlives_a_restart(closed_office):
    async with closed_office.open() as office:
        preview = await write(office)
    async with closed_office.open() as office:
        told = await office.press(LIN, preview, "Send to 3 people")
        assert "Sent to 3 people" in told.plain
        assert len(sends(office)) == 1


async def test_a_lost_answer_is_unknown_for_good_and_says_how_to_check(office):
    preview = await write(office)
    office.box.faults.inject("emailcar", "lost_reply", call="mail/send")
    told = await office.press(LIN, preview, "Send to 3 people")
    assert "I handed EmailCar a message to 3 people, and no readable answer came back." in told.plain
    assert "It may or may not have been sent" in told.plain
    draft = await the_draft(office)
    assert draft.state is DraftState.UNKNOWN

    pass_a_second(office)
    listed = await office.press(LIN, told, "Show what was sent today")
    pass_a_second(office)
    assert MAIL["subject"] in (await office.press(LIN, listed, "Last page")).plain
    again = await office.press(LIN, preview, "Send to 3 people")
    assert "Nobody knows whether this was sent: EmailCar never answered @lin" in again.plain
    assert len(sends(office)) == 1


async def test_a_lost_answer_by_smtp_is_unknown_as_well(office):
    await open_form(office, "send --account umail")
    before = office.shown(LIN)
    await office.slack.submit(LIN, MAIL | {"sender": "news@shop.example"})
    preview = await office.answer(LIN, "C0GENERAL", before)
    office.box.smtp.lost_replies = 1
    told = await office.press(LIN, preview, "Send to 3 people")
    assert "I handed U-Mail a message to 3 people, and no readable answer came back." in told.plain
    again = await office.press(LIN, preview, "Send to 3 people")
    assert "Nobody knows whether this was sent" in again.plain
    assert len(office.box.world.umail["demo-umail"].letters) == 3
    assert "sent" in (await office.press(LIN, told, "Show what was sent today")).plain


async def test_a_server_that_offers_no_encryption_gets_neither_password_nor_message(closed_office, monkeypatch):
    monkeypatch.setattr(type(closed_office), "environ", _with(closed_office.environ, UMAIL_SMTP_TLS="required"))
    async with closed_office.open() as office:
        await open_form(office, "send --account umail")
        before = office.shown(LIN)
        await office.slack.submit(LIN, MAIL | {"sender": "news@shop.example"})
        preview = await office.answer(LIN, "C0GENERAL", before)
        told = await office.press(LIN, preview, "Send to 3 people")
        assert "Nothing was sent: U-Mail offers no encrypted connection" in told.plain
        assert not office.box.world.umail["demo-umail"].letters


def _with(environ, **more):
    return property(lambda _office: {**environ, **more})


async def test_an_answer_that_never_comes_ends_in_the_same_way(closed_office, monkeypatch):
    monkeypatch.setitem(EmailCar.__init__.__kwdefaults__, "deadline", 0.5)
    async with closed_office.open() as office:
        preview = await write(office)
        office.box.faults.inject("emailcar", "timeout", call="mail/send")
        told = await office.press(LIN, preview, "Send to 3 people")
        assert "It may or may not have been sent" in told.plain
        assert len(sends(office)) == 1


async def test_a_process_that_dies_while_sending_leaves_it_unknown_and_the_writer_told(closed_office, serving):
    office = closed_office
    await office.type(LIN, VIA)
    await office.until(lambda: (view := office.slack.modal(LIN)) and "subject" in str(view.blocks))
    await office.slack.submit(LIN, MAIL)
    preview = await office.told(LIN, "Send this to 3 people?")
    office.box.faults.inject("emailcar", "timeout", call="mail/send")
    office.box.clock.step(2)
    await office.slack.click(LIN, preview, "Send to 3 people")
    await office.until(lambda: sends(office))
    serving.send_signal(signal.SIGKILL)
    await serving.wait()
    office.box.faults.clear()
    async with office.open():
        office.later(60)
        told = await office.told(LIN, "restarted")
        assert "sent today --account emailcar" in told.plain

        async def left() -> bool:
            return (await the_draft(office)).state is DraftState.UNKNOWN

        async with asyncio.timeout(5):
            while not await left():
                await asyncio.sleep(0.02)
        again = await office.press(LIN, preview, "Send to 3 people")
        assert "Nobody knows whether this was sent" in again.plain
        assert len(sends(office)) == 1


# What a refusal leaves


async def test_a_refusal_keeps_the_message_for_another_try(office):
    preview = await write(office, sender="stranger@shop.example", recipients="a@mail.example")
    told = await office.press(LIN, preview, "Send to 1 person")
    assert "Nothing was sent: EmailCar said no" in told.plain
    assert "发件人不在事务性发件人平台中" in told.plain
    again = await office.press(LIN, preview, "Send to 1 person")
    assert "EmailCar did not take this" in again.plain

    view = await open_form(office, "Edit message", press=told)
    values = {block["block_id"]: block["element"].get("initial_value") for block in view.blocks if "element" in block}
    assert values | {"flags": None} == {
        "sender": "stranger@shop.example",
        "sender_name": "小店",
        "recipients": "a@mail.example",
        "subject": MAIL["subject"],
        "content": MAIL["content"],
        "flags": None,
        "file": None,
        "reply_to": None,
    }
    pass_a_second(office)
    before = office.shown(LIN)
    await office.slack.submit(LIN, {"sender": "support@shop.example"})
    preview = await office.answer(LIN, "C0GENERAL", before)
    pass_a_second(office)
    assert "Sent to 1 person" in (await office.press(LIN, preview, "Send to 1 person")).plain
    assert [form["from"] for form in forms(office)] == ["stranger@shop.example", "support@shop.example"]
