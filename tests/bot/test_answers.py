"""Every command gets its answer, once: acked at once, and told by whichever way Slack leaves open."""

import asyncio
import time

import pytest

import bot.conversation
from bot.app import serve
from bot.appyaml import Purpose, load

LIN, OPS = "U0LIN", "U0OPS"
RANDOM = "C0RANDOM"
"""A channel that the bot is not in."""


def ways(office):
    """The calls that show something to somebody, as Slack got them."""
    return [call.method for call in office.slack.calls if call.method in SHOWING]


SHOWING = {"response_url", "chat.postEphemeral", "chat.postMessage", "conversations.open"}


def answers(office, user=LIN, channel="C0GENERAL"):
    return [m.plain for m in office.slack.visible(user, channel) if m.ephemeral_for == user]


# The ack


async def test_a_command_is_acked_at_once_while_the_vendor_hangs(office):
    office.box.faults.inject("umail", "timeout", call="task-list")
    reply = await office.type(LIN, "task list")
    assert (reply.error, reply.status) == (None, 200)
    assert reply.seconds < 1
    await office.until(lambda: office.box.requests)
    office.box.faults.clear()
    await office.told(LIN, "14 tasks")


async def test_an_answer_that_takes_longer_is_announced_and_follows(office, monkeypatch):
    monkeypatch.setattr(bot.conversation, "INTERIM_AFTER", 0.03)
    office.box.faults.inject("umail", "slow", call="task-list", seconds=0.2)
    answer = await office.ask(LIN, "task list")
    assert "14 tasks" in answer.plain
    assert [plain.startswith("⏳ I am at it") for plain in answers(office)] == [True, False]


async def test_a_quick_answer_is_not_announced(office):
    await office.ask(LIN, "task list")
    assert len(answers(office)) == 1


# The way back


async def held(office, user=LIN, channel="C0GENERAL"):
    """A command at work, its vendor silent until the faults are cleared."""
    office.box.faults.inject("umail", "timeout", call="task-list")
    await office.type(user, "task list", channel)
    await office.until(lambda: office.box.requests)


async def test_an_expired_response_url_falls_back_to_an_ephemeral_message(office):
    await held(office)
    office.clock.step(minutes=31)
    office.box.faults.clear()
    await office.told(LIN, "14 tasks")
    assert ways(office) == ["response_url", "chat.postEphemeral"]
    assert office.slack.visible(OPS, "C0GENERAL") == []


async def test_where_the_bot_is_not_in_the_channel_the_answer_comes_as_a_direct_message(office):
    await held(office, channel=RANDOM)
    office.clock.step(minutes=31)
    office.box.faults.clear()
    await office.until(lambda: "chat.postMessage" in ways(office))
    await office.until(lambda: office.slack.visible(LIN, "D0LIN"))
    [message] = office.slack.visible(LIN, "D0LIN")
    assert "14 tasks" in message.plain
    assert ways(office) == ["response_url", "chat.postEphemeral", "conversations.open", "chat.postMessage"]
    assert office.slack.visible(OPS, RANDOM) == []


async def test_in_a_channel_without_the_bot_the_response_url_answers(office):
    assert "14 tasks" in (await office.ask(LIN, "task list", RANDOM)).plain
    assert ways(office) == ["response_url"]


@pytest.mark.parametrize("kind", ["http_500", "not_ok"])
async def test_a_response_url_that_fails_is_not_the_end_of_the_answer(office, kind):
    office.slack.faults.inject(kind, "response_url")
    answer = await office.ask(LIN, "task list")
    assert "14 tasks" in answer.plain


async def test_an_answer_whose_reply_was_lost_is_not_posted_twice(office):
    office.slack.faults.inject("lost_reply", "response_url")
    assert "14 tasks" in (await office.ask(LIN, "task list")).plain
    await office.ask(LIN, "help")
    assert ways(office) == ["response_url", "response_url"]
    assert len(answers(office)) == 2


async def test_an_ephemeral_message_whose_reply_was_lost_is_not_posted_twice(office):
    await held(office)
    office.clock.step(minutes=31)
    office.slack.faults.inject("lost_reply", "chat.postEphemeral")
    office.box.faults.clear()
    await office.told(LIN, "14 tasks")
    await office.ask(LIN, "help")
    assert ways(office) == ["response_url", "chat.postEphemeral", "response_url"]
    assert len(answers(office)) == 2


async def test_slacks_429_is_waited_for(office):
    office.slack.faults.inject("http_429", "response_url", seconds=1)
    begun = time.monotonic()
    assert "14 tasks" in (await office.ask(LIN, "task list")).plain
    assert time.monotonic() - begun >= 1
    assert ways(office) == ["response_url", "response_url"]
    assert len(answers(office)) == 1


@pytest.mark.parametrize("method", ["users.info", "usergroups.users.list"])
async def test_a_slack_that_breaks_off_while_the_asker_is_named_does_not_leave_her_without_an_answer(office, method):
    office.slack.faults.inject("lost_reply", method)
    assert "14 tasks" in (await office.ask(LIN, "task list")).plain


async def test_in_direct_messages_nothing_is_announced(office):
    office.slack.workspace.direct(LIN)
    assert "Task 19124 is paused" in (await office.ask(LIN, "task pause 19124", "D0LIN")).plain
    await office.ask(LIN, "help", "D0LIN")
    assert [m.ephemeral_for for m in office.slack.visible(LIN, "D0LIN")] == [LIN, LIN]


# Once


async def test_a_request_that_is_replayed_runs_once(office):
    office.slack.faults.inject("replay")
    assert "Task 19124 is paused" in (await office.ask(LIN, "task pause 19124")).plain
    assert (await office.slack.replay()).status == 200
    await office.ask(LIN, "help")
    assert len(office.changes) == 1
    assert len(answers(office)) == 2


async def test_a_click_that_is_replayed_runs_once(office):
    question = await office.ask(LIN, "task delete 19119")
    office.slack.faults.inject("replay")
    await office.press(LIN, question, "Delete task")
    await office.ask(LIN, "help")
    assert len(office.changes) == 1


async def test_two_commands_with_one_trigger_id_are_two_commands(office):
    await office.ask(LIN, "help")
    office.slack.faults.inject("repeat_trigger_id")
    assert "14 tasks" in (await office.ask(LIN, "task list")).plain


async def test_a_double_click_changes_once(office):
    card = await office.ask(LIN, "task show 19124")
    office.box.faults.inject("umail", "slow", call="edit-task", seconds=0.1)
    await asyncio.gather(*(office.slack.click(LIN, card, "Pause task") for _ in range(2)))
    await office.told(LIN, "Task 19124 is paused after")
    await office.ask(LIN, "help")
    assert len(office.changes) == 1


# Whose requests


async def test_a_request_that_is_dated_wrongly_is_refused(office):
    for seconds in (-400, 400):
        office.slack.faults.inject("clock_skew", seconds=seconds)
        assert (await office.type(LIN, "task pause 19124")).status == 401
    assert office.box.requests == []
    assert ways(office) == []


async def test_a_request_with_a_wrong_signature_is_refused(office, http):
    await office.ask(LIN, "help")
    body = b"command=%2Fedm&text=task+pause+19124&user_id=U0MEI"
    headers = {"X-Slack-Request-Timestamp": str(int(time.time())), "X-Slack-Signature": "v0=" + 64 * "0"}
    for wrong in (headers, {}):
        answer = await http.post(f"{office.url}/slack/events", content=body, headers=wrong)
        assert answer.status_code == 401
    assert office.box.requests == []
    assert len(ways(office)) == 1


# Health


async def test_health_readiness_and_metrics(office, http):
    await office.ask(LIN, "task list")
    assert (await http.get(f"{office.url}/healthz")).json() == {"alive": True}
    ready = await http.get(f"{office.url}/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "slack": True})
    metrics = (await http.get(f"{office.url}/metrics")).text
    assert 'edmbot_commands_total{outcome="done"}' in metrics


async def test_a_bot_whose_token_slack_does_not_take_is_not_ready_and_asks_again(closed_office, http):
    closed_office.slack.faults.inject("not_ok", "auth.test", error="invalid_auth")
    async with serve(load(closed_office.app_yaml, closed_office.environ, purpose=Purpose.RUN)) as web:
        closed_office.listen(web.url)
        assert (await http.get(f"{web.url}/readyz")).status_code == 503
        assert (await http.get(f"{web.url}/healthz")).status_code == 200
        await closed_office.ask(LIN, "help")
        assert (await http.get(f"{web.url}/readyz")).status_code == 200


# The end


async def test_a_shutdown_lets_a_command_in_flight_answer(closed_office):
    async with closed_office.open():
        closed_office.box.faults.inject("umail", "slow", call="task-list", seconds=0.2)
        await closed_office.type(LIN, "task list")
        await closed_office.until(lambda: closed_office.box.requests)
    assert "14 tasks" in answers(closed_office)[0]
