"""What is wrong with the set-up: Slack, permissions, channels, the clock, clicks, accounts."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.appyaml import shipped
from bot.manifest import SCOPES
from bot.online import Topic, _clock

MEI, LIN = "U0MEI", "U0LIN"


@pytest.fixture
async def english(closed_office, tmp_path):
    """Mei, the admin, reads English here; the app has exactly the permissions of its manifest."""
    closed_office.app_yaml = tmp_path / "app.yaml"
    text = shipped().read_text("utf-8").replace("languages: {}", "languages: {U0MEI: en}")
    closed_office.app_yaml.write_text(text, "utf-8")
    closed_office.slack.app.scopes = tuple(SCOPES)
    async with closed_office.open():
        yield closed_office


async def test_an_admin_reads_that_all_is_well(english):
    lines = (await english.ask(MEI, "doctor")).plain.splitlines()
    assert lines[0] == f"✅ All is well: {len(SCOPES) + 12} checks"
    assert "Slack knows me as edmbot in Lantern Mail · our clocks agree" in lines
    assert "Clicks and commands come in: this one did" in lines
    assert f"Permissions: all {len(SCOPES)} are there" in lines
    assert "• channels.alerts: #edm-alerts has me in it" in lines
    assert "People and groups of app.yaml: all 3 are there" in lines
    assert "• umail (U-Mail) answers: 311,016 e-mails left" in lines


async def test_a_missing_permission_is_named_with_what_it_is_for_and_how_to_add_it(english):
    english.slack.app.scopes = tuple(scope for scope in SCOPES if scope not in {"files:read", "usergroups:read"})
    answer = (await english.ask(MEI, "doctor")).plain
    assert f"🔴 2 of {len(SCOPES) + 11} checks failed: files:read, usergroups:read · 1 could not" in answer
    assert f"• files:read: {SCOPES['files:read']}" in answer
    assert "• roles.operator[0]: S0EDMOPS cannot be looked at without the permissions that are missing" in answer
    assert "“Bot Token Scopes”, then “Reinstall to Workspace”" in answer


async def test_a_channel_without_the_bot_an_archived_one_and_none_at_all_are_told_apart(closed_office, tmp_path):
    closed_office.app_yaml = tmp_path / "app.yaml"
    text = shipped().read_text("utf-8").replace("languages: {}", "languages: {U0MEI: en}")
    for ours, other in (("C0ALERTS", "C0RANDOM"), ("C0APPROVE", "C0OLD"), ("C0DIGEST", "C0SECRET")):
        text = text.replace(ours, other)
    closed_office.app_yaml.write_text(text, "utf-8")
    async with closed_office.open() as office:
        answer = (await office.ask(MEI, "doctor")).plain
    assert "channels.alerts: #random does not have me in it: type /invite @edmbot there" in answer
    assert "channels.approvals: #campaigns-2024 is archived" in answer
    assert "channels.digest: C0SECRET is no channel that I can see" in answer
    assert "3 of 12 checks failed: #random, #campaigns-2024, C0SECRET" in answer


ESCALATING = """
oncall:
  edm: [{who: [S0ONCALL]}, {after: 15m, who: [S0NONE, U0NONE]}, {after: 30m, who: [U0GONE, S0EMPTY]}]
routes: [{receivers: [C0ALERTS, C0NONE, U0NONE], oncall: edm}]
"""


async def test_whoever_a_route_or_a_step_of_its_escalation_names_is_looked_for(closed_office, tmp_path, edmbot):
    text = shipped().read_text("utf-8").replace("\nroutes: []", "").replace("\noncall: {}", ESCALATING)
    text = text.replace("escalate: []", "escalate: [{after: 15m, who: [S0GONE]}]")
    closed_office.slack.workspace.groups["S0EMPTY"] = replace(
        closed_office.slack.workspace.groups["S0ONCALL"], members=()
    )
    (tmp_path / "app.yaml").write_text(text, "utf-8")
    answer = await edmbot(
        "check", "--online", "--config", str(tmp_path / "app.yaml"), environ={**closed_office.environ, "EDM_PORT": "0"}
    )
    assert answer.status == 1
    for line in (
        "• routes[0].receivers[1]: C0NONE is no channel that I can see",
        "• routes[0].receivers[2], oncall.edm[1].who[1]: U0NONE is nobody whom I can see: correct the id in app.yaml",
        "• oncall.edm[1].who[0]: S0NONE is no user group: correct the id in app.yaml",
        "• oncall.edm[2].who[0]: U0GONE was deactivated: name somebody else in app.yaml",
        "• oncall.edm[2].who[1]: S0EMPTY has nobody in it",
        "• approvals.escalate[0].who[0]: S0GONE is no user group",
    ):
        assert line in answer.out
    assert "S0ONCALL" not in answer.out


async def test_an_account_with_wrong_credentials_is_named(closed_office, edmbot):
    async with closed_office.open() as office:
        environ = {**office.environ, "UMAIL_PASSWORD": "wrong-one", "EDM_PORT": office.url.rpartition(":")[2]}
        answer = await edmbot("exec", "doctor", environ=environ)
    assert "umail (U-Mail) did not take our credentials" in answer.out
    assert f"Clicks come in at {closed_office.url}/slack/events" in answer.out
    assert "wrong-one" not in answer.out + answer.err


async def test_a_token_that_slack_does_not_take_and_a_bot_that_is_not_there(closed_office, edmbot):
    environ = {**closed_office.environ, "SLACK_BOT_TOKEN": "xoxb-wrong", "EDM_PORT": "1"}
    answer = await edmbot("exec", "doctor", environ=environ)
    assert "Slack does not take the token (invalid_auth)" in answer.out
    assert "nothing answers at http://127.0.0.1:1/slack/events: is edmbot run running?" in answer.out
    assert "xoxb-wrong" not in answer.out


async def test_a_slack_that_is_not_there_is_named_with_its_address(closed_office, edmbot):
    environ = {**closed_office.environ, "SLACK_API_URL": "http://127.0.0.1:1/api/"}
    answer = await edmbot("exec", "doctor", environ=environ)
    assert "Slack cannot be reached at http://127.0.0.1:1/api/" in answer.out


async def test_another_signing_secret_than_the_bot_runs_with_is_found(closed_office, edmbot):
    async with closed_office.open() as office:
        port = office.url.rpartition(":")[2]
        environ = {**office.environ, "SLACK_SIGNING_SECRET": "another", "EDM_PORT": port}
        answer = await edmbot("exec", "doctor", environ=environ)
    assert "answers 401: the signing secret is not the one that it runs with" in answer.out


async def test_a_click_says_that_it_arrived_and_how_long_it_took(english):
    report = await english.ask(MEI, "doctor")
    arrived = await english.press(MEI, report, "Test a click")
    assert arrived.plain.startswith("✅ Your click arrived · it was being answered ")
    typed = await english.ask(MEI, "doctor --click")
    assert typed.plain.startswith("✅ Your command arrived · ")


async def test_a_click_cannot_be_tested_from_a_terminal(office, edmbot):
    answer = await edmbot("exec", "doctor --click", environ=office.environ)
    assert answer.status == 1
    assert "Slack" in answer.out


async def test_only_admins_may(office):
    assert "That needs the role admin" in (await office.ask(LIN, "doctor")).plain


async def test_a_machine_reads_each_finding(office, edmbot):
    facts = json.loads((await edmbot("exec", "--json", "doctor", environ=office.environ)).out)["facts"]
    assert {finding["topic"] for finding in facts["findings"]} == {str(topic) for topic in Topic}
    umail = next(finding for finding in facts["findings"] if finding["name"] == "umail")
    assert (umail["problem"], umail["value"]) == (None, 311_016)


@pytest.mark.parametrize(("ours", "problem"), [(0, None), (59, None), (61, "skewed"), (-3600, "skewed")])
async def test_our_clock_is_held_against_slacks(office, ours, problem):
    answer = await AsyncWebClient(office.slack.bot_token, base_url=office.slack.api_url).auth_test()
    found = _clock(answer, (datetime.now(UTC) + timedelta(seconds=ours)).timestamp())
    assert found.problem == problem
    assert abs(found.value - ours) <= 2
