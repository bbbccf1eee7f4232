"""Reactions, pins, joining, e-mail addresses, installing."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer

# slack_sdk sends the app's secret in a way that aiohttp is about to drop.
through_basic_auth = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")


@pytest.fixture
async def ts(client: AsyncWebClient) -> str:
    return (await client.chat_postMessage(channel="C0ALERTS", text="x"))["ts"]


async def refused(call) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response["error"]


async def test_a_reaction_stands_under_its_message_once(slack: SlackServer, client: AsyncWebClient, ts) -> None:
    await client.reactions_add(channel="C0ALERTS", timestamp=ts, name="white_check_mark")
    assert slack.visible("U0MEI", "C0ALERTS")[0].reactions == {"white_check_mark": ["U0EDMBOT"]}
    (shown,) = (await client.conversations_history(channel="C0ALERTS"))["messages"]
    assert shown["reactions"] == [{"name": "white_check_mark", "users": ["U0EDMBOT"], "count": 1}]
    again = client.reactions_add(channel="C0ALERTS", timestamp=ts, name=":white_check_mark:")
    assert await refused(again) == "already_reacted"
    await client.reactions_remove(channel="C0ALERTS", timestamp=ts, name="white_check_mark")
    assert slack.visible("U0MEI", "C0ALERTS")[0].reactions == {}
    gone = client.reactions_remove(channel="C0ALERTS", timestamp=ts, name="white_check_mark")
    assert await refused(gone) == "no_reaction"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"name": "Not An Emoji"}, "invalid_name"),
        ({"timestamp": "now"}, "bad_timestamp"),
        ({"timestamp": ""}, "no_item_specified"),
        ({"timestamp": "1700000000.000001"}, "message_not_found"),
        ({"channel": "C0SECRET"}, "channel_not_found"),
        ({"channel": "C0OLD"}, "is_archived"),
        ({"channel": "C0RANDOM"}, "not_in_channel"),
    ],
)
async def test_reactions_that_slack_refuses(client: AsyncWebClient, ts, arguments, error) -> None:
    call = {"channel": "C0ALERTS", "timestamp": ts, "name": "eyes"} | arguments
    assert await refused(client.reactions_add(**call)) == error


async def test_pins_are_listed_until_they_are_taken_off(slack: SlackServer, client: AsyncWebClient, ts, clock) -> None:
    await client.pins_add(channel="C0ALERTS", timestamp=ts)
    assert await refused(client.pins_add(channel="C0ALERTS", timestamp=ts)) == "already_pinned"
    clock.step(60)
    other = (await client.chat_postMessage(channel="C0ALERTS", text="y"))["ts"]
    await client.pins_add(channel="C0ALERTS", timestamp=other)
    items = (await client.pins_list(channel="C0ALERTS"))["items"]
    assert [item["message"]["ts"] for item in items] == [other, ts]
    assert (await client.conversations_history(channel="C0ALERTS"))["pin_count"] == 2
    assert slack.visible("U0MEI", "C0ALERTS")[0].pinned
    await client.pins_remove(channel="C0ALERTS", timestamp=ts)
    assert await refused(client.pins_remove(channel="C0ALERTS", timestamp=ts)) == "no_pin"
    await client.chat_delete(channel="C0ALERTS", ts=other)
    assert (await client.pins_list(channel="C0ALERTS"))["items"] == []


async def test_a_public_channel_can_be_joined(slack: SlackServer, client: AsyncWebClient) -> None:
    joined = await client.conversations_join(channel="C0RANDOM")
    assert joined["channel"]["is_member"]
    await client.chat_postMessage(channel="C0RANDOM", text="hello")
    assert (await client.conversations_join(channel="C0RANDOM"))["warning"] == "already_in_channel"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0SECRET", "channel_not_found"),
        ("C0LEADS", "method_not_supported_for_channel_type"),
        ("C0OLD", "is_archived"),
    ],
)
async def test_other_channels_cannot_be_joined(client: AsyncWebClient, channel, error) -> None:
    assert await refused(client.conversations_join(channel=channel)) == error


async def test_a_person_is_found_by_their_address(client: AsyncWebClient) -> None:
    address = (await client.users_info(user="U0LIN"))["user"]["profile"]["email"]
    assert (await client.users_lookupByEmail(email=address.upper()))["user"]["id"] == "U0LIN"
    for nobody in ("nobody@example.com", "gone@t0home.example", "eve@t0partner.example"):
        assert await refused(client.users_lookupByEmail(email=nobody)) == "users_not_found"


async def test_addresses_need_their_own_scope(slack: SlackServer, client: AsyncWebClient) -> None:
    slack.app.scopes = ("users:read",)
    assert "email" not in (await client.users_info(user="U0LIN"))["user"]["profile"]
    assert await refused(client.users_lookupByEmail(email="lin@t0home.example")) == "missing_scope"


@through_basic_auth
async def test_an_app_is_installed_with_a_code_once(slack: SlackServer, client: AsyncWebClient) -> None:
    app = slack.app
    app.revoked = True
    who = {"client_id": app.client_id, "client_secret": app.client_secret}
    code = slack.install("U0MEI", "https://edmbot.example.com/back")
    elsewhere = client.oauth_v2_access(**who, code=code, redirect_uri="https://evil.example")
    assert await refused(elsewhere) == "bad_redirect_uri"
    answer = await client.oauth_v2_access(**who, code=code, redirect_uri="https://edmbot.example.com/back")
    assert (answer["access_token"], answer["token_type"]) == (slack.bot_token, "bot")
    assert answer["authed_user"] == {"id": "U0MEI"}
    assert (await client.auth_test())["ok"]
    used = client.oauth_v2_access(**who, code=code, redirect_uri="https://edmbot.example.com/back")
    assert await refused(used) == "invalid_code"


@through_basic_auth
@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"client_id": "1.2"}, "invalid_client_id"), ({"client_secret": "guess"}, "bad_client_secret")],
)
async def test_only_the_app_itself_is_installed(slack: SlackServer, client: AsyncWebClient, wrong, error) -> None:
    who = {"client_id": slack.app.client_id, "client_secret": slack.app.client_secret} | wrong
    assert await refused(client.oauth_v2_access(**who, code=slack.install("U0MEI"))) == error


@through_basic_auth
async def test_a_code_grows_old(slack: SlackServer, client: AsyncWebClient, clock) -> None:
    code = slack.install("U0MEI")
    clock.step(601)
    who = {"client_id": slack.app.client_id, "client_secret": slack.app.client_secret}
    assert await refused(client.oauth_v2_access(**who, code=code)) == "invalid_code"
