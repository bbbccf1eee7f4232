"""The receiver's page beside Slack's: what the real bot sends arrives there; a wrong signature is seen to be one."""

import re
import shutil

import httpx
import pytest
from playwright.async_api import expect

from sandbox.signatures import new_secret, sign

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH")

PHONE = {"width": 390, "height": 780}


async def receiver(demo, **context):
    """The receiver's page in a tab of its own."""
    return await demo.open(path="webhooks", **context)


def arrivals(tab):
    return tab.locator("#list").get_by_role("listitem")


async def test_a_pause_in_slack_arrives_verified(demo) -> None:
    hooks, lin = await receiver(demo), await demo.open("U0LIN")
    await expect(hooks.get_by_role("heading", name="Nothing has arrived yet")).to_be_visible()
    await demo.type(lin, "/edm task pause 19124 --account umail")
    await expect(lin.get_by_role("article").first).to_contain_text("Task 19124 is paused")
    paused = arrivals(hooks).filter(has_text="task.paused").first
    await expect(paused).to_contain_text("task/19124")
    await expect(paused).to_contain_text("✓ Signature verified")
    await expect(paused).to_contain_text('"specversion": "1.0"')
    await expect(paused.get_by_text("webhook-signature", exact=True)).to_be_hidden()
    await paused.get_by_text(re.compile("Headers")).click()
    await expect(paused.get_by_text("webhook-signature", exact=True)).to_be_visible()


async def test_a_wrong_signature_is_seen_to_be_one(demo) -> None:
    hooks = await receiver(demo)
    body, stamp = b'{"type": "task.paused", "subject": "task/1"}', "1795278454"
    forged = {"webhook-id": "msg_1", "webhook-timestamp": stamp}
    forged["webhook-signature"] = sign(new_secret(), "msg_1", stamp, body)
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.post(demo.receiver.url, content=body, headers=forged)).status_code == 401
        assert (await http.post(demo.receiver.url, content=b"<b>no</b>")).status_code == 401
    await expect(arrivals(hooks)).to_have_count(2)
    newest, wrong = arrivals(hooks).nth(0), arrivals(hooks).nth(1)
    await expect(wrong).to_contain_text("✕ Wrong signature")
    await expect(wrong).to_contain_text("answered 401")
    await expect(newest).to_contain_text("✕ Not signed")
    await expect(newest).to_contain_text("<b>no</b>")


async def test_what_a_button_sends_to_the_bot_goes_on_to_the_receiver_without_the_address(demo) -> None:
    hooks = await receiver(demo)
    await hooks.get_by_role("button", name="ITNIO’s callback").click()
    await expect(hooks.locator("#notice")).to_contain_text("the bot answered 200, it is written down")
    came = arrivals(hooks).filter(has_text="message.queued")
    await expect(came).to_contain_text("✓ Signature verified")
    await expect(came).not_to_contain_text("anna@example.com")
    await hooks.get_by_role("button", name="A partner’s signed event").click()
    await expect(arrivals(hooks).filter(has_text="message.delivered")).to_contain_text("✓ Signature verified")
    await hooks.get_by_role("button", name="A forged one").click()
    await expect(hooks.locator("#notice")).to_contain_text("the bot answered 401")


async def test_an_endpoint_from_slack_is_verified_once_its_secret_is_pasted(demo) -> None:
    hooks, mei = await receiver(demo), await demo.open("U0MEI")
    await demo.type(mei, f"/edm webhook add mine {demo.receiver.url} --types task.paused --allow-private")
    dialog = mei.get_by_role("dialog")
    await expect(dialog).to_contain_text("whsec_")
    secret = re.search(r"whsec_[\w+/]+=*", await dialog.inner_text())[0]
    await dialog.get_by_role("button", name="关闭").last.click()
    await demo.type(mei, "/edm webhook test mine")
    test = arrivals(hooks).filter(has_text="endpoint.test")
    await expect(test.first).to_contain_text("✕ Wrong signature")
    await hooks.get_by_label("Check with one more secret").fill(secret)
    await hooks.keyboard.press("Enter")
    await expect(hooks.get_by_text("it knows 2")).to_be_visible()
    await demo.type(mei, "/edm webhook test mine")
    await expect(test.first).to_contain_text("✓ Signature verified")
    assert secret not in await mei.content()


async def test_an_answer_that_is_chosen_is_what_the_bot_is_told(demo) -> None:
    hooks, mei = await receiver(demo), await demo.open("U0MEI")
    await hooks.get_by_role("button", name="500").click()
    await expect(hooks.get_by_role("button", name="500")).to_have_attribute("aria-pressed", "true")
    await demo.type(mei, "/edm webhook test receiver")
    await expect(mei.get_by_role("article").last).to_contain_text("500")
    await expect(arrivals(hooks).first).to_contain_text("answered 500")


async def test_the_two_pages_lead_to_each_other(demo) -> None:
    lin = await demo.open("U0LIN")
    await lin.get_by_role("link", name="Webhooks’ receiver").click()
    await expect(lin.get_by_role("heading", name="Webhooks’ receiver")).to_be_visible()
    await lin.get_by_role("link", name="Slack’s page").click()
    await expect(lin.get_by_label("Message #general")).to_be_visible()


async def test_the_keyboard_and_a_dark_phone_are_enough(demo) -> None:
    hooks = await receiver(demo, viewport=PHONE, color_scheme="dark")
    await hooks.keyboard.press("Tab")
    await expect(hooks.get_by_role("link", name="Skip to what arrived")).to_be_focused()
    for _ in range(2):
        await hooks.keyboard.press("Tab")
    await expect(hooks.get_by_role("button", name="ITNIO’s callback")).to_be_focused()
    await hooks.keyboard.press("Enter")
    await expect(arrivals(hooks).first).to_contain_text("message.queued")
    assert await hooks.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    background = await hooks.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(26, 28, 32)"
