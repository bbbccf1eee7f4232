"""Selects, pickers, boxes and inputs: what the bot is told, and what nobody can enter."""

import json

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Message, SlackServer


def plain(text: str) -> dict:
    return {"type": "plain_text", "text": text}


def option(value: str) -> dict:
    return {"text": plain(value.title()), "value": value}


OPTIONS = [option("red"), option("green"), option("blue")]
GROUPS = [{"label": plain("Warm"), "options": OPTIONS[:1]}, {"label": plain("Cold"), "options": OPTIONS[1:]}]
CHOICES = [
    ({"type": "static_select", "options": OPTIONS}, "green", {"selected_option": OPTIONS[1]}),
    ({"type": "static_select", "option_groups": GROUPS}, "blue", {"selected_option": OPTIONS[2]}),
    ({"type": "radio_buttons", "options": OPTIONS}, "red", {"selected_option": OPTIONS[0]}),
    ({"type": "checkboxes", "options": OPTIONS}, ["red", "blue"], {"selected_options": [OPTIONS[0], OPTIONS[2]]}),
    ({"type": "datepicker"}, "2026-11-20", {"selected_date": "2026-11-20"}),
    ({"type": "timepicker"}, "23:59", {"selected_time": "23:59"}),
    ({"type": "datetimepicker"}, 1_795_000_000, {"selected_date_time": 1_795_000_000}),
    ({"type": "users_select"}, "U0LIN", {"selected_user": "U0LIN"}),
    ({"type": "channels_select"}, "C0RANDOM", {"selected_channel": "C0RANDOM"}),
    ({"type": "conversations_select"}, "C0LEADS", {"selected_conversation": "C0LEADS"}),
    ({"type": "datepicker", "initial_date": "2026-01-01"}, None, {"selected_date": None}),
]
MANY = [
    ({"type": "multi_static_select", "options": OPTIONS}, ["blue"], {"selected_options": [OPTIONS[2]]}),
    ({"type": "multi_users_select"}, ["U0LIN", "U0MEI"], {"selected_users": ["U0LIN", "U0MEI"]}),
    ({"type": "multi_channels_select"}, ["C0RANDOM"], {"selected_channels": ["C0RANDOM"]}),
    ({"type": "multi_conversations_select"}, [], {"selected_conversations": []}),
]


async def posted(slack: SlackServer, client: AsyncWebClient, *blocks: dict) -> Message:
    await client.chat_postMessage(channel="C0GENERAL", text="x", blocks=blocks)
    return slack.visible("U0MEI", "C0GENERAL")[-1]


def acting(*elements: dict) -> dict:
    return {"type": "actions", "block_id": "b", "elements": list(elements)}


def asking(element: dict, **more) -> dict:
    return {"type": "input", "block_id": "b", "label": plain("Say"), "element": element, **more}


async def opened(slack: SlackServer, client: AsyncWebClient, *blocks: dict):
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    view = {"type": "modal", "title": plain("Form"), "submit": plain("Go"), "blocks": blocks}
    await client.views_open(trigger_id=reply.trigger_id, view=view)
    return slack.modal("U0MEI")


@pytest.mark.parametrize(("element", "value", "fields"), CHOICES)
async def test_a_choice_is_told_as_an_action_and_as_state(
    slack: SlackServer, client: AsyncWebClient, bot, element, value, fields
) -> None:
    message = await posted(slack, client, acting({**element, "action_id": "a"}))
    await slack.choose("U0MEI", message, "a", value)
    (action,) = bot.last["actions"]
    stamp = action.pop("action_ts")
    assert stamp
    assert action == {"type": element["type"], "action_id": "a", "block_id": "b", **fields}
    assert bot.last["state"]["values"] == {"b": {"a": {"type": element["type"], **fields}}}
    assert bot.last["response_url"]


@pytest.mark.parametrize(("element", "value", "fields"), MANY)
async def test_several_can_be_chosen_beside_a_section(
    slack: SlackServer, client: AsyncWebClient, bot, element, value, fields
) -> None:
    section = {"type": "section", "block_id": "b", "text": plain("x"), "accessory": {**element, "action_id": "a"}}
    message = await posted(slack, client, section)
    await slack.choose("U0MEI", message, "a", value)
    assert bot.last["state"]["values"]["b"]["a"] == {"type": element["type"], **fields}


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ({"type": "static_select", "options": OPTIONS}, "mauve"),
        ({"type": "checkboxes", "options": OPTIONS}, ["mauve"]),
        ({"type": "checkboxes", "options": OPTIONS}, "red"),
        ({"type": "datepicker"}, "2026-02-30"),
        ({"type": "datepicker"}, "20261120"),
        ({"type": "timepicker"}, "24:00"),
        ({"type": "datetimepicker"}, 17),
        ({"type": "users_select"}, "U0NOBODY"),
        ({"type": "channels_select"}, "C0LEADS"),
    ],
)
async def test_what_the_widget_does_not_offer_cannot_be_entered(
    slack: SlackServer, client: AsyncWebClient, bot, element, value
) -> None:
    message = await posted(slack, client, acting({**element, "action_id": "a"}))
    with pytest.raises(ValueError):
        await slack.choose("U0MEI", message, "a", value)
    assert bot.requests == []


async def test_no_more_are_chosen_than_the_select_takes(slack: SlackServer, client: AsyncWebClient, bot) -> None:
    select = {"type": "multi_users_select", "action_id": "a", "max_selected_items": 1}
    message = await posted(slack, client, {"type": "section", "text": plain("x"), "accessory": select})
    with pytest.raises(ValueError, match="no more than 1"):
        await slack.choose("U0MEI", message, "a", ["U0LIN", "U0MEI"])


async def test_boxes_are_checked_and_unchecked_by_their_text(slack: SlackServer, client: AsyncWebClient, bot) -> None:
    boxes = {"type": "checkboxes", "action_id": "a", "options": OPTIONS, "initial_options": OPTIONS[:1]}
    message = await posted(slack, client, acting(boxes))
    seen = []
    for name in ("Blue", "Red", "Blue"):
        await slack.click("U0MEI", message, name)
        seen.append([chosen["value"] for chosen in bot.last["actions"][0]["selected_options"]])
    assert seen == [["red", "blue"], ["blue"], []]


async def test_everybody_has_their_own_state_of_a_message(slack: SlackServer, client: AsyncWebClient, bot) -> None:
    picker = {"type": "datepicker", "action_id": "a", "initial_date": "2026-01-01"}
    message = await posted(slack, client, acting(picker, {"type": "button", "action_id": "go", "text": plain("Go")}))
    await slack.choose("U0MEI", message, "a", "2026-12-31")
    await slack.click("U0LIN", message, "Go")
    assert bot.last["state"]["values"]["b"]["a"]["selected_date"] == "2026-01-01"
    await slack.click("U0MEI", message, "Go")
    assert bot.last["state"]["values"]["b"]["a"]["selected_date"] == "2026-12-31"


async def test_an_input_acts_only_where_its_block_asks_for_it(slack: SlackServer, client: AsyncWebClient, bot) -> None:
    field = {"type": "plain_text_input", "action_id": "a"}
    quiet = await opened(slack, client, asking(field))
    before = len(bot.requests)
    assert not (await slack.choose("U0MEI", quiet, "a", "hello")).sent
    assert len(bot.requests) == before
    lively = await opened(slack, client, asking(field, dispatch_action=True))
    await slack.choose("U0MEI", lively, "a", "hello")
    assert bot.last["actions"][0]["value"] == "hello"
    assert bot.last["view"]["state"]["values"]["b"]["a"] == {"type": "plain_text_input", "value": "hello"}


async def test_a_submission_carries_elements_outside_of_inputs_too(
    slack: SlackServer, client: AsyncWebClient, bot
) -> None:
    radios = {"type": "radio_buttons", "action_id": "r", "options": OPTIONS, "initial_option": OPTIONS[0]}
    form = [asking({"type": "plain_text_input", "action_id": "a"}), {**acting(radios), "block_id": "c"}]
    view = await opened(slack, client, *form)
    await slack.choose("U0MEI", view, "r", "green")
    await slack.submit("U0MEI", {"a": "hello"})
    values = bot.last["view"]["state"]["values"]
    assert values["b"]["a"]["value"] == "hello"
    assert values["c"]["r"]["selected_option"]["value"] == "green"


async def test_a_chosen_channel_gives_a_response_url_where_the_bot_asked_for_one(
    slack: SlackServer, client: AsyncWebClient, bot, http
) -> None:
    where = {"type": "conversations_select", "action_id": "a", "response_url_enabled": True}
    await opened(slack, client, asking(where))
    await slack.submit("U0MEI", {"a": "C0ALERTS"})
    (given,) = bot.last["response_urls"]
    assert (given["block_id"], given["action_id"], given["channel_id"]) == ("b", "a", "C0ALERTS")
    await http.post(given["response_url"], json={"text": "done", "response_type": "in_channel"})
    assert slack.visible("U0LIN", "C0ALERTS")[-1].plain == "done"


@pytest.mark.parametrize(
    ("element", "bad", "good"),
    [
        ({"type": "plain_text_input", "min_length": 3}, "ab", "abc"),
        ({"type": "plain_text_input", "max_length": 3}, "abcd", "abc"),
        ({"type": "number_input", "is_decimal_allowed": False}, "1.5", "-2"),
        ({"type": "number_input", "is_decimal_allowed": True, "min_value": "2", "max_value": "3"}, "3.5", "2.5"),
        ({"type": "email_text_input"}, "mei", "mei@example.com"),
        ({"type": "url_text_input"}, "example.com", "https://example.com"),
    ],
)
async def test_slacks_window_finds_bad_text_before_the_bot_is_asked(
    slack: SlackServer, client: AsyncWebClient, bot, element, bad, good
) -> None:
    await opened(slack, client, asking({**element, "action_id": "a"}))
    before = len(bot.requests)
    assert not (await slack.submit("U0MEI", {"a": bad})).sent
    assert slack.modal("U0MEI").errors["b"]
    assert len(bot.requests) == before
    assert (await slack.submit("U0MEI", {"a": good})).sent


EXTERNAL = {"type": "external_select", "action_id": "a"}


def suggesting(bot, answer: object) -> None:
    async def handler(_) -> web.Response:
        return web.Response(text=json.dumps(answer), content_type="application/json")

    bot.handler = handler


async def test_options_are_asked_of_the_bot_and_one_is_chosen(slack: SlackServer, client: AsyncWebClient, bot) -> None:
    message = await posted(slack, client, acting(EXTERNAL))
    suggesting(bot, {"options": OPTIONS})
    reply = await slack.suggest("U0MEI", message, "a", "gre")
    asked = bot.last
    assert (asked["type"], asked["value"], asked["action_id"], asked["block_id"]) == (
        "block_suggestion",
        "gre",
        "a",
        "b",
    )
    assert asked["container"]["message_ts"] == message.ts
    assert "trigger_id" not in asked
    assert "response_url" not in asked
    assert list(reply.options) == OPTIONS
    await slack.choose("U0MEI", message, "a", "green")
    assert bot.last["actions"][0]["selected_option"] == OPTIONS[1]


async def test_options_in_groups_are_options(slack: SlackServer, client: AsyncWebClient, bot) -> None:
    message = await posted(slack, client, acting({**EXTERNAL, "min_query_length": 0}))
    suggesting(bot, {"option_groups": GROUPS})
    assert list((await slack.suggest("U0MEI", message, "a", "")).options) == OPTIONS


async def test_what_was_not_suggested_cannot_be_chosen(slack: SlackServer, client: AsyncWebClient, bot) -> None:
    message = await posted(slack, client, acting(EXTERNAL))
    with pytest.raises(ValueError, match="no option 'green'"):
        await slack.choose("U0MEI", message, "a", "green")


async def test_too_short_a_query_asks_nobody(slack: SlackServer, client: AsyncWebClient, bot) -> None:
    message = await posted(slack, client, acting(EXTERNAL))
    assert not (await slack.suggest("U0MEI", message, "a", "gr")).sent
    assert bot.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        "options",
        {"options": [{"text": {"type": "mrkdwn", "text": "Red"}, "value": "red"}]},
        {"options": [option("x" * 151)]},
        {"options": [option(str(number)) for number in range(101)]},
        {"options": OPTIONS, "more": True},
    ],
)
async def test_suggestions_that_slack_would_not_show_are_invalid(
    slack: SlackServer, client: AsyncWebClient, bot, answer
) -> None:
    message = await posted(slack, client, acting(EXTERNAL))
    suggesting(bot, answer)
    reply = await slack.suggest("U0MEI", message, "a", "gre")
    assert (reply.error, list(reply.options)) == ("invalid_options", [])


async def test_of_two_alike_the_block_says_which(slack: SlackServer, client: AsyncWebClient, bot) -> None:
    button = {"type": "button", "action_id": "go", "text": plain("Go")}
    first, second = ({"type": "actions", "block_id": name, "elements": [button]} for name in ("one", "two"))
    message = await posted(slack, client, first, second)
    await slack.click("U0MEI", message, "Go", block="two")
    assert bot.last["actions"][0]["block_id"] == "two"
