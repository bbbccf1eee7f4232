"""What is typed and what is answered, in English and in Chinese: the right figures, for the asker alone."""

import pytest
import stamina

from providers.http import ATTEMPTS

LIN, MEI = "U0LIN", "U0MEI"
"""Lin reads English, Mei Chinese."""
NASTY = "<!channel> *VIP* & _friends_"

ANSWERS = [
    (LIN, "", ("This is what I can do.", "balance Show what is left", "You are: approver")),
    (MEI, "help", ("发送任务 → list show schedule edit pause resume cancel delete", "balance 查看")),
    (LIN, "help task pause", ("/edm task pause ID [--account NAME]", "Pause a task", "Needs the role: operator")),
    (MEI, "help stats", ("/edm stats --task 19124",)),
    (LIN, "whoami", ("You are @lin: approver", "because app.yaml names: U0LIN, everyone")),
    (MEI, "whoami", ("@mei", "umail:", "U0MEI, everyone")),
    (
        LIN,
        "balance",
        (
            "312,040 e-mails left across 2 accounts · ITNIO has no balance to ask for",
            "umail 311,016 left of 5,000,000 · enough for about 9 days",
            "service until 31 Dec",
            "emailcar 1,024 left",
            "7 SMS, 0 ad points",
        ),
    ),
    (MEI, "balance --account umail", ("311,016", "5,000,000", "12月31日")),
    (LIN, "account", ("umail at U-Mail is 小店 & Co. <网店>", "demo-umail (7020)", "311,016 / 5,000,000", "enabled")),
    (MEI, "account --account umail", ("U-Mail 账号 umail 属于 小店 & Co. <网店>", "311,016 / 5,000,000")),
    (LIN, "task list", ("14 tasks", "🟢 sending", "41,200 of 90,000", "🔴 failed", "2,081 of 18,400")),
    (MEI, "task list --status paused", ("1 个任务 · 已暂停", "19129", "24,797 / 32,000")),
    (LIN, "task list --page 2", ("No tasks · page 2",)),
    (
        LIN,
        "task show 19124",
        (
            "🟢 Task 19124 is sending: 41,200 of 90,000",
            '"十一月大促 A/B" to "VIP"',
            "Delivered 40,000 · failed 1,163 (mailbox does not exist 640, mailbox full 107) · never sent 350",
            "小店 <news@shop.example>",
            "opens and clicks",
            "U-Mail reports 2 at",
        ),
    ),
    (MEI, "task show 19124", ("任务 19124 正在发送：41,200 / 90,000", "送达 40,000 · 失败 1,163", "报告 2")),
    (LIN, "task show 19127", ("🔴 Task 19127 has failed after 2,081 of 18,400", "U-Mail reports -4")),
    (
        LIN,
        "stats today --account umail",
        (
            "Today, so far: 41,163 sent, 40,000 delivered, 1,163 failed\n▇▇▇▇▇▇▇▇▇░ 97.2 % delivered",
            "mailbox does not exist 640 · mailbox full 107",
            "Never sent 350: invalid 310 · format 12 · blacklist 21 · complained earlier 7",
            "Against the 7 days before: delivered 97.2 % (98.1 %), mailbox does not exist 1.6 % (0.8 %)",
            "days of Asia/Shanghai · delivered = sent − failed",
        ),
    ),
    (
        MEI,
        "stats 今天 --account umail",
        ("今天到目前为止：发送 41,163，送达 40,000，失败 1,163\n▇▇▇▇▇▇▇▇▇░ 送达率 97.2 %",),
    ),
    (
        LIN,
        "stats",
        ("umail · Today", "emailcar · Today, so far: 436 sent, 352 delivered, 84 failed", "ITNIO tells statistics by"),
    ),
    (LIN, "stats yesterday --account umail", ("128,737 sent, 126,256 delivered, 2,481 failed",)),
    (MEI, "stats 7d --account umail", ("发送 270,465，送达 264,903，失败 5,562",)),
    (
        LIN,
        "stats --task 19124",
        ("Task 19124: 41,163 sent, 40,000 delivered, 1,163 failed", "Never sent  350", "41,163"),
    ),
    (MEI, "stats --task 19124", ("任务 19124：发送 41,163，送达 40,000，失败 1,163", "邮箱不存在  640")),
    (LIN, "stats --task 19126", ("No statistics yet for task 19126; it is scheduled",)),
    (LIN, "stats --task 99999", ("U-Mail knows no task 99999",)),
    (LIN, "task show 99999", ("U-Mail knows no task 99999",)),
    (MEI, "task show 99999", ("U-Mail 没有任务 99999",)),
]


@pytest.mark.parametrize(("user", "line", "words"), ANSWERS, ids=[f"{user} {line}" for user, line, _ in ANSWERS])
async def test_an_answer_has_the_right_figures_and_is_for_the_asker_alone(office, user, line, words):
    answer = await office.ask(user, line)
    assert [word for word in words if word not in answer.plain] == []
    assert answer.ephemeral_for == user
    assert office.slack.visible("U0VIEW", "C0GENERAL") == []
    assert office.changes == []


NOT_UNDERSTOOD = [
    ("taks show 19124", "I don't know taks. Did you mean task?", "我不认识 taks。"),
    ("task paus 19124", "I don't know paus. Did you mean task pause?", "paus"),
    ("pause 19124", "I don't know pause. Did you mean task pause?", "task pause"),
    (
        "frobnicate",
        "I don't know frobnicate. I know: help, whoami, balance, account, task",
        "我不认识 frobnicate",
    ),
    ("task", "task wants one word more:", "task 后面还要一个词"),
    ("task pause", "Something is missing. /edm task pause 19124", "少了点什么"),
    ("task show", "Something is missing. /edm task show 19124", "少了点什么"),
    ("stats --task", "--task wants a value.", "--task"),
    ("task pause abc", "abc is no task id: that is digits only. /edm task pause 19124", "abc 不是任务 ID"),
    ("task pause 0", "0 is no task id", "0 不是任务 ID"),
    ("task pause -5", "-5", "-5"),
    ("task list --status asleep", "asleep is none of the choices: draft, queued,", "asleep 不在可选范围内"),
    ("task list --page zwei", "zwei is no number.", "zwei 不是数字"),
    ("task list --page 0", "0 is no page: the first is 1.", "0 不是页码"),
    ("balance --acount umail", "I don't know the option --acount.", "--acount"),
    ("balance umail", "This is too much: umail.", "umail"),
    ("task pause 19124 19125", "This is too much: 19125.", "19125"),
    ("stats tomorow", "I don't know the period tomorow.", "看不懂时间段 tomorow"),
    ("stats 2026-02-30", "2026-02-30 is not a date that exists.", "没有 2026-02-30 这个日期"),
    ("stats 2026-01-07..2026-01-01", "2026-01-07..2026-01-01 ends before it begins.", "2026-01-07..2026-01-01"),
    ("stats 2999-01-01", "2999-01-01 has not happened yet.", "2999-01-01"),
    ("stats 99d", "99d is more than 31 days", "99d 超过 31 天"),
    ("stats 0d", "0d", "0d"),
    ("task list --date 2026-13-01", "2026-13-01 is not a date that exists.", "没有 2026-13-01 这个日期"),
    ("help frobnicate", "I don't know frobnicate.", "我不认识 frobnicate"),
    (
        "balance --account nowhere",
        "I don't know the account nowhere. I know: emailcar, itnio, umail",
        "没有账号 nowhere",
    ),
    (
        "balance --account itnio",
        "ITNIO has no call for that (account itnio). These can: --account umail (U-Mail), --account emailcar",
        "ITNIO 没有这个接口（账号 itnio）",
    ),
    ("task pause 19124 --account emailcar", "EmailCar has no call for that", "EmailCar 没有这个接口"),
]


@pytest.mark.parametrize("user", [LIN, MEI])
async def test_what_cannot_be_understood_is_explained_and_asks_no_vendor(office, user):
    for line, english, chinese in NOT_UNDERSTOOD:
        answer = await office.ask(user, line)
        assert (english if user == LIN else chinese) in answer.plain, line
        assert ("nothing was asked of any vendor" if user == LIN else "没有向任何平台发出请求") in answer.plain, line
    assert office.box.requests == []


async def test_what_phones_and_chinese_keyboards_write_is_understood(office):
    for line in ("stats —task １９１２４", "stats “--task” 19124", "stats –task 19124"):
        assert "Task 19124: 41,163 sent" in (await office.ask(LIN, line)).plain, line


async def test_a_stray_quote_or_slacks_own_marks_get_an_answer_that_pings_nobody(office):
    for line in ("can't", "task show can't", '"', "` <!channel>", "task show <!channel>"):
        answer = await office.ask(LIN, line)
        assert "nothing was asked of any vendor" in answer.plain, line
        assert answer.pings == [], line


async def test_several_accounts_that_could_are_asked_about_with_a_button_each(two_dialects):
    question = await two_dialects.ask(LIN, "task show 7002")
    assert "Which account? Press one, or add: --account old, --account umail" in question.plain
    assert two_dialects.box.requests == []
    answer = await two_dialects.press(LIN, question, "old (U-Mail)")
    assert "Task 7002 is sending: 3,4" in answer.plain
    assert answer.ts == question.ts
    assert {request.vendor for request in two_dialects.box.requests} == {"umail_v3"}


async def test_pressing_an_account_answers_a_change_too(two_dialects):
    question = await two_dialects.ask(MEI, "task pause 19124")
    assert two_dialects.changes == []
    answer = await two_dialects.press(MEI, question, "umail (U-Mail)")
    assert "任务 19124 已暂停" in answer.plain
    assert len(two_dialects.changes) == 1


async def test_pages_of_tasks_are_turned_with_buttons(office):
    tasks = office.box.world.umail["demo-umail"].tasks
    for number in range(19_001, 19_011):
        office.box.world.umail["demo-umail"].add(_copy(tasks[19118], number))
    first = await office.ask(LIN, "task list")
    assert "20 tasks" in first.plain
    second = await office.press(LIN, first, "Next page")
    assert "4 tasks · page 2" in second.plain
    assert "20 tasks" in (await office.press(LIN, second, "Previous page")).plain


def _copy(task, number):
    from copy import copy  # noqa: PLC0415

    found = copy(task)
    found.id = number
    return found


@pytest.mark.parametrize("user", [LIN, MEI])
@pytest.mark.parametrize("line", ["task show 19131", "task list", "stats --task 19131", "task cancel 19131"])
async def test_what_a_vendor_wrote_is_shown_as_it_is_and_pings_nobody(office, user, line):
    answer = await office.ask(user, line)
    assert f'"{NASTY}"' in answer.plain
    assert answer.pings == []


async def test_an_announcement_with_a_vendors_words_pings_only_who_did_it(office):
    await office.ask(LIN, "task pause 19131")
    said = await office.slack.wait("U0VIEW", "C0GENERAL", lambda m: "changed task" in m.plain)
    assert set(said.pings) <= {LIN}


# Vendors that fail

FAILURES = [
    ("http_500", 3, "U-Mail has a fault on its side. Try again in a minute; nothing was changed."),
    ("reset", 3, "U-Mail broke off before its answer was whole."),
    ("html", 1, "U-Mail"),
    ("truncated", 1, "U-Mail answered with something I cannot read."),
    ("garbage_json", 1, "U-Mail answered with something I cannot read."),
]


@pytest.mark.parametrize(("kind", "times", "words"), FAILURES, ids=[kind for kind, _, _ in FAILURES])
async def test_a_vendor_that_fails_is_named_with_what_is_wrong(office, kind, times, words):
    office.box.faults.inject("umail", kind, call="task-list", times=times)
    # As many attempts, without the waits between them.
    with stamina.set_testing(True, attempts=ATTEMPTS):
        answer = await office.ask(LIN, "task list")
    assert len(office.box.requests) == times
    assert words in answer.plain
    assert "umail · task.php?do=task-list" in answer.plain


async def test_one_vendor_that_fails_leaves_the_others_figures(office):
    office.box.faults.inject("umail", "html", call="service-info")
    answer = await office.ask(LIN, "balance")
    assert "1,024 e-mails left" in answer.plain
    assert "umail — (U-Mail" in answer.plain


@pytest.mark.usefixtures("impatient")
async def test_a_vendor_that_hangs_is_given_up_after_the_deadline(office):
    office.box.faults.inject("umail", "timeout", call="task-list", times=3)
    assert "U-Mail did not answer in 20 s." in (await office.ask(LIN, "task list")).plain
