"""The whole way of a request on the page of the sandbox, in a real browser, with the real bot behind it."""

import re
import shutil
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Locator, expect
from playwright.async_api import Page as Tab

from sandbox.mailing import Status
from sandbox.material import Template
from tests.browser.conftest import Window

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH")

OPS, LIN, MEI, VERA = "U0OPS", "U0LIN", "U0MEI", "U0VIEW"
APPROVE = "C0APPROVE"
NAME = "November newsletter"
"""Template 20."""
ZONE = "Asia/Shanghai"
PHONE = {"width": 390, "height": 780}


def at(**span: float) -> str:
    """So long from now, as the field of a date and a time takes it."""
    return (datetime.now(ZoneInfo(ZONE)) + timedelta(**span)).strftime("%Y-%m-%dT%H:%M")


async def opened(demo: Window, tab: Tab) -> Locator:
    """The form of `task schedule`, filled with what the vendor has."""
    await demo.type(tab, "/edm task schedule")
    form = tab.get_by_role("dialog", name="Schedule a send")
    await expect(form.get_by_role("group", name="Templates")).to_be_visible()
    return form


async def fill(form: Locator, *, when: str, reason: str = "start of the November campaign") -> None:
    await form.get_by_role("group", name="Templates").get_by_label("November newsletter").check()
    await form.get_by_role("group", name="Lists").get_by_label("Newsletter EN").check()
    await form.get_by_label("From", exact=True).select_option("news@shop.example")
    await form.get_by_label("When").fill(when)
    await form.get_by_label("Messages an hour").fill("12,000")
    await form.get_by_label("Why").fill(reason)


async def asked(demo: Window, tab: Tab, **form: str) -> None:
    """Fill the form in and submit it; whoever asks is told that people are asked."""
    modal = await opened(demo, tab)
    await fill(modal, **({"when": at(days=3)} | form))
    await modal.get_by_role("button", name="Ask for approval").click()
    done = tab.get_by_role("dialog").filter(has_text="waits for 1 approval")
    await done.get_by_role("button", name="Close").first.click()
    await expect(done).to_have_count(0)


def card(tab: Tab, words: str | re.Pattern[str]) -> Locator:
    return tab.get_by_role("article").filter(has_text=words).last


async def follow(demo: Window, shown: Locator) -> None:
    """Until the polls have seen it: they look each minute."""
    for _ in range(3):
        demo.passes(seconds=61)
        with suppress(AssertionError):
            await expect(shown).to_be_visible(timeout=8_000)
            break
    await expect(shown).to_be_visible()


async def test_a_send_is_asked_for_approved_seen_sending_and_stopped(demo) -> None:
    ops = await demo.open(OPS, timezone_id=ZONE)
    lin = await demo.open(LIN, APPROVE, timezone_id=ZONE)
    await asked(demo, ops, when=at(hours=3))
    shown = card(lin, NAME)
    await expect(shown).to_contain_text(f'@ops asks to send "{NAME}" to 12,000 people')
    await demo.keep()
    await shown.get_by_role("button", name="Approve send").click()
    await expect(card(lin, "Approved, 1 of 1")).to_be_visible()
    await expect(card(lin, "Approved by @lin")).not_to_contain_text("working…", timeout=10_000)
    demo.passes(hours=3, minutes=10)
    sending = card(lin, "Approved by @lin: sending")
    await follow(demo, sending)
    await demo.keep()
    await sending.get_by_role("button", name="Pause task").click()
    await expect(card(lin, re.compile(r"stopped at [\d,]+ of 12,000"))).to_be_visible()
    await ops.get_by_role("button", name="edmbot").first.click()
    await expect(card(ops, "was approved and started")).to_be_visible()


async def test_whoever_rejects_says_why_and_the_asker_reads_it(demo) -> None:
    ops = await demo.open(OPS, timezone_id=ZONE)
    lin = await demo.open(LIN, APPROVE, timezone_id=ZONE, color_scheme="dark")
    await asked(demo, ops)
    await card(lin, NAME).get_by_role("button", name="Reject…").click()
    why = lin.get_by_role("dialog", name="Reject the request")
    await why.get_by_role("button", name="Reject", exact=True).click()
    await expect(why).to_contain_text("Please complete this required field.")
    await why.get_by_label("Why?").fill("the prices are last year's")
    await demo.keep()
    await why.get_by_role("button", name="Reject", exact=True).click()
    await expect(card(lin, "Rejected by @lin")).to_contain_text("“the prices are last year's”")
    await ops.get_by_role("button", name="edmbot").first.click()
    told = card(ops, f'@lin rejected "{NAME}"')
    await expect(told).to_contain_text("“the prices are last year's”")
    await expect(told.get_by_role("button", name="Edit task")).to_be_visible()


async def test_a_click_after_expiry_sends_nothing_and_offers_another_time(demo) -> None:
    ops = await demo.open(OPS, timezone_id=ZONE)
    lin = await demo.open(LIN, APPROVE, timezone_id=ZONE)
    await asked(demo, ops, when=at(hours=2))
    approve = card(lin, NAME).get_by_role("button", name="Approve send")
    await expect(approve).to_be_visible()
    # The card is drawn anew within a second; whoever is faster than that has pressed what was there.
    held = await demo.slack.wait(LIN, APPROVE, lambda message: NAME in message.plain)
    demo.passes(hours=3)
    await demo.slack.click(LIN, held, "Approve send")
    late = card(lin, "Only visible to you").filter(has_text="This request expired")
    await expect(late).to_contain_text("@ops was told")
    await expect(card(lin, "This request expired").get_by_role("button", name="Approve send")).to_have_count(0)
    await ops.get_by_role("button", name="edmbot").first.click()
    told = card(ops, "Nobody decided in time")
    await demo.keep()
    await told.get_by_role("button", name="Ask for another time").click()
    form = ops.get_by_role("dialog", name="Another time")
    await form.get_by_label("When").fill(at(days=4))
    await demo.keep()
    await form.get_by_role("button", name="Ask again").click()
    await expect(ops.get_by_role("dialog")).to_contain_text("waits for 1 approval")
    await expect(card(lin, "asks to send").get_by_role("button", name="Approve send")).to_be_visible()
    tasks = demo.box.world.umail["demo-umail"].tasks
    assert tasks[max(tasks)].status is Status.HELD


async def test_what_was_changed_at_the_vendor_is_asked_anew(demo) -> None:
    ops = await demo.open(OPS, timezone_id=ZONE)
    mei = await demo.open(MEI, APPROVE, timezone_id=ZONE, locale="zh-CN")
    await asked(demo, ops)
    number = max(demo.box.world.umail["demo-umail"].tasks)
    task = ops.get_by_role("listitem", name=f"Task {number}")
    async with ops.expect_response("**/api/world"):
        await task.get_by_role("button", name="Edit elsewhere").click()
    await card(mei, NAME).locator(".button.primary").click()
    anew = card(mei, "other@shop.example")
    await expect(anew.locator(".button.primary")).to_be_visible()
    await demo.keep()
    assert demo.box.world.task(number).status is Status.HELD
    await ops.get_by_role("button", name="edmbot").first.click()
    await expect(card(ops, "It is asked anew, with what has changed")).to_be_visible()


async def test_whoever_asks_may_not_approve_it(demo) -> None:
    lin = await demo.open(LIN, APPROVE, timezone_id=ZONE)
    await asked(demo, lin)
    await card(lin, NAME).get_by_role("button", name="Approve send").click()
    own = card(lin, "You asked for this yourself: somebody else has to approve it")
    await expect(own).to_contain_text("@mei")
    await expect(card(lin, "0 of 1").get_by_role("button", name="Approve send")).to_be_visible()


async def test_the_form_says_at_each_field_what_is_wrong_with_it(demo) -> None:
    ops = await demo.open(OPS, timezone_id=ZONE)
    form = await opened(demo, ops)
    await fill(form, when=at(hours=-1))
    await form.get_by_label("Messages an hour").fill("99")
    await form.get_by_label("Answers go to").fill("nobody")
    await form.get_by_role("button", name="Ask for approval").click()
    await expect(form).to_contain_text("That time is over: choose one that is still to come")
    await expect(form).to_contain_text("From 100 to 75,000 an hour")
    await expect(form).to_contain_text("nobody is not an address")
    await expect(form.get_by_label("Why")).to_have_value("start of the November campaign")
    await demo.keep()


async def test_credit_that_became_too_little_is_named_and_nothing_entered_is_lost(demo) -> None:
    ops = await demo.open(OPS, timezone_id=ZONE)
    form = await opened(demo, ops)
    await fill(form, when=at(days=3))
    demo.box.world.umail["demo-umail"].credit = 5_000
    await form.get_by_role("button", name="Ask for approval").click()
    await expect(ops.get_by_role("dialog")).to_contain_text("12,000 people, and credit for")
    await expect(ops.get_by_label("Why")).to_have_value("start of the November campaign")
    await demo.keep()


async def test_one_of_many_templates_is_found_by_typing(demo) -> None:
    shelf = demo.box.world.umail["demo-umail"].templates
    for number in range(1_000, 1_120):
        shelf[number] = Template(number, f"Winter {number}", f"Winter letter {number}")
    ops = await demo.open(OPS, timezone_id=ZONE)
    await demo.type(ops, "/edm task schedule")
    form = ops.get_by_role("dialog", name="Schedule a send")
    await form.get_by_label("Templates").press_sequentially("winter 1042")
    await form.get_by_role("button", name="Winter 1042").click()
    await expect(form.get_by_role("list", name="Chosen").first).to_contain_text("Winter 1042")
    await demo.keep()


async def test_a_request_fits_a_phone(demo) -> None:
    ops = await demo.open(OPS, timezone_id=ZONE, viewport=PHONE, color_scheme="dark")
    form = await opened(demo, ops)
    await demo.keep()
    await fill(form, when=at(days=3))
    await form.get_by_role("button", name="Ask for approval").click()
    done = ops.get_by_role("dialog").filter(has_text="waits for 1 approval")
    await done.get_by_role("button", name="Close").first.click()
    await ops.get_by_role("button", name="Channels and people").click()
    await ops.get_by_role("button", name="edm-approvals").click()
    await expect(card(ops, NAME).get_by_role("button", name="Approve send")).to_be_visible()
    await expect(ops.get_by_label("You are")).to_be_hidden()
    assert await ops.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
