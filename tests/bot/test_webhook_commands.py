"""`webhook …`: endpoints from Slack, their secrets, what is shown of attempts, replays and what could not be read."""

import json
import logging
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import col, select

from bot.appyaml import shipped
from bot.arguments import moment
from bot.command import RefusalError
from sandbox.receiver import Receiver
from sandbox.signatures import Verdict
from store.tables import (
    Attempt,
    CommandRun,
    Delivery,
    EndpointState,
    Event,
    Misfit,
    WebhookEndpoint,
)
from tests.bot.test_bounces import received
from tests.bot.test_exec import vendors
from tests.bot.test_mailboxes import logged  # noqa: F401  # a fixture

LIN, MEI, OPS, VERA = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"
URL = "https://hooks.partner.example/services/T0/s3cr3t?token=s3cr3t"
OUT = """\
  out:
    - {name: ours, url: "https://ours.example/in", secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
"""


@pytest.fixture
async def office(closed_office, tmp_path):
    """Lin is an admin as well, and one endpoint stands in app.yaml."""
    text = shipped().read_text("utf-8")
    for before, after in (("admin: [U0MEI]", "admin: [U0MEI, U0LIN]"), ("  out: []\n", OUT)):
        assert before in text
        text = text.replace(before, after, 1)
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(text, "utf-8")
    async with closed_office.open():
        yield closed_office


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = await Receiver.start()
    yield receiver
    await receiver.stop()


async def rows(office, table):
    return await office.store.transact(lambda session, _now: session.exec(select(table)).all())


async def keep(office, *made):
    await office.store.transact(lambda session, _now: session.add_all(type(one)(**one.model_dump()) for one in made))


async def revealed(office, line, user=LIN):
    """Type a line that shows a secret; the secret, and the answer beside it."""
    before = office.shown(user)
    await office.type(user, line)
    answer = await office.answer(user, "C0GENERAL", before)
    return secret_in(office, user), answer


def secret_in(office, user=LIN):
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/]+=*", in_modal(office, user))
    return secret


def in_modal(office, user=LIN):
    """What stands in the modal on top."""

    def texts(value):
        if isinstance(value, dict):
            own = value.get("text")
            return ([own] if isinstance(own, str) else []) + [one for item in value.values() for one in texts(item)]
        return [one for item in value for one in texts(item)] if isinstance(value, list) else []

    view = office.slack.modal(user)
    return "".join(texts(view.definition["blocks"])) if view else ""


def everywhere(office, user=LIN):
    """All that somebody sees in #general, and in the modal."""
    return "\n".join([*(message.plain for message in office.slack.visible(user, "C0GENERAL")), in_modal(office, user)])


def said(office, words):
    return any(words in message.plain for message in office.slack.visible(LIN, "C0GENERAL"))


# Adding


async def test_an_endpoint_is_added_and_its_secret_shown_once_in_a_modal(office, receiver, logged, caplog) -> None:  # noqa: F811
    for library in ("slack_sdk", "slack_bolt", "aiohttp", "asyncio"):
        # `edmbot` has them say no more than this; the SDK's own debugging prints whole calls.
        caplog.set_level(logging.INFO, library)
    secret, answer = await revealed(office, f"webhook add Partner {receiver.url} --allow-private")
    assert "🟢 Webhook endpoint partner is added and told of what happens from now on" in answer.plain
    await office.until(lambda: said(office, "@lin added the webhook endpoint partner (127.0.0.1:"))
    holding = [call for call in office.slack.calls if secret in str(call)]
    assert [call.method for call in holding] == ["views.update"]
    for person in (LIN, MEI, VERA):
        assert all(secret not in message.plain for message in office.slack.visible(person, "C0GENERAL"))
    assert all(secret not in str(run.model_dump()) for run in await rows(office, CommandRun))
    assert secret not in logged()
    assert secret not in (await office.ask(LIN, "audit")).plain
    assert secret not in (await office.ask(LIN, "webhook show partner")).plain


async def test_the_modal_holds_nothing_to_submit(office) -> None:
    await revealed(office, f"webhook add partner {URL}")
    view = office.slack.modal(LIN).definition
    assert "submit" not in view
    assert view["title"]["text"] == "Webhook secret"


async def test_filters_are_kept_as_typed(office) -> None:
    line = (
        f"webhook add partner {URL} --types alert.*，task.failed --severity warning --account umail,itnio --addresses"
    )
    _, answer = await revealed(office, line)
    assert "alert.*, task.failed · warnings and worse · umail, itnio · with recipients’ addresses" in answer.plain
    [made] = [row for row in await rows(office, WebhookEndpoint) if row.name == "partner"]
    assert (made.types, made.severity, made.accounts, made.addresses, made.allow_private, made.created_by) == (
        ["alert.*", "task.failed"],
        "warning",
        ["umail", "itnio"],
        True,
        False,
        LIN,
    )


WRONG = [
    ("webhook add p/q https://p.example", "p/q is no name for a webhook endpoint"),
    ("webhook add p", "Something is missing."),
    ("webhook add p hooks.example.com", "That is no address to send to."),
    ("webhook add p http://hooks.example.com", "Only https is sent to."),
    ("webhook add p https://10.0.0.1/", "That address is on a private network"),
    ("webhook add p https://169.254.169.254/ --allow-private", "That address is on a private network"),
    ("webhook add p https://2130706433/", "That is an odd way to write an address."),
    ("webhook add p https://p.example --types task.faild", "I know no event task.faild. Near it are: task.failed"),
    ("webhook add p https://p.example --account nobody", "I don't know the account nobody"),
    ("webhook add p https://p.example --severity bad", "bad is none of the choices:"),
    ("webhook add ours https://p.example", "There is a webhook endpoint ours already."),
]


@pytest.mark.parametrize(("line", "words"), WRONG)
async def test_what_is_wrong_is_said_in_the_modal_and_nothing_is_kept(office, line, words) -> None:
    await office.type(LIN, line)

    await office.until(lambda: words in everywhere(office))
    assert [row.name for row in await rows(office, WebhookEndpoint)] == ["ours"]


async def test_no_secret_is_made_where_none_could_be_shown(office) -> None:
    office.slack.faults.inject("not_ok", "views.open", error="expired_trigger_id")
    answer = await office.ask(LIN, f"webhook add partner {URL}")
    assert "I could not open the window that shows the secret, so I changed nothing." in answer.plain
    assert [row.name for row in await rows(office, WebhookEndpoint)] == ["ours"]


async def test_whoever_closed_the_modal_too_early_is_told_how_to_get_another(office) -> None:
    office.slack.faults.inject("not_ok", "views.update", error="not_found")
    answer = await office.ask(LIN, f"webhook add partner {URL}")
    assert "Webhook endpoint partner is added, and I could not show you its secret" in answer.plain
    await office.slack.click(LIN, answer, "Rotate secret")
    await office.until(lambda: "whsec_" in in_modal(office))


# Who may


@pytest.mark.parametrize(
    "line",
    [
        f"webhook add partner {URL}",
        "webhook ls",
        "webhook show ours",
        "webhook test ours",
        "webhook pause ours",
        "webhook resume ours",
        "webhook rotate ours",
        "webhook replay ours --since 2h",
        "webhook delete ours",
        "webhook errors",
    ],
)
@pytest.mark.parametrize("user", [OPS, VERA])
async def test_only_admins_of_everything_may(closed_office, tmp_path, user, line) -> None:
    text = shipped().read_text("utf-8").replace("  out: []\n", OUT, 1)
    # Vera is an admin of one account.
    text = text.replace("    provider: umail\n", "    provider: umail\n    roles: {admin: [U0VIEW]}\n", 1)
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(text, "utf-8")
    async with closed_office.open() as office:
        await office.type(user, line)
        await office.until(lambda: "That needs the role admin" in everywhere(office, user))
        assert [(row.name, row.state) for row in await rows(office, WebhookEndpoint)] == [
            ("ours", EndpointState.ACTIVE)
        ]


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


# Changing


async def test_pause_and_resume(office) -> None:
    paused = await office.ask(LIN, "webhook pause ours")
    assert "⏸️ Webhook endpoint ours is paused; what happens meanwhile waits for it" in paused.plain
    again = await office.ask(LIN, "webhook pause ours")
    assert "Webhook endpoint ours: paused, as it was; I changed nothing" in again.plain
    resumed = await office.press(LIN, paused, "Resume endpoint")
    assert "🟢 Webhook endpoint ours is told again · nothing waits" in resumed.plain
    assert said(office, "@lin paused the webhook endpoint ours")
    await office.until(lambda: said(office, "@lin has the webhook endpoint ours told again"))


async def test_why_an_endpoint_was_switched_off_is_said(office) -> None:
    def off(session, now):
        row = session.exec(select(WebhookEndpoint)).one()
        row.state, row.ended_at, row.why = EndpointState.DISABLED, now, "gone"

    await office.store.transact(off)
    answer = await office.ask(LIN, "webhook show ours")
    assert "🛑 Webhook endpoint ours: switched off since" in answer.plain
    assert "it said that it is gone for good (410)" in answer.plain
    assert "is told again" in (await office.press(LIN, answer, "Resume endpoint")).plain


async def test_a_rotated_secret_signs_beside_the_old_one(office, receiver) -> None:
    old, _ = await revealed(office, f"webhook add partner {receiver.url} --allow-private")
    new, answer = await revealed(office, "webhook rotate partner")
    assert old != new
    assert "Webhook endpoint partner has a new secret; the old one signs along until" in answer.plain
    for secret in (old, new):
        receiver.secrets[:] = [secret]
        assert "took the test event" in (await office.ask(LIN, "webhook test partner")).plain
    office.later(24 * 3600 + 1)
    receiver.secrets[:] = [old]
    assert "it answered 401" in (await office.ask(LIN, "webhook test partner")).plain


async def test_a_second_rotation_within_the_day_asks_first(office) -> None:
    await revealed(office, f"webhook add partner {URL}")
    new, _ = await revealed(office, "webhook rotate partner")
    await office.type(LIN, "webhook rotate partner")
    await office.until(lambda: "Rotate the secret of partner again?" in in_modal(office))
    assert (await kept(office)).secret == new
    await office.slack.click(LIN, office.slack.modal(LIN), "Rotate secret")
    await office.until(lambda: "whsec_" in in_modal(office))
    assert (await kept(office)).secret == secret_in(office) != new


async def kept(office, name="partner"):
    found = await office.store.transact(
        lambda session, _now: session.exec(select(WebhookEndpoint).where(col(WebhookEndpoint.name) == name)).first()
    )
    assert found is not None
    return found


async def test_a_deletion_asks_first_and_frees_the_name(office) -> None:
    await revealed(office, f"webhook add partner {URL}")
    asked = await office.ask(LIN, "webhook delete partner")
    assert "Delete the webhook endpoint partner (hooks.partner.example)?" in asked.plain
    assert (await kept(office)).state is EndpointState.ACTIVE
    gone = await office.press(LIN, asked, "Delete endpoint")
    assert "🗑️ Webhook endpoint partner is deleted" in gone.plain
    await revealed(office, f"webhook add partner {URL}")


async def test_what_stands_in_app_yaml_is_changed_there(office) -> None:
    await office.type(LIN, "webhook rotate ours")
    await office.until(lambda: "The secret of ours stands in app.yaml." in in_modal(office))
    answer = await office.ask(LIN, "webhook delete ours")
    assert "ours stands in app.yaml. Take it out there" in answer.plain


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
    [(name, content)] = received(office, LIN)
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


# At a terminal


async def test_a_terminal_prints_the_secret_once(closed_office, edmbot) -> None:
    environ = vendors(closed_office)
    made = await edmbot("exec", f"webhook add partner {URL}", environ=environ)
    assert made.status == 0
    [secret] = [line for line in made.out.splitlines() if line.startswith("whsec_")]
    told = json.loads((await edmbot("exec", "--json", "webhook rotate partner", environ=environ)).out)
    assert told["facts"]["secret"].startswith("whsec_")
    shown = await edmbot("exec", "--json", "webhook show partner", environ=environ)
    listed = await edmbot("exec", "webhook ls", environ=environ)
    audit = await edmbot("exec", "--json", "audit", environ=environ)
    for finished in (shown, listed, audit):
        assert finished.status == 0
        assert secret not in finished.out
        assert told["facts"]["secret"] not in finished.out
    assert json.loads(shown.out)["facts"]["attempts"] == []
