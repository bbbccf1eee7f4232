"""ITNIO's getSendEmailRcd (document 004), by GET and by POST."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from providers.errors import AuthenticationError, BadAnswerError, RefusedError, ServerFaultError
from providers.itnio import Itnio, ItnioSettings
from providers.messages import MessageId, MessageStatus
from tests.providers.vendor import NOW, reply, sample

IDS = [MessageId("2208031112341000001"), MessageId("2208031112361000002")]


def answer(status: object = "0", array: object = (), **counts: object) -> str:
    return json.dumps({"status": status, "reason": "success", **counts, "array": array})


def row(**values: object) -> dict[str, object]:
    return {"emailId": IDS[0], "toAddress": "a@mail.example", "receiveTime": "", "status": "0"} | values


def signed(seen) -> None:
    stamp = str(int(NOW.timestamp()))
    sign = hashlib.md5(f"bDqJFiq9s3cret-s3cret{stamp}".encode(), usedforsecurity=False).hexdigest()
    given = {name: seen.headers[name] for name in ("Content-Type", "Sign", "Timestamp", "Api-Key")}
    assert given == {
        "Content-Type": "application/json;charset=UTF-8",
        "Sign": sign,
        "Timestamp": stamp,
        "Api-Key": "bDqJFiq9",
    }


async def test_a_get_is_the_documents_sample(vendor, connect):
    vendor.says(sample("itnio-004-getSendEmailRcd.json"))
    await connect("itnio").look_up(IDS)
    assert vendor.asked.method == "GET"
    assert vendor.asked.target == (
        "/mm-ms/apinew/getSendEmailRcd?appId=fKFtblIy&emailId=2208031112341000001,2208031112361000002"
    )
    assert vendor.asked.body == b""
    signed(vendor.asked)


async def test_a_post_is_the_documents_sample(vendor, connect):
    vendor.says(sample("itnio-004-getSendEmailRcd.json"))
    await connect("itnio-post").look_up(IDS)
    assert (vendor.asked.method, vendor.asked.target) == ("POST", "/mm-ms/apinew/getSendEmailRcd")
    assert json.loads(vendor.asked.body) == {"appId": "fKFtblIy", "emailId": "2208031112341000001,2208031112361000002"}
    signed(vendor.asked)


async def test_the_rows_are_the_truth_and_the_counts_are_as_reported(vendor, connect):
    vendor.says(sample("itnio-004-getSendEmailRcd.json"))
    report = await connect("itnio").look_up(IDS)
    [record] = report.records
    # The outer status is 0, good; the row's is 1, failed. `fail` says 2 beside one row.
    assert (record.id, record.status, record.raw_status) == (IDS[0], MessageStatus.FAILED, "1")
    assert (record.recipient, record.sent_at, record.reason) == ("someone@mail.example", None, None)
    assert (report.delivered, report.failed, report.sending, report.not_found) == (0, 2, 0, 0)
    assert (report.asked, report.missing) == (tuple(IDS), (IDS[1],))
    assert report.raw["reason"] == "success"


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        ("0", MessageStatus.DELIVERED),
        ("-1", MessageStatus.QUEUED),
        ("1", MessageStatus.FAILED),
        (1, MessageStatus.FAILED),
        ("5", MessageStatus.UNKNOWN),
        ("", MessageStatus.UNKNOWN),
    ],
)
async def test_a_rows_status_is_not_the_answers_status(vendor, connect, raw, status):
    vendor.says(answer(array=[row(status=raw)]))
    [record] = (await connect("itnio").look_up(IDS[:1])).records
    assert (record.status, record.raw_status) == (status, str(raw))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2021-02-12T09:30:03+08:00", datetime(2021, 2, 12, 1, 30, 3, tzinfo=UTC)),
        ("2021-02-12T09:30:03", datetime(2021, 2, 12, 1, 30, 3, tzinfo=UTC)),
        ("2021-02-12T01:30:03Z", datetime(2021, 2, 12, 1, 30, 3, tzinfo=UTC)),
        ("", None),
        (None, None),
        ("soon", None),
    ],
)
async def test_the_time_of_sending_is_read_with_its_offset(vendor, connect, written, read):
    vendor.says(answer(array=[row(receiveTime=written)]))
    assert (await connect("itnio").look_up(IDS[:1])).records[0].sent_at == read


FAULTS = {
    "-1": AuthenticationError,
    "-4": AuthenticationError,
    "-5": RefusedError,
    "-6": AuthenticationError,
    "-8": AuthenticationError,
    "-23": ServerFaultError,
    "-24": AuthenticationError,
    "-28": RefusedError,
    "-99": RefusedError,
}


@pytest.mark.parametrize(("status", "expected"), FAULTS.items())
@pytest.mark.parametrize("kind", ["itnio", "itnio-post"])
@pytest.mark.parametrize("number", [str, int])
async def test_every_outer_status_is_its_error(vendor, connect, kind, status, expected, number):
    vendor.says(json.dumps({"status": number(status), "reason": "nope"}))
    with pytest.raises(expected) as caught:
        await connect(kind).look_up(IDS)
    assert type(caught.value) is expected
    assert (caught.value.vendor_code, caught.value.vendor_text) == (status, "nope")
    assert (caught.value.account, caught.value.call) == (kind, "getSendEmailRcd")


async def test_a_program_error_that_passes_is_not_noticed(vendor, connect):
    vendor.says(answer("-23"), answer())
    assert (await connect("itnio").look_up(IDS)).missing == tuple(IDS)


ARRAYS = [[], None, "", {}]


@pytest.mark.parametrize("array", ARRAYS)
async def test_no_rows_means_that_all_ids_are_missing(vendor, connect, array):
    vendor.says(answer(array=array, nofound="2"))
    report = await connect("itnio").look_up(IDS)
    assert (report.records, report.missing, report.not_found) == ((), tuple(IDS), 2)
    assert (report.delivered, report.failed, report.sending) == (None, None, None)


async def test_one_row_may_come_without_its_list(vendor, connect):
    vendor.says(answer(0, array=row(emailId=int(IDS[0]))))
    report = await connect("itnio").look_up(IDS)
    assert [record.id for record in report.records] == [IDS[0]]
    assert report.missing == (IDS[1],)


@pytest.mark.parametrize("array", [[row(emailId=2.208031112341e18)], ["x"], [row(emailId="2.2e18")], 7])
async def test_a_row_that_makes_no_sense_is_refused(vendor, connect, array):
    vendor.says(answer(array=array))
    with pytest.raises(BadAnswerError) as caught:
        await connect("itnio").look_up(IDS)
    assert caught.value.account == "itnio"


@pytest.mark.parametrize("body", ["{}", "[]", "null", '"x"', '{"array": []}'])
async def test_an_answer_without_status_is_refused(vendor, connect, body):
    vendor.says(body)
    with pytest.raises(BadAnswerError):
        await connect("itnio").look_up(IDS)


@pytest.mark.parametrize("count", [0, 201])
async def test_more_ids_than_a_call_takes_are_refused_before_asking(vendor, connect, count):
    with pytest.raises(RefusedError):
        await connect("itnio").look_up([MessageId(str(n)) for n in range(count)])
    assert vendor.requests == []


async def test_200_ids_are_one_call(vendor, connect):
    vendor.says(answer())
    ids = [MessageId(f"2208031112341{n:06}") for n in range(200)]
    assert (await connect("itnio").look_up(ids)).missing == tuple(ids)
    assert vendor.asked.query["emailId"].split(",") == ids


async def test_a_403_with_words_is_an_authentication_error(vendor, connect):
    vendor.says(reply(answer("-8"), 403))
    with pytest.raises(AuthenticationError) as caught:
        await connect("itnio").look_up(IDS)
    assert caught.value.vendor_code == "403"


@pytest.mark.parametrize("secret", ["with\nbreak", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_no_setting(secret):
    with pytest.raises(ValueError, match="printable ASCII") as caught:
        ItnioSettings(app_id="a", api_key=secret, api_secret="b")
    assert secret not in str(caught.value)
    assert Itnio.Settings is ItnioSettings
