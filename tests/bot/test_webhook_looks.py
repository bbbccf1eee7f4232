"""`webhook …`: what is shown of tries, sent once more, and could not be read."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.arguments import moment
from bot.command import RefusalError
from sandbox.signatures import Verdict
from store.tables import (
    Attempt,
    CommandRun,
    Delivery,
    Event,
    Misfit,
    WebhookEndpoint,
)
from tests.bot.endpoints import (
    LIN,
    MEI,
    URL,
    VERA,
    keep,
    revealed,
    rows,
    with_endpoints,
)


@pytest.fixture
async def office(closed_office, tmp_path):
    async with with_endpoints(closed_office, tmp_path) as office:
        yield office


# Trying and looking


async def test_a_test_event_is_signed_and_what_came_back_is_shown(office, receiver) -> None:
    secret, _ = await revealed(office, f"webhook add partner {receiver.url} --allow-private")
    refused = await office.ask(LIN, "webhook test partner")
    assert "🔴 partner did not take the test event: it answered 401" in refused.plain
    assert "Does it check with the secret of this endpoint?" in refused.plain
    receiver.secrets.append(secret)
    taken = await office.press(LIN, refused, "Send test event")
    assert "✅ partner took the test event: it answered 204" in taken.plain
    assert [one.verdict for one in receiver.arrivals] == [Verdict.WRONG, Verdict.VERIFIED]
    card = await office.press(LIN, taken, "Show endpoint")
    lines = card.plain.splitlines()
    assert [("204" in line, "401" in line) for line in lines if "a test" in line] == [(True, False), (False, True)]
    assert "Nothing has been sent" not in card.plain


async def test_an_endpoint_that_does_not_answer_is_said_to(office, receiver) -> None:
    await revealed(office, f"webhook add partner {receiver.url} --allow-private")
    await receiver.stop()
    answer = await office.ask(LIN, "webhook test partner")
    assert "🔴 partner gave no answer" in answer.plain
    assert "cannot be reached" in answer.plain


async def test_the_list_says_how_each_is_and_what_waits(office) -> None:
    await revealed(office, f"webhook add partner {URL} --types task.*")
    await office.ask(LIN, "webhook pause partner")
    answer = (await office.ask(LIN, "webhook ls")).plain
    assert "2 webhook endpoints" in answer
    assert "🟢 ours · ours.example · active\neverything\nnothing waits" in answer
    assert "⏸️ partner · hooks.partner.example · paused\ntask.*" in answer
    assert "s3cr3t" not in answer


async def test_what_may_be_a_secret_of_an_url_is_for_the_asker_alone(office) -> None:
    await revealed(office, f"webhook add partner {URL}")
    alone = (await office.ask(LIN, "webhook show partner")).plain
    assert "https://hooks.partner.example/services/T0/s3cr3t?…" in alone
    await office.type(LIN, "webhook show partner --share")
    await office.until(lambda: any("https://hooks.partner.example/…?…" in m.plain for m in everyones(office)))
    assert all("s3cr3t" not in message.plain for message in everyones(office))


def everyones(office):
    return office.slack.visible(VERA, "C0GENERAL")


@pytest.mark.parametrize("noun", ["webhook", "webhok", "Webhook"])
async def test_of_a_url_only_its_host_is_written_down(office, noun) -> None:
    await office.type(LIN, f"{noun} add chat https://u:pw@hooks.example.com/T0/B1/s3cret?k=v --types alert.*")
    [run] = [one for one in await rows(office, CommandRun) if "add chat" in one.text]
    # Slack puts a link between angle brackets.
    assert run.text == f"{noun} add chat <https://hooks.example.com/***> --types alert.*"


async def test_an_endpoint_that_is_not_there_is_named_with_those_that_are(office) -> None:
    for line in ("show", "test", "pause", "resume", "delete", "replay"):
        more = " --since 2h" if line == "replay" else ""
        answer = await office.ask(LIN, f"webhook {line} nobody{more}")
        assert "There is no webhook endpoint nobody. I know: ours" in answer.plain


# Replays


def an_event(number, *, at=None):
    at = at or datetime.now(UTC)
    return Event(
        id=f"{number:032x}",
        type="task.paused",
        account="umail",
        subject="task/19124",
        time=at,
        recorded_at=at,
        data={},
        raw={},
    )


async def test_a_replay_shows_how_many_and_asks(office) -> None:
    await keep(office, *(an_event(number) for number in range(3)))
    await keep(office, an_event(9, at=datetime.now(UTC) - timedelta(hours=5)))
    asked = await office.ask(LIN, "webhook replay ours --since 2h")
    assert "Send 3 events to ours once more? Each under the id that it had" in asked.plain
    assert await rows(office, Delivery) == []
    done = await office.press(LIN, asked, "Replay")
    assert "🔁 3 events go to ours once more" in done.plain
    found = await rows(office, Delivery)
    assert [(row.event_id, row.replayed_by) for row in found] == [(f"{number:032x}", LIN) for number in range(3)]


async def test_one_event_is_replayed_by_its_id(office) -> None:
    await keep(office, an_event(1), an_event(2))
    asked = await office.ask(LIN, f"webhook replay ours {2:032x}")
    assert "Send 1 event to ours once more?" in asked.plain
    await office.press(LIN, asked, "Replay")
    assert [row.event_id for row in await rows(office, Delivery)] == [f"{2:032x}"]


async def test_a_replay_to_a_paused_endpoint_says_that_it_waits(office) -> None:
    await keep(office, an_event(1))
    await office.ask(LIN, "webhook pause ours")
    assert (
        "It is paused: they wait until it is resumed" in (await office.ask(LIN, "webhook replay ours --since 1h")).plain
    )


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("", "Which events?"),
        ("--until 2h", "Which events?"),
        (f"{1:032x} --since 2h", "An event’s id or a time, not both"),
        ("--since soon", "I don't know the time soon."),
        ("--since 1h --until 2h", "2h is before the beginning"),
        (f"{77:032x}", "There is no event"),
        ("a/b", "a/b is no event's id"),
        ("--since 1h", "There is nothing to replay: ours was told of nothing then"),
        ("--since 2026-11-01T08:30 --until 2026-11-02", "from"),
    ],
)
async def test_what_cannot_be_replayed_is_said(office, words, answer) -> None:
    found = (await office.ask(LIN, f"webhook replay ours {words}")).plain
    assert answer in found
    assert await rows(office, Delivery) == []


@pytest.mark.parametrize(
    ("words", "end", "at"),
    [
        ("90m", False, "2026-11-21T00:30:00+00:00"),
        ("3d", True, "2026-11-18T02:00:00+00:00"),
        ("today", False, "2026-11-20T16:00:00+00:00"),
        ("today", True, "2026-11-21T16:00:00+00:00"),
        ("2026-11-20", False, "2026-11-19T16:00:00+00:00"),
        ("2026-11-20", True, "2026-11-20T16:00:00+00:00"),
        ("2026-11-20T14:30", False, "2026-11-20T06:30:00+00:00"),
        ("2026-11-20T14:30:05", True, "2026-11-20T06:30:05+00:00"),
    ],
)
def test_a_time_is_so_long_ago_or_of_the_clock_on_the_wall(words, end, at) -> None:
    now = datetime(2026, 11, 21, 2, tzinfo=UTC)
    assert moment(words, now, ZoneInfo("Asia/Shanghai"), "audit", end=end) == datetime.fromisoformat(at)


@pytest.mark.parametrize("words", ["soon", "2026-11-31", "2026-11-20T25:00", "2027-01-01", "2026-11-20 14:30", "90s"])
def test_what_is_no_time_is_refused_with_its_words(words) -> None:
    with pytest.raises(RefusalError) as refused:
        moment(words, datetime(2026, 11, 21, 2, tzinfo=UTC), ZoneInfo("Asia/Shanghai"), "audit")
    assert (refused.value.template, refused.value.facts) == ("bad_since", {"words": words, "command": "audit"})


# What could not be read


async def test_misfits_are_shown_without_addresses_the_newest_first(office) -> None:
    now = datetime.now(UTC)
    await keep(
        office,
        *(
            Misfit(
                source="itnio" if number % 2 else "receipts",
                at=now + timedelta(seconds=number),
                reason=f"reason {number}",
                body=json.dumps({"toAddress": "anna.long@shop.example", "number": number}),
            )
            for number in range(10)
        ),
    )
    first = await office.ask(LIN, "webhook errors")
    assert first.plain.index("reason 9") < first.plain.index("reason 2")
    assert "reason 1\n" not in first.plain
    assert "anna" not in first.plain
    assert "a***@shop.example" in first.plain
    second = await office.press(LIN, first, "Next page")
    assert "reason 1\n" in second.plain
    only = (await office.ask(LIN, "webhook errors --source itnio")).plain
    assert "itnio" in only
    assert "receipts" not in only
    assert "Everything that arrived" in (await office.ask(LIN, "webhook errors --source nobody")).plain


async def test_all_that_could_not_be_read_is_a_file_for_the_asker_alone_as_it_came(office):
    at, body = datetime.now(UTC), '{"email": "anna@shop.example"}'
    await keep(office, *(Misfit(source="itnio", at=at, reason="not an object", body=body) for _ in range(3)))
    await keep(office, Misfit(source="receipts", at=at, reason="empty", body=""))
    told = await office.ask(LIN, "webhook errors --export --source itnio")
    assert "3 things that could not be read" in told.plain
    [(name, content)] = office.files(LIN)
    assert name == "webhook-errors-itnio.csv"
    text = content.decode("utf-8-sig")
    assert text.count("anna@shop.example") == 3
    assert "anna" not in told.plain
    assert "That needs the role admin" in (await office.ask(VERA, "webhook errors --export")).plain


SAID = [
    ("emailId is missing", "缺少 emailId"),
    ("not JSON: Expecting value: line 1", "不是 JSON: Expecting value: line 1"),
    ("data.planned is not a whole number", "data.planned 不是整数"),
    ("id or subject is longer than 200 characters", "id 或 subject 超过 200 个字符"),
    ("no type of event that is taken: task.eaten", "不接受这种事件类型: task.eaten"),
    ("an inbound message; this is for what becomes of sent ones", "这是收到的邮件"),
    ("their own words", "their own words"),
]


async def test_who_reads_chinese_reads_why_something_was_not_read_in_chinese(office):
    at = datetime.now(UTC)
    await keep(office, *(Misfit(source="x", at=at, reason=reason, body="?") for reason, _ in SAID))
    shown = (await office.ask(MEI, "webhook errors")).plain
    assert [words for _, words in SAID if words not in shown] == []
    english = (await office.ask(LIN, "webhook errors")).plain
    assert [reason for reason, _ in SAID if reason not in english] == []


async def test_who_reads_chinese_reads_why_a_try_got_no_answer_in_chinese_and_others_words_as_they_are(office):
    await revealed(office, f"webhook add partner {URL}")
    [row] = [one for one in await rows(office, WebhookEndpoint) if one.name == "partner"]
    tries = [
        (None, "no answer in 15 s", "15 秒内没有应答"),
        (None, "not sent: private", "未发送: 地址属于内网"),
        (None, "cannot be reached: Connection refused", "无法连接: Connection refused"),
        (500, "cannot be reached", "cannot be reached"),
    ]
    for status, error, _ in tries:
        about = {"endpoint_id": row.id, "delivery_seq": 1, "event_id": "e", "milliseconds": 5}
        await keep(office, Attempt(at=datetime.now(UTC), status=status, error=error, **about))
    shown = (await office.ask(MEI, "webhook show partner")).plain
    assert [words for *_, words in tries if words not in shown] == []
    english = (await office.ask(LIN, "webhook show partner")).plain
    assert "no answer in 15 s" in english
    assert "cannot be reached: Connection refused" in english
    assert "not sent: its address is one of a private network" in english
