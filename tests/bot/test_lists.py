"""Contact lists: looked at, made, renamed, switched, emptied and deleted; read first, asked for once, read back."""

import asyncio
import json

import pytest

from tests.bot.conftest import GENERAL

LIN, MEI, VERA = "U0LIN", "U0MEI", "U0VIEW"
CHANGES = {"maillist-add", "maillist-edit", "maillist-del", "ml-addr-empty"}
READS = {"maillist-list", "maillist-detail"}
DIALECTS = pytest.mark.parametrize(("account", "username"), [("umail", "demo-umail"), ("old", "demo-umail-v3")])


def changes(office):
    return [request for request in office.box.requests if request.call in CHANGES]


def lists(office, username="demo-umail"):
    return office.box.world.umail[username].lists


async def test_lists_are_shown_with_whose_they_are_and_how_old(office):
    answer = await office.ask(VERA, "list ls")
    assert "6 lists with 164,900 addresses" in answer.plain
    assert "5 VIP 90,000 enabled" in " ".join(answer.plain.split())
    assert "umail · U-Mail, " in answer.plain


async def test_many_lists_have_pages(office):
    for number in range(100, 135):
        lists(office)[number] = type(lists(office)[5])(number, f"L{number}")
    first = await office.ask(VERA, "list ls")
    assert ("41 lists" in first.plain, "L113" in first.plain, "L114" in first.plain) == (True, True, False)
    second = await office.press(VERA, first, "Next page")
    assert ("L114" in second.plain, "L133" in second.plain, "page 2" in second.plain) == (True, True, True)
    third = await office.press(VERA, second, "Next page")
    assert [button.text for button in third.buttons] == ["Previous page"]


async def test_one_list_is_shown(office):
    lists(office)[5].description = "since <!channel> spring"
    answer = (await office.ask(VERA, "list show 5")).plain
    assert 'List 5 "VIP": 90,000 addresses · enabled' in answer
    assert "Description  since <!channel> spring" in answer
    assert "Importing  no" in answer


async def test_what_v3_does_not_tell_reads_as_a_dash(two_dialects):
    answer = (await two_dialects.ask(VERA, "list show 8 --account old")).plain
    assert 'List 8 "Newsletter EN": 12,000 addresses' in answer
    assert "Importing  —" in answer


@DIALECTS
async def test_a_list_is_created_and_named_by_its_id(two_dialects, account, username):
    line = f'list create "November VIP" --description "since 11.11" --account {account}'
    answer = (await two_dialects.ask(LIN, line)).plain
    [new] = [one for one in lists(two_dialects, username).values() if one.subject == "November VIP"]
    assert f'List {new.id} "November VIP" is created · enabled' in answer
    assert (new.description, new.enabled, new.count) == ("since 11.11", True, 0)
    [request] = changes(two_dialects)
    assert (request.call, request.params["status"]) == ("maillist-add", "enabled")


async def test_a_list_may_begin_disabled(office):
    assert "is created · disabled" in (await office.ask(LIN, "list create Quiet --disabled")).plain
    assert [one.enabled for one in lists(office).values() if one.subject == "Quiet"] == [False]


async def test_a_second_list_of_one_name_is_refused(office):
    answer = await office.ask(LIN, "list create VIP")
    assert 'There is a list 5 "VIP" already. Choose another name' in answer.plain
    assert changes(office) == []


async def test_v3_cannot_tell_two_new_lists_of_one_name_apart_and_says_so(two_dialects):
    two_dialects.box.faults.inject("umail_v3", "slow", call="maillist-add", seconds=0.2)
    asked = asyncio.create_task(two_dialects.ask(LIN, "list create Twin --account old"))
    await two_dialects.until(lambda: changes(two_dialects))
    theirs = lists(two_dialects, "demo-umail-v3")
    theirs[99] = type(theirs[7])(99, "Twin")
    answer = (await asked).plain
    assert 'A list "Twin" is created, and which one it is I cannot tell · 2 new lists are called so' in answer


@DIALECTS
async def test_a_rename_writes_over_the_name_and_repeats_the_rest(two_dialects, account, username):
    lists(two_dialects, username)[8].description = "english"
    answer = (await two_dialects.ask(LIN, f'list rename 8 "News & more" --account {account}')).plain
    assert 'List 8 "News & more" has its new name; it was "Newsletter EN"' in answer
    [edit] = changes(two_dialects)
    sent = {name: edit.params[name] for name in ("id", "subject", "status", "description")}
    assert sent == {"id": "8", "subject": "News & more", "status": "enabled", "description": "english"}
    calls = [request.call for request in two_dialects.box.requests]
    assert calls == ["maillist-detail", "maillist-edit", "maillist-detail"]


async def test_a_rename_may_bring_another_description(office):
    lists(office)[5].description = "old"
    answer = (await office.ask(LIN, "list rename 5 VIP --description new")).plain
    assert "Description: old → new" in answer
    assert lists(office)[5].description == "new"


@DIALECTS
async def test_a_list_is_disabled_and_enabled_again(two_dialects, account, username):
    off = await two_dialects.ask(LIN, f"list disable 8 --account {account}")
    assert 'List 8 "Newsletter EN" is disabled; it was enabled' in off.plain
    assert not lists(two_dialects, username)[8].enabled
    on = await two_dialects.ask(LIN, f"list enable 8 --account {account}")
    assert "is enabled; it was disabled" in on.plain
    assert lists(two_dialects, username)[8].enabled
    assert [edit.params["subject"] for edit in changes(two_dialects)] == ["Newsletter EN"] * 2


async def test_a_change_is_announced_with_who_did_it(office):
    await office.ask(LIN, "list disable 5")
    said = await office.slack.wait(VERA, "C0GENERAL", lambda m: "disabled list" in m.plain)
    assert (said.plain, said.ephemeral_for) == ('@lin disabled list 5 "VIP" (umail)', None)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("list enable 5", 'List 5 "VIP" is enabled already; I changed nothing'),
        ("list rename 5 VIP", 'List 5 "VIP" is called so already; I changed nothing'),
        ("list rename 99 X", "U-Mail knows no list 99"),
        ("list show 99", "U-Mail knows no list 99"),
        ("list disable 99", "U-Mail knows no list 99"),
    ],
)
async def test_what_makes_no_sense_is_said_and_not_asked_for(office, line, words):
    assert words in (await office.ask(LIN, line)).plain
    assert changes(office) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("list show VIP", "VIP is no list id: that is digits only."),
        ("list empty 0", "0 is no list id: that is digits only."),
        ("list delete 5,6", "5,6 is no list id: that is digits only."),
        ("list ls --page 0", "0 is no page: the first is 1."),
        ('list create " "', "I cannot use"),
        ("list empty", "Something is missing."),
        ("list rename 5", "Something is missing."),
    ],
)
async def test_a_wrong_word_is_one_line_and_nothing_is_asked_of_the_vendor(office, line, words):
    answer = (await office.ask(LIN, line)).plain
    assert words in answer
    assert office.box.requests == []


# What destroys


@DIALECTS
async def test_an_empty_names_what_will_be_lost_and_the_confirming_button_does_it(two_dialects, account, username):
    question = await two_dialects.ask(MEI, f"list empty 8 --account {account}")
    assert '清空列表 8 "Newsletter EN"？将删除 12,000 个地址' in question.plain
    assert changes(two_dialects) == []
    answer = await two_dialects.press(MEI, question, "清空列表")
    assert '列表 8 "Newsletter EN" 已清空：删除了 12,000 个地址' in answer.plain
    assert lists(two_dialects, username)[8].count == 0
    said = await two_dialects.slack.wait(VERA, "C0GENERAL", lambda m: "emptied" in m.plain)
    assert said.plain == f'🗑️ @mei emptied list 8 "Newsletter EN" of 12,000 addresses ({account})'
    assert [request.call for request in changes(two_dialects)] == ["ml-addr-empty"]


async def test_an_empty_of_a_90_000_address_list_says_so(office, edmbot):
    asked = await edmbot("exec", "list empty 5", environ=office.terminal())
    assert (asked.status, changes(office)) == (1, [])
    assert 'Empty list 5 "VIP"? 90,000 addresses will be deleted' in asked.out
    done = await edmbot("exec", "--yes", "--json", "list empty 5", environ=office.terminal())
    told = json.loads(done.out)
    assert (done.status, told["facts"]["lost"], told["facts"]["contacts"]) == (0, 90_000, 0)


async def test_a_confirming_button_pressed_twice_empties_once(office):
    question = await office.ask(MEI, "list empty 12")
    await office.press(MEI, question, "清空列表")
    again = await office.press(MEI, question, "清空列表")
    assert "已经是空的，没有可删除的地址" in again.plain
    assert len(changes(office)) == 1


async def test_two_people_who_confirm_at_once_empty_once_and_the_second_is_told(office):
    office.box.faults.inject("umail", "slow", call="ml-addr-empty", seconds=0.3)
    question = await office.ask(MEI, "list empty 12")
    before = office.shown(MEI)
    await asyncio.gather(*(office.slack.click(MEI, question, "清空列表") for _ in range(2)))
    answers = [await office.answer(MEI, GENERAL, before)]
    answers.append(await office.answer(MEI, GENERAL, before | {(answers[0].ts, answers[0].plain)}))
    said = sorted(answer.plain for answer in answers)
    assert any("正在执行。我一次只做一件" in words for words in said)
    assert any("已清空：删除了 6,000 个地址" in words for words in said)
    assert len(changes(office)) == 1


@DIALECTS
async def test_a_delete_takes_the_list_and_its_addresses(two_dialects, account, username):
    # One that no unfinished task sends to.
    theirs = lists(two_dialects, username)
    theirs[30] = type(theirs[8])(30, "Old", 1_200)
    question = await two_dialects.ask(MEI, f"list delete 30 --account {account}")
    assert '删除列表 30 "Old"？将删除 1,200 个地址' in question.plain
    answer = await two_dialects.press(MEI, question, "删除列表")
    assert '列表 30 "Old" 已删除，其中 1,200 个地址一并删除' in answer.plain
    assert 30 not in lists(two_dialects, username)
    assert len(changes(two_dialects)) == 1


async def test_a_list_that_takes_in_a_file_is_not_emptied(office, tmp_path, edmbot):
    file = tmp_path / "few.csv"
    file.write_text("a@shop.example;A\n")
    # The file lies there until the world's clock moves on.
    task = asyncio.create_task(edmbot("exec", f"list import 12 --file {file}", environ=office.terminal()))
    await office.until(lambda: any(request.call == "ml-addr-add-file" for request in office.box.requests))
    refused = await office.ask(MEI, "list empty 12")
    assert "有文件正在导入列表 12" in refused.plain
    office.box.clock.step(20)
    await task
    assert changes(office) == []


@pytest.mark.parametrize("line", ["list empty 5", "list delete 5"])
async def test_only_admins_destroy(office, line):
    assert "That needs the role admin" in (await office.ask(LIN, line)).plain
    assert office.box.requests == []


@pytest.mark.parametrize("line", ["list create X", "list rename 5 X", "list enable 5", "list disable 5"])
async def test_viewers_change_nothing(office, line):
    assert "That needs the role operator" in (await office.ask(VERA, line)).plain
    assert office.box.requests == []


# Answers that never came


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("list create New", "maillist-add"),
        ("list rename 5 New", "maillist-edit"),
        ("list disable 5", "maillist-edit"),
    ],
)
async def test_a_time_out_is_an_unknown_outcome_and_is_asked_for_once(office, line, call):
    office.box.faults.inject("umail", "timeout", call=call)
    answer = await office.ask(LIN, line)
    assert f"I asked U-Mail for /edm {line}, and " in answer.plain
    assert "It may or may not have happened" in answer.plain
    assert [request.call for request in changes(office)] == [call]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("verb", "button", "call"), [("empty", "清空列表", "ml-addr-empty"), ("delete", "删除列表", "maillist-del")]
)
async def test_a_time_out_of_what_destroys_is_unknown_and_asked_for_once(office, verb, button, call):
    office.box.faults.inject("umail", "timeout", call=call)
    question = await office.ask(MEI, f"list {verb} 12")
    answer = await office.press(MEI, question, button)
    assert answer.plain.startswith("❔")
    assert [request.call for request in changes(office)] == [call]
    assert lists(office)[12].count == 6_000


@pytest.mark.parametrize(
    ("line", "call", "words"),
    [
        ("list create New", "maillist-add", '"New" is created'),
        ("list rename 5 New", "maillist-edit", 'List 5 "New" has its new name'),
    ],
)
@DIALECTS
async def test_a_lost_reply_is_settled_by_looking(two_dialects, line, call, words, account, username):
    line = line.replace(" 5 ", " 8 ")
    two_dialects.box.faults.inject("umail" if account == "umail" else "umail_v3", "lost_reply", call=call)
    answer = await two_dialects.ask(LIN, f"{line} --account {account}")
    assert words.replace(" 5 ", " 8 ") in answer.plain
    assert len(changes(two_dialects)) == 1


async def test_a_lost_reply_to_an_empty_is_settled_by_looking(office):
    office.box.faults.inject("umail", "lost_reply", call="ml-addr-empty")
    question = await office.ask(MEI, "list empty 12")
    assert "已清空：删除了 6,000 个地址" in (await office.press(MEI, question, "清空列表")).plain
    assert len(changes(office)) == 1


async def test_what_cannot_be_looked_at_after_a_yes_is_done_and_says_so(office):
    office.box.faults.inject("umail", "slow", call="maillist-edit", seconds=0.2)
    asked = asyncio.create_task(office.ask(LIN, "list disable 5"))
    await office.until(lambda: changes(office))
    office.box.faults.inject("umail", "html", call="maillist-detail")
    answer = (await asked).plain
    assert 'List 5 "VIP" is disabled' in answer
    assert "I could not look at what came of it" in answer


async def test_a_vendors_no_is_told_in_its_words(office):
    question = await office.ask(MEI, "list delete 5")
    answer = await office.press(MEI, question, "删除列表")
    assert "有未完成的任务，不能删除！" in answer.plain
    assert 5 in lists(office)
