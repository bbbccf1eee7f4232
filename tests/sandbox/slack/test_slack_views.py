"""Modals and App Home."""

import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer


def plain(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": text}


def modal(**changes: object) -> dict[str, object]:
    reason = {
        "type": "input",
        "block_id": "why",
        "label": plain("Why"),
        "element": {"type": "plain_text_input", "action_id": "reason"},
    }
    view = {
        "type": "modal",
        "callback_id": "reject",
        "title": plain("Reject"),
        "submit": plain("Reject"),
        "blocks": [reason],
    }
    return {**view, "private_metadata": "approval 7", **changes}


async def refused(call) -> dict[str, object]:
    with pytest.raises(SlackApiError) as caught:
        await call
    return dict(caught.value.response.data)


async def open_modal(slack: SlackServer, client: AsyncWebClient, **changes: object) -> None:
    reply = await slack.slash("U0LIN", "C0APPROVE", "/edm", "reject")
    await client.views_open(trigger_id=reply.trigger_id, view=modal(**changes))


async def test_a_trigger_opens_one_modal_within_three_seconds(
    slack: SlackServer, bot, client: AsyncWebClient, clock
) -> None:
    reply = await slack.slash("U0LIN", "C0APPROVE", "/edm")
    clock.step(3)
    answer = await client.views_open(trigger_id=reply.trigger_id, view=modal())
    assert answer["view"]["private_metadata"] == "approval 7"
    again = await refused(client.views_open(trigger_id=reply.trigger_id, view=modal()))
    assert again["error"] == "exchanged_trigger_id"
    late = await slack.slash("U0LIN", "C0APPROVE", "/edm")
    clock.step(3.1)
    assert (await refused(client.views_open(trigger_id=late.trigger_id, view=modal())))["error"] == "expired_trigger_id"
    assert (await refused(client.views_open(trigger_id="1.2.x", view=modal())))["error"] == "invalid_trigger_id"


@pytest.mark.parametrize(
    ("view", "problem"),
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(blocks=[{"type": "table"}]), "unsupported type: table [json-pointer:/view/blocks/0/type]"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        ({"type": "home", "blocks": []}, "must be a view of type modal [json-pointer:/view]"),
    ],
)
async def test_a_view_has_its_own_limits(
    slack: SlackServer, bot, client: AsyncWebClient, view: dict[str, object], problem: str
) -> None:
    reply = await slack.slash("U0LIN", "C0APPROVE", "/edm")
    answer = await refused(client.views_open(trigger_id=reply.trigger_id, view=view))
    assert (answer["error"], answer["errors"]) == ("invalid_arguments", [problem])
    await client.views_open(trigger_id=reply.trigger_id, view=modal())


async def test_what_was_entered_is_submitted_and_closes_the_modal(
    slack: SlackServer, bot, client: AsyncWebClient
) -> None:
    await open_modal(slack, client)
    assert (await slack.submit("U0LIN", {"reason": "wrong list"})).status == 200
    payload = bot.last
    assert (payload["type"], payload["view"]["callback_id"]) == ("view_submission", "reject")
    assert payload["view"]["private_metadata"] == "approval 7"
    assert payload["view"]["state"]["values"] == {
        "why": {"reason": {"type": "plain_text_input", "value": "wrong list"}}
    }
    assert slack.modal("U0LIN") is None


async def test_a_required_field_is_missed_before_anything_is_sent(
    slack: SlackServer, bot, client: AsyncWebClient
) -> None:
    await open_modal(slack, client)
    assert not (await slack.submit("U0LIN", {})).sent
    view = slack.modal("U0LIN")
    assert view
    assert view.errors == {"why": "Please complete this required field."}
    assert len(bot.requests) == 1


async def test_errors_stand_at_their_fields_and_what_was_entered_stays(
    slack: SlackServer, bot, client: AsyncWebClient
) -> None:
    async def object_to(_) -> web.Response:
        return web.json_response({"response_action": "errors", "errors": {"why": "Say more"}})

    await open_modal(slack, client)
    bot.handler = object_to
    await slack.submit("U0LIN", {"reason": "no"})
    view = slack.modal("U0LIN")
    assert view
    assert view.errors == {"why": "Say more"}
    bot.handler = None
    await slack.submit("U0LIN", {})
    assert bot.last["view"]["state"]["values"]["why"]["reason"]["value"] == "no"


async def test_errors_for_what_is_no_field_are_trouble(slack: SlackServer, bot, client: AsyncWebClient) -> None:
    async def confuse(_) -> web.Response:
        return web.json_response({"response_action": "errors", "errors": {"elsewhere": "?"}})

    await open_modal(slack, client)
    bot.handler = confuse
    assert (await slack.submit("U0LIN", {"reason": "no"})).error == "invalid_response_action"
    view = slack.modal("U0LIN")
    assert view
    assert "trouble" in view.errors[""]


async def test_a_modal_may_be_replaced_or_stacked_three_high(slack: SlackServer, bot, client: AsyncWebClient) -> None:
    await open_modal(slack, client)
    for _ in range(2):
        reply = await slack.slash("U0LIN", "C0APPROVE", "/edm")
        await client.views_push(trigger_id=reply.trigger_id, view=modal())
    reply = await slack.slash("U0LIN", "C0APPROVE", "/edm")
    assert (await refused(client.views_push(trigger_id=reply.trigger_id, view=modal())))[
        "error"
    ] == "push_limit_reached"

    async def replace(_) -> web.Response:
        return web.json_response({"response_action": "update", "view": modal(title=plain("Done"))})

    bot.handler = replace
    await slack.submit("U0LIN", {"reason": "x"})
    view = slack.modal("U0LIN")
    assert view
    assert view.definition["title"]["text"] == "Done"


async def test_closing_is_told_where_the_app_asked_to_be(slack: SlackServer, bot, client: AsyncWebClient) -> None:
    await open_modal(slack, client)
    assert not (await slack.close("U0LIN")).sent
    await open_modal(slack, client, notify_on_close=True)
    await slack.close("U0LIN")
    assert (bot.last["type"], bot.last["is_cleared"]) == ("view_closed", False)
    with pytest.raises(LookupError, match="U0LIN has no modal open"):
        await slack.close("U0LIN")


async def test_an_update_may_name_the_state_that_it_saw(slack: SlackServer, bot, client: AsyncWebClient) -> None:
    await open_modal(slack, client)
    view = slack.modal("U0LIN")
    assert view
    stale = await refused(client.views_update(view_id=view.id, view=modal(), hash="1.x"))
    assert stale["error"] == "hash_conflict"
    await client.views_update(view_id=view.id, view=modal(title=plain("Wait")), hash=view.hash)
    assert (await refused(client.views_update(view_id="V0", view=modal())))["error"] == "not_found"


async def test_looking_at_home_is_an_event_and_its_buttons_are_pressed_in_the_view(
    slack: SlackServer, bot, client: AsyncWebClient
) -> None:
    await slack.open_home("U0MEI")
    event = bot.last
    assert (event["type"], event["event"]["type"], event["event"]["user"]) == (
        "event_callback",
        "app_home_opened",
        "U0MEI",
    )
    assert event["event_id"].startswith("Ev")
    button = {"type": "button", "action_id": "run.0", "text": plain("Refresh"), "value": "home"}
    await client.views_publish(
        user_id="U0MEI", view={"type": "home", "blocks": [{"type": "actions", "elements": [button]}]}
    )
    home = slack.home("U0MEI")
    assert home
    await slack.click("U0MEI", home, "Refresh")
    assert bot.last["container"] == {"type": "view", "view_id": home.id}
    assert "response_url" not in bot.last
    await slack.open_home("U0MEI")
    assert bot.last["event"]["view"]["id"] == home.id


async def test_an_event_that_is_not_acked_comes_again(slack: SlackServer, bot) -> None:
    async def refuse_once(_) -> web.Response:
        return web.Response(status=500 if len(bot.requests) == 1 else 200)

    bot.handler = refuse_once
    assert (await slack.open_home("U0MEI")).status == 200
    first, second = bot.requests
    assert first.fields["event_id"] == second.fields["event_id"]
    assert (second.headers["X-Slack-Retry-Num"], second.headers["X-Slack-Retry-Reason"]) == ("1", "http_error")
