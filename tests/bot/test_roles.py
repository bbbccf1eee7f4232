"""Who may do what: nobody anything, unless app.yaml names them."""

LIN, MEI, OPS, VERA, EVE = "U0LIN", "U0MEI", "U0OPS", "U0VIEW", "U0EXT"


async def test_a_viewer_is_told_which_role_is_missing_and_who_has_it(office):
    answer = await office.ask(VERA, "task pause 19124")
    assert "That needs the role operator; you are: viewer." in answer.plain
    assert "Who has it:" in answer.plain
    assert "@edm-ops" in answer.plain
    assert "nothing was asked of any vendor" in answer.plain
    assert office.box.requests == []


async def test_every_change_needs_an_operator(office):
    for line in ("task pause 1", "task resume 1", "task cancel 1", "task delete 1"):
        assert "That needs the role operator" in (await office.ask(VERA, line)).plain, line
    assert office.box.requests == []


async def test_a_viewer_may_ask(office):
    assert "311,016 left" in (await office.ask(VERA, "balance --account umail")).plain


async def test_a_member_of_the_operators_group_may_change(office):
    assert "Task 19124 is paused" in (await office.ask(OPS, "task pause 19124")).plain


async def test_a_stranger_gets_nothing_though_everyone_may_view(office):
    for line in ("balance", "help", "whoami", "task pause 19124", "frobnicate"):
        answer = await office.ask(EVE, line)
        assert "You are from another workspace, and app.yaml does not name you." in answer.plain, line
        assert "U0EXT" in answer.plain, line
    assert office.box.requests == []


async def test_a_click_by_a_viewer_is_refused_too(office):
    card = await office.ask(VERA, "task show 19124")
    assert "That needs the role operator" in (await office.press(VERA, card, "Pause task")).plain
    assert office.changes == []


async def test_a_role_for_one_account_holds_there_alone(two_dialects):
    assert "Task 7002 is on hold" in (await two_dialects.ask(VERA, "task pause 7002 --account old")).plain
    refused = await two_dialects.ask(VERA, "task pause 19124 --account umail")
    assert "That needs the role operator; you are: viewer. (account umail)" in refused.plain
    assert [request.vendor for request in two_dialects.changes] == ["umail_v3"]


async def test_the_only_account_that_one_may_change_need_not_be_named(two_dialects):
    assert "Task 7002 is on hold" in (await two_dialects.ask(VERA, "task pause 7002")).plain


async def test_whoami_names_the_role_in_each_account(two_dialects):
    answer = (await two_dialects.ask(VERA, "whoami")).plain
    assert "old: operator" in answer
    assert "umail: viewer" in answer
    assert "because app.yaml names: U0VIEW, everyone" in answer


async def test_a_group_that_slack_does_not_tell_grants_nothing_and_whoami_says_so(office):
    office.slack.faults.inject("not_ok", "usergroups.users.list", times=3, error="missing_scope")
    assert "That needs the role operator; you are: viewer" in (await office.ask(OPS, "task pause 19124")).plain
    assert "Slack did not tell who is in: S0EDMOPS" in (await office.ask(OPS, "whoami")).plain
    assert office.box.requests == []


async def test_a_user_whom_slack_cannot_name_is_no_member_of_everyone_elsewhere(office):
    office.slack.faults.inject("http_500", "users.info", times=3)
    answer = await office.ask(EVE, "balance")
    assert "You are from another workspace" in answer.plain
    assert office.box.requests == []
