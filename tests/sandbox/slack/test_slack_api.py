"""The Web API as slack_sdk and plain HTTP use it."""

import httpx
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import SlackServer


def error(caught: pytest.ExceptionInfo[SlackApiError]) -> str:
    return caught.value.response["error"]


async def refused(call) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return error(caught)


async def test_the_bot_learns_who_it_is(slack: SlackServer, client: AsyncWebClient) -> None:
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == ("T0HOME", "U0EDMBOT", "B0EDMBOT")


async def test_a_token_is_asked_for_and_looked_at(slack: SlackServer, http: httpx.AsyncClient) -> None:
    url = f"{slack.api_url}auth.test"
    assert (await http.post(url)).json() == {"ok": False, "error": "not_authed"}
    assert (await http.post(url, json={"token": slack.bot_token})).json()["error"] == "not_authed"
    wrong = {"Authorization": "Bearer xoxb-wrong"}
    assert (await http.post(url, headers=wrong)).json()["error"] == "invalid_auth"
    app = {"Authorization": f"Bearer {slack.app_token}"}
    assert (await http.post(url, headers=app)).json()["error"] == "not_allowed_token_type"
    slack.app.revoked = True
    assert (await http.post(url, data={"token": slack.bot_token})).json()["error"] == "token_revoked"


async def test_an_unknown_method_is_said_to_be_unknown(slack: SlackServer, client: AsyncWebClient) -> None:
    assert await refused(client.api_call("chat.postMassage")) == "unknown_method"


async def test_arguments_come_as_query_form_or_json(slack: SlackServer, http: httpx.AsyncClient) -> None:
    url = f"{slack.api_url}chat.postMessage"
    bearer = {"Authorization": f"Bearer {slack.bot_token}"}
    divider = '[{"type": "divider"}]'
    ways = [
        http.get(url, params={"channel": "C0ALERTS", "text": "query", "token": slack.bot_token}),
        http.post(url, params={"channel": "C0ALERTS", "text": "query on POST"}, headers=bearer),
        http.post(url, data={"channel": "C0ALERTS", "text": "form", "blocks": divider}, headers=bearer),
        http.post(url, json={"channel": "C0ALERTS", "text": "JSON", "blocks": [{"type": "divider"}]}, headers=bearer),
    ]
    answers = [(await way).json() for way in ways]
    assert [answer["ok"] for answer in answers] == [True] * 4
    assert answers[3]["warning"] == "missing_charset"
    assert [post.text for post in slack.workspace.posts("C0ALERTS")] == ["query", "query on POST", "form", "JSON"]
    assert [len(post.blocks) for post in slack.workspace.posts("C0ALERTS")] == [0, 0, 1, 1]


async def test_what_is_no_json_is_refused(slack: SlackServer, http: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {slack.bot_token}"}
    url = f"{slack.api_url}chat.postMessage"
    assert (await http.post(url, content=b"{", headers=headers)).json()["error"] == "invalid_json"
    assert (await http.post(url, content=b"[]", headers=headers)).json()["error"] == "json_not_object"


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("C0NOWHERE", "channel_not_found"),
        ("C0SECRET", "channel_not_found"),
        ("C0RANDOM", "not_in_channel"),
        ("C0OLD", "is_archived"),
    ],
)
async def test_the_bot_posts_only_where_it_belongs(
    slack: SlackServer, client: AsyncWebClient, channel: str, expected: str
) -> None:
    assert await refused(client.chat_postMessage(channel=channel, text="hello")) == expected
    assert await refused(client.chat_postEphemeral(channel=channel, user="U0MEI", text="hello")) == expected


async def test_a_message_goes_to_a_channel_by_name_or_to_a_person(slack: SlackServer, client: AsyncWebClient) -> None:
    assert (await client.chat_postMessage(channel="#edm-alerts", text="hello"))["channel"] == "C0ALERTS"
    assert (await client.chat_postMessage(channel="U0MEI", text="hello"))["channel"] == "D0MEI"
    assert [message.plain for message in slack.visible("U0MEI", "D0MEI")] == ["hello"]
    assert slack.visible("U0LIN", "D0MEI") == []


async def test_an_ephemeral_message_is_for_somebody_in_the_channel(slack: SlackServer, client: AsyncWebClient) -> None:
    assert (
        await refused(client.chat_postEphemeral(channel="C0LEADS", user="U0VIEW", text="psst")) == "user_not_in_channel"
    )
    posted = await client.chat_postEphemeral(channel="C0LEADS", user="U0LIN", text="psst")
    assert [message.plain for message in slack.visible("U0LIN", "C0LEADS")] == ["psst"]
    assert slack.visible("U0MEI", "C0LEADS") == []
    assert (await client.conversations_history(channel="C0LEADS"))["messages"] == []
    assert (
        await refused(client.chat_update(channel="C0LEADS", ts=posted["message_ts"], text="x")) == "message_not_found"
    )


async def test_a_message_needs_something_to_show(slack: SlackServer, client: AsyncWebClient) -> None:
    assert await refused(client.api_call("chat.postMessage", json={"channel": "C0ALERTS"})) == "no_text"


async def test_a_long_text_is_cut_and_a_long_edit_refused(slack: SlackServer, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C0ALERTS", text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    assert await refused(client.chat_update(channel="C0ALERTS", ts=posted["ts"], text="x" * 4_001)) == "msg_too_long"


async def test_timestamps_are_unique_and_rise_even_when_time_stands_still(
    slack: SlackServer, client: AsyncWebClient
) -> None:
    posted = [(await client.chat_postMessage(channel="C0ALERTS", text=str(n)))["ts"] for n in range(3)]
    assert posted == sorted(set(posted))
    assert posted[0] == "1795140240.000000"


async def test_an_edit_takes_blocks_away_unless_it_brings_some(slack: SlackServer, client: AsyncWebClient) -> None:
    metadata = {"event_type": "notice", "event_payload": {"id": "7"}}
    posted = await client.chat_postMessage(
        channel="C0ALERTS", text="card", blocks=[{"type": "divider"}], metadata=metadata
    )
    await client.chat_update(channel="C0ALERTS", ts=posted["ts"], text="words")
    (message,) = slack.visible("U0MEI", "C0ALERTS")
    assert (message.plain, message.blocks, message.metadata) == ("words", (), metadata)
    assert message.edited
    assert message.edited.user == "U0EDMBOT"


async def test_a_deleted_message_is_gone(slack: SlackServer, client: AsyncWebClient) -> None:
    posted = await client.chat_postMessage(channel="C0ALERTS", text="oops")
    await client.chat_delete(channel="C0ALERTS", ts=posted["ts"])
    assert slack.visible("U0MEI", "C0ALERTS") == []
    assert await refused(client.chat_delete(channel="C0ALERTS", ts=posted["ts"])) == "message_not_found"


async def test_metadata_is_told_only_when_asked_for(slack: SlackServer, client: AsyncWebClient) -> None:
    metadata = {"event_type": "notice", "event_payload": {"id": "7"}}
    await client.chat_postMessage(channel="C0ALERTS", text="firing", metadata=metadata)
    (bare,) = (await client.conversations_history(channel="C0ALERTS"))["messages"]
    assert "metadata" not in bare
    (full,) = (await client.conversations_history(channel="C0ALERTS", include_all_metadata=True))["messages"]
    assert full["metadata"] == metadata


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"event_type": "notice"}, "invalid_metadata_format"),
        ({"event_type": "two words", "event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "notice", "event_payload": {"id": "x" * 9000}}, "metadata_too_large"),
    ],
)
async def test_metadata_has_a_form_and_a_size(
    slack: SlackServer, client: AsyncWebClient, metadata: dict[str, object], expected: str
) -> None:
    assert await refused(client.chat_postMessage(channel="C0ALERTS", text="x", metadata=metadata)) == expected


async def test_history_is_newest_first_within_its_window(slack: SlackServer, client: AsyncWebClient, clock) -> None:
    stamps = []
    for number in range(4):
        clock.step(2)
        stamps.append((await client.chat_postMessage(channel="C0ALERTS", text=str(number)))["ts"])

    async def texts(**window: object) -> list[str]:
        answer = await client.conversations_history(channel="C0ALERTS", **window)
        return [message["text"] for message in answer["messages"]]

    assert await texts() == ["3", "2", "1", "0"]
    assert await texts(oldest=stamps[1]) == ["3", "2"]
    assert await texts(oldest=stamps[1], inclusive=True) == ["3", "2", "1"]
    assert await texts(oldest=stamps[0], latest=stamps[3]) == ["2", "1"]
    assert await refused(client.conversations_history(channel="C0ALERTS", oldest="noon")) == "invalid_ts_oldest"


async def test_history_comes_in_pages(slack: SlackServer, client: AsyncWebClient) -> None:
    for number in range(5):
        await client.chat_postMessage(channel="C0ALERTS", text=str(number))
    pages = [
        [message["text"] for message in page["messages"]]
        async for page in await client.conversations_history(channel="C0ALERTS", limit=2)
    ]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    assert await refused(client.conversations_history(channel="C0ALERTS", cursor="nonsense")) == "invalid_cursor"
    assert await refused(client.conversations_history(channel="C0ALERTS", limit="few")) == "invalid_limit"


async def test_replies_stand_in_their_thread(slack: SlackServer, client: AsyncWebClient) -> None:
    parent = (await client.chat_postMessage(channel="C0ALERTS", text="firing"))["ts"]
    await client.chat_postMessage(channel="C0ALERTS", text="acknowledged", thread_ts=parent)
    await client.chat_postMessage(channel="C0ALERTS", text="resolved", thread_ts=parent, reply_broadcast=True)
    history = (await client.conversations_history(channel="C0ALERTS"))["messages"]
    assert [message["text"] for message in history] == ["resolved", "firing"]
    assert history[1]["reply_count"] == 2
    thread = (await client.conversations_replies(channel="C0ALERTS", ts=parent))["messages"]
    assert [message["text"] for message in thread] == ["firing", "acknowledged", "resolved"]
    seen = slack.visible("U0MEI", "C0ALERTS", thread=parent)
    assert [message.plain for message in seen] == ["firing", "acknowledged", "resolved"]
    assert [message.plain for message in slack.visible("U0MEI", "C0ALERTS")] == ["firing", "resolved"]
    assert await refused(client.conversations_replies(channel="C0ALERTS", ts="1.0")) == "thread_not_found"


async def test_a_link_points_to_the_message(slack: SlackServer, client: AsyncWebClient) -> None:
    ts = (await client.chat_postMessage(channel="C0ALERTS", text="firing"))["ts"]
    answer = await client.chat_getPermalink(channel="C0ALERTS", message_ts=ts)
    assert answer["permalink"] == "https://lantern-mail.slack.com/archives/C0ALERTS/p1795140240000000"


async def test_channels_are_listed_as_far_as_the_bot_may_know(slack: SlackServer, client: AsyncWebClient) -> None:
    answer = await client.conversations_list(types="public_channel,private_channel", exclude_archived=True)
    assert {channel["id"] for channel in answer["channels"]} == {
        *("C0ALERTS", "C0APPROVE", "C0DIGEST", "C0GENERAL", "C0RANDOM", "C0LEADS")
    }
    info = (await client.conversations_info(channel="C0RANDOM", include_num_members=True))["channel"]
    assert (info["is_member"], info["num_members"]) == (False, 4)
    assert await refused(client.conversations_info(channel="C0SECRET")) == "channel_not_found"
    members = await client.conversations_members(channel="C0LEADS")
    assert members["members"] == ["U0EDMBOT", "U0LIN", "U0MEI"]


async def test_direct_messages_are_opened_with_people_only(slack: SlackServer, client: AsyncWebClient) -> None:
    assert (await client.conversations_open(users="U0MEI"))["channel"]["id"] == "D0MEI"
    assert await refused(client.conversations_open(users="U0NOBODY")) == "user_not_found"
    assert await refused(client.conversations_open(users="U0EDMBOT")) == "cannot_dm_bot"
    assert await refused(client.conversations_open(users="U0GONE")) == "user_disabled"


async def test_people_are_told_apart(slack: SlackServer, client: AsyncWebClient) -> None:
    mei = (await client.users_info(user="U0MEI", include_locale=True))["user"]
    assert (mei["team_id"], mei["locale"], mei["tz"], mei["tz_offset"]) == ("T0HOME", "zh-CN", "Asia/Shanghai", 28800)
    assert (mei["deleted"], mei["is_restricted"], mei.get("is_stranger")) == (False, False, None)
    assert "locale" not in (await client.users_info(user="U0MEI"))["user"]
    eve = (await client.users_info(user="U0EXT"))["user"]
    assert (eve["team_id"], eve.get("is_stranger")) == ("T0PARTNER", None)
    slack.workspace.channels["C0GENERAL"].members.remove("U0EXT")
    assert (await client.users_info(user="U0EXT"))["user"]["is_stranger"] is True
    assert (await client.users_info(user="U0GONE"))["user"]["deleted"] is True
    assert await refused(client.users_info(user="U0NOBODY")) == "user_not_found"
    assert len((await client.users_list(limit=3))["members"]) == 3


async def test_groups_have_members(slack: SlackServer, client: AsyncWebClient) -> None:
    groups = (await client.usergroups_list(include_users=True))["usergroups"]
    assert {group["handle"]: group["users"] for group in groups} == {
        "edm-ops": ["U0OPS"],
        "edm-oncall": ["U0MEI", "U0OPS"],
    }
    assert (await client.usergroups_users_list(usergroup="S0EDMOPS"))["users"] == ["U0OPS"]
    assert await refused(client.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"


async def test_team_and_bot_can_be_asked_for(slack: SlackServer, client: AsyncWebClient) -> None:
    assert (await client.team_info())["team"]["domain"] == "lantern-mail"
    assert (await client.bots_info(bot="B0EDMBOT"))["bot"]["user_id"] == "U0EDMBOT"
    assert await refused(client.bots_info(bot="B0OTHER")) == "bot_not_found"


async def test_a_scope_that_was_not_granted_is_missing() -> None:
    scopes = ["chat:write", "channels:history", "channels:read"]
    manifest = {"display_information": {"name": "edmbot"}, "oauth_config": {"scopes": {"bot": scopes}}}
    slack = await SlackServer.start(manifest=manifest)
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
    try:
        await client.conversations_history(channel="C0ALERTS")
        with pytest.raises(SlackApiError) as caught:
            await client.conversations_history(channel="C0LEADS")
        assert caught.value.response.data == {
            "ok": False,
            "error": "missing_scope",
            "needed": "groups:history",
            "provided": "chat:write,channels:history,channels:read",
        }
        assert await refused(client.users_info(user="U0MEI")) == "missing_scope"
    finally:
        await slack.stop()


async def test_a_channel_takes_a_burst_and_then_a_message_a_second(
    slack: SlackServer, client: AsyncWebClient, clock
) -> None:
    for _ in range(5):
        await client.chat_postMessage(channel="C0ALERTS", text="burst")
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0ALERTS", text="one too many")
    assert (caught.value.response.status_code, error(caught)) == (429, "ratelimited")
    assert caught.value.response.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel="C0DIGEST", text="elsewhere there is room")
    clock.step(1)
    await client.chat_postMessage(channel="C0ALERTS", text="after a second")


async def test_a_method_has_its_calls_a_minute(slack: SlackServer, client: AsyncWebClient, clock) -> None:
    for _ in range(20):
        await client.usergroups_list()
    with pytest.raises(SlackApiError) as caught:
        await client.usergroups_list()
    assert caught.value.response.headers["Retry-After"] == "3"
    clock.step(3)
    await client.usergroups_list()


async def test_calls_are_written_down_without_the_token(slack: SlackServer, client: AsyncWebClient, clock) -> None:
    await client.chat_postMessage(channel="C0ALERTS", text="hello")
    await refused(client.users_info(user="U0NOBODY"))
    first, second = slack.calls
    assert (first.method, first.args, first.at, first.error) == (
        "chat.postMessage",
        {"channel": "C0ALERTS", "text": "hello"},
        clock.at,
        None,
    )
    assert (second.method, second.error) == ("users.info", "user_not_found")
    assert slack.bot_token not in repr(slack.calls)
