"""The way into the console: where to log in and as whom; never with what."""

import httpx
import pytest

from bot.appyaml import Purpose, load

LIN, MEI, VIEW = "U0LIN", "U0MEI", "U0VIEW"


def button(message):
    return next(element for block in message.blocks if block["type"] == "actions" for element in block["elements"])


async def test_an_admin_is_shown_the_way_and_not_the_password(office, http):
    answer = await office.ask(MEI, "console")
    assert "U-Mail 控制台，账号 umail" in answer.plain
    assert "用户类型选“普通用户”" in answer.plain
    assert "demo-umail" in answer.plain
    assert "没有加密" in answer.plain
    open_console = button(answer)
    assert (open_console["text"]["text"], "value" in open_console) == ("打开控制台", False)
    page = await http.get(open_console["url"])
    assert (page.status_code, "用户登录" in page.text) == (200, True)
    secrets = [value for name, value in office.environ.items() if name.endswith(("PASSWORD", "SECRET", "TOKEN"))]
    assert secrets
    assert [secret for secret in secrets if secret in answer.plain + str(answer.blocks)] == []
    assert office.box.requests == []


async def test_what_it_says_opens_the_console(office):
    config = load(office.app_yaml, office.environ, purpose=Purpose.RUN)
    settings = config.accounts["umail"].settings
    link = button(await office.ask(MEI, "console"))["url"]
    entered = {"username": settings.username, "password": settings.password.get_secret_value(), "user_type": ""}
    async with httpx.AsyncClient(trust_env=False) as browser:
        opened = await browser.post(link, data=entered)
    assert (opened.status_code, "action=index" in opened.headers["location"]) == (302, True)


async def test_pressing_the_link_runs_nothing(office):
    answer = await office.ask(MEI, "console")
    before = office.shown(MEI)
    reply = await office.slack.click(MEI, answer, "打开控制台")
    assert (reply.error, reply.status) == (None, 200)
    assert office.shown(MEI) == before


@pytest.mark.parametrize("account", ["boss", "oldboss"])
async def test_a_manager_logs_in_as_one(managed, account):
    answer = await managed.ask(MEI, f"console --account {account}")
    assert "用户类型选“管理员”" in answer.plain
    assert "demo-manager" in answer.plain
    assert "开门" not in answer.plain


async def test_only_an_admin_is_shown_it(office):
    for user in (LIN, VIEW):
        answer = await office.ask(user, "console")
        assert "needs the role admin" in answer.plain
        assert "sendstat" not in answer.plain


async def test_a_vendor_without_a_console_says_so(office):
    answer = await office.ask(MEI, "console --account itnio")
    assert "ITNIO 没有这个接口" in answer.plain
    assert "umail" in answer.plain
