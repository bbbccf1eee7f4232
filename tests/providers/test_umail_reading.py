"""U-Mail's account and tasks, from the documents' own layouts."""

from datetime import UTC, date, datetime
from hashlib import md5

import pytest

from providers.errors import (
    AuthenticationError,
    BadAnswerError,
    RateLimitedError,
    RefusedError,
    UnsupportedError,
)
from providers.model import BatchNumber, NamedRef, SendId, TaskStatus, Tracking
from tests.providers.vendor import PASSWORD, filled, reply, sample

HASH = md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()
DIALECTS = pytest.mark.parametrize(("kind", "document"), [("umail", "000"), ("umail-v3", "001")])
TIMES = {"send_time": "2017-05-05 13:42:20", "time_start": "2017-05-05 13:43:00", "time_end": "0000-00-00 00:00:00"}
COUNTS = {"send_qty": "0", "send_qty_remak": "5200", "send_count": "1200", "error_count": "7", "track_status": "2"}


async def test_2019_signs_with_basic_and_the_password_in_clear(vendor, connect):
    vendor.says("<task_list/>")
    await connect().tasks()
    assert vendor.asked.method == "GET"
    assert vendor.asked.target == "/mm-ms/apinew/task.php?do=task-list&page=1&limit=20"
    # demo:s3cret&Päss word
    assert vendor.asked.headers["Authorization"] == "Basic ZGVtbzpzM2NyZXQmUMOkc3Mgd29yZA=="
    assert "utf-8" in vendor.asked.headers["Content-Type"]


async def test_v3_puts_user_and_md5_into_every_url(vendor, connect):
    vendor.says("<task_list/>")
    await connect("umail-v3").tasks()
    assert vendor.asked.target == (f"/mm-ms/apinew/task.php?do=task-list&username=demo&password={HASH}&page=1&limit=20")
    assert "Authorization" not in vendor.asked.headers


@DIALECTS
@pytest.mark.parametrize("slash", ["", "/"])
async def test_the_base_url_may_end_with_a_slash_or_not(vendor, connect, kind, document, slash):
    vendor.says(sample(f"umail-{document}-1.1-customer-info.xml"))
    await connect(kind, base_url=vendor.url.rstrip("/") + slash).account_info()
    assert vendor.asked.path == "/mm-ms/apinew/account.php"
    assert vendor.asked.query["do"] == "customer-info"


@DIALECTS
async def test_customer_info_names_the_account(vendor, connect, kind, document):
    vendor.says(filled(f"umail-{document}-1.1-customer-info.xml", id="362", im=""))
    info = await connect(kind).account_info()
    assert (info.id, info.username, info.company, info.contact) == ("362", "用户名称", "公司名称", "联系人")
    assert (info.phone, info.mobile, info.email) == ("联系电话号码", "移动电话号码", "联系邮件地址")
    assert (info.im, info.address) == (None, "通信地址")


SERVICE = {
    "service_status": "enabled",
    "beginning_date": "2026-01-01",
    "expiration_date": "2027-12-31",
    "qty_available": "41200",
    "qty_buytotal": "100000",
}


async def test_service_info_of_2019_has_no_type(vendor, connect):
    vendor.says(filled("umail-000-1.2-service-info.xml", **SERVICE))
    balance = await connect().balance()
    assert (balance.emails_left, balance.emails_bought, balance.enabled) == (41200, 100000, True)
    assert (balance.service_from, balance.service_until) == (date(2026, 1, 1), date(2027, 12, 31))
    assert balance.daily_allowance is None
    assert balance.raw["qty_available"] == "41200"


@pytest.mark.parametrize(("service_type", "daily"), [("day", True), ("all", False), ("week", None), ("", None)])
async def test_service_info_of_v3_may_be_a_daily_allowance(vendor, connect, service_type, daily):
    vendor.says(filled("umail-001-1.2-service-info.xml", **SERVICE, service_type=service_type))
    assert (await connect("umail-v3").balance()).daily_allowance is daily


@DIALECTS
async def test_what_service_info_does_not_say_is_unknown_never_zero(vendor, connect, kind, document):
    unknown = {"service_status": "?", "beginning_date": "0000-00-00", "expiration_date": "", "qty_available": ""}
    vendor.says(filled(f"umail-{document}-1.2-service-info.xml", **unknown, qty_buytotal="-"))
    balance = await connect(kind).balance()
    assert (balance.enabled, balance.service_from, balance.service_until) == (None, None, None)
    assert (balance.emails_left, balance.emails_bought) == (None, None)


async def test_list_task_of_2019_spells_send_satus(vendor, connect):
    text = filled("umail-000-2.1-list-task.xml", id="19124", sn="20180402101814-7020-53", send_satus="2", **TIMES)
    vendor.says(text)
    [task] = await connect().tasks_between(date(2026, 11, 1), date(2026, 11, 20), page=3)
    assert (task.status, task.raw_status) == (TaskStatus.SENDING, "2")
    assert task.batch == BatchNumber("20180402101814-7020-53")
    assert task.scheduled_at == datetime(2017, 5, 5, 5, 42, 20, tzinfo=UTC)
    assert task.ended_at is None
    assert vendor.asked.target.partition("?")[2] == ("do=list-task&date=2026-11-01&date_end=2026-11-20&page=3&limit=20")


async def test_list_task_of_v3_is_asked_for_each_day(vendor, connect):
    vendor.says(filled("umail-001-2.1-list-task.xml", id="19124", send_status="3", **TIMES))
    client = connect("umail-v3")
    tasks = await client.tasks_between(date(2026, 11, 19), date(2026, 11, 20))
    assert [task.status for task in tasks] == [TaskStatus.SENT, TaskStatus.SENT]
    assert sorted(seen.query["date"] for seen in vendor.requests) == ["2026-11-19", "2026-11-20"]
    assert await client.tasks_between(date(2026, 11, 19), date(2026, 11, 20), page=2) == ()


async def test_task_list_of_2019_carries_several_templates_and_lists(vendor, connect):
    text = filled(
        "umail-000-6.1-task-list.xml",
        id="19124",
        sn="20120302-362-F9B1E5",
        acct_type="address",
        acct_domain="",
        acct_address="edm@shop.example",
        sender="edm@shop.example",
        addr_type="1",
        list_id="5",
        send_status="-2",
        **TIMES,
        **COUNTS,
    )
    vendor.says(text)
    task = await connect().task(SendId("19124"))
    assert vendor.asked.query == {"do": "task-list", "id": "19124", "page": "1", "limit": "20"}
    assert (task.status, task.raw_status) == (TaskStatus.PAUSED, "-2")
    assert task.templates == (NamedRef("模板 id", "模板名称"), NamedRef("模板 id", "模板名称"))
    assert task.lists == (NamedRef("5", "联系人分类名称"),)
    assert (task.sender, task.sender_scope, task.subscription_lists) == ("edm@shop.example", "address", True)
    assert (task.limit, task.planned, task.sent, task.unsent) == (0, 5200, 1200, 7)
    assert task.started_at == datetime(2017, 5, 5, 5, 43, tzinfo=UTC)
    assert task.tracking is Tracking.OPENS_AND_CLICKS
    assert task.raw["templates"] == {"template": [{"tpl_id": "模板 id", "tpl_name": "模板名称"}] * 2}


async def test_task_list_of_v3_has_its_list_flat(vendor, connect):
    vendor.says(filled("umail-001-6.1-task-list.xml", id="19124", list_id="5", tpl_id="16", send_status="-1"))
    task = await connect("umail-v3").task(SendId("19124"))
    assert task.lists == (NamedRef("5", "联系人分类名称"),)
    assert task.templates == (NamedRef("16", "模板名称"), NamedRef("16", "模板名称"))
    assert task.status is TaskStatus.DRAFT


@pytest.mark.parametrize(("scope", "domain"), [("all", None), ("domain", "shop.example")])
async def test_a_task_with_rotating_senders_names_no_single_one(vendor, connect, scope, domain):
    vendor.says(
        filled(
            "umail-000-6.1-task-list.xml", id="1", acct_type=scope, acct_domain=domain or "", sender="a@shop.example"
        )
    )
    task = await connect().task(SendId("1"))
    assert (task.sender, task.sender_scope, task.sender_domain) == (None, scope, domain)


STATUSES_2019 = {
    "0": TaskStatus.QUEUED,
    "1": TaskStatus.SCHEDULED,
    "2": TaskStatus.SENDING,
    "3": TaskStatus.SENT,
    "4": TaskStatus.STOPPED,
    "-1": TaskStatus.DRAFT,
    "-2": TaskStatus.PAUSED,
    "-3": TaskStatus.CANCELLED,
    "-4": TaskStatus.FAILED,
    "-5": TaskStatus.QUEUED,
    "7": TaskStatus.UNKNOWN,
    "sending": TaskStatus.UNKNOWN,
    "": TaskStatus.UNKNOWN,
}
STATUSES_V3 = STATUSES_2019 | dict.fromkeys(("0", "4", "-4", "-5"), TaskStatus.UNKNOWN)


@pytest.mark.parametrize(
    ("kind", "name", "raw", "status"),
    [("umail", "umail-000-6.1-task-list.xml", raw, status) for raw, status in STATUSES_2019.items()]
    + [("umail-v3", "umail-001-6.1-task-list.xml", raw, status) for raw, status in STATUSES_V3.items()],
)
async def test_every_status_has_one_meaning_in_its_dialect_and_keeps_its_value(
    vendor, connect, kind, name, raw, status
):
    vendor.says(filled(name, id="1", send_status=raw))
    task = await connect(kind).task(SendId("1"))
    assert (task.status, task.raw_status) == (status, raw)
    assert task.detail == ("ingesting" if (kind, raw) == ("umail", "-5") else None)


@pytest.mark.parametrize(
    ("kind", "status", "asked"),
    [
        ("umail", TaskStatus.PAUSED, ["-2"]),
        ("umail", TaskStatus.SENDING, ["2"]),
        ("umail", TaskStatus.QUEUED, ["-5", "0"]),
        ("umail-v3", TaskStatus.PAUSED, ["-2"]),
        ("umail-v3", TaskStatus.SCHEDULED, ["1"]),
        ("umail", None, [None]),
    ],
)
async def test_tasks_are_filtered_by_the_vendors_own_values(vendor, connect, kind, status, asked):
    vendor.says("<task_list/>")
    await connect(kind).tasks(status=status, day=date(2026, 11, 5), page=2)
    assert sorted(str(seen.query.get("send_status")) for seen in vendor.requests) == sorted(map(str, asked))
    query = vendor.requests[0].query
    assert (query["date"], query["page"], query["limit"]) == ("2026-11-05", "2", "20")


@pytest.mark.parametrize(
    ("kind", "status"),
    [("umail-v3", TaskStatus.QUEUED), ("umail-v3", TaskStatus.FAILED), ("umail", TaskStatus.UNKNOWN)],
)
async def test_a_status_that_the_dialect_cannot_name_is_unsupported(vendor, connect, kind, status):
    with pytest.raises(UnsupportedError):
        await connect(kind).tasks(status=status)
    assert vendor.requests == []


EMPTY = [
    "<task_list/>",
    "<task_list></task_list>",
    '<?xml version="1.0" encoding="UTF-8"?>\n<task_list>\n</task_list>\n',
    "<task_list><task/></task_list>",
    "<task_list><task>...</task>...</task_list>",
    "<result><status>no_data</status><data>没有数据</data></result>",
    "<result><status>error</status><data><![CDATA[任务不存在]]></data></result>",
    '{"status": "error", "msg": "没有找到数据"}',
]


@DIALECTS
@pytest.mark.parametrize("text", EMPTY)
async def test_an_empty_list_is_no_task_and_no_failure(vendor, connect, kind, document, text):
    vendor.says(text)
    assert list(await connect(kind).tasks()) == []
    assert await connect(kind).task(SendId("1")) is None


async def test_one_task_or_many(vendor, connect):
    one = "<task><id>{}</id><send_status>2</send_status></task>"
    vendor.says("<task_list>" + "".join(map(one.format, range(1, 21))) + "</task_list>")
    assert [task.id for task in await connect().tasks()] == [str(number) for number in range(1, 21)]
    vendor.says("<task_list>" + one.format(5) + "</task_list>")
    assert [task.id for task in await connect().tasks()] == ["5"]


async def test_an_id_beyond_2_to_53_stays_exact(vendor, connect):
    vendor.says(filled("umail-000-6.1-task-list.xml", id="9007199254740993", tpl_id="9007199254740995"))
    task = await connect().task(SendId("9007199254740993"))
    assert task.id == "9007199254740993"
    assert task.templates[0].id == "9007199254740995"


@pytest.mark.parametrize("bad", ["9.00719925474E+15", ""])
async def test_a_task_whose_id_is_lost_is_refused(vendor, connect, bad):
    vendor.says(f"<task_list><task><id>{bad}</id><sn>x</sn></task></task_list>")
    with pytest.raises(BadAnswerError):
        await connect().tasks()


async def test_a_server_that_ignores_the_id_does_not_pass_off_another_task(vendor, connect):
    vendor.says("<task_list><task><id>1</id><send_status>2</send_status></task></task_list>")
    assert await connect().task(SendId("2")) is None


async def test_a_task_that_task_list_refuses_is_looked_up_by_list_task(vendor, connect):
    refusal = "<result><status>param_error</status><data>参数错误</data></result>"
    vendor.says(refusal, filled("umail-000-2.1-list-task.xml", id="19124", send_satus="-3"))
    assert (await connect().task(SendId("19124"))).status is TaskStatus.CANCELLED
    assert [seen.query["do"] for seen in vendor.requests] == ["task-list", "list-task"]


async def test_v3_cannot_look_a_task_up_by_list_task(vendor, connect):
    vendor.says("<result><status>param_error</status><data>参数错误</data></result>")
    with pytest.raises(RefusedError):
        await connect("umail-v3").task(SendId("19124"))
    assert len(vendor.requests) == 1


REFUSALS = {
    "<result><status>auth_error</status><data>用户名或密码错误</data></result>": AuthenticationError,
    "<result><status>error</status><data><![CDATA[密码错误！]]></data></result>": AuthenticationError,
    "<result><status>error</status><msg>Unauthorized</msg></result>": AuthenticationError,
    "<error>用户名或密码错误</error>": AuthenticationError,
    "<response><code>user_error</code></response>": AuthenticationError,
    '{"status": "error", "msg": "用户名或密码错误"}': AuthenticationError,
    '{"code": 401, "message": "Unauthorized"}': AuthenticationError,
    "用户名或密码错误": AuthenticationError,
    "\ufeffpassword error\n": AuthenticationError,
    "<html><head><title>401 Authorization Required</title></head></html>": AuthenticationError,
    "<result><status>limit_error</status><data>调用次数超过限制</data></result>": RateLimitedError,
    "操作过于频繁": RateLimitedError,
    "<result><status>param_error</status><data>参数page错误</data></result>": RefusedError,
    "<result><status>domain_error</status><data>域名验证失败</data></result>": RefusedError,
    "<error>boom</error>": RefusedError,
    '{"status": "error", "msg": "参数错误"}': RefusedError,
    '{"status": "success", "data": []}': BadAnswerError,
    "[]": BadAnswerError,
    "<result><status>success</status></result>": BadAnswerError,
    "<service/>": BadAnswerError,
    "ok": BadAnswerError,
    "": BadAnswerError,
}


@DIALECTS
@pytest.mark.parametrize(("text", "expected"), REFUSALS.items())
async def test_a_refusal_of_any_shape_is_the_right_error(vendor, connect, kind, document, text, expected):
    vendor.says(text)
    with pytest.raises(expected) as caught:
        await connect(kind).tasks()
    assert type(caught.value) is expected


async def test_a_refusal_keeps_the_vendors_word_and_sentence(vendor, connect):
    vendor.says("<result><status>param_error</status><data><![CDATA[参数 date 错误！]]></data></result>")
    with pytest.raises(RefusedError) as caught:
        await connect().balance()
    assert (caught.value.vendor_code, caught.value.vendor_text) == ("param_error", "参数 date 错误！")
    assert (caught.value.account, caught.value.call) == ("umail", "account.php?do=service-info")


async def test_the_data_may_be_wrapped_in_a_result(vendor, connect):
    inner = "<task_list><task><id>5</id></task></task_list>"
    vendor.says(f"<result><status>success</status><data>{inner}</data></result>")
    assert [task.id for task in await connect().tasks()] == ["5"]


async def test_a_body_that_explains_a_404_is_believed(vendor, connect):
    vendor.says(reply("<result><status>auth_error</status><data>用户不存在</data></result>", 404))
    with pytest.raises(AuthenticationError):
        await connect().balance()
