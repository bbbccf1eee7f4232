"""Decisions on requests, by clicks on their cards: each kind of click has its own answer and changes nothing else."""

import asyncio
from dataclasses import replace

import pytest
from sqlmodel import select

import bot.deciders
from bot.appyaml import shipped
from bridge.approvals.found import hold_key
from bridge.approvals.policy import Needs
from store.tables import Approval, ApprovalKind, ApprovalState, Change, ChangeState, CommandRun, Event, Vote
from tests.bot.requests import APPROVE, PROPOSAL, asked, card, request, show

LIN, MEI, OPS, VERA = "U0LIN", "U0MEI", "U0OPS", "U0VIEW"
ONE = Needs(count=1)


@pytest.fixture(autouse=True)
def _anew(monkeypatch):
    """What Slack said of people is believed for moments only."""
    monkeypatch.setattr(bot.deciders, "RECENT", 0.05)


@pytest.fixture
async def office(closed_office, tmp_path):
    """The office, in which whoever is on call approves as well: Mei and the operators' Ops."""
    text = shipped().read_text("utf-8").replace("approver: [U0LIN]", "approver: [U0LIN, S0ONCALL]")
    closed_office.app_yaml = tmp_path / "app.yaml"
    closed_office.app_yaml.write_text(text, "utf-8")
    async with closed_office.open():
        yield closed_office


def oncall(office, *people):
    """Who is on call from now on, as Slack has it."""
    groups = office.slack.workspace.groups
    groups["S0ONCALL"] = replace(groups["S0ONCALL"], members=people)


async def votes(office, approval_id):
    mine = select(Vote).where(Vote.approval_id == approval_id)
    return await office.store.transact(lambda session, _now: session.exec(mine).all())


async def events(office):
    return await office.store.transact(
        lambda session, _now: [
            one.type for one in session.exec(select(Event).where(Event.type.startswith("approval.")))
        ]
    )


async def press(office, user, message, button):
    return (await office.press(user, message, button, APPROVE)).plain


# The card


async def test_the_card_earns_a_yes(office):
    await asked(office)
    shown = await card(office, "asks to send")
    assert shown.plain.startswith('🕒 @ops asks to send "十一月大促" to 90,000 people, ')
    for words in (
        "From 小店 <news@shop.example> · list VIP (90,000, last sent to",
        "12,000 an hour, done about",
        "opens and clicks tracked · unsubscribe link present",
        "Credit 311,016 → 221,016 · template 16 ✅ passed · green",
        '"Why: start of the *November* campaign"',
        "Needs 2 approvals (more than 50,000 recipients): 0 of 2",
        "what you approve is exactly this (",
    ):
        assert words in shown.plain
    assert [button.text for button in shown.buttons][:2] == ["Approve send", "Reject…"]
    # Whoever has just asked is named, and not called.
    assert shown.pings == []


async def test_the_card_says_what_the_readers_see_and_that_senders_take_turns(office):
    turns = {"sender": None, "sender_scope": "domain", "sender_domain": "shop.example"}
    await asked(office, proposal=PROPOSAL | {"name": "November", "fields": PROPOSAL["fields"] | turns})
    shown = await card(office, 'asks to send "November" to')
    assert 'Subject "十一月大促" · From 小店 <any mailbox of shop.example>' in shown.plain


async def test_votes_are_counted_on_the_card_until_the_last_one_starts_it(office):
    approval = await asked(office)
    shown = await card(office, "0 of 2")
    assert (await press(office, LIN, shown, "Approve send")).startswith("👍 Your approval counts: 1 of 2")
    shown = await card(office, "1 of 2")
    assert "@lin" in shown.plain
    assert (await press(office, MEI, shown, "Approve send")).startswith("✅ 已批准，2 / 2")
    shown = await card(office, "working…")
    assert shown.plain.startswith("⏳ Approved by @lin, @mei: working…")
    assert "Approve send" not in [button.text for button in shown.buttons]
    row = await request(office, approval)
    assert (row.state, row.decided_by) == (ApprovalState.APPROVED, MEI)


# Clicks that change nothing


async def test_the_same_person_counts_once(office):
    approval = await asked(office)
    shown = await card(office, "0 of 2")
    await press(office, LIN, shown, "Approve send")
    again = await press(office, LIN, shown, "Approve send")
    assert again.startswith("👍 You approved this already: 1 of 2. Somebody else has to agree as well")
    assert [vote.user_id for vote in await votes(office, approval)] == [LIN]


async def test_nobody_approves_their_own_request(office):
    approval = await asked(office, by=LIN, needs=ONE)
    answer = await press(office, LIN, await card(office, "0 of 1"), "Approve send")
    assert answer.startswith("You asked for this yourself: somebody else has to approve it. Approvers: @edm-oncall")
    assert await votes(office, approval) == []


async def test_the_only_approver_is_told_who_else_may_decide(closed_office):
    async with closed_office.open():
        await asked(closed_office, by=LIN, needs=ONE)
        answer = await press(closed_office, LIN, await card(closed_office, "0 of 1"), "Approve send")
    assert "Approvers: @mei" in answer


async def test_who_lacks_the_role_is_told_who_has_it(office):
    await asked(office)
    answer = await press(office, VERA, await card(office, "0 of 2", VERA), "Approve send")
    assert "needs the role approver" in answer


async def test_who_is_not_asked_by_the_policy_is_told_who_is(office):
    approval = await asked(office, needs=Needs(count=1, who=(MEI,)))
    answer = await press(office, LIN, await card(office, "0 of 1"), "Approve send")
    assert answer.startswith("You are not among those who may decide on this. Approvers: @mei")
    assert await votes(office, approval) == []


async def test_two_who_click_at_once_one_decides_and_the_other_is_told_who(office):
    approval = await asked(office, needs=ONE)
    shown = await card(office, "0 of 1")
    before = {user: office.shown(user, APPROVE) for user in (LIN, OPS)}
    await asyncio.gather(*(office.slack.click(user, shown, "Approve send") for user in (LIN, MEI)))
    answers = [
        (await office.answer(LIN, APPROVE, before[LIN])).plain,
        (await office.slack.wait(MEI, APPROVE, lambda m: m.ephemeral_for == MEI, timeout=8.0)).plain,
    ]
    row = await request(office, approval)
    decided, late = answers if row.decided_by == LIN else answers[::-1]
    assert decided.startswith(("✅ Approved, 1 of 1", "✅ 已批准，1 / 1"))
    assert late.startswith(("✅ It has been approved already by @", "✅ @lin 已经批准，正在启动"))
    assert len(await votes(office, approval)) == 1


async def test_fifty_clicks_at_once_count_two_votes_and_decide_once(office):
    approval = await asked(office)
    shown = await card(office, "0 of 2")
    people = [LIN, MEI, VERA, LIN, MEI] * 10
    await asyncio.gather(*(office.slack.click(user, shown, "Approve send") for user in people))

    async def over():
        return (await request(office, approval)).state is ApprovalState.APPROVED

    async with asyncio.timeout(20):
        while not await over():
            await asyncio.sleep(0.05)
    assert sorted(vote.user_id for vote in await votes(office, approval)) == [LIN, MEI]
    assert (await events(office)).count("approval.approved") == 1


async def test_a_click_on_the_card_of_a_void_request_leads_to_the_new_one(office):
    first = await asked(office)
    old = await card(office, "0 of 2")
    second = await asked(office, hours=8, replaces=first)
    answer = await office.press(LIN, old, "Approve send", APPROVE)
    assert answer.plain.startswith("✏️ This request is void: what is there now is not what was asked for")
    assert [button.text for button in answer.buttons] == ["Show the new request"]
    assert await votes(office, first) == await votes(office, second) == []


async def test_a_click_after_it_expired_offers_another_time_and_never_sends(office):
    approval = await asked(office, needs=ONE)
    shown = await card(office, "0 of 1")
    office.later(6 * 3600)
    answer = await office.press(LIN, shown, "Approve send", APPROVE)
    assert answer.plain.startswith("⌛ This request expired")
    assert "nothing was started; the task is still on hold · @ops was told" in answer.plain
    assert [button.text for button in answer.buttons] == ["Ask for another time"]
    assert (await request(office, approval)).state is ApprovalState.EXPIRED
    assert (await card(office, "This request expired")).plain.startswith("⌛ This request expired")
    assert office.changes == []


async def test_a_click_after_a_restart_counts(closed_office):
    async with closed_office.open():
        await asked(closed_office)
        shown = await card(closed_office, "0 of 2")
    async with closed_office.open():
        assert (await press(closed_office, LIN, shown, "Approve send")).startswith("👍 Your approval counts: 1 of 2")


async def test_a_vote_of_somebody_who_lost_the_role_counts_no_longer(office):
    oncall(office, OPS)
    approval = await asked(office, by=MEI)
    await press(office, OPS, await card(office, "0 of 2"), "Approve send")
    oncall(office)
    await asyncio.sleep(bot.deciders.RECENT)
    answer = await press(office, LIN, await card(office, "1 of 2"), "Approve send")
    assert answer.startswith("👍 Your approval counts: 1 of 2")
    assert "@ops may no longer decide: that vote does not count" in answer
    assert (await request(office, approval)).state is ApprovalState.PENDING


async def test_whose_role_was_taken_away_between_two_looks_cannot_approve(office):
    oncall(office, OPS)
    approval = await asked(office, by=MEI, needs=ONE)
    shown = await card(office, "0 of 1")
    # The bot has seen that Ops may, and believes it for some minutes in what decides nothing.
    await office.ask(OPS, "whoami")
    oncall(office)
    answer = await press(office, OPS, shown, "Approve send")
    assert answer.startswith("You are not among those who may decide on this.")
    assert await votes(office, approval) == []


async def test_who_cannot_be_looked_up_at_slack_is_told_so_and_not_that_they_may_not(office, monkeypatch):
    approval = await asked(office, needs=ONE)
    shown = await card(office, "0 of 1")

    async def unknown(_deciders, *_about):
        return None

    monkeypatch.setattr(bot.deciders.Deciders, "may", unknown)
    answer = await press(office, LIN, shown, "Approve send")
    assert answer.startswith("❔ I could not ask Slack who you are, so your click changed nothing. Please try again")
    said = await office.ask(LIN, f"approval reject {approval} --reason no")
    assert said.plain.startswith("❔ I could not ask Slack who you are")
    assert await votes(office, approval) == []


# Saying no


async def test_a_rejection_asks_why_and_the_asker_is_told(office):
    approval = await asked(office)
    shown = await card(office, "0 of 2")
    await office.slack.click(LIN, shown, "Reject…")
    await office.until(lambda: "Why?" in str(modal(office)))
    assert "asks to send" in str(modal(office))
    assert (await office.slack.submit(LIN, {"reason": " "})).error is None
    assert (await request(office, approval)).state is ApprovalState.PENDING
    await office.slack.submit(LIN, {"reason": "the *wrong* list"})
    said = await office.told(LIN, "Rejected", APPROVE)
    assert said.plain.startswith(
        '🚫 Rejected: "十一月大促"; nothing was started; the task is still on hold · @ops is told'
    )
    shown = await card(office, "Rejected by")
    assert shown.plain.startswith(
        "🚫 Rejected by @lin; nothing was started; the task is still on hold\n“the *wrong* list”"
    )
    assert "Approve send" not in [button.text for button in shown.buttons]
    told = await direct(office, OPS, "rejected")
    assert told.plain.startswith('🚫 @lin rejected "十一月大促"; nothing was started')
    assert "“the *wrong* list”" in told.plain
    assert (await request(office, approval)).note == "the *wrong* list"


async def test_a_request_is_sent_back_for_changes_in_one_line(office):
    await asked(office)
    await card(office, "0 of 2")
    answer = await office.ask(LIN, f"approval changes {await newest(office)} --reason 'another subject'")
    assert answer.plain.startswith("✏️ Sent back for changes · @ops is told")
    await show(office)
    assert (await direct(office, OPS, "asks for changes")).plain.startswith('✏️ @lin asks for changes to "十一月大促"')


async def test_only_the_asker_or_an_admin_withdraws(office):
    approval = await asked(office)
    refused = await office.ask(LIN, f"approval withdraw {approval[-6:]}")
    assert refused.plain.startswith("Only @ops or an admin may withdraw this")
    assert (await office.ask(OPS, f"approval withdraw {approval[-6:]}")).plain.startswith('⚪ Withdrawn: "十一月大促"')
    late = await office.ask(LIN, f"approval approve {approval}")
    assert late.plain.startswith("⚪ @ops withdrew this")


async def test_an_id_that_means_none_is_said(office):
    assert "There is no request ffffff" in (await office.ask(LIN, "approval approve ffffff")).plain
    assert "xyz is no" in (await office.ask(LIN, "approval approve xyz")).plain


# Looking


async def test_the_list_says_what_waits_for_whom(office):
    first = await asked(office)
    await asked(office, by=LIN, subject="task/19129", hours=8)
    everything = await office.ask(VERA, "approvals")
    assert everything.plain.startswith("2 requests wait for approval")
    assert "Approve send" not in [button.text for button in everything.buttons]
    mine = await office.ask(LIN, "approvals --mine")
    assert mine.plain.startswith("1 request waits for you")
    assert "0 of 2 · expires" in mine.plain
    assert mine.plain.count("asked by you") == 1
    await office.ask(LIN, f"approval approve {first}")
    assert (await office.ask(LIN, "approvals --mine")).plain.startswith("✅ Nothing waits for you")


async def test_one_request_is_shown_with_its_history(office):
    approval = await asked(office)
    await office.ask(LIN, f"approval approve {approval[-6:]}")
    shown = await office.ask(MEI, f"approvals show {approval[-6:]}")
    assert "1 / 2" in shown.plain
    await office.ask(LIN, f"approval reject {approval[-6:]} --reason no")
    shown = await office.ask(OPS, f"approvals show {approval[-6:]}")
    assert shown.plain.startswith('🚫 "十一月大促" · 90,000 people: rejected')
    assert "rejected · @lin" in shown.plain


async def test_home_says_what_waits_for_you(office):
    await asked(office)
    for user, waits in ((LIN, True), (OPS, False), (VERA, False)):
        await office.slack.open_home(user)
        await office.until(
            lambda user=user: office.slack.home(user) and "left of" in str(office.slack.home(user).blocks)
        )
        assert ("request waits for you" in str(office.slack.home(user).blocks)) is waits


async def test_a_preview_shows_the_words_and_hands_over_the_file(office):
    approval = await asked(office)
    shown = await office.ask(LIN, f"approval preview {approval[-6:]}")
    assert "this was changed since it was asked for" in shown.plain
    assert f"preview-{approval[-6:]}.html is in our direct messages" in shown.plain


async def test_a_test_goes_to_the_clickers_own_address_after_asking(office):
    approval = await asked(office)
    question = await office.ask(OPS, f"approval test {approval[-6:]}")
    assert question.plain.startswith("📝 Send a test to ops@")
    assert "costs one e-mail of its credit" in question.plain
    assert "It differs from the real one" in question.plain
    answer = await office.press(OPS, question, "Send a test to me")
    assert "took the test to ops@" in answer.plain
    [letter] = office.box.world.umail["demo-umail"].letters
    assert (letter.recipient.split("@")[0], letter.subject.startswith("[TEST] ")) == ("ops", True)


async def test_the_audit_tells_who_asked_looked_and_decided(office):
    approval = await asked(office)
    await office.ask(VERA, f"approvals show {approval[-6:]}")
    await office.ask(LIN, f"approval approve {approval[-6:]}")
    told = await office.ask(MEI, f"audit --approval {approval[-6:]}")
    for words in (
        "提出申请",
        "同意",
        "@lin",
        "@vera",
        f"approvals show {approval[-6:]}",
        (await request(office, approval)).hash,
    ):
        assert words in told.plain
    file = await office.press(MEI, told, "存为文件")
    assert f"approval-{approval}.csv" in file.plain
    assert "needs the role admin" in (await office.ask(LIN, f"audit --approval {approval}")).plain


async def test_the_audit_tells_of_the_hold_before_anybody_was_asked(office):
    approval = await asked(office, kind=ApprovalKind.FOUND, by=None)

    def hold(session, now):
        key = hold_key(session.get_one(Approval, approval))
        about = {"user_id": "edmbot", "text": "task pause 19128", "worker": "edmbot", "received_at": now}
        run = CommandRun(key=key, kind="approval", lease_until=now, **about)
        session.add(run)
        session.flush()
        about = {"account": "umail", "task_id": "19128", "action": "pause", "before": {}, "wanted": "draft"}
        session.add(Change(run_id=run.id, created_at=now, state=ChangeState.DONE, **about))

    await office.store.transact(hold)
    assert "pause 19128" in (await office.ask(MEI, f"audit --approval {approval}")).plain


def modal(office, user=LIN):
    view = office.slack.modal(user)
    return view.blocks if view else ""


async def newest(office):
    mine = select(Approval.id).order_by(Approval.id.desc())
    return await office.store.transact(lambda session, _now: session.exec(mine).first())


async def direct(office, user, words):
    """The direct message that says so."""
    channel = office.slack.workspace.direct(user).id
    return await office.slack.wait(user, channel, lambda m: words in m.plain, timeout=2.0)
