"""`webhook …`: endpoints from Slack: added, changed, deleted, and by whom; their secrets."""

import json
import logging

import pytest
from sqlmodel import col, select

from bot.appyaml import shipped
from store.tables import (
    CommandRun,
    EndpointState,
    WebhookEndpoint,
)
from tests.bot.endpoints import (
    LIN,
    MEI,
    OPS,
    OUT,
    URL,
    VERA,
    everywhere,
    in_modal,
    revealed,
    rows,
    said,
    secret_in,
    with_endpoints,
)
from tests.bot.test_mailboxes import logged  # noqa: F401  # a fixture


@pytest.fixture
async def office(closed_office, tmp_path):
    async with with_endpoints(closed_office, tmp_path) as office:
        yield office


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


# At a terminal


async def test_a_terminal_prints_the_secret_once(closed_office, edmbot) -> None:
    environ = closed_office.terminal()
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
