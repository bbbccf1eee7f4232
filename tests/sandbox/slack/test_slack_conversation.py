"""What people do and what the bot is told: commands, clicks, answers."""

import asyncio

import httpx
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer

PAUSE = {
    "type": "button",
    "action_id": "run.0",
    "text": {"type": "plain_text", "text": "Pause task"},
    "value": "task pause 19124",
    "style": "danger",
    "confirm": {
        "title": {"type": "plain_text", "text": "Pause task 19124?"},
        "text": {"type": "mrkdwn", "text": "It is sending *now*."},
        "confirm": {"type": "plain_text", "text": "Pause"},
        "deny": {"type": "plain_text", "text": "Cancel"},
    },
}
CARD = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Task 19124* is sending"}},
    {"type": "actions", "block_id": "task", "elements": [PAUSE]},
]


async def test_a_command_reaches_the_bot_signed_and_whole(slack: SlackServer, bot) -> None:
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm", "balance umail")
    assert (reply.status, reply.error) == (200, None)
    assert bot.last == {
        "token": slack.app.verification_token,
        "team_id": "T0HOME",
        "team_domain": "lantern-mail",
        "channel_id": "C0GENERAL",
        "channel_name": "general",
        "user_id": "U0MEI",
        "user_name": "mei",
        "command": "/edm",
        "text": "balance umail",
        "api_app_id": "A0EDMBOT",
        "is_enterprise_install": "false",
        "response_url": reply.response_url,
        "trigger_id": reply.trigger_id,
    }


async def test_people_channels_and_links_in_a_command_arrive_as_ids(slack: SlackServer, bot) -> None:
    await slack.slash("U0MEI", "C0GENERAL", "/edm", "ask @lin @edm-oncall in #edm-alerts <b> & a@example.com")
    assert bot.last["text"] == (
        "ask <@U0LIN|lin> <!subteam^S0ONCALL|@edm-oncall> in <#C0ALERTS|edm-alerts> "
        "&lt;b&gt; &amp; <mailto:a@example.com|a@example.com>"
    )


async def test_private_places_have_no_names_for_the_bot(slack: SlackServer, bot) -> None:
    await slack.slash("U0MEI", "C0LEADS", "/edm")
    assert bot.last["channel_name"] == "privategroup"
    await slack.slash("U0MEI", "D0MEI", "/edm")
    assert (bot.last["channel_id"], bot.last["channel_name"]) == ("D0MEI", "directmessage")


async def test_a_stranger_comes_with_their_own_workspace(slack: SlackServer, bot) -> None:
    await slack.slash("U0EXT", "C0GENERAL", "/edm")
    assert bot.last["team_id"] == "T0PARTNER"


async def test_nobody_types_where_they_are_not(slack: SlackServer, bot) -> None:
    with pytest.raises(ValueError, match="U0VIEW is not in C0LEADS"):
        await slack.slash("U0VIEW", "C0LEADS", "/edm")


async def test_an_ack_with_words_is_shown_to_the_asker_alone(slack: SlackServer, bot) -> None:
    async def answer(_) -> web.Response:
        return web.Response(text="on it")

    bot.handler = answer
    await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert [message.plain for message in slack.visible("U0MEI", "C0GENERAL")] == ["on it"]
    assert slack.visible("U0LIN", "C0GENERAL") == []


async def test_an_ack_may_speak_to_the_channel(slack: SlackServer, bot) -> None:
    async def answer(_) -> web.Response:
        return web.json_response({"response_type": "in_channel", "text": "*312,040* left"})

    bot.handler = answer
    await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert [message.plain for message in slack.visible("U0LIN", "C0GENERAL")] == ["312,040 left"]


async def test_an_ack_that_comes_too_late_is_told_by_slackbot(slack: SlackServer, bot) -> None:
    async def sleep(_) -> web.Response:
        await asyncio.sleep(0.25)
        return web.Response(text="too late")

    bot.handler = sleep
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert (reply.status, reply.error) == (None, "operation_timeout")
    (told,) = slack.visible("U0MEI", "C0GENERAL")
    assert (told.user, told.ephemeral_for) == ("USLACKBOT", "U0MEI")
    assert told.plain == '/edm failed with the error "operation_timeout"'


async def test_a_bot_that_is_not_there_or_refuses_is_told_by_slackbot(slack: SlackServer, bot) -> None:
    async def refuse(_) -> web.Response:
        return web.Response(status=500)

    bot.handler = refuse
    assert (await slack.slash("U0MEI", "C0GENERAL", "/edm")).status == 500
    slack.connect("http://127.0.0.1:1/slack/events")
    assert (await slack.slash("U0MEI", "C0GENERAL", "/edm")).error == "dispatch_failed"
    assert [m.plain for m in slack.visible("U0MEI", "C0GENERAL")] == [
        '/edm failed with the error "dispatch_failed"'
    ] * 2


async def test_an_ack_that_slack_cannot_show_is_told_by_slackbot(slack: SlackServer, bot) -> None:
    async def answer(_) -> web.Response:
        return web.json_response({"blocks": [{"type": "nonsense"}]})

    bot.handler = answer
    await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert slack.visible("U0MEI", "C0GENERAL")[0].plain == '/edm failed with the error "invalid_blocks"'


async def test_a_click_says_what_was_pressed_where_and_by_whom(slack: SlackServer, bot, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C0ALERTS", text="sending", blocks=CARD)
    (message,) = slack.visible("U0OPS", "C0ALERTS")
    click = await slack.click("U0OPS", message, "Pause task")
    assert click.status == 200
    payload = bot.last
    assert payload["type"] == "block_actions"
    assert payload["user"] == {"id": "U0OPS", "username": "ops", "name": "ops", "team_id": "T0HOME"}
    assert payload["channel"] == {"id": "C0ALERTS", "name": "edm-alerts"}
    assert payload["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": "C0ALERTS",
        "is_ephemeral": False,
    }
    assert payload["message"]["ts"] == posted["ts"]
    assert payload["trigger_id"] == click.trigger_id
    (action,) = payload["actions"]
    assert (action["type"], action["action_id"], action["block_id"]) == ("button", "run.0", "task")
    assert (action["value"], action["text"]["text"]) == ("task pause 19124", "Pause task")


async def test_a_declined_dialog_sends_nothing(slack: SlackServer, bot, client: AsyncWebClient) -> None:
    await client.chat_postMessage(channel="C0ALERTS", text="sending", blocks=CARD)
    (message,) = slack.visible("U0OPS", "C0ALERTS")
    click = await slack.click("U0OPS", message, "run.0", confirm=False)
    assert not click.sent
    assert click.dialog
    assert (click.dialog.title, click.dialog.deny) == ("Pause task 19124?", "Cancel")
    assert bot.requests == []


async def test_the_words_of_an_ephemeral_message_are_not_sent_with_a_click(
    slack: SlackServer, bot, client: AsyncWebClient
) -> None:
    await client.chat_postEphemeral(channel="C0ALERTS", user="U0OPS", text="sending", blocks=CARD)
    (message,) = slack.visible("U0OPS", "C0ALERTS")
    await slack.click("U0OPS", message, "Pause task")
    assert "message" not in bot.last
    assert bot.last["container"]["is_ephemeral"] is True
    with pytest.raises(LookupError, match="never theirs"):
        await slack.click("U0LIN", message, "Pause task")


async def test_a_click_goes_by_what_the_person_still_saw(slack: SlackServer, bot, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C0ALERTS", text="sending", blocks=CARD)
    (before,) = slack.visible("U0OPS", "C0ALERTS")
    await client.chat_update(channel="C0ALERTS", ts=posted["ts"], text="paused")
    await slack.click("U0OPS", before, "Pause task")
    assert bot.last["actions"][0]["value"] == "task pause 19124"
    assert bot.last["message"]["text"] == "paused"
    with pytest.raises(LookupError, match="nothing called 'Pause task'"):
        await slack.click("U0OPS", slack.visible("U0OPS", "C0ALERTS")[0], "Pause task")


async def test_an_option_of_a_menu_is_chosen_by_its_words(slack: SlackServer, bot, client: AsyncWebClient) -> None:
    option = {"text": {"type": "plain_text", "text": "Show bounces"}, "value": "task bounces 19124"}
    menu = {"type": "overflow", "action_id": "run.9", "options": [option]}
    section = {"type": "section", "text": {"type": "plain_text", "text": "Task"}, "accessory": menu}
    await client.chat_postMessage(channel="C0ALERTS", text="task", blocks=[section])
    (message,) = slack.visible("U0OPS", "C0ALERTS")
    assert message.plain == "Task\n…"
    await slack.click("U0OPS", message, "Show bounces")
    assert bot.last["actions"][0]["selected_option"] == option


async def test_a_response_url_answers_the_asker_alone(slack: SlackServer, bot, http: httpx.AsyncClient) -> None:
    reply = await slack.slash("U0MEI", "C0RANDOM", "/edm")
    answer = await http.post(reply.response_url, json={"text": "here you are"})
    assert (answer.status_code, answer.text) == (200, "ok")
    message = await slack.wait("U0MEI", "C0RANDOM", lambda m: "here" in m.plain)
    assert message.ephemeral_for == "U0MEI"
    assert slack.visible("U0LIN", "C0RANDOM") == []


async def test_a_response_url_ends_after_five_uses(slack: SlackServer, bot, http: httpx.AsyncClient) -> None:
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    assert (await http.post(reply.response_url, json={"text": ""})).json()["error"] == "no_text"
    for _ in range(5):
        assert (await http.post(reply.response_url, json={"text": "again"})).status_code == 200
    late = await http.post(reply.response_url, json={"text": "once more"})
    assert (late.status_code, late.json()) == (404, {"ok": False, "error": "used_url"})


async def test_a_response_url_ends_after_thirty_minutes(
    slack: SlackServer, bot, http: httpx.AsyncClient, clock
) -> None:
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edm")
    clock.step(30 * 60)
    assert (await http.post(reply.response_url, json={"text": "just in time"})).status_code == 200
    clock.step(1)
    late = await http.post(reply.response_url, json={"text": "late"})
    assert (late.status_code, late.json()) == (404, {"ok": False, "error": "expired_url"})


async def test_a_response_url_replaces_and_deletes_what_was_clicked(
    slack: SlackServer, bot, client: AsyncWebClient, http: httpx.AsyncClient
) -> None:
    await client.chat_postEphemeral(channel="C0ALERTS", user="U0OPS", text="sending", blocks=CARD)
    (message,) = slack.visible("U0OPS", "C0ALERTS")
    click = await slack.click("U0OPS", message, "Pause task")
    await http.post(click.response_url, json={"text": "working…", "replace_original": True})
    (now,) = slack.visible("U0OPS", "C0ALERTS")
    assert (now.ts, now.plain, now.buttons) == (message.ts, "working…", [])
    await http.post(click.response_url, json={"delete_original": "true"})
    assert slack.visible("U0OPS", "C0ALERTS") == []


async def test_what_is_waited_for_ends_the_wait_as_it_comes(slack: SlackServer, bot, client: AsyncWebClient) -> None:
    waiting = asyncio.create_task(slack.wait("U0LIN", "C0ALERTS", lambda m: m.plain == "resolved"))
    await client.chat_postMessage(channel="C0ALERTS", text="firing")
    posted = await client.chat_postMessage(channel="C0ALERTS", text="still firing")
    await client.chat_update(channel="C0ALERTS", ts=posted["ts"], text="resolved")
    assert (await waiting).ts == posted["ts"]
    with pytest.raises(TimeoutError, match=r"there is: \['firing', 'resolved'\]"):
        await slack.wait("U0LIN", "C0ALERTS", lambda m: m.plain == "peace", timeout=0.01)


async def test_the_workspace_listens_on_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        await SlackServer.start(host="192.0.2.1")


async def test_only_the_commands_of_the_manifest_exist() -> None:
    manifest = {
        "display_information": {"name": "edmbot"},
        "features": {"slash_commands": [{"command": "/edm"}]},
        "oauth_config": {"scopes": {"bot": ["commands"]}},
    }
    slack = await SlackServer.start(manifest=manifest)
    reply = await slack.slash("U0MEI", "C0GENERAL", "/edn")
    await slack.stop()
    assert (reply.sent, reply.error) == (False, "unknown_command")
    assert slack.visible("U0MEI", "C0GENERAL")[0].plain.startswith("/edn is not a valid command")


async def test_whoever_looks_on_is_told_every_change(slack: SlackServer, bot, client: AsyncWebClient) -> None:
    with slack.workspace.changes.subscribe() as changes:
        posted = await client.chat_postMessage(channel="C0ALERTS", text="firing")
        await client.chat_update(channel="C0ALERTS", ts=posted["ts"], text="resolved")
        await client.chat_postEphemeral(channel="C0ALERTS", user="U0MEI", text="psst")
        await client.chat_delete(channel="C0ALERTS", ts=posted["ts"])
        await client.views_publish(user_id="U0LIN", view={"type": "home", "blocks": []})
        told = [await anext(changes) for _ in range(5)]
    assert [(change.kind, change.channel, change.user) for change in told] == [
        ("posted", "C0ALERTS", None),
        ("edited", "C0ALERTS", None),
        ("posted", "C0ALERTS", "U0MEI"),
        ("deleted", "C0ALERTS", None),
        ("published", None, "U0LIN"),
    ]
