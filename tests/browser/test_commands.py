"""What the commands show on the page: charts, files, forms, confirms and pages of lists, with the real bot."""

import csv
import shutil
from dataclasses import replace

import pytest
from playwright.async_api import expect

import bot.commands.imports
import bot.conversation
from sandbox.contacts import MailList

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH")

PHONE = {"width": 390, "height": 780}
CUSTOMER = "demo-umail"
SECRET = "S3cret-of-the-fair"
LABELS_INSIDE = """(svg) => {
    const [all, labels] = [svg.getBoundingClientRect(), [...svg.querySelectorAll("text")]];
    return labels.map((one) => one.getBoundingClientRect()).every(
        (one) => one.left >= all.left && one.right <= all.right + 1 && one.bottom <= all.bottom + 1);
}"""


@pytest.fixture
def account(demo):
    """What U-Mail keeps of its customer."""
    return demo.box.world.umail[CUSTOMER]


def last(tab):
    return tab.get_by_role("article").last


async def saved(tab, name):
    """The bytes of the last file of that name that a person takes out of the messages."""
    async with tab.expect_download() as begun:
        await last(tab).get_by_role("link", name=name).click()
    return (await (await begun.value).path()).read_bytes()


async def fits(tab):
    """Whether nothing of the page lies beside the window."""
    return await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


# Figures and their pictures


@pytest.mark.parametrize("look", [{"color_scheme": "dark", "viewport": PHONE}, {}], ids=["phone", "desk"])
async def test_words_come_first_and_charts_follow(demo, look) -> None:
    lin = await demo.open("U0LIN", **look)
    for line, words, title in (
        ("stats 7d --account umail", "97.9 % delivered", "Sent, delivered, failed by day · umail"),
        ("track 19124", "Task 19124: ", "People · task 19124, umail"),
        ("bounces 7d --account umail", "refusals and spam may overlap", "Failures by kind · umail"),
    ):
        seen = lin.get_by_role("article")
        before = await seen.count()
        await demo.type(lin, f"/edm {line}")
        chart = seen.nth(before + 1)
        drawn = chart.get_by_role("img", name=title)
        await expect(drawn).to_be_visible()
        assert await drawn.evaluate(LABELS_INSIDE)
        await expect(seen.nth(before)).to_contain_text(words)
        await chart.get_by_text("Numbers").first.click()
        await expect(chart.get_by_role("rowheader").first).to_be_visible()
        await demo.keep()
    assert await fits(lin)


async def test_where_the_workspace_knows_no_charts_a_picture_says_what_it_shows(demo) -> None:
    demo.slack.faults.inject("no_charts", times=100)
    lin = await demo.open("U0LIN")
    await demo.type(lin, "/edm stats 7d --account umail")
    await expect(last(lin)).to_contain_text("delivered")
    await expect(lin.get_by_role("button", name="edmbot new messages")).to_be_visible(timeout=15_000)
    await lin.get_by_role("button", name="edmbot").first.click()
    picture = lin.get_by_role("img", name="Sent, delivered, failed by day · umail")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > PHONE["width"]
    assert "Delivered" in await picture.get_attribute("alt")


# Files


async def test_an_export_is_a_file_in_direct_messages_that_excel_opens(demo) -> None:
    lin = await demo.open("U0LIN")
    await demo.type(lin, "/edm bounces --export --account umail")
    await expect(last(lin)).to_contain_text("failed recipients")
    await lin.get_by_role("button", name="edmbot").first.click()
    await expect(last(lin)).to_contain_text("keep the file to yourself")
    content = await saved(lin, "bounces-umail-")
    assert content.startswith(b"\xef\xbb\xbf")
    head, *rows = csv.reader(content.decode("utf-8-sig").splitlines())
    assert head[:2] == ["address", "category"]
    assert rows
    assert all(".example" in row[0] for row in rows)


async def test_a_file_is_imported_while_one_watches(demo, account, monkeypatch) -> None:
    monkeypatch.setattr(bot.commands.imports, "FOLLOW", (0.2,) * 100)
    monkeypatch.setattr(bot.conversation, "INTERIM_AFTER", 0.3)
    before = account.lists[12].count
    lin, vera = await demo.open("U0LIN"), await demo.open("U0VIEW")
    await demo.type(lin, "/edm list import 12")
    form = lin.get_by_role("dialog", name="Import addresses")
    rows = "".join(f"p{number}@shop.example;P{number}\n" for number in range(40)).encode()
    file = {"name": "fair.csv", "mimeType": "text/csv", "buffer": rows}
    await form.get_by_label("File", exact=True).set_input_files([file])
    await expect(form.get_by_role("list", name="Chosen files")).to_contain_text("fair.csv")
    await demo.keep()
    await form.get_by_role("button", name="Import file").click()
    await expect(form).to_have_count(0)
    await lin.get_by_role("button", name="edmbot").first.click()
    await expect(last(lin)).to_contain_text("is reading the file for list 12")
    await lin.get_by_role("group", name="Move on").get_by_role("button", name="+10 min").click()
    await expect(last(lin)).to_contain_text("40 addresses were imported into list 12")
    await expect(last(vera)).to_contain_text("@lin imported 40 addresses into list 12")
    assert account.lists[12].count == before + 40


# Forms


async def test_a_password_is_on_no_page_once_it_was_typed(demo, account) -> None:
    mei, lin = await demo.open("U0MEI"), await demo.open("U0LIN")
    await demo.type(mei, "/edm mailbox add fair@shop.example")
    form = mei.get_by_role("dialog")
    await form.get_by_role("textbox").fill(SECRET)
    await form.locator("footer .primary").click()
    await expect(form).to_have_count(0)
    await expect(mei.get_by_role("article").filter(has_text="fair@shop.example").first).to_be_visible()
    await expect(last(lin)).to_contain_text("@mei")
    assert account.mailboxes["fair@shop.example"] == SECRET
    for tab in (mei, lin):
        typed = await tab.evaluate(
            "[...document.querySelectorAll('input, textarea')].map((one) => one.value).join(' ')"
        )
        assert SECRET not in await tab.content() + typed


async def test_a_message_is_looked_at_and_sent_once_however_often_one_presses(demo) -> None:
    lin = await demo.open("U0LIN", viewport=PHONE, color_scheme="dark")
    await demo.type(lin, "/edm send --account emailcar")
    form = lin.get_by_role("dialog", name="Send a message")
    for label, words in (
        ("From", "support@shop.example"),
        ("Sender's name", "小店"),
        ("To", "a@mail.example, b@mail.example"),
        ("Subject", "Your order"),
        ("Content (optional)", "Dear friend,\nit is on its way."),
    ):
        await form.get_by_label(label, exact=True).fill(words)
    await demo.keep()
    await form.get_by_role("button", name="Preview").click()
    preview = lin.get_by_role("article").filter(has_text="nothing was sent yet")
    await expect(preview).to_contain_text("support@shop.example")
    await demo.keep()
    assert not [request for request in demo.box.requests if request.call == "mail/send"]
    demo.box.faults.inject("emailcar", "slow", call="mail/send", seconds=0.7)
    send = preview.get_by_role("button", name="Send to 2 people")
    await send.click()
    await expect(send).not_to_have_attribute("aria-busy", "true")
    await send.click()
    await expect(lin.get_by_text("I did not send it again")).to_be_visible()
    await expect(lin.get_by_text("Sent to 2 people")).to_be_visible()
    assert len([request for request in demo.box.requests if request.call == "mail/send"]) == 1


# What destroys


async def test_emptying_a_list_names_what_is_lost_and_everybody_sees_who_did_it(demo, account) -> None:
    mei, lin = await demo.open("U0MEI"), await demo.open("U0LIN")
    await demo.type(mei, "/edm list empty 12")
    await expect(last(mei)).to_contain_text("6,000")
    await demo.keep()
    assert account.lists[12].count == 6_000
    await last(mei).locator(".button.danger").click()
    await expect(last(lin)).to_contain_text("@mei emptied list 12")
    await expect(last(lin)).to_contain_text("6,000 addresses")
    assert account.lists[12].count == 0


# Where much stands


async def test_help_is_read_on_a_phone(demo) -> None:
    lin = await demo.open("U0LIN", viewport=PHONE)
    await demo.type(lin, "/edm help")
    await expect(last(lin)).to_contain_text("This is what I can do.")
    await expect(last(lin)).to_contain_text("Contact lists")
    assert await fits(lin)


async def test_pages_of_lists_and_tasks_are_turned_in_place(demo, account) -> None:
    account.lists.update({number: MailList(number, f"L{number}") for number in range(100, 120)})
    for number in range(19_001, 19_011):
        account.add(replace(account.tasks[19_118], id=number))
    lin = await demo.open("U0LIN")
    await demo.type(lin, "/edm list ls")
    await expect(last(lin)).to_contain_text("26 lists")
    await last(lin).get_by_role("button", name="Next page").click()
    await expect(last(lin)).to_contain_text("page 2")
    await expect(last(lin)).to_contain_text("L119")
    await last(lin).get_by_role("button", name="Previous page").click()
    await expect(last(lin)).not_to_contain_text("page 2")
    await demo.type(lin, "/edm task list")
    await expect(last(lin)).to_contain_text("20 tasks")
    await last(lin).get_by_role("button", name="Next page").click()
    await expect(last(lin)).to_contain_text("4 tasks · page 2")
    await expect(lin.get_by_role("article")).to_have_count(2)


async def test_home_tells_how_things_stand_and_follows_what_others_do(demo) -> None:
    lin, ops = await demo.open("U0LIN", place="home"), await demo.open("U0OPS")
    home = lin.locator(".surface")
    for words in ("Task 19124", "sending", "scheduled", "left of 5,000,000", "1,024 left"):
        await expect(home).to_contain_text(words)
    await expect(home.get_by_role("heading")).to_be_in_viewport()
    await demo.type(ops, "/edm task pause 19124")
    await expect(last(ops)).to_contain_text("paused")
    await expect(home).to_contain_text("Task 19124 paused", timeout=10_000)
