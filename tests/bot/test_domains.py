"""Sender domains: what their DNS says, added with the records they need, deleted after asking; for managers too."""

import pytest

from tests.bot.conftest import CUSTOMERS

LIN, MEI, VIEW = "U0LIN", "U0MEI", "U0VIEW"
CHANGING = {"customer-domain-add", "customer-domain-del", "domain-add", "domain-del"}


def changes(office):
    return [request for request in office.box.requests if request.call in CHANGING]


def domains(office, account="umail"):
    return office.box.world.umail[CUSTOMERS[account]].domains


# Looking


async def test_domains_are_listed_with_what_their_dns_says(office):
    await office.ask(MEI, "domain add late.example")
    office.box.requests.clear()
    answer = await office.ask(VIEW, "domain ls")
    rows = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in answer.plain.split("\n")[2:-1]]
    assert "4 sender domains" in answer.plain
    assert rows == [
        ["mail.bestedm.example", "U-Mail's own, open to everyone"],
        ["shop.example", "✅ verified"],
        ["news.example", "✅ verified"],
        ["late.example", "⚠️ its DNS is not right yet"],
    ]
    assert [request.call for request in office.box.requests] == ["domain-list", "domain-check"]


@pytest.mark.parametrize("account", ["boss", "oldboss"])
async def test_where_dns_cannot_be_checked_the_list_says_so(managed, account):
    answer = await managed.ask(VIEW, f"domain ls --account {account}")
    assert "sender domain" in answer.plain
    assert "asked about the DNS, U-Mail has no call for it" in answer.plain
    refused = await managed.ask(VIEW, f"domain check shop.example --account {account}")
    assert f"U-Mail has no call for that (account {account})" in refused.plain


async def test_a_check_tells_the_four_cases_apart_and_what_to_set(office):
    office.box.world.dns |= {"shop.example", "ready.example"}
    await office.ask(MEI, "domain add late.example")
    for name, words in (
        ("shop.example", "shop.example is verified: it may be sent from"),
        ("late.example", "late.example is added, and its DNS is not right yet"),
        ("ready.example", "The DNS of ready.example is right, but it is not added"),
        ("nowhere.example", "nowhere.example is not added, nor is its DNS right"),
    ):
        answer = await office.ask(VIEW, f"domain check {name}")
        assert words in answer.plain
    assert "DKIM, a TXT record: v=DKIM1; k=rsa; p=MIGf0" in answer.plain
    assert "U-Mail reports 0 (系统不存在并验证不通过) at" in answer.plain
    chinese = await office.ask(MEI, "domain check LATE.example")
    assert "late.example 已添加，但 DNS 尚未配置正确" in chinese.plain


WRONG = [
    ("domain check nowhere", "nowhere is no domain name."),
    ("domain check a@shop.example", "is no domain name."),
    ("domain add shop,example.com", "is no domain name."),
    ("domain delete -shop.example", "-shop.example"),
    ("domain check", "Something is missing. /edm domain check shop.example"),
    ("domain add a.example b.example", "This is too much: b.example."),
    ("domain check shop.example --account itnio", "ITNIO has no call for that"),
]


async def test_a_wrong_line_is_explained_and_asks_no_vendor(office):
    for line, words in WRONG:
        assert words in (await office.ask(LIN, line)).plain, line
    assert office.box.requests == []


@pytest.mark.parametrize("line", ["domain add new.example", "domain delete shop.example"])
async def test_only_an_admin_changes_domains(office, line):
    assert "needs the role admin" in (await office.ask(LIN, line)).plain
    assert office.box.requests == []


# Adding


async def test_a_new_domain_comes_with_the_records_it_needs(office):
    answer = await office.ask(MEI, "domain add New.example")
    assert "new.example 已添加，但 DNS 尚未配置正确" in answer.plain
    assert "DKIM（TXT 记录）： v=DKIM1; k=rsa; p=MIGf4000" in answer.plain.replace("：v", "： v")
    assert "SPF 和各记录的主机名：U-Mail 只在控制台里显示" in answer.plain
    assert [request.params["domain"] for request in changes(office)] == ["new.example"]
    said = await office.slack.wait(VIEW, "C0GENERAL", lambda m: "added the domain" in m.plain)
    assert said.plain == "@mei added the domain new.example (umail)"


async def test_a_domain_whose_dns_is_ready_is_verified_at_once(office):
    office.box.world.dns.add("ready.example")
    answer = await office.ask(MEI, "domain add ready.example")
    assert "ready.example 已添加并通过验证" in answer.plain
    assert "DKIM" not in answer.plain


async def test_a_domain_that_is_there_is_not_added_again(office):
    answer = await office.ask(MEI, "domain add Shop.example")
    assert "shop.example 已经存在" in answer.plain
    assert changes(office) == []


@pytest.mark.parametrize("account", ["boss", "oldboss"])
async def test_a_manager_adds_and_deletes_for_its_customer(managed, account):
    answer = await managed.ask(MEI, f"domain add new.example --account {account}")
    assert "new.example 已添加；DNS 是否正确，U-Mail 在这里没有说明" in answer.plain
    assert "记录值请在控制台查看" in answer.plain
    assert "new.example" in domains(managed, account)
    asked = await managed.ask(MEI, f"domain delete new.example --account {account}")
    gone = await managed.press(MEI, asked, "删除域名")
    assert "new.example 已删除" in gone.plain
    assert "new.example" not in domains(managed, account)
    customer = str(managed.box.world.umail[CUSTOMERS[account]].customer_id)
    assert [(call.call, call.params["customer_id"]) for call in changes(managed)] == [
        ("domain-add", customer),
        ("domain-del", customer),
    ]


async def test_v3_customers_are_told_that_managers_do_it(two_dialects):
    for line in ("domain add new.example", "domain delete old.example"):
        answer = await two_dialects.ask(MEI, f"{line} --account old")
        assert "U-Mail 的 V3.0 只允许管理员添加和删除域名" in answer.plain
        assert "user_type: manager" in answer.plain
    assert two_dialects.box.requests == []
    listed = await two_dialects.ask(VIEW, "domain ls --account old")
    assert "2 sender domains" in listed.plain
    assert "asked about the DNS, U-Mail has no call for it" in listed.plain


@pytest.mark.parametrize(("fault", "words"), [("lost_reply", "已添加"), ("reset", "可能")])
async def test_an_addition_without_an_answer_is_asked_once_and_looked_at(office, fault, words):
    office.box.faults.inject("umail", fault, call="customer-domain-add")
    answer = await office.ask(MEI, "domain add new.example")
    assert words in answer.plain
    assert ("new.example" in domains(office)) is (fault == "lost_reply")
    assert len(changes(office)) == 1


# Deleting


async def test_a_delete_says_what_goes_with_it_and_asks(office):
    await office.ask(MEI, "domain add new.example")
    office.box.world.umail["demo-umail"].mailboxes |= {"a@new.example": "x", "b@new.example": "y"}
    asked = await office.ask(MEI, "domain delete new.example")
    assert "要删除域名 new.example 吗？" in asked.plain
    assert "会一并删除 2 个邮箱" in asked.plain
    assert len(changes(office)) == 1
    gone = await office.press(MEI, asked, "删除域名")
    assert "new.example 已删除，其下邮箱一并删除" in gone.plain
    assert "new.example" not in domains(office)


async def test_a_verified_domain_is_warned_of_and_the_vendors_no_is_told(office):
    office.box.world.dns.add("shop.example")
    asked = await office.ask(MEI, "domain delete shop.example")
    assert "U-Mail 的文档说客户不能删除已验证的域名" in asked.plain
    answer = await office.press(MEI, asked, "删除域名")
    assert "已经验证通过的域名不能删除！" in answer.plain
    assert "shop.example" in domains(office)


async def test_what_is_not_there_or_not_ours_is_not_deleted(office):
    assert "U-Mail 没有域名 nowhere.example" in (await office.ask(MEI, "domain delete nowhere.example")).plain
    system = await office.ask(MEI, "domain delete mail.bestedm.example")
    assert "mail.bestedm.example 是 U-Mail 的系统域名" in system.plain
    assert changes(office) == []


@pytest.mark.parametrize(("fault", "words"), [("lost_reply", "已删除"), ("reset", "可能")])
@pytest.mark.parametrize("account", ["boss", "oldboss"])
async def test_a_delete_without_an_answer_is_asked_once_and_looked_at(managed, account, fault, words):
    name = next(iter(domains(managed, account)))
    asked = await managed.ask(MEI, f"domain delete {name} --account {account}")
    vendor = "umail" if account == "boss" else "umail_v3"
    managed.box.faults.inject(vendor, fault, call="domain-del")
    assert words in (await managed.press(MEI, asked, "删除域名")).plain
    assert len(changes(managed)) == 1
