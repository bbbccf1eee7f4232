"""Mailboxes: their passwords go from a form to the vendor, and nowhere else."""

import logging
import sqlite3

import pytest
import structlog

from bot.commands import COMMANDS
from bot.redaction import without_secrets
from tests.bot.conftest import CUSTOMERS

LIN, MEI, VIEW = "U0LIN", "U0MEI", "U0VIEW"
CHANGING = {"mailbox-add", "mailbox-edit", "mailbox-del"}
SECRET = "s3cret pass-开门+1&2"
BOTH = pytest.mark.parametrize(
    ("account", "customer", "vendor", "domain"),
    [("umail", "demo-umail", "umail", "shop.example"), ("old", "demo-umail-v3", "umail_v3", "old.example")],
)


def changes(office):
    return [request for request in office.box.requests if request.call in CHANGING]


def mailboxes(office, customer="demo-umail"):
    return office.box.world.umail[customer].mailboxes


async def form(office, line, title):
    """Type a command and see its form."""
    await office.type(MEI, line)
    await office.until(lambda: (view := office.slack.modal(MEI)) and view.definition["title"]["text"] == title)
    return office.slack.modal(MEI)


def written(office):
    """Everything that the database holds, its log included."""
    with sqlite3.connect(office.folder / "edmbot.db") as database:
        rows = "\n".join(database.iterdump())
    files = b"".join(file.read_bytes() for file in office.folder.glob("edmbot.db*"))
    return rows + files.decode("utf-8", "replace")


def said(office):
    """Everything that Slack was told, and all that anybody sees there."""
    calls = [str(call) for call in office.slack.calls]
    views = [str(view) for stack in office.slack.workspace.modals.values() for view in stack]
    return "\n".join([*calls, *views])


@pytest.fixture
def logged(caplog):
    """Everything that is logged, by the libraries too."""
    caplog.set_level(logging.DEBUG)
    for chatty in ("aiosqlite", "asyncio"):
        caplog.set_level(logging.INFO, chatty)
    with structlog.testing.capture_logs() as entries:
        yield lambda: caplog.text + str(entries)


# Looking


@BOTH
async def test_mailboxes_are_listed_page_by_page_for_admins(two_dialects, account, customer, vendor, domain):
    held = mailboxes(two_dialects, customer)
    held |= {f"n{n:02}@{domain}": "x" for n in range(40)}
    count = sum(box.endswith(f"@{domain}") for box in held)
    first = await two_dialects.ask(MEI, f"mailbox ls {domain.upper()} --account {account}")
    assert f"{domain} 下有 30 个邮箱 · 可能还有更多" in first.plain
    second = await two_dialects.press(MEI, first, "下一页")
    assert f"{domain} 下有 {count - 30} 个邮箱 · 第 2 页" in second.plain
    assert f"n39@{domain}" in second.plain
    refused = await two_dialects.ask(LIN, f"mailbox ls {domain} --account {account}")
    assert "needs the role admin" in refused.plain
    assert vendor in {request.vendor for request in two_dialects.box.requests}


async def test_a_domain_that_is_not_there_is_the_vendors_to_name(office):
    answer = await office.ask(MEI, "mailbox ls nowhere.example")
    assert "域名不存在" in answer.plain


WRONG = [
    ("mailbox ls nowhere", "nowhere 不是域名"),
    ("mailbox ls", "少了点什么"),
    ("mailbox delete news", "news 不是邮箱地址"),
    ("mailbox delete a@b", "a@b 不是邮箱地址"),
    ("mailbox add a@b", "a@b 不是邮箱地址"),
    ("mailbox add", "少了点什么"),
    ("mailbox edit a@b.example,c@d.example", "不是邮箱地址"),
    ("mailbox delete a@b.example c@d.example", "c@d.example"),
    ("mailbox ls shop.example --account emailcar", "EmailCar 没有这个接口"),
]


async def test_a_wrong_line_is_explained_and_asks_no_vendor(office):
    for line, words in WRONG:
        assert words in (await office.ask(MEI, line)).plain, line
    assert office.box.requests == []


# Adding


@BOTH
async def test_a_mailbox_is_added_and_its_password_is_nowhere_else(
    two_dialects, logged, account, customer, vendor, domain
):
    view = await form(two_dialects, f"mailbox add new@{domain} --account {account}", "新建邮箱")
    assert f"new@{domain}" in str(view.blocks)
    await two_dialects.slack.submit(MEI, {"password": SECRET})
    answer = await two_dialects.told(MEI, f"邮箱 new@{domain} 已创建")
    assert mailboxes(two_dialects, customer)[f"new@{domain}"] == SECRET
    assert [(call.vendor, call.call) for call in changes(two_dialects)] == [(vendor, "mailbox-add")]
    announced = await two_dialects.slack.wait(VIEW, "C0GENERAL", lambda m: "created a mailbox" in m.plain)
    assert announced.plain == f"@mei created a mailbox under {domain} ({account})"
    for place in (written(two_dialects), said(two_dialects), logged(), answer.plain):
        assert "s3cret" not in place
        assert "1%262" not in place
    assert f"mailbox add new@{domain}" in written(two_dialects)


@pytest.mark.parametrize(
    ("fault", "words"),
    [("lost_reply", "已创建"), ("reset", "可能已"), ("truncated", "已创建"), ("http_500", "可能已")],
)
async def test_an_addition_without_an_answer_is_asked_once_and_looked_at(office, logged, fault, words):
    await form(office, "mailbox add new@shop.example", "新建邮箱")
    office.box.faults.inject("umail", fault, call="mailbox-add")
    await office.slack.submit(MEI, {"password": SECRET})
    answer = await office.told(MEI, words)
    assert "mailbox ls shop.example" in answer.plain or words == "已创建"
    assert len(changes(office)) == 1
    for place in (written(office), said(office), logged()):
        assert "s3cret" not in place


async def test_a_time_out_leaves_it_unknown_and_is_not_repeated(impatient, office, logged):
    await form(office, "mailbox add new@shop.example", "新建邮箱")
    office.box.faults.inject("umail", "timeout", call="mailbox-add")
    await office.slack.submit(MEI, {"password": SECRET})
    await office.told(MEI, "mailbox ls shop.example")
    assert len(changes(office)) == 1
    assert "s3cret" not in logged() + written(office)


async def test_a_mailbox_that_is_there_is_not_added_again(office):
    await office.type(MEI, "mailbox add News@shop.example")
    await office.until(lambda: " 已经存在" in str(office.slack.modal(MEI)))
    assert changes(office) == []


@pytest.mark.parametrize(
    ("password", "words"),
    [("   ", "密码不能为空"), (" x", "密码的开头或结尾有空格"), ("a\u200bb", "密码中有无法输入的字符")],
)
async def test_a_password_that_will_not_do_is_said_at_its_field(office, password, words):
    await form(office, "mailbox add new@shop.example", "新建邮箱")
    await office.slack.submit(MEI, {"password": password})
    assert office.slack.modal(MEI).errors == {"password": f"{words}。"}
    assert changes(office) == []


# What people type although they should not

TYPED = [
    "mailbox add new@shop.example hunter2",
    'mailbox add new@shop.example "hunter2 and more" --account umail',
    "mailbox edit news@shop.example --password hunter2",
    "mailbox edit news@shop.example --pwd=hunter2 --share",
    "mailbox add new@shop.example hunter2@hunter2.example",
]
MISTYPED = [
    "mailbox add hunter2 new@shop.example",
    "mailbx add new@shop.example hunter2",
    "Mailbox Add new@shop.example hunter2",
    "mailbox ad new@shop.example hunter2",
    "add new@shop.example hunter2",
    "mailbox new@shop.example hunter2",
]


async def test_a_password_in_the_line_is_refused_and_kept_nowhere(office, logged):
    for line in TYPED:
        await office.type(MEI, line)
        await office.until(lambda: "密码只能在表单里输入" in str(office.slack.modal(MEI)))
        assert "hunter2" not in str(office.slack.modal(MEI))
        await office.slack.close(MEI)
        assert "needs the role admin" in (await office.ask(LIN, line)).plain
    for line in MISTYPED:
        await office.ask(MEI, line)
    audit = await office.ask(MEI, "audit")
    assert "mailbox add new@shop.example ***" in audit.plain
    shown = "\n".join(message.plain for user in (MEI, LIN) for message in office.slack.visible(user, "C0GENERAL"))
    for place in (written(office), said(office), logged(), shown):
        assert "hunter2" not in place
    assert office.box.requests == []


def test_what_is_no_secret_is_kept_as_typed():
    commands = {command.name: command for command in COMMANDS}
    for line in (
        "task pause 19124",
        "mailbox ls shop.example --page 2",
        "mailbox delete a@b.example oops",
        "mailbox add a@b.example --account umail --share",
        "taks list --status sending",
        "  help   “mailbox add” ",
        "",
    ):
        assert without_secrets(line, commands) == line or line.startswith("mailbox add")
    assert without_secrets("mailbox add <mailto:a@b.example|a@b.example> x --account=umail", commands) == (
        "mailbox add a@b.example *** --account=umail"
    )


async def test_the_terminal_takes_no_password_either(closed_office, edmbot):
    environ = closed_office.terminal()
    typed = await edmbot("exec", "mailbox add new@shop.example hunter2", environ=environ)
    assert (typed.status, "A password is typed in the form only" in typed.out) == (2, True)
    asked = await edmbot("exec", "mailbox add new@shop.example", environ=environ)
    assert (asked.status, "only Slack has forms" in asked.out) == (1, True)
    assert "hunter2" not in written(closed_office) + typed.out + typed.err
    assert changes(closed_office) == []


# Changing and deleting


@BOTH
async def test_a_mailbox_gets_a_new_password(two_dialects, logged, account, customer, vendor, domain):
    held = mailboxes(two_dialects, customer)
    address = next(box for box in held if box.endswith(domain))
    await form(two_dialects, f"mailbox edit {address} --account {account}", "修改密码")
    await two_dialects.slack.submit(MEI, {"password": SECRET})
    answer = await two_dialects.told(MEI, f"{address} 的密码已修改")
    assert "密码无法回读核对" in answer.plain
    assert held[address] == SECRET
    assert [(call.vendor, call.call) for call in changes(two_dialects)] == [(vendor, "mailbox-edit")]
    assert "s3cret" not in written(two_dialects) + said(two_dialects) + logged()


async def test_a_new_password_without_an_answer_stays_unknown_and_says_what_to_do(office, logged):
    await form(office, "mailbox edit news@shop.example", "修改密码")
    office.box.faults.inject("umail", "lost_reply", call="mailbox-edit")
    await office.slack.submit(MEI, {"password": SECRET})
    answer = await office.told(MEI, "现在可能是旧密码，也可能是新密码")
    assert "的回答中途断了" in answer.plain
    assert "重复设置同一个密码没有坏处" in answer.plain
    assert len(changes(office)) == 1
    assert "s3cret" not in written(office) + said(office) + logged()


async def test_an_unknown_mailbox_is_named_and_nothing_is_changed(office):
    await office.type(MEI, "mailbox edit nobody@shop.example")
    await office.until(lambda: " 没有邮箱 " in str(office.slack.modal(MEI)))
    deleted = await office.ask(MEI, "mailbox delete nobody@shop.example")
    assert "U-Mail 没有邮箱 nobody@shop.example" in deleted.plain
    assert changes(office) == []


@BOTH
async def test_a_mailbox_goes_after_a_confirm(two_dialects, account, customer, vendor, domain):
    held = mailboxes(two_dialects, customer)
    held |= {f"n{n:02}@{domain}": "x" for n in range(70)}
    asked = await two_dialects.ask(MEI, f"mailbox delete n69@{domain} --account {account}")
    assert f"要删除邮箱 n69@{domain} 吗？" in asked.plain
    assert changes(two_dialects) == []
    gone = await two_dialects.press(MEI, asked, "删除邮箱")
    assert f"邮箱 n69@{domain} 已删除" in gone.plain
    assert f"n69@{domain}" not in held
    assert [(call.vendor, call.call) for call in changes(two_dialects)] == [(vendor, "mailbox-del")]


@pytest.mark.parametrize(("fault", "words"), [("lost_reply", "已删除"), ("reset", "可能")])
async def test_a_delete_without_an_answer_is_asked_once_and_looked_at(office, fault, words):
    asked = await office.ask(MEI, "mailbox delete news@shop.example")
    office.box.faults.inject("umail", fault, call="mailbox-del")
    assert words in (await office.press(MEI, asked, "删除邮箱")).plain
    assert len(changes(office)) == 1


@pytest.mark.parametrize("account", ["boss", "oldboss"])
async def test_a_manager_keeps_its_customers_mailboxes(managed, account):
    customer = managed.box.world.umail[CUSTOMERS.get(account, "demo-umail-v3")]
    domain = next(iter(customer.domains))
    await form(managed, f"mailbox add new@{domain} --account {account}", "新建邮箱")
    await managed.slack.submit(MEI, {"password": SECRET})
    await managed.told(MEI, f"邮箱 new@{domain} 已创建")
    (added,) = changes(managed)
    assert (added.params["user_type"], added.params["customer_id"]) == ("manager", str(customer.customer_id))
    asked = await managed.ask(MEI, f"mailbox delete new@{domain} --account {account}")
    await managed.press(MEI, asked, "删除邮箱")
    assert f"new@{domain}" not in customer.mailboxes
