"""Slack's rules for blocks: what it refuses, in its words."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer
from sandbox.slack.blocks import problems
from sandbox.slack.reading import _BLOCKS


def plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text}


def section(text: str = "x", **more: object) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "a", text: str = "Go", **more: object) -> dict[str, object]:
    return {"type": "button", "action_id": action_id, "text": plain(text), **more}


def actions(*elements: object, **more: object) -> dict[str, object]:
    return {"type": "actions", "elements": list(elements), **more}


def rich(*elements: object) -> dict[str, object]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


def confirm(**changes: object) -> dict[str, object]:
    words = {"title": plain("Sure?"), "text": plain("It sends."), "confirm": plain("Yes"), "deny": plain("No")}
    return {**words, **changes}


def table(rows: int, columns: int) -> dict[str, object]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns] * rows}


def menu(count: int, text: str = "Choose", kind: str = "overflow") -> dict[str, object]:
    options = [{"text": plain(text), "value": str(number)} for number in range(count)]
    return {"type": kind, "action_id": "m", "options": options}


PIE = {"type": "pie", "segments": [{"label": "sent", "value": 3}]}
LINE = {
    "type": "line",
    "axis_config": {"categories": ["Mon", "Tue"], "y_label": "e-mails"},
    "series": [{"name": "s", "data": [{"label": "Mon", "value": 1}, {"label": "Tue", "value": -2.5}]}],
}
VIDEO = {
    "type": "video",
    "alt_text": "x",
    "title": {"type": "plain_text", "text": "x"},
    "thumbnail_url": "https://example.com/t.png",
    "video_url": "https://example.com/v",
}
FINE = [
    section("x" * 3000, fields=[plain("x" * 2000)] * 10, accessory=button()),
    {"type": "header", "text": plain("x" * 150)},
    {"type": "context", "elements": [plain("x")] * 10},
    actions(*(button(str(number), "x" * 75, value="x" * 2000) for number in range(25))),
    actions(button(confirm=confirm(title=plain("x" * 100), text=plain("x" * 300), deny=plain("x" * 30)))),
    section(accessory=menu(5, "x" * 75)),
    section(accessory=menu(100, kind="static_select")),
    {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a chart"},
    {"type": "divider", "block_id": "x" * 255},
    rich({"type": "text", "text": "x", "style": {"bold": True}}, {"type": "user", "user_id": "U0MEI"}),
    rich({"type": "date", "timestamp": 1795140240, "format": "{time}", "fallback": "10:04"}),
    table(100, 20),
    {"type": "markdown", "text": "x" * 12_000},
    {"type": "input", "label": plain("Why"), "element": {"type": "plain_text_input", "action_id": "why"}},
]

REFUSED = [
    (section("x" * 3001), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    (section(""), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ({"type": "section"}, "must define either `text` or `fields` [json-pointer:/blocks/0]"),
    (
        {"type": "section", "fields": [plain("x")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    (
        {"type": "section", "fields": [plain("x" * 2001)]},
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    (
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    (
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ),
    (
        {"type": "context", "elements": [plain("x")] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        {"type": "context", "elements": [button()]},
        "unsupported type: button [json-pointer:/blocks/0/elements/0/type]",
    ),
    (
        actions(*(button(str(number)) for number in range(26))),
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (actions(), "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
    (
        actions(button(text="x" * 76)),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        actions(button(value="x" * 2001)),
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        actions(button("x" * 256)),
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    (
        actions(button(style="default")),
        "must be one of the allowed values: primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ),
    (actions(button(disabled=True)), "invalid additional property: disabled [json-pointer:/blocks/0/elements/0]"),
    (actions(button(), button()), '`action_id` "a" already exists for another element [json-pointer:/blocks/0]'),
    (
        actions(button(confirm=confirm(title=plain("x" * 101)))),
        "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]",
    ),
    (
        actions(button(confirm=confirm(text=plain("x" * 301)))),
        "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
    ),
    (
        actions(button(confirm=confirm(confirm=plain("x" * 31)))),
        "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/confirm/text]",
    ),
    (
        actions(button(confirm=confirm(deny=plain("x" * 31)))),
        "must be less than 31 characters [json-pointer:/blocks/0/elements/0/confirm/deny/text]",
    ),
    (section(accessory=menu(6)), "no more than 5 items allowed [json-pointer:/blocks/0/accessory/options]"),
    (
        section(accessory=menu(1, "x" * 76)),
        "must be less than 76 characters [json-pointer:/blocks/0/accessory/options/0/text/text]",
    ),
    (section(accessory=None), "must provide an object [json-pointer:/blocks/0/accessory]"),
    (
        {"type": "image", "image_url": "https://example.com/a.png"},
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
    (
        {"type": "divider", "block_id": "x" * 256},
        "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ),
    ({"type": "hologram"}, "unsupported type: hologram [json-pointer:/blocks/0/type]"),
    ({"text": "x"}, "missing required field: type [json-pointer:/blocks/0]"),
    (
        rich({"type": "mrkdwn", "text": "x"}),
        "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/elements/0/type]",
    ),
    (
        rich({"type": "text", "text": ""}),
        "must be more than 0 characters [json-pointer:/blocks/0/elements/0/elements/0/text]",
    ),
    (
        rich({"type": "text", "text": "x", "style": {"loud": True}}),
        "invalid additional property: loud [json-pointer:/blocks/0/elements/0/elements/0/style]",
    ),
    (
        rich({"type": "date", "timestamp": "now", "format": "{time}"}),
        "must be an integer [json-pointer:/blocks/0/elements/0/elements/0/timestamp]",
    ),
    (table(101, 1), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    (table(1, 21), "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
]


FINE += [
    {"type": "data_visualization", "title": "x" * 50, "chart": PIE},
    {"type": "data_visualization", "title": "x", "chart": LINE},
    {"type": "card", "title": {"type": "mrkdwn", "text": "*x*"}, "actions": [button()], "subtext": plain("y")},
    VIDEO,
]


@pytest.mark.parametrize("block", FINE, ids=lambda block: block["type"])
def test_slack_takes_what_is_within_its_limits(block: dict[str, object]) -> None:
    assert problems([block], "message") == []


@pytest.mark.parametrize(("block", "problem"), REFUSED, ids=[problem for _, problem in REFUSED])
def test_slack_refuses_what_is_beyond_them(block: dict[str, object], problem: str) -> None:
    assert problems([block], "message") == [problem]


def charted(chart: dict[str, object], **more: object) -> dict[str, object]:
    return {"type": "data_visualization", "title": "x", "chart": {**chart, **more}}


def serie(name: str, **values: object) -> dict[str, object]:
    return {"name": name, "data": [{"label": label, "value": value} for label, value in values.items()]}


@pytest.mark.parametrize(
    ("block", "problem"),
    [
        ({**charted(PIE), "title": "x" * 51}, "must be less than 51 characters [json-pointer:/blocks/0/title]"),
        (charted({"type": "donut"}), "unsupported type: donut [json-pointer:/blocks/0/chart/type]"),
        (
            charted(PIE, segments=[{"label": "a", "value": 0}]),
            "must be greater than 0 [json-pointer:/blocks/0/chart/segments/0/value]",
        ),
        (
            charted(PIE, segments=[{"label": "a", "value": 1}] * 13),
            "no more than 12 items allowed [json-pointer:/blocks/0/chart/segments]",
        ),
        (
            charted(LINE, series=[serie("s", Mon="1", Tue=2)]),
            "must be a number [json-pointer:/blocks/0/chart/series/0/data/0/value]",
        ),
        (
            charted(LINE, series=[serie("s", Mon=1)]),
            "must have one data point for each category [json-pointer:/blocks/0/chart/series/0/data]",
        ),
        (
            charted(LINE, series=[serie("s", Mon=1, Tue=2)] * 2),
            "must have unique series names [json-pointer:/blocks/0/chart/series]",
        ),
        (
            charted(LINE, axis_config={"categories": ["Mon", "x" * 21]}),
            "must be less than 21 characters [json-pointer:/blocks/0/chart/axis_config/categories/1]",
        ),
        (
            {"type": "card", "subtitle": plain("x")},
            "must define either `hero_image` or `title` or `actions` or `body` [json-pointer:/blocks/0]",
        ),
        (
            {"type": "card", "actions": [button()] * 4},
            "no more than 3 items allowed [json-pointer:/blocks/0/actions]",
        ),
        (
            {**VIDEO, "video_url": "http://example.com/v"},
            "must be an HTTPS URL [json-pointer:/blocks/0/video_url]",
        ),
        ({**VIDEO, "title": plain("x" * 200)}, "must be less than 200 characters [json-pointer:/blocks/0/title/text]"),
        ({"type": "alert", "text": plain("x")}, "unsupported type: alert [json-pointer:/blocks/0/type]"),
        (
            {"type": "file", "external_id": "x", "source": "remote"},
            "unsupported type: file [json-pointer:/blocks/0/type]",
        ),
    ],
)
def test_charts_cards_and_videos_have_limits_too(block: dict[str, object], problem: str) -> None:
    assert problems([block], "message") == [problem]


def test_an_alert_stands_in_a_modal() -> None:
    alert = {"type": "alert", "text": plain("x"), "level": "warning"}
    assert problems([alert], "modal") == []
    assert problems([{**alert, "level": "loud"}], "modal") == [
        "must be one of the allowed values: default, info, warning, error, success [json-pointer:/blocks/0/level]"
    ]


async def test_a_chart_is_read_as_its_numbers_and_a_card_can_be_pressed(
    slack: SlackServer, client: AsyncWebClient, bot
) -> None:
    card = {"type": "card", "title": plain("Task"), "actions": [button()]}
    await client.chat_postMessage(channel="C0ALERTS", text="x", blocks=[charted(PIE), charted(LINE), card])
    (message,) = slack.visible("U0MEI", "C0ALERTS")
    assert message.plain.splitlines()[:4] == ["x", "sent: 3", "x", "s: Mon 1, Tue -2.5"]
    await slack.click("U0MEI", message, message.buttons[0].action_id)
    assert bot.last["actions"][0]["block_id"] == message.blocks[2]["block_id"]


async def test_a_message_holds_two_charts_and_so_much_text(slack: SlackServer, client: AsyncWebClient) -> None:
    assert (await refusal(client, [charted(PIE)] * 3))["error"] == "invalid_blocks"
    assert (await refusal(client, [section("x" * 2700)] * 5))["error"] == "msg_blocks_too_long"
    await client.chat_postMessage(channel="C0ALERTS", text="x", blocks=[section("x" * 2600)] * 5)


def test_every_block_that_is_taken_can_be_read() -> None:
    assert {block["type"] for block in FINE} | {"alert"} == set(_BLOCKS)


def test_a_block_id_stands_once_in_a_message_and_an_action_id_once_in_a_block() -> None:
    twice = [actions(button(), block_id="b"), actions(button(), block_id="b")]
    assert problems(twice, "message") == [
        '`block_id` "b" already exists for another block [json-pointer:/blocks/1/block_id]'
    ]
    assert problems([actions(button()), actions(button())], "message") == []


def test_fifty_blocks_make_a_message_and_a_hundred_a_view() -> None:
    divider = {"type": "divider"}
    assert problems([divider] * 50, "message") == []
    assert problems([divider] * 51, "message") == ["no more than 50 items allowed [json-pointer:/blocks]"]
    assert problems([divider] * 100, "home") == []
    assert problems([table(1, 1)], "home") == ["unsupported type: table [json-pointer:/blocks/0/type]"]


async def refusal(client: AsyncWebClient, blocks: object) -> dict[str, object]:
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0ALERTS", text="x", blocks=blocks)
    return dict(caught.value.response.data)


async def test_a_refusal_points_to_what_is_wrong(slack: SlackServer, client: AsyncWebClient) -> None:
    assert await refusal(client, [{"type": "divider"}, section("")]) == {
        "ok": False,
        "error": "invalid_blocks",
        "errors": ["must be more than 0 characters [json-pointer:/blocks/1/text/text]"],
        "response_metadata": {
            "messages": ["[ERROR] must be more than 0 characters [json-pointer:/blocks/1/text/text]"]
        },
    }
    assert (await refusal(client, "[{"))["error"] == "invalid_blocks_format"
    assert (await refusal(client, {"type": "divider"}))["error"] == "invalid_blocks_format"


async def test_a_message_holds_one_table_and_so_much_markdown(slack: SlackServer, client: AsyncWebClient) -> None:
    assert (await refusal(client, [table(1, 1)] * 2))["errors"] == ["only_one_table_allowed"]
    assert (await refusal(client, [{"type": "markdown", "text": "x" * 6001}] * 2))["error"] == "msg_blocks_too_long"


async def test_ids_that_were_not_sent_are_given(slack: SlackServer, client: AsyncWebClient) -> None:
    bare = {"type": "button", "text": plain("Go")}
    posted = await client.chat_postMessage(
        channel="C0ALERTS", text="x", blocks=[{"type": "actions", "elements": [bare]}]
    )
    (block,) = posted["message"]["blocks"]
    assert block["block_id"]
    assert block["elements"][0]["action_id"]
