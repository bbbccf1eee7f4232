"""The command line, as processes of their own: exit statuses, JSON, whose roles, what is set aside."""

import asyncio
import json
import re

from bot.appyaml import shipped
from sandbox.mailing import Status

KEYS = {"ok", "outcome", "account", "facts", "observed_at", "error"}


async def test_exec_answers_in_words_and_exits_with_how_it_ended(closed_office, process):
    closed_office.box.faults.inject("umail", "reset", call="edit-task")
    environ = closed_office.terminal()
    done, refused, typo, unready, unknown = await asyncio.gather(
        process("exec", "balance --account umail", environ=environ),
        process("exec", "task", "pause", "19125", environ=environ),
        process("exec", "taks list", environ=environ),
        process("exec", "task cancel 19124", environ=environ),
        process("exec", "task pause 19124", environ=environ),
    )
    assert (done.status, "311,016 left of 5,000,000" in done.out) == (0, True)
    assert (refused.status, "there is nothing left to pause" in refused.out) == (1, True)
    assert (typo.status, "Did you mean task?" in typo.out) == (2, True)
    assert (unready.status, "Cancel task 19124 for good?" in unready.out) == (1, True)
    assert (unknown.status, "it still says sending" in unknown.out) == (3, True)
    assert len(closed_office.changes) == 1
    assert [finished.err for finished in (done, refused, typo, unready, unknown)] == [""] * 5


async def test_an_unknown_outcome_is_one_in_json_too(closed_office, edmbot):
    closed_office.box.faults.inject("umail", "silent_accept", call="edit-task")
    unknown = await edmbot("exec", "--json", "task pause 19124", environ=closed_office.terminal())
    told = json.loads(unknown.out)
    assert (unknown.status, told["ok"], told["outcome"]) == (3, False, "unknown")
    assert len(closed_office.changes) == 1


async def test_json_has_the_same_keys_however_it_ends(closed_office, edmbot):
    environ = closed_office.terminal()
    found = (
        await edmbot("exec", "--json", "balance --account umail", environ=environ),
        await edmbot("exec", "--json", "task show 99999", environ=environ),
        await edmbot("exec", "--json", "frobnicate", environ=environ),
        await edmbot("exec", "--json", "--yes", "task cancel 19126", environ=environ),
    )
    balance, missing, typo, cancelled = (json.loads(finished.out) for finished in found)
    assert all(set(one) == KEYS for one in (balance, missing, typo, cancelled))
    assert (balance["ok"], balance["outcome"], balance["account"]) == (True, "done", "umail")
    assert (balance["facts"]["emails_left"], balance["facts"]["emails_bought"]) == (311_016, 5_000_000)
    assert balance["facts"]["service_until"].endswith("-12-31")
    assert balance["observed_at"] == balance["facts"]["observed_at"]
    assert balance["error"] is None
    assert (missing["ok"], missing["outcome"], missing["error"]["code"]) == (False, "refused", "no_such_task")
    assert (typo["outcome"], typo["error"]["code"]) == ("not_understood", "not_understood")
    assert (cancelled["ok"], cancelled["facts"]["id"], cancelled["facts"]["status"]) == (True, "19126", "cancelled")
    assert closed_office.box.world.task(19126).status is Status.CANCELLED


async def test_an_id_stays_text_and_what_is_not_known_stays_null(closed_office, edmbot):
    shown = json.loads((await edmbot("exec", "--json", "task show 19126", environ=closed_office.terminal())).out)
    assert (shown["facts"]["id"], shown["facts"]["started_at"], shown["facts"]["sent"]) == ("19126", None, 0)


async def test_a_vendor_that_cannot_be_reached_is_a_failure_with_a_code(closed_office, edmbot):
    closed_office.box.faults.inject("umail", "html", call="service-info")
    finished = await edmbot("exec", "--json", "balance --account umail", environ=closed_office.terminal())
    told = json.loads(finished.out)
    assert (finished.status, told["ok"], told["outcome"]) == (1, False, "failed")
    assert told["error"]["code"] in {"auth", "bad_answer"}


async def test_as_somebody_has_that_persons_roles(closed_office, edmbot):
    environ = closed_office.terminal()
    viewer, operator = (
        await edmbot("exec", "--as", "U0VIEW", "task pause 19124", environ=environ),
        await edmbot("exec", "--as", "U0LIN", "task pause 19129", environ=environ),
    )
    assert (viewer.status, operator.status) == (1, 0)
    assert "That needs the role operator" in viewer.out
    assert closed_office.changes == []


async def test_a_terminal_decides_nothing_unless_it_says_for_whom(closed_office, edmbot):
    environ = closed_office.terminal()
    asked = json.loads((await edmbot("exec", "--json", "task resume 19129", environ=environ)).out)
    line = f"approval approve {asked['facts']['approval']}"
    nobody = await edmbot("exec", line, environ=environ)
    viewer = await edmbot("exec", "--as", "U0VIEW", line, environ=environ)
    approver = await edmbot("exec", "--as", "U0LIN", line, environ=environ)
    assert (nobody.status, viewer.status, approver.status) == (1, 1, 0)
    assert "a terminal is nobody in particular" in nobody.out
    assert "role approver" in viewer.out


async def test_accounts_without_credentials_are_set_aside_and_said_so(closed_office, edmbot):
    environ = closed_office.terminal(without=("EMAILCAR", "ITNIO"))
    finished = await edmbot("exec", "balance", environ=environ)
    assert finished.status == 0
    assert "311,016" in finished.out
    assert "set aside" in finished.err
    assert "EMAILCAR_USERNAME" in finished.err
    assert "ITNIO_API_SECRET" in finished.err


async def test_exec_leaves_a_line_in_the_database_that_the_bot_does_not_answer(closed_office, edmbot):
    await edmbot("exec", "task pause 19124", environ=closed_office.terminal())
    async with closed_office.open() as office:
        office.later(60)
        await office.ask("U0LIN", "help")
    assert len(office.changes) == 1
    assert len(office.slack.visible("U0LIN", "C0GENERAL")) == 1


async def test_check_says_that_all_is_well_or_names_each_mistake_with_its_line(closed_office, edmbot, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(shipped().read_text("utf-8").replace("language: en", "language: fr"), "utf-8")
    fine, bad, unset = (
        await edmbot("check", environ=closed_office.environ),
        await edmbot("check", "--config", str(wrong), environ=closed_office.environ),
        await edmbot("check", environ={}),
    )
    assert (fine.status, fine.out, fine.err) == (0, "3 accounts, no mistakes\n", "")
    line = next(n for n, text in enumerate(wrong.read_text("utf-8").split("\n"), 1) if text == "language: fr")
    assert bad.status == 1
    assert f"wrong.yaml:{line}" in bad.err
    assert "language" in bad.err
    assert unset.status == 1
    assert "SLACK_BOT_TOKEN" in unset.err
    assert "UMAIL_PASSWORD" in unset.err


async def test_check_warns_where_no_alert_reaches_anybody(closed_office, edmbot, tmp_path):
    silent = shipped().read_text("utf-8").replace("  alerts: C0ALERTS\n", "", 1)
    empty, routed = (
        silent.replace("\nroutes: []", f"\nroutes: [{route}]")
        for route in ("{accounts: [umail]}", "{receivers: [U0LIN]}")
    )
    told = []
    for text in (silent, empty, routed):
        (tmp_path / "some.yaml").write_text(text, "utf-8")
        told.append(await edmbot("check", "--config", str(tmp_path / "some.yaml"), environ=closed_office.environ))
    assert [one.status for one in told] == [0, 0, 0]
    warning = "warning: no alert reaches anybody: name channels.alerts or the receivers of a route\n"
    assert [one.err for one in told] == [warning, warning, ""]


async def test_check_warns_of_an_escalation_that_no_route_begins(closed_office, edmbot, tmp_path):
    idle = shipped().read_text("utf-8").replace("\noncall: {}", "\noncall: {edm: [{who: [S0ONCALL]}]}")
    begun = idle.replace("\nroutes: []", "\nroutes: [{oncall: edm}]")
    told = []
    for text in (idle, begun):
        (tmp_path / "some.yaml").write_text(text, "utf-8")
        told.append(await edmbot("check", "--config", str(tmp_path / "some.yaml"), environ=closed_office.environ))
    assert [one.status for one in told] == [0, 0]
    warning = "warning: nobody of oncall is mentioned (edm): name it as the oncall of a route\n"
    assert [one.err for one in told] == [warning, ""]


async def test_check_warns_where_a_request_for_approval_reaches_nobody(closed_office, edmbot, tmp_path):
    hidden = shipped().read_text("utf-8").replace("  approvals: C0APPROVE\n", "", 1)
    grouped = hidden.replace("approver: [U0LIN]", "approver: [S0LEADS]", 1)
    asking_nobody = re.sub(r"^  policies:\n(    - .*\n)+", "  policies: []\n", grouped, flags=re.MULTILINE).replace(
        "  approvers: 1\n", "  approvers: 0\n", 1
    )
    naming = "  policies:\n    - {name: x, where: {kinds: [schedule]}, approvers: 1, who: [%s]}\n"
    by_person, by_group = (asking_nobody.replace("  policies: []\n", naming % who) for who in ("U0LIN", "S0LEADS"))
    told = []
    for text in (hidden, grouped, asking_nobody, by_person, by_group):
        (tmp_path / "some.yaml").write_text(text, "utf-8")
        told.append(await edmbot("check", "--config", str(tmp_path / "some.yaml"), environ=closed_office.environ))
    assert [one.status for one in told] == [0] * 5
    warning = "warning: nobody would see that a send waits for a yes (umail, emailcar, itnio): name channels.approvals"
    warning += " or a person as approver\n"
    assert [one.err for one in told] == ["", warning, "", "", warning]


async def test_check_online_tries_slack_each_account_and_the_way_of_a_click(office, edmbot):
    environ = {**office.environ, "EDM_PORT": office.url.rpartition(":")[2]}
    fine = await edmbot("check", "--online", environ=environ)
    assert fine.status == 0
    assert "✅ All is well: 12 checks · 1 could not be made" in fine.out
    assert "Slack knows me as edmbot in Lantern Mail · our clocks agree" in fine.out
    assert f"Clicks come in at {office.url}/slack/events" in fine.out
    assert "umail (U-Mail) answers: 311,016 e-mails left" in fine.out
    assert "itnio (ITNIO) answers\n" in fine.out
    bad = await edmbot("check", "--online", environ={**environ, "UMAIL_PASSWORD": "wrong-one"})
    assert bad.status == 1
    assert "🔴 1 of 12 checks failed: umail · 1 could not be made\n" in bad.out
    assert "umail (U-Mail) did not take our credentials" in bad.out
    assert "wrong-one" not in bad.out + bad.err


async def test_the_manifest_is_json_and_installs(closed_office, edmbot):
    finished = await edmbot("manifest", "--url", "https://bot.example.com", environ={})
    manifest = json.loads(finished.out)
    [command] = manifest["features"]["slash_commands"]
    assert (finished.status, command["command"]) == (0, "/edm")
    assert command["url"] == "https://bot.example.com/slack/events"


async def test_migrate_makes_the_database_and_may_be_repeated(closed_office, edmbot, tmp_path):
    environ = {**closed_office.terminal(), "EDM_DATABASE_URL": f"sqlite:///{tmp_path}/new/edmbot.db"}
    first = await edmbot("migrate", environ=environ)
    assert (first.status, first.out) == (0, "the database is up to date\n")
    assert (tmp_path / "new" / "edmbot.db").exists()
    assert (await edmbot("migrate", environ=environ)).status == 0


async def test_the_demos_tour_gets_the_answers_that_it_should(process):
    tour = await process("demo", "--tour", environ={})
    assert tour.status == 0
    assert "6 of 6 answers are what they should be" in tour.out


async def test_running_without_what_it_needs_says_so_and_exits(edmbot):
    finished = await edmbot("run", environ={})
    assert finished.status == 1
    assert "SLACK_SIGNING_SECRET" in finished.err
    assert "Traceback" not in finished.err
