"""EmailCar (document 002): what is sent, exactly, and every shape that its answers may take."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from providers.errors import (
    AuthenticationError,
    BadAnswerError,
    OutcomeUnknownError,
    RateLimitedError,
    RefusedError,
)
from providers.messages import MessageId, MessageStatus
from tests.providers.vendor import PASSWORD, reply, sample

DAY, NEXT = date(2012, 1, 1), date(2012, 1, 2)
ID = MessageId("873216184254383362")
LETTER = {"sender": "support@shop.example", "sender_name": "商店 & Co", "subject": "欢迎", "html": "<b>50% & more</b>"}


def success(data: object, msg: str = "数据成功获取") -> str:
    return json.dumps({"data": data, "msg": msg, "status": "success"})


def refused(msg: str) -> str:
    return json.dumps({"status": "error", "msg": msg})


async def test_a_send_is_a_form_post_with_the_documented_names(vendor, connect):
    vendor.says(sample("emailcar-002-send.json"))
    accepted = await connect("emailcar").send(**LETTER, recipients=["a@mail.example", "b@mail.example"])
    assert (vendor.asked.method, vendor.asked.target) == ("POST", "/mm-ms/apinew/mail/send")
    assert vendor.asked.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=utf-8"
    assert vendor.asked.form == {
        "api_user": "demo",
        "api_pwd": PASSWORD,
        "from": "support@shop.example",
        "fromname": "商店 & Co",
        "to": "a@mail.example;b@mail.example",
        "subject": "欢迎",
        "html": "<b>50% & more</b>",
    }
    # Above 2**53: a float would make it …360.
    assert accepted.message_ids == ("873216184254383362",)
    assert accepted.raw == {"return": {"id": 873216184254383362}}


async def test_options_are_sent_only_when_chosen(vendor, connect):
    vendor.says(sample("emailcar-002-send.json"))
    await connect("emailcar").send(
        **LETTER, recipients=["a@mail.example"], reply_to="re@shop.example", track_opens=True, track_clicks=True
    )
    chosen = {key: vendor.asked.form[key] for key in ("replyto", "open", "click")}
    assert chosen == {"replyto": "re@shop.example", "open": "1", "click": "1"}


A, B = 873216184254383362, 873216184254383363
SHAPES = {
    "one": {"return": {"id": A}},
    "text": {"return": {"id": str(A)}},
    "list of ids": {"return": {"id": [A, B]}},
    "list of objects": {"return": [{"id": A}, {"id": B}]},
    "by address": {"return": {"a@mail.example": A, "b@mail.example": str(B)}},
    "by index": {"return": {"0": {"id": A}, "1": {"id": B}}},
    "joined": {"return": {"id": f"{A};{B}"}},
    "without return": {"id": [A, B]},
    "none": {"return": {}},
    "nothing": None,
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_ids_are_read_in_every_shape(vendor, connect, shape):
    vendor.says(success(SHAPES[shape], "邮件发送成功"))
    accepted = await connect("emailcar").send(**LETTER, recipients=["a@mail.example", "b@mail.example"])
    expected = {"one": (str(A),), "text": (str(A),), "none": (), "nothing": ()}.get(shape, (str(A), str(B)))
    assert accepted.message_ids == expected


@pytest.mark.parametrize("lost", ["8.7321618425438336e+17", "873216184254383362.0", '"8.73e17"', "true"])
async def test_a_rounded_id_is_never_taken_for_an_id(vendor, connect, lost):
    vendor.says('{"data": {"return": {"id": ' + lost + '}}, "msg": "邮件发送成功", "status": "success"}')
    with pytest.raises(OutcomeUnknownError) as caught:
        await connect("emailcar").send(**LETTER, recipients=["a@mail.example"])
    assert type(caught.value.__cause__) is BadAnswerError


@pytest.mark.parametrize("recipients", [[], [f"{n}@mail.example" for n in range(51)], ["a@mail.example;b@x.example"]])
async def test_recipients_that_the_vendor_would_not_take_are_refused_before_sending(vendor, connect, recipients):
    with pytest.raises(RefusedError):
        await connect("emailcar").send(**LETTER, recipients=recipients)
    assert vendor.requests == []


async def test_fifty_recipients_are_one_call(vendor, connect):
    vendor.says(sample("emailcar-002-send.json"))
    await connect("emailcar").send(**LETTER, recipients=[f"{n}@mail.example" for n in range(50)])
    assert vendor.asked.form["to"].count(";") == 49


async def test_every_call_takes_its_turn_of_a_little_less_than_one_a_second(vendor, connect, turns):
    vendor.says(success({}))
    client = connect("emailcar")
    await client.send(**LETTER, recipients=["a@mail.example"])
    await client.balance()
    await client.messages(message_id=ID)
    assert turns.taken == [("emailcar", 1, timedelta(seconds=1.1))] * 3


async def test_a_repeated_read_takes_a_turn_each_time(vendor, connect, turns):
    vendor.says(reply("", 503), success({}))
    await connect("emailcar").balance()
    assert len(turns.taken) == 2


REFUSALS = {
    "用户名或密码错误": AuthenticationError,
    "提交过于频繁，每秒只能提交1次": RateLimitedError,
    "发件人不在事务性发件人中": RefusedError,
    "余额不足": RefusedError,
}


@pytest.mark.parametrize(("msg", "expected"), REFUSALS.items())
@pytest.mark.parametrize("status", [200, 400])
async def test_the_vendors_sentence_decides_which_refusal_it_is(vendor, connect, msg, expected, status):
    vendor.says(reply(refused(msg), status))
    client = connect("emailcar")
    for ask in (
        lambda: client.send(**LETTER, recipients=["a@mail.example"]),
        lambda: client.day_stats(DAY, NEXT),
        lambda: client.messages(first=DAY, last=NEXT),
        client.balance,
    ):
        with pytest.raises(expected) as caught:
            await ask()
        assert type(caught.value) is expected
        assert caught.value.vendor_text == msg


async def test_a_period_takes_one_call_to_stats(vendor, connect):
    vendor.says(sample("emailcar-002-stats.json"))
    stats = await connect("emailcar").day_stats(DAY, NEXT)
    assert (vendor.asked.path, vendor.asked.form["start_date"]) == ("/mm-ms/apinew/mail/stats", "2012-01-01")
    assert (vendor.asked.form["end_date"], "send_id" in vendor.asked.form) == ("2012-01-02", False)
    assert (stats.requested, stats.delivered, stats.failed, stats.pending) == (436, 352, 84, 0)
    assert (stats.first_day, stats.last_day, stats.sent, stats.bounced_hard) == (DAY, NEXT, None, None)
    assert stats.raw == {"failure": 84, "request": 436, "success": 352}


async def test_one_submission_is_asked_by_its_id_alone(vendor, connect):
    vendor.says(success({"total": {"failure": "1", "request": "5", "success": "2"}}))
    stats = await connect("emailcar").message_stats(ID)
    assert vendor.asked.form["send_id"] == "873216184254383362"
    assert "start_date" not in vendor.asked.form
    assert (stats.requested, stats.delivered, stats.failed, stats.pending) == (5, 2, 1, 2)


@pytest.mark.parametrize("status", [200, 404])
async def test_no_data_is_an_empty_answer_and_no_failure(vendor, connect, status):
    vendor.says(reply(sample("emailcar-002-lists-empty.json"), status))
    client = connect("emailcar")
    assert await client.messages(first=DAY, last=NEXT) == ()
    stats = await client.day_stats(DAY, NEXT)
    assert (stats.requested, stats.delivered, stats.failed, stats.pending) == (None, None, None, None)


async def test_the_broken_sample_of_lists_is_read_whole(vendor, connect):
    text = sample("emailcar-002-lists.json")
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    vendor.says(text)
    first, second = await connect("emailcar").messages(first=DAY, last=NEXT)
    assert first.sent_at == datetime(2015, 11, 17, 7, 29, 51, tzinfo=UTC)
    assert second.sent_at == datetime(2015, 11, 17, 7, 45, 13, tzinfo=UTC)
    assert (first.status, first.raw_status, first.opens, first.reason) == (MessageStatus.DELIVERED, "2", 0, None)
    assert (first.sender_name, first.reply_to) == ("EmailCar会员中心", "mail@service.example")
    assert (first.id, first.recipient, first.opener_ip, first.opener_agent) == (None, None, None, None)
    assert second.subject.startswith("yangpudianzi用户提交了一个任务")


async def test_the_broken_sample_cut_anywhere_is_refused(vendor, connect):
    text = sample("emailcar-002-lists.json").strip()
    client = connect("emailcar")
    for end in range(len(text) - 1, 0, -37):
        vendor.says(text[:end])
        with pytest.raises(BadAnswerError):
            await client.messages(first=DAY, last=NEXT)


ROW = {"status": "2", "subject": "x", "send_time": "2015-11-17 15:29:51", "guest_count": "3"}
ROWS = {
    "by index with a stray return": ({"0": ROW, "return": {"id": 1}, "1": ROW}, 2),
    "more than nine": ({str(n): ROW | {"subject": str(n)} for n in range(40)}, 40),
    "list": ([ROW, ROW], 2),
    "one": ({"0": ROW}, 1),
    "empty object": ({}, 0),
    "empty list": ([], 0),
    "null": (None, 0),
    "empty text": ("", 0),
}


@pytest.mark.parametrize(("data", "count"), ROWS.values(), ids=ROWS)
async def test_rows_may_be_keyed_by_index_or_listed(vendor, connect, data, count):
    vendor.says(success(data))
    records = await connect("emailcar").messages(message_id=ID, page=2)
    assert len(records) == count
    assert {record.id for record in records} <= {ID}
    assert (vendor.asked.form["p"], vendor.asked.form["page_size"]) == ("2", "40")
    assert "start_date" not in vendor.asked.form
    if count == 40:
        assert [record.subject for record in records] == [str(n) for n in range(40)]


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        ("1", "", MessageStatus.QUEUED),
        ("2", "", MessageStatus.DELIVERED),
        (2, "", MessageStatus.DELIVERED),
        ("3", "", MessageStatus.FAILED),
        ("3", "投递失败", MessageStatus.FAILED),
        ("3", "550 5.1.1 User unknown", MessageStatus.BOUNCED),
        ("3", "host mx.mail.example said: 452 mailbox full", MessageStatus.BOUNCED),
        ("3", "permanent error (5.7.1)", MessageStatus.BOUNCED),
        ("3", "cannot connect to 10.0.0.550:25", MessageStatus.FAILED),
        ("3", "mail 1550 dropped", MessageStatus.FAILED),
        ("2", "250 ok after 450", MessageStatus.DELIVERED),
        ("9", "550", MessageStatus.UNKNOWN),
    ],
)
async def test_a_failure_is_a_bounce_only_with_an_smtp_code(vendor, connect, status, reason, expected):
    vendor.says(success({"0": ROW | {"status": status, "failure_msg": reason}}))
    [record] = await connect("emailcar").messages(message_id=ID)
    assert (record.status, record.raw_status, record.reason) == (expected, str(status), reason or None)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ({"ad": 1, "email": 873216184254383363, "sms": 3}, (873216184254383363, 3, 1)),
        ({"ad": "1", "email": "2000", "sms": "0"}, (2000, 0, 1)),
        # The document's own words in place of numbers.
        ({"ad": "剩余广告点数", "email": "剩余邮箱点数", "sms": "剩余短信点数"}, (None, None, None)),
        ({}, (None, None, None)),
    ],
)
async def test_the_balance_may_be_numbers_or_text(vendor, connect, points, expected):
    vendor.says(success({"points": points}))
    balance = await connect("emailcar").balance()
    assert vendor.asked.path == "/mm-ms/apinew/user/balance"
    assert (balance.emails_left, balance.sms_left, balance.ads_left) == expected


async def test_json_in_gbk_is_read_only_when_the_header_says_so(vendor, connect):
    body = '{"data": {"points": {"email": 7}}, "msg": "数据成功获取", "status": "success"}'.encode("gbk")
    vendor.says(reply(body, Content_Type="application/json; charset=gb2312"))
    assert (await connect("emailcar").balance()).emails_left == 7
