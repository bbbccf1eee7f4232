"""U-Mail's domains, mailboxes, managers, and the log-in form of its console."""

from hashlib import md5

import httpx
import pytest

DO = "bs.php"


@pytest.fixture
def manager(box, http):
    """Ask as the manager of the 2019 customer."""
    who = box.world.managers["demo-manager"]

    async def ask(do, **params):
        auth = (who.username, who.password)
        return await http.get(box.umail.url + DO, params={"do": do} | params, auth=auth)

    return ask


async def test_domains_are_listed_with_the_systems_own(umail, rows):
    assert [(row["customer_id"], row["domain"]) for row in rows(await umail(DO, do="domain-list"))] == [
        ("0", "mail.bestedm.example"),
        ("7020", "shop.example"),
        ("7020", "news.example"),
    ]


async def test_a_domain_whose_dns_is_ready_is_verified_at_once(umail):
    ready = (await umail(DO, do="customer-domain-add", domain="ready.example")).text
    other = (await umail(DO, do="customer-domain-add", domain="other.example")).text

    assert ready == "<result><status>success_and_check_ok</status><data>4000</data></result>"
    assert other == "<result><status>success</status><data>4001</data></result>"


async def test_a_check_tells_the_four_cases_apart(box, umail, post, rows):
    await umail(DO, do="customer-domain-add", domain="other.example")
    box.world.dns.add("free.example")
    names = {"domains": "shop.example,other.example,free.example,nobody.example"}
    checked = rows(await post("umail", DO, {"do": "domain-check"}, data=names))

    assert [(row["val"], row["domain_id"], row["status"]) for row in checked] == [
        ("shop.example", "3213", "3"),
        ("other.example", "4000", "2"),
        ("free.example", "0", "1"),
        ("nobody.example", "0", "0"),
    ]
    assert checked[0]["info"] == "添加成功并验证通过"


async def test_a_verified_domain_stays_and_another_goes(box, umail, post, fields):
    await umail(DO, do="customer-domain-add", domain="other.example")
    assert fields(await umail(DO, do="customer-domain-del", domain="shop.example"))["status"] == "domain_error"
    assert fields(await umail(DO, do="customer-domain-del", domain="other.example"))["status"] == "success"
    await umail(DO, do="customer-domain-add", domain="other.example")
    box.world.dns.add("other.example")
    await post("umail", DO, {"do": "domain-check"}, data={"domains": "other.example"})

    assert fields(await umail(DO, do="customer-domain-del", domain="other.example"))["status"] == "domain_error"


async def test_a_mailbox_is_added_listed_edited_and_deleted(box, dialects, rows, fields):
    for dialect, domain in (("umail", "shop.example"), ("umail_v3", "old.example")):
        ask, box_name = dialects[dialect], f"new@{domain}"
        assert fields(await ask(DO, do="mailbox-add", mailbox=box_name, pwd="one"))["status"] == "success"
        listed = rows(await ask(DO, do="mailbox-list", domain=domain))
        assert listed[-1] == listed[0] | {"name": "new", "mailbox": box_name}
        assert fields(await ask(DO, do="mailbox-edit", mailbox=box_name, pwd="two"))["status"] == "success"
        assert box.world.umail[f"demo-{dialect.replace('_', '-')}"].mailboxes[box_name] == "two"
        assert fields(await ask(DO, do="mailbox-del", mailbox=box_name))["status"] == "success"
        assert rows(await ask(DO, do="mailbox-list", domain=domain)) == listed[:-1]


async def test_mailboxes_come_in_pages_of_thirty(box, umail, rows):
    box.world.umail["demo-umail"].mailboxes.update({f"n{n}@shop.example": "x" for n in range(40)})

    async def size(**params):
        return len(rows(await umail(DO, do="mailbox-list", domain="shop.example", **params)))

    assert [await size(), await size(page=1), await size(page=2), await size(page=3)] == [42, 30, 12, 0]
    assert await size(page=2, limit=40) == 2


@pytest.mark.parametrize(
    ("params", "word"),
    [
        ({"do": "customer-domain-add"}, "param_error"),
        ({"do": "customer-domain-add", "domain": "x y"}, "domain_error"),
        ({"do": "customer-domain-add", "domain": "old.example"}, "domain_error"),
        ({"do": "customer-domain-del", "domain": "nobody.example"}, "domain_error"),
        ({"do": "domain-check", "domains": "shop.example"}, "param_error"),
        ({"do": "domain-add", "domain": "x.example", "customer_id": 7020}, "auth_error"),
        ({"do": "domain-del", "domain": "shop.example", "customer_id": 7020}, "auth_error"),
        ({"do": "domain-list", "user_type": "manager", "customer_id": 7020}, "auth_error"),
        ({"do": "domain-list", "user_type": "boss"}, "param_error"),
        ({"do": "mailbox-list"}, "param_error"),
        ({"do": "mailbox-list", "domain": "old.example"}, "domain_error"),
        ({"do": "mailbox-add", "mailbox": "a@shop.example"}, "param_error"),
        ({"do": "mailbox-add", "mailbox": "shop.example", "pwd": "x"}, "mailbox_error"),
        ({"do": "mailbox-add", "mailbox": "a@old.example", "pwd": "x"}, "domain_error"),
        ({"do": "mailbox-add", "mailbox": "news@shop.example", "pwd": "x"}, "mailbox_error"),
        ({"do": "mailbox-edit", "mailbox": "news@shop.example"}, "param_error"),
        ({"do": "mailbox-del", "mailbox": "nobody@shop.example"}, "mailbox_error"),
    ],
)
async def test_what_is_wrong_is_refused(umail, fields, params, word):
    assert fields(await umail(DO, **params))["status"] == word


async def test_a_manager_keeps_a_customers_domains_and_mailboxes(manager, rows, fields):
    of = {"customer_id": 7020}
    assert fields(await manager("domain-add", **of, domain="branch.example"))["status"] == "success"
    acting = of | {"user_type": "manager"}
    assert rows(await manager("domain-list", **acting))[-1]["domain"] == "branch.example"
    new = {"mailbox": "a@branch.example", "pwd": "x"}
    assert fields(await manager("mailbox-add", **acting, **new))["status"] == "success"
    assert len(rows(await manager("mailbox-list", **acting, domain="branch.example"))) == 1
    assert fields(await manager("domain-del", **of, domain="branch.example"))["status"] == "success"
    assert fields(await manager("mailbox-del", **acting, mailbox="a@branch.example"))["status"] == "mailbox_error"


@pytest.mark.parametrize(
    ("do", "params", "word"),
    [
        ("domain-list", {}, "auth_error"),
        ("domain-list", {"customer_id": 7020}, "auth_error"),
        ("domain-list", {"user_type": "manager"}, "customer_error"),
        ("domain-list", {"user_type": "manager", "customer_id": 362}, "customer_error"),
        ("customer-domain-add", {"user_type": "manager", "customer_id": 7020, "domain": "x.example"}, "auth_error"),
    ],
)
async def test_a_manager_acts_for_its_own_customers_and_says_so(manager, fields, do, params, word):
    assert fields(await manager(do, **params))["status"] == word


async def test_v3_has_managers_with_an_md5_too(box, http, rows, umail_v3, fields):
    who = box.world.managers["demo-manager-v3"]
    digest = md5(who.password.encode(), usedforsecurity=False).hexdigest()
    params = {"username": who.username, "password": digest, "user_type": "manager", "customer_id": 362}
    answer = await http.get(box.umail.url + DO, params=params | {"do": "domain-list"})

    assert [row["domain"] for row in rows(answer)][1:] == ["old.example"]
    assert fields(await umail_v3(DO, do="domain-check"))["status"] == "do_error"


def form(who, **more):
    return {"username": who.username, "password": who.password, "errurl": "http://shop.example/again.html"} | more


async def test_the_login_form_leads_into_the_console(box, http):
    url = f"{box.umail.origin}/sendstat/?module=base&action=login"
    customer, manager = box.world.umail["demo-umail"], box.world.managers["demo-manager"]
    answers = [
        await http.post(url, data=form(customer)),
        await http.post(url, data=form(manager, user_type="manager")),
        await http.post(url, data=form(customer, password="wrong")),
        await http.post(url, data=form(customer, user_type="agents")),
        await http.post(url, data=form(customer, password="wrong", errurl="javascript:x")),
    ]
    inside = await http.get(httpx.URL(url).join(answers[0].headers["Location"]))

    again = "http://shop.example/again.html"
    index = "/sendstat/?module=base&action=index"
    assert [answer.headers.get("Location") for answer in answers] == [index, index, again, again, None]
    assert "用户名或密码错误" in answers[-1].text
    assert "群发控制台" in inside.text
    assert box.requests[0].params["password"] == "***"
