"""A single message from the form to the vendor: looked at first, and forgotten afterwards."""

import asyncio

import pytest

from bot.appyaml import shipped
from store.tables import Approval, ApprovalKind, ApprovalState, CommandRun, Draft, DraftState
from tests.bot.letters import (
    LIN,
    MAIL,
    MEI,
    OPS,
    VERA,
    VIA,
    forms,
    open_form,
    pass_a_second,
    rows,
    sends,
    the_draft,
    write,
)


@pytest.fixture
async def without_smtp(closed_office, tmp_path):
    """The office, with an account at U-Mail that names no SMTP server."""
    lines = shipped().read_text("utf-8").splitlines(keepends=True)
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text("".join(line for line in lines if not line.startswith("    smtp_")), "utf-8")
    async with closed_office.open():
        yield closed_office


# The whole way


async def test_a_message_is_previewed_to_the_writer_alone_and_sent_once_it_is_confirmed(office):
    preview = await write(office, reply_to="re@shop.example", flags=["opens"])
    for words in (
        'Send this to 3 people? "Your order & <!channel>"',
        "From 小店 <support@shop.example>",
        "To a@mail.example, b@mail.example, c@mail.example",
        "Answers go to re@shop.example",
        "Counted opens",
        "Credit 1,024 e-mails left; this takes 3",
        "it is *on* its way & <b>soon</b> there.",
    ):
        assert words in " ".join(preview.plain.split())
    assert preview.ephemeral_for == LIN
    assert sends(office) == []

    told = await office.press(LIN, preview, "Send to 3 people")
    assert 'Sent to 3 people: "Your order & <!channel>"' in told.plain
    (form,) = forms(office)
    assert form["to"] == "a@mail.example;b@mail.example;c@mail.example"
    assert form["replyto"] == "re@shop.example"
    assert form["html"] == ("<p>Dear friend,<br>\nit is *on* its way &amp; &lt;b&gt;soon&lt;/b&gt; there.</p>")
    assert (form.get("open"), form.get("click")) == ("1", None)
    assert office.shown(VERA) == set()

    pass_a_second(office)
    found = await office.press(LIN, told, "Show what became of it")
    assert "3 messages" in found.plain


async def test_a_message_goes_by_smtp_from_one_of_the_accounts_mailboxes(office):
    view = await open_form(office, "send --account umail")
    senders = next(block["element"] for block in view.blocks if block.get("block_id") == "sender")
    assert "news@shop.example" in [option["value"] for option in senders["options"]]
    before = office.shown(LIN)
    html = "<style>p{}</style><h1>Hello</h1><p>你好</p>"
    await office.slack.submit(LIN, MAIL | {"sender": "news@shop.example", "content": html, "flags": ["html"]})
    preview = await office.answer(LIN, "C0GENERAL", before)
    assert "Hello\n你好" in preview.plain
    assert "HTML, shown here as text" in preview.plain
    assert "311,016 e-mails left; this takes 3" in preview.plain

    told = await office.press(LIN, preview, "Send to 3 people")
    assert "Sent to 3 people" in told.plain
    assert "it gave no number to ask about" in told.plain
    letters = office.box.world.umail["demo-umail"].letters
    assert [letter.recipient for letter in letters] == ["a@mail.example", "b@mail.example", "c@mail.example"]
    assert (letters[0].sender, letters[0].subject) == ("news@shop.example", MAIL["subject"])


async def test_where_several_accounts_can_send_the_form_begins_with_the_choice(office):
    await office.type(LIN, "send")
    await office.until(lambda: (view := office.slack.modal(LIN)) and "Which account?" in str(view.blocks))
    await office.slack.click(LIN, office.slack.modal(LIN), "emailcar (EmailCar)")
    await office.until(lambda: "subject" in str(office.slack.modal(LIN).blocks))
    assert "Through EmailCar (account emailcar)" in str(office.slack.modal(LIN).blocks)
    await office.slack.submit(LIN, MAIL)
    assert office.slack.modal(LIN) is None
    # The modal has no channel, but it came from one.
    await office.told(LIN, "Send this to 3 people?")


async def test_only_accounts_that_can_send_are_offered(office, edmbot):
    ran = await edmbot("exec", "send --account itnio", environ=office.environ)
    assert ran.status == 1
    assert "--account emailcar" in ran.out
    assert "--account umail" in ran.out


async def test_an_account_without_smtp_does_not_claim_that_it_can_send(without_smtp):
    office = without_smtp
    await open_form(office, "send")
    assert "Through EmailCar" in str(office.slack.modal(LIN).blocks)
    await office.type(LIN, "send --account umail")
    await office.until(lambda: (view := office.slack.modal(LIN)) and "has no call for that" in str(view.blocks))
    assert "emailcar" in str(office.slack.modal(LIN).blocks)


async def test_a_terminal_has_no_forms(office, edmbot):
    ran = await edmbot("exec", VIA, environ=office.environ)
    assert ran.status == 1
    assert "only Slack has forms" in ran.out


async def test_viewers_do_not_send(office):
    answer = await office.ask(VERA, "send")
    assert "operator" in answer.plain
    assert office.slack.modal(VERA) is None


async def test_a_long_message_is_handed_over_as_a_file_and_stays_when_the_rest_is_edited(office):
    page = "<html><body><h1>Hello</h1>" + "<p>你好</p>" * 1_000 + "</body></html>"
    await open_form(office)
    await office.slack.attach(LIN, "file", "mail.html", page.encode())
    before = office.shown(LIN)
    await office.slack.submit(LIN, MAIL | {"content": ""})
    preview = await office.answer(LIN, "C0GENERAL", before)
    assert "Hello\n你好" in preview.plain
    await open_form(office, "Edit message", press=preview)
    before = office.shown(LIN)
    pass_a_second(office)
    await office.slack.submit(LIN, {"subject": "Another"})
    preview = await office.answer(LIN, "C0GENERAL", before)
    pass_a_second(office)
    assert "Sent to 3 people" in (await office.press(LIN, preview, "Send to 3 people")).plain
    (form,) = forms(office)
    assert (form["subject"], form["html"]) == ("Another", page)


# What may stand in the form


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("sender", "shop", "shop is not an address"),
        ("sender", "店@shop.example", "is not an address"),
        ("sender_name", "  ", "Something must stand here"),
        ("recipients", "a@mail.example b c", "b and 1 more are not addresses"),
        ("recipients", "a@mail", "a@mail is not an address"),
        ("recipients", "a@mail.example>\nRCPT TO:<x@y.example", "are not addresses"),
        ("recipients", ", ;", "Something must stand here"),
        ("recipients", ",".join(f"k{n}@mail.example" for n in range(51)), "51 addresses: at most 50 at once."),
        ("subject", "  ", "Something must stand here"),
        ("content", "\n", "Something must stand here"),
        ("reply_to", "nobody", "nobody is not an address"),
    ],
)
async def test_a_field_that_will_not_do_is_named_and_nothing_is_kept(office, field, value, said):
    await open_form(office)
    await office.slack.submit(LIN, MAIL | {field: value})
    view = office.slack.modal(LIN)
    assert list(view.errors) == [field]
    assert said in view.errors[field]
    assert await rows(office, Draft) == []
    assert office.box.requests == []


async def test_who_writes_to_too_many_is_told_of_the_other_way(office):
    await open_form(office)
    await office.slack.submit(LIN, MAIL | {"recipients": " ".join(f"k{n}@mail.example" for n in range(90))})
    assert "/edm task schedule" in office.slack.modal(LIN).errors["recipients"]


# Edited, thrown away, too old, somebody else's


async def test_an_edit_makes_the_preview_before_it_void(office):
    first = await write(office)
    view = await open_form(office, "Edit message", press=first)
    assert view.definition["title"]["text"] == "Send a message"
    before = office.shown(LIN)
    await office.slack.submit(LIN, {"recipients": "d@mail.example"})
    second = await office.answer(LIN, "C0GENERAL", before)
    pass_a_second(office)
    assert "Send this to 1 person?" in second.plain
    told = await office.press(LIN, first, "Send to 3 people")
    assert "This was changed at" in told.plain
    assert sends(office) == []
    assert "Sent to 1 person" in (await office.press(LIN, second, "Send to 1 person")).plain
    assert [form["to"] for form in forms(office)] == ["d@mail.example"]


async def test_a_message_can_be_thrown_away(office):
    preview = await write(office)
    told = await office.press(LIN, preview, "Discard message")
    assert "The message to 3 people is thrown away; nothing was sent" in told.plain
    again = await office.ask(LIN, f"draft discard {(await the_draft(office)).id}")
    assert "This was thrown away at" in again.plain
    assert sends(office) == []


async def test_after_a_day_it_is_gone(office):
    preview = await write(office)
    office.later(24 * 3600 + 1)
    told = await office.press(LIN, preview, "Send to 3 people")
    assert "This waited until" in told.plain
    assert "Nothing was sent; please write it again" in told.plain
    assert sends(office) == []


async def test_only_the_writer_or_an_admin_decides(office):
    await write(office)
    draft = await the_draft(office)
    other = await office.ask(OPS, f"draft send {draft.id}")
    assert "This message is @lin's." in other.plain
    assert (await the_draft(office)).state is DraftState.OPEN
    asked = await office.ask(MEI, f"draft send {draft.id}")
    assert "发给 3 人？" in asked.plain
    assert "已发给 3 人" in (await office.press(MEI, asked, "发给 3 人")).plain
    assert (await the_draft(office)).settled_by == MEI


async def test_a_draft_that_never_was_is_said(office):
    answer = await office.ask(LIN, "draft send nothing")
    assert "I know no message nothing." in answer.plain


async def test_a_shared_answer_names_nobody_who_got_it(office):
    preview = await write(office, f"{VIA} --share")
    assert preview.ephemeral_for == LIN
    await office.slack.click(LIN, preview, "Send to 3 people")
    shown = await office.slack.wait(VERA, "C0GENERAL", lambda message: "Sent to 3 people" in message.plain)
    assert "mail.example" not in shown.plain


# What stays


@pytest.mark.parametrize("end", ["Send to 3 people", "Discard message", None])
async def test_recipients_and_content_are_forgotten_when_it_is_over(office, end):
    preview = await write(office)
    if end:
        await office.press(LIN, preview, end)
    else:
        office.later(24 * 3600 + 1)

    async def over() -> bool:
        return (await the_draft(office)).settled_at is not None

    async with asyncio.timeout(5):
        while not await over():
            await asyncio.sleep(0.02)
    draft = await the_draft(office)
    assert set(draft.content) == {"recipients", "hash"}
    assert draft.content["recipients"] == 3
    kept = [run.answer or "" for run in await rows(office, CommandRun)] + [str(draft.content), str(draft.result)]
    assert [words for words in kept if "mail.example" in words or "Dear friend" in words] == []


# To so many that others have to say yes


def people(count):
    return " ".join(f"k{n}@mail.example" for n in range(count))


async def asked_for(office):
    """A message to 21 people, and the request to send it."""
    preview = await write(office, recipients=people(21))
    told = await office.press(LIN, preview, "Ask for approval")
    pass_a_second(office)
    return preview, told


async def test_a_message_to_more_than_twenty_people_waits_for_somebody_elses_yes(office):
    preview, told = await asked_for(office)
    assert '"Your order & <!channel>" waits for 1 approval · 21 people' in told.plain
    assert "goes out as soon as it is approved" in told.plain
    assert sends(office) == []
    [request] = await rows(office, Approval)
    draft = await the_draft(office)
    assert (request.kind, request.subject, request.requested_by) == (ApprovalKind.DRAFT, f"draft/{draft.id}", LIN)
    assert request.proposal["fields"]["recipients"] == 21
    assert "k1@mail.example" not in str(request.proposal)
    assert draft.state is DraftState.OPEN
    assert draft.expires_at >= request.expires_at

    again = await office.press(LIN, preview, "Ask for approval")
    assert "has asked for" in again.plain
    assert len(await rows(office, Approval)) == 1
    assert sends(office) == []


@pytest.mark.parametrize("button", ["Edit message", "Discard message"])
async def test_a_message_that_becomes_another_is_not_the_one_that_was_asked_for(office, button):
    preview, _ = await asked_for(office)
    if button == "Edit message":
        await open_form(office, button, press=preview)
        await office.slack.submit(LIN, {"subject": "Another"})
        await office.told(LIN, '"Another"')
    else:
        await office.press(LIN, preview, button)
    [request] = await rows(office, Approval)
    assert (request.state, request.open_key) == (ApprovalState.VOIDED, None)
    assert sends(office) == []


async def test_a_message_to_twenty_people_goes_at_its_writers_yes(office):
    preview = await write(office, recipients=people(20))
    assert "Sent to 20 people" in (await office.press(LIN, preview, "Send to 20 people")).plain
    assert await rows(office, Approval) == []


async def test_where_nobody_has_to_approve_a_message_goes_to_as_many_as_it_may(unasked):
    preview = await write(unasked, recipients=people(50))
    assert "Sent to 50 people" in (await unasked.press(LIN, preview, "Send to 50 people")).plain
