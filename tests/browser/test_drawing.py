"""Every kind of block, drawn in a real browser."""

import base64
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import Sandbox
from sandbox.page import Page
from sandbox.slack import SlackServer

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH")

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NASTY = "<img src=x onerror=alert(1)> & <b>bold</b>"


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def options(*texts: str) -> list[dict[str, Any]]:
    return [{"text": plain(text), "value": text.lower()} for text in texts]


def rich(*elements: dict[str, Any], kind: str = "rich_text_section") -> dict[str, Any]:
    return {"type": kind, "elements": list(elements)}


WORDS = [
    {"type": "header", "text": plain("A header with :tada: and 🟢")},
    {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*bold* _italic_ ~gone~ `code` <https://shop.example|link> <#C0ALERTS>"},
        "accessory": {"type": "button", "action_id": "x", "style": "primary", "text": plain("Primary")},
    },
    {"type": "section", "fields": [plain("Sent"), plain("41,163"), plain("Failed"), plain("1,163")]},
    {"type": "divider"},
    {
        "type": "context",
        "elements": [plain(NASTY), {"type": "image", "image_url": "https://x.example/a.png", "alt_text": "far away"}],
    },
    {
        "type": "rich_text",
        "elements": [
            rich(
                {"type": "text", "text": NASTY, "style": {"bold": True}},
                {"type": "user", "user_id": "U0MEI"},
                {"type": "usergroup", "usergroup_id": "S0EDMOPS"},
                {"type": "channel", "channel_id": "C0ALERTS"},
                {"type": "broadcast", "range": "here"},
                {"type": "emoji", "name": "white_check_mark"},
                {"type": "link", "url": "https://shop.example", "text": "shop"},
                {"type": "date", "timestamp": 1795140240, "format": "{date_num} {time}", "fallback": "then"},
            ),
            {"type": "rich_text_list", "style": "ordered", "elements": [rich({"type": "text", "text": "first"})]},
            rich({"type": "text", "text": "quoted"}, kind="rich_text_quote"),
            rich({"type": "text", "text": "*kept* as is"}, kind="rich_text_preformatted"),
        ],
    },
    {
        "type": "table",
        "column_settings": [{"is_wrapped": True}, {"align": "right"}],
        "rows": [
            [{"type": "raw_text", "text": "Task"}, {"type": "raw_text", "text": "Sent"}],
            [
                {"type": "raw_text", "text": NASTY},
                {"type": "rich_text", "elements": [rich({"type": "text", "text": "41,163"})]},
            ],
        ],
    },
    {
        "type": "markdown",
        "text": "## Heading\n- item **strong**\n> quote\n\n```\ncode\n```\n[site](https://shop.example)",
    },
]
CHARTS = [
    {
        "type": "data_visualization",
        "title": "Outcome",
        "chart": {"type": "pie", "segments": [{"label": "Delivered", "value": 97}, {"label": "Failed", "value": 3}]},
    },
    {
        "type": "data_visualization",
        "title": "A week",
        "chart": {
            "type": "bar",
            "axis_config": {"categories": ["Mon", "Tue"]},
            "series": [
                {"name": "Sent", "data": [{"label": "Mon", "value": 12}, {"label": "Tue", "value": 20}]},
                {"name": "Failed", "data": [{"label": "Mon", "value": 1}, {"label": "Tue", "value": 3}]},
            ],
        },
    },
]
CONTROLS = [
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "b", "style": "danger", "text": plain("Danger")},
            {
                "type": "static_select",
                "action_id": "s",
                "placeholder": plain("Pick one"),
                "options": options("One", "Two"),
            },
            {"type": "users_select", "action_id": "u", "placeholder": plain("Somebody")},
            {"type": "channels_select", "action_id": "c", "placeholder": plain("Some room")},
            {"type": "datepicker", "action_id": "d", "initial_date": "2026-11-20"},
            {"type": "timepicker", "action_id": "t", "initial_time": "20:00"},
            {"type": "datetimepicker", "action_id": "dt"},
            {"type": "overflow", "action_id": "o", "options": options("Copy")},
            {"type": "checkboxes", "action_id": "k", "options": options("Opens", "Clicks")},
            {
                "type": "radio_buttons",
                "action_id": "r",
                "options": options("Now", "Later"),
                "initial_option": options("Now")[0],
            },
        ],
    },
    {
        "type": "section",
        "text": plain("Several"),
        "accessory": {"type": "multi_static_select", "action_id": "m", "options": options("A", "B")},
    },
    {
        "type": "input",
        "optional": True,
        "label": plain("Remark"),
        "hint": plain("A few words"),
        "element": {"type": "plain_text_input", "action_id": "p", "multiline": True},
    },
]


@dataclass
class Wall:
    """A room to post into, and a window on it."""

    client: AsyncWebClient
    window: Any

    async def post(self, blocks: list[dict[str, Any]]) -> Any:
        await self.client.chat_postMessage(channel="C0GENERAL", text="blocks", blocks=blocks)
        return await self.window.open("U0LIN")


@pytest_asyncio.fixture(loop_scope="session")
async def wall(window) -> AsyncIterator[Wall]:
    box, slack = await Sandbox.start(), await SlackServer.start()
    page = await Page.start(slack, box)
    window.url = page.url
    yield Wall(AsyncWebClient(token=slack.bot_token, base_url=slack.api_url), window)
    await window.close()
    await page.stop()
    await slack.stop()
    await box.stop()


async def test_words_are_drawn_and_nothing_in_them_becomes_markup(wall) -> None:
    tab = await wall.post(WORDS)
    message = tab.get_by_role("article")
    for words in (NASTY, "@mei", "@edm-ops", "#edm-alerts", "@here", "41,163", "far away", "*kept* as is"):
        await expect(message.get_by_text(words).first).to_be_visible()
    await expect(message.locator("strong", has_text="bold").first).to_be_visible()
    await expect(message.get_by_role("link", name="shop")).to_have_attribute("rel", "noopener noreferrer")
    await expect(message.get_by_role("columnheader")).to_have_count(2)
    await expect(message.locator(".content img, .content script")).to_have_count(0)


async def test_charts_are_drawn_with_their_numbers(wall) -> None:
    tab = await wall.post(CHARTS)
    await expect(tab.get_by_role("img", name="Outcome")).to_be_visible()
    await expect(tab.get_by_role("img", name="A week").locator("rect")).to_have_count(4)
    await tab.get_by_text("Numbers").last.click()
    await expect(tab.get_by_role("rowheader", name="Failed · Tue")).to_be_visible()


async def test_every_control_has_a_name(wall) -> None:
    tab = await wall.post(CONTROLS)
    message = tab.get_by_role("article")
    for role, name in (
        ("button", "Danger"),
        ("combobox", "Pick one"),
        ("combobox", "Somebody"),
        ("combobox", "Some room"),
        ("checkbox", "Opens"),
        ("radio", "Later"),
        ("button", "More"),
        ("textbox", "Remark (optional)"),
    ):
        await expect(message.get_by_role(role, name=name).first).to_be_visible()
    assert (
        await tab.evaluate(
            """[...document.querySelectorAll("button, select, textarea, input")]
        .filter((one) => !one.ariaLabel && !one.textContent.trim() && !one.labels?.length).length"""
        )
        == 0
    )


async def test_a_picture_is_shown_in_its_message(wall) -> None:
    await wall.client.files_upload_v2(
        channel="C0GENERAL", filename="week.png", content=PIXEL, alt_txt="sends of a week"
    )
    tab = await wall.window.open("U0LIN", color_scheme="dark")
    picture = tab.get_by_role("img", name="sends of a week")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 1


async def test_an_edit_and_a_deletion_appear_by_themselves(wall) -> None:
    tab = await wall.window.open("U0LIN")
    posted = await wall.client.chat_postMessage(channel="C0GENERAL", text="one")
    await expect(tab.get_by_role("article")).to_contain_text("one")
    await wall.client.chat_update(channel="C0GENERAL", ts=posted["ts"], text="two")
    await expect(tab.get_by_role("article")).to_contain_text("two(edited)")
    await wall.client.chat_delete(channel="C0GENERAL", ts=posted["ts"])
    await expect(tab.get_by_role("article")).to_have_count(0)
    await wall.client.chat_postMessage(channel="C0ALERTS", text="elsewhere")
    await expect(tab.get_by_role("button", name="edm-alerts new messages")).to_be_visible()
