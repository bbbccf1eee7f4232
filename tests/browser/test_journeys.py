"""What people do on the page of the sandbox, in a real browser, with the real bot behind it."""

import json
import shutil
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import httpx
import pytest
from aiohttp import web
from playwright.async_api import expect

from sandbox.slack import SlackServer

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH")

PHONE = {"width": 390, "height": 780}


async def test_a_command_is_answered_for_the_asker_alone(demo) -> None:
    lin = await demo.open("U0LIN")
    await expect(lin.get_by_text("This is #general.")).to_be_visible()
    await demo.type(lin, "/edm balance")
    answer = lin.get_by_role("article").last
    await expect(answer).to_contain_text("312,040 e-mails left")
    await expect(answer).to_contain_text("Only visible to you")


async def test_an_answer_for_one_person_is_not_shown_to_another(demo) -> None:
    lin, mei = await demo.open("U0LIN"), await demo.open("U0MEI")
    await demo.type(mei, "/edm balance")
    await expect(mei.get_by_role("article").last).to_contain_text("剩余")
    await demo.type(mei, "good morning")
    await expect(lin.get_by_role("article")).to_have_count(1)
    await expect(lin.get_by_role("article")).to_contain_text("good morning")


async def test_a_pause_changes_the_card_and_names_who_paused(demo) -> None:
    lin = await demo.open("U0LIN")
    await demo.type(lin, "/edm task show 19124")
    card = lin.get_by_role("article").first
    await expect(card).to_contain_text("Task 19124 is sending")
    await card.get_by_role("button", name="Pause task").click()
    await expect(card).to_contain_text("Task 19124 is paused")
    await expect(card).to_contain_text("@lin")
    await expect(card.get_by_role("button", name="Resume task")).to_be_visible()
    await expect(lin.get_by_role("listitem", name="Task 19124")).to_contain_text("paused")


async def test_a_cancel_asks_once_more_before_it_acts(demo) -> None:
    mei = await demo.open("U0MEI")
    await demo.type(mei, "/edm task cancel 19126")
    card = mei.get_by_role("article").first
    await expect(card).to_contain_text("19126")
    world = mei.get_by_role("listitem", name="Task 19126")
    await expect(world).to_contain_text("waiting")
    await card.locator(".button.danger").click()
    await expect(world).to_contain_text("cancelled")


async def test_a_misspelt_command_is_told_what_was_meant(demo) -> None:
    lin = await demo.open("U0LIN")
    await demo.type(lin, "/edm taks show 19127")
    await expect(lin.get_by_role("article").last).to_contain_text("I don't know taks. Did you mean task?")


async def test_a_viewer_is_refused(demo) -> None:
    vera = await demo.open("U0VIEW")
    await demo.type(vera, "/edm task pause 19124")
    await expect(vera.get_by_role("article").last).to_contain_text("That needs the role operator")


async def test_another_person_is_another_pair_of_eyes(demo) -> None:
    tab = await demo.open("U0LIN")
    await tab.get_by_label("You are").select_option("U0MEI")
    await expect(tab.get_by_role("button", name="board")).to_be_visible()
    await tab.get_by_label("You are").select_option("U0EXT")
    await expect(tab.locator("#channels").get_by_role("button")).to_have_count(1)
    await demo.type(tab, "/edm balance")
    await expect(tab.get_by_role("article").last).to_contain_text("Only visible to you")


async def test_the_keyboard_alone_is_enough(demo) -> None:
    lin = await demo.open("U0LIN")
    await lin.keyboard.press("Tab")
    await expect(lin.get_by_role("link", name="Skip to the message field")).to_be_focused()
    await lin.keyboard.press("Enter")
    await expect(lin.get_by_label("Message #general")).to_be_focused()
    await lin.keyboard.type("/edm task sh")
    await expect(lin.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    await lin.keyboard.press("Tab")
    await lin.keyboard.type("19124")
    await lin.keyboard.press("Enter")
    card = lin.get_by_role("article").first
    await expect(card).to_contain_text("Task 19124 is sending")
    pause = card.get_by_role("button", name="Pause task")
    await lin.keyboard.press("Shift+Tab")
    await expect(card.get_by_role("button", name="Show statistics")).to_be_focused()
    await lin.keyboard.press("Shift+Tab")
    await expect(pause).to_be_focused()
    await lin.keyboard.press("Enter")
    await expect(card).to_contain_text("Task 19124 is paused")
    await expect(card).to_be_focused()


async def test_escape_closes_the_list_of_commands_and_keeps_the_words(demo) -> None:
    lin = await demo.open("U0LIN")
    line = lin.get_by_label("Message #general")
    await line.press_sequentially("/edm t")
    await expect(lin.get_by_role("listbox", name="Commands")).to_be_visible()
    await line.press("Escape")
    await expect(lin.get_by_role("listbox", name="Commands")).to_be_hidden()
    await expect(line).to_have_value("/edm t")


async def test_a_thread_opens_beside_the_room(demo) -> None:
    lin = await demo.open("U0LIN")
    await demo.type(lin, "shall we send tonight?")
    await lin.get_by_role("article").hover()
    await lin.get_by_role("button", name="Reply in a thread").click()
    reply = lin.get_by_role("complementary", name="Thread").get_by_role("combobox")
    await expect(reply).to_be_focused()
    await reply.fill("yes, at eight")
    await reply.press("Enter")
    await expect(lin.get_by_role("log", name="Replies")).to_contain_text("yes, at eight")
    await expect(lin.get_by_role("button", name="1 reply")).to_be_visible()
    await lin.keyboard.press("Escape")
    await expect(lin.get_by_role("complementary", name="Thread")).to_be_hidden()


async def test_a_phone_has_room_for_everything(demo) -> None:
    lin = await demo.open("U0LIN", viewport=PHONE)
    await demo.type(lin, "/edm task list")
    await expect(lin.get_by_role("article").last).to_contain_text("14 tasks")
    width = await lin.evaluate("document.documentElement.scrollWidth")
    assert width <= PHONE["width"]
    await lin.get_by_role("button", name="Channels and people").click()
    await lin.get_by_role("button", name="edm-alerts").click()
    await expect(lin.get_by_role("heading", name="#edm-alerts")).to_be_visible()
    await expect(lin.get_by_label("You are")).to_be_hidden()
    await lin.get_by_role("button", name="Vendors’ world").click()
    await expect(lin.get_by_role("listitem", name="Task 19124")).to_be_visible()
    await lin.keyboard.press("Escape")
    await expect(lin.get_by_role("listitem", name="Task 19124")).to_be_hidden()


async def test_dark_is_dark(demo) -> None:
    lin = await demo.open("U0LIN", color_scheme="dark")
    await demo.type(lin, "/edm stats today")
    await expect(lin.get_by_role("article").last).to_contain_text("Today, so far")
    paper = await lin.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(26, 28, 32)"


async def test_a_vendor_that_is_down_is_told_to_who_asks(demo) -> None:
    lin = await demo.open("U0LIN")
    itnio, emailcar = lin.get_by_role("group", name="ITNIO"), lin.get_by_role("group", name="EmailCar")
    await expect(itnio.get_by_role("button", name="Drain credit")).to_have_count(0)
    await emailcar.get_by_role("button", name="Drain credit").click()
    await expect(emailcar).to_contain_text("50 left")
    await emailcar.get_by_role("button", name="Take down").click()
    await expect(emailcar.get_by_role("button", name="Bring back")).to_be_visible()
    await emailcar.get_by_role("button", name="Bring back").click()
    await demo.type(lin, "/edm balance --account emailcar")
    await expect(lin.get_by_role("article").last).to_contain_text("50 left")


async def test_a_task_that_is_made_to_fail_has_failed(demo) -> None:
    lin = await demo.open("U0LIN")
    task = lin.get_by_role("listitem", name="Task 19124")
    await task.get_by_role("button", name="Make it fail").click()
    await expect(task).to_contain_text("failed")
    await demo.type(lin, "/edm task show 19124")
    await expect(lin.get_by_role("article").last).to_contain_text("Task 19124 has failed")


# What the bot has not got yet, with an app of our own


FORM = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "New send"},
    "submit": {"type": "plain_text", "text": "Plan it"},
    "blocks": [
        {
            "type": "input",
            "block_id": "name",
            "label": {"type": "plain_text", "text": "Name"},
            "hint": {"type": "plain_text", "text": "Only you will see it"},
            "element": {"type": "plain_text_input", "action_id": "name"},
        },
        {
            "type": "input",
            "block_id": "when",
            "label": {"type": "plain_text", "text": "Day"},
            "element": {"type": "datepicker", "action_id": "when", "initial_date": "2026-11-20"},
        },
    ],
}
CARD = [
    {
        "type": "section",
        "block_id": "risky",
        "text": {
            "type": "mrkdwn",
            "text": "*Task 7* is <https://shop.example|sending> to `all` :tada: <@U0LIN> &lt;b&gt;",
        },
        "accessory": {
            "type": "overflow",
            "action_id": "more",
            "options": [
                {"text": {"type": "plain_text", "text": "Watch"}, "value": "watch"},
                {"text": {"type": "plain_text", "text": "Copy"}, "value": "copy"},
            ],
        },
    },
    {
        "type": "actions",
        "block_id": "act",
        "elements": [
            {
                "type": "button",
                "action_id": "drop",
                "style": "danger",
                "text": {"type": "plain_text", "text": "Drop"},
                "confirm": {
                    "title": {"type": "plain_text", "text": "Drop task 7?"},
                    "text": {"type": "plain_text", "text": "This cannot be undone"},
                    "confirm": {"type": "plain_text", "text": "Drop it"},
                    "deny": {"type": "plain_text", "text": "Keep it"},
                },
            },
            {
                "type": "static_select",
                "action_id": "speed",
                "placeholder": {"type": "plain_text", "text": "Speed"},
                "options": [
                    {"text": {"type": "plain_text", "text": "Slow"}, "value": "slow"},
                    {"text": {"type": "plain_text", "text": "Fast"}, "value": "fast"},
                ],
            },
            {"type": "datepicker", "action_id": "day"},
            {"type": "external_select", "action_id": "list", "min_query_length": 1},
        ],
    },
]


@dataclass
class Scripted:
    """An app that answers its command with a card or a modal, and takes only one name in the modal."""

    slack: SlackServer
    actions: list[dict] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl((await request.read()).decode()))
        if "payload" not in form:
            return await self.command(form)
        payload = json.loads(form["payload"])
        if payload["type"] == "block_actions":
            self.actions += payload["actions"]
            return web.Response()
        if payload["type"] == "block_suggestion":
            name = f"{payload['value']} list"
            return web.json_response({"options": [{"text": {"type": "plain_text", "text": name}, "value": "5"}]})
        if payload["view"]["state"]["values"]["name"]["name"]["value"] != "Spring":
            return web.json_response({"response_action": "errors", "errors": {"name": "That name is taken"}})
        return web.Response()

    async def command(self, form: dict[str, str]) -> web.Response:
        if form["text"] == "card":
            return web.json_response({"blocks": CARD, "text": "card"})
        headers = {"Authorization": f"Bearer {self.slack.bot_token}"}
        async with httpx.AsyncClient(base_url=self.slack.api_url, headers=headers, trust_env=False) as client:
            body = {"trigger_id": form["trigger_id"], "view": FORM}
            answer = (await client.post("views.open", json=body)).json()
        assert answer["ok"], answer
        return web.Response()


@pytest.fixture
def script() -> type[Scripted]:
    return Scripted


async def test_a_modal_shows_what_is_wrong_with_a_field_and_closes_when_nothing_is(scripted) -> None:
    window, app = scripted
    lin = await window.open("U0LIN")
    await window.type(lin, "/edm form")
    modal = lin.get_by_role("dialog", name="New send")
    await expect(modal.get_by_label("Name")).to_be_focused()
    await modal.get_by_role("button", name="Plan it").click()
    await expect(modal).to_contain_text("Please complete this required field.")
    await modal.get_by_label("Name").fill("Autumn")
    await modal.get_by_role("button", name="Plan it").click()
    await expect(modal).to_contain_text("That name is taken")
    await expect(modal.get_by_label("Name")).to_have_value("Autumn")
    await expect(modal.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    await window.keep()
    await modal.get_by_label("Name").fill("Spring")
    await modal.get_by_label("Name").press("Enter")
    await expect(modal).to_have_count(0)
    assert app.slack.modal("U0LIN") is None


async def test_escape_cancels_a_modal(scripted) -> None:
    window, app = scripted
    lin = await window.open("U0LIN")
    await window.type(lin, "/edm form")
    await expect(lin.get_by_role("dialog")).to_be_visible()
    async with lin.expect_response("**/api/close"):
        await lin.keyboard.press("Escape")
    await expect(lin.get_by_role("dialog")).to_have_count(0)
    assert app.slack.modal("U0LIN") is None


async def test_a_confirm_dialog_stands_before_the_deed(scripted) -> None:
    window, app = scripted
    lin = await window.open("U0LIN")
    await window.type(lin, "/edm card")
    drop = lin.get_by_role("button", name="Drop")
    await drop.click()
    dialog = lin.get_by_role("alertdialog", name="Drop task 7?")
    await expect(dialog).to_contain_text("This cannot be undone")
    await window.keep()
    await lin.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert app.actions == []
    await drop.click()
    async with lin.expect_response("**/api/press"):
        await dialog.get_by_role("button", name="Drop it").click()
    assert [action["action_id"] for action in app.actions] == ["drop"]


async def test_menus_selects_and_pickers_tell_the_app(scripted) -> None:
    window, app = scripted
    lin = await window.open("U0LIN")
    await window.type(lin, "/edm card")
    card = lin.get_by_role("article")
    await expect(card).to_contain_text("Task 7 is sending to all 🎉 @lin <b>")
    await card.get_by_role("button", name="More").press("Enter")
    await expect(card.get_by_role("menuitem", name="Watch")).to_be_focused()
    await lin.keyboard.press("ArrowDown")
    await window.keep()
    async with lin.expect_response("**/api/press"):
        await lin.keyboard.press("Enter")
    async with lin.expect_response("**/api/press"):
        await card.get_by_label("Speed").select_option("fast")
    async with lin.expect_response("**/api/press"):
        await card.locator("input[type=date]").fill("2026-12-01")
    await card.get_by_placeholder("Type to search…").fill("VIP")
    async with lin.expect_response("**/api/press"):
        await card.get_by_role("button", name="VIP list").click()
    told = {action["action_id"]: action for action in app.actions}
    assert told["list"]["selected_option"]["value"] == "5"
    assert told["more"]["selected_option"]["value"] == "copy"
    assert told["speed"]["selected_option"]["value"] == "fast"
    assert told["day"]["selected_date"] == "2026-12-01"
