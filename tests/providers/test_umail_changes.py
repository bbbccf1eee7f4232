"""U-Mail's add-task, edit-task and del-task: what is sent, exactly, and what the answers mean."""

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

import pytest

from providers.errors import (
    AuthenticationError,
    BadAnswerError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedError,
    UnsupportedError,
)
from providers.model import SendId, TaskForm, TaskStatus, Tracking
from tests.providers.vendor import filled, sample

SIX = datetime(2026, 11, 20, 10, 0, 5, tzinfo=UTC)
"""18:00:05 in Shanghai."""
FULL = TaskForm(
    template_ids=("16", "17"),
    list_ids=("5", "6"),
    sender_domain="shop.example",
    sender="edm@shop.example",
    sender_name="商店 & Co",
    reply_to="re@shop.example",
    first=10,
    last=100,
    scheduled_at=SIX,
    unsubscribe_link=True,
    tracking=Tracking.OPENS_AND_CLICKS,
    tracking_domain="t.shop.example",
    hourly_speed=500,
    read_receipt=False,
)
V3_FORM = TaskForm(
    template_ids=("16",),
    list_ids=("5",),
    sender_domain="all",
    sender="all",
    sender_name="Shop",
    last=0,
    scheduled_at=SIX,
    unsubscribe_link=False,
    tracking=Tracking.NONE,
)
ADDED = "<result><status>success</status><id>19125</id><data><![CDATA[添加群发任务成功！]]></data></result>"
DONE = "<result><status>success</status><data>ok</data></result>"


def query(vendor) -> str:
    return urlsplit(vendor.asked.target).query


async def test_add_task_of_2019_sends_every_field_under_its_documented_name(vendor, connect):
    vendor.says(ADDED)
    assert await connect().add_task(FULL, status=TaskStatus.DRAFT) == "19125"
    assert vendor.asked.method == "GET"
    assert vendor.asked.query == {
        "do": "add-task",
        "tpl_id": "16,17",
        "send_domain": "shop.example",
        "send_account": "edm@shop.example",
        "send_fullname": "商店 & Co",
        "maillist_id": "5,6",
        "send_qty_start": "10",
        "send_qty": "100",
        "status": "-1",
        "time": "2026-11-20 18:00:05",
        "subs_link": "1",
        "track_status": "2",
        "track_domain": "t.shop.example",
        "send_replyto": "re@shop.example",
        "hour_speed": "500",
        "is_need_receipt": "0",
    }


async def test_parameters_are_encoded_as_rawurlencode_does(vendor, connect):
    vendor.says(ADDED)
    await connect().add_task(FULL, status=TaskStatus.DRAFT)
    assert "send_fullname=%E5%95%86%E5%BA%97%20%26%20Co&" in query(vendor)
    assert "time=2026-11-20%2018%3A00%3A05" in query(vendor)


async def test_add_task_of_v3_is_dated_to_the_minute_and_never_too_early(vendor, connect):
    vendor.says(ADDED)
    await connect("umail-v3").add_task(V3_FORM, status=TaskStatus.SCHEDULED)
    assert unquote(query(vendor)).split("&")[3:] == [
        "tpl_id=16",
        "send_domain=all",
        "send_account=all",
        "send_fullname=Shop",
        "maillist_id=5",
        "send_qty=0",
        "subs_link=0",
        "track_status=0",
        "status=1",
        "time=2026-11-20 18:01",
    ]


async def test_a_send_at_once_has_a_time_that_is_not_past(vendor, connect):
    vendor.says(ADDED)
    await connect().add_task(TaskForm(template_ids=("1",)), status=TaskStatus.SENDING)
    assert (vendor.asked.query["status"], vendor.asked.query["time"]) == ("2", "2026-11-20 10:05:00")


@pytest.mark.parametrize("name", ["umail-000-5.1-add-task.xml", "umail-001-5.1-add-task.xml"])
async def test_the_new_id_is_exact(vendor, connect, name):
    vendor.says(filled(name, id=" 9007199254740993 "))
    assert await connect().add_task(FULL, status=TaskStatus.DRAFT) == "9007199254740993"


async def test_add_task_counts_against_100_an_hour_in_2019_only(vendor, connect, turns):
    vendor.says(ADDED)
    await connect().add_task(FULL, status=TaskStatus.DRAFT)
    await connect("umail-v3").add_task(V3_FORM, status=TaskStatus.DRAFT)
    assert turns.taken == [("umail:add-task", 100, timedelta(hours=1))]


NO_ID = [
    sample("umail-000-5.1-add-task.xml"),  # the id is a description
    "<result><status>success</status></result>",
    "<result><status>success</status><id>1.9E+4</id></result>",
    "",
    "ok",
]


@pytest.mark.parametrize("text", NO_ID)
async def test_an_added_task_without_a_readable_id_is_unknown(vendor, connect, text):
    vendor.says(text)
    with pytest.raises(OutcomeUnknownError) as caught:
        await connect().add_task(FULL, status=TaskStatus.DRAFT)
    assert type(caught.value.__cause__) is BadAnswerError


@pytest.mark.parametrize(
    "text",
    [
        "<result><status>success</status><data>19125</data></result>",
        "<result><status>SUCCESS</status><id>19125</id></result>",
        '{"status": "success", "id": 19125}',
        "19125",
    ],
)
async def test_the_new_id_is_found_in_kindred_answers(vendor, connect, text):
    vendor.says(text)
    assert await connect().add_task(FULL, status=TaskStatus.DRAFT) == "19125"


NO = {
    "<result><status>time_error</status><data><![CDATA[发送时间错误！]]></data></result>": RefusedError,
    "<result><status>send_account_error</status><data>发件人不存在！</data></result>": RefusedError,
    "<result><status>error</status><data>1小时调用次数超过100次</data></result>": RateLimitedError,
    "<result><status>auth_error</status><data>用户名或密码错误</data></result>": AuthenticationError,
    "<error>用户名或密码错误</error>": AuthenticationError,
    '{"status": "error", "msg": "参数错误"}': RefusedError,
    "修改失败": RefusedError,
    "error": RefusedError,
    "<html><form>请登录</form></html>": AuthenticationError,
}


@pytest.mark.parametrize(("text", "expected"), NO.items())
@pytest.mark.parametrize("do", ["add", "edit", "delete"])
async def test_a_plain_no_is_a_refusal_and_nothing_unknown(vendor, connect, text, expected, do):
    client = connect()
    calls = {
        "add": lambda: client.add_task(FULL, status=TaskStatus.DRAFT),
        "edit": lambda: client.edit_task(SendId("16"), FULL, status=TaskStatus.DRAFT),
        "delete": lambda: client.delete_task(SendId("16")),
    }
    vendor.says(text)
    with pytest.raises(expected) as caught:
        await calls[do]()
    assert type(caught.value) is expected
    assert len(vendor.requests) == 1


async def test_a_refused_task_keeps_the_vendors_word_and_sentence(vendor, connect):
    vendor.says("<result><status>time_error</status><data><![CDATA[发送时间错误！]]></data></result>")
    with pytest.raises(RefusedError) as caught:
        await connect().add_task(FULL, status=TaskStatus.DRAFT)
    assert (caught.value.vendor_code, caught.value.vendor_text) == ("time_error", "发送时间错误！")


YES = ["", "ok", "1", "修改成功", DONE, "<result><status>success</status></result>", '{"status": "success"}', "<done/>"]


@pytest.mark.parametrize("text", YES)
async def test_an_edit_or_deletion_that_is_not_objected_to_is_taken(vendor, connect, text):
    vendor.says(text)
    await connect().edit_task(SendId("16"), FULL, status=TaskStatus.PAUSED)
    await connect().delete_task(SendId("16"))
    assert len(vendor.requests) == 2


async def test_edit_task_says_send_status_and_send_time_and_never_time(vendor, connect):
    vendor.says(DONE)
    await connect().edit_task(SendId("16"), FULL, status=TaskStatus.PAUSED)
    asked = vendor.asked.query
    assert (asked["do"], asked["id"]) == ("edit-task", "16")
    assert (asked["send_status"], asked["send_time"]) == ("-2", "2026-11-20 18:00:05")
    assert {"time", "status"}.isdisjoint(asked)
    assert len(asked) == 17


async def test_edit_task_of_v3_writes_its_time_to_the_minute(vendor, connect):
    vendor.says(DONE)
    form = TaskForm(template_ids=("1", "2"), reply_to="re@shop.example", scheduled_at=SIX.replace(second=0))
    await connect("umail-v3").edit_task(SendId("16"), form, status=TaskStatus.SCHEDULED)
    assert unquote(query(vendor)).split("&")[3:] == [
        "id=16",
        "tpl_id=1,2",
        "send_replyto=re@shop.example",
        "send_status=1",
        "send_time=2026-11-20 18:00",
    ]


async def test_del_task_sends_the_id(vendor, connect):
    vendor.says(DONE)
    await connect().delete_task(SendId("19124"))
    assert query(vendor) == "do=del-task&id=19124"


ALL = set(TaskStatus)
SETTABLE = {
    "umail": {TaskStatus.DRAFT, TaskStatus.PAUSED, TaskStatus.SCHEDULED, TaskStatus.CANCELLED},
    "umail-v3": {TaskStatus.DRAFT, TaskStatus.SCHEDULED},
}


@pytest.mark.parametrize("kind", SETTABLE)
async def test_only_the_documented_statuses_are_ever_written(vendor, connect, kind):
    client = connect(kind)
    assert {status for status in TaskStatus if client.can_set(status)} == SETTABLE[kind]
    for status in ALL - SETTABLE[kind]:
        with pytest.raises(UnsupportedError):
            await client.edit_task(SendId("1"), TaskForm(), status=status)
    for status in ALL - {TaskStatus.DRAFT, TaskStatus.SCHEDULED, TaskStatus.SENDING}:
        with pytest.raises(UnsupportedError):
            await client.add_task(TaskForm(), status=status)
    assert vendor.requests == []


@pytest.mark.parametrize(
    ("form", "do"),
    [
        (TaskForm(first=2), "edit"),
        (TaskForm(hourly_speed=500), "edit"),
        (TaskForm(read_receipt=True), "add"),
        (TaskForm(reply_to="re@shop.example"), "add"),
        (TaskForm(list_ids=("5", "6")), "edit"),
    ],
)
async def test_what_v3_does_not_know_is_refused_rather_than_dropped(vendor, connect, form, do):
    client = connect("umail-v3")
    asked = client.add_task(form, status=TaskStatus.DRAFT) if do == "add" else None
    with pytest.raises(UnsupportedError):
        await (asked or client.edit_task(SendId("1"), form, status=TaskStatus.DRAFT))
    assert vendor.requests == []


READ = {
    "id": "19124",
    "tpl_id": "16",
    "list_id": "5",
    "replyto": "re@shop.example",
    "sender_name": "Shop",
    "send_qty": "100",
    "send_time": "2026-11-20 18:00:05",
    "send_status": "2",
    "track_status": "1",
}
SENDERS = [
    ({"acct_type": "all"}, ("all", "all")),
    ({"acct_type": "domain", "acct_domain": "shop.example"}, ("shop.example", "all")),
    ({"acct_type": "address", "acct_address": "edm@shop.example"}, ("shop.example", "edm@shop.example")),
]


@pytest.mark.parametrize(("kind", "document"), [("umail", "000"), ("umail-v3", "001")])
@pytest.mark.parametrize(("account_type", "sender"), SENDERS)
async def test_an_edit_repeats_all_that_a_fresh_read_knows(vendor, connect, kind, document, account_type, sender):
    client = connect(kind)
    vendor.says(filled(f"umail-{document}-6.1-task-list.xml", **READ, **account_type), DONE)
    task = await client.task(SendId("19124"))
    await client.edit_task(task.id, client.form_of(task), status=TaskStatus.DRAFT)
    asked = vendor.requests[1].query
    for credential in ("username", "password"):
        asked.pop(credential, None)
    assert asked == {
        "do": "edit-task",
        "id": "19124",
        "tpl_id": "16,16",
        "send_domain": sender[0],
        "send_account": sender[1],
        "send_fullname": "Shop",
        "maillist_id": "5",
        "send_qty": "100",
        "track_status": "1",
        "send_replyto": "re@shop.example",
        "send_status": "-1",
        "send_time": "2026-11-20 18:00:05" if kind == "umail" else "2026-11-20 18:01",
    }


async def test_what_cannot_be_read_is_left_out_of_the_form(vendor, connect):
    vendor.says("<task_list><task><id>1</id><send_status>2</send_status></task></task_list>")
    client = connect()
    assert client.form_of(await client.task(SendId("1"))) == TaskForm()
