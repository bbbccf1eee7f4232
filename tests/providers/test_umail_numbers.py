"""U-Mail's counters, and the categories of its failures."""

import asyncio
from datetime import date, timedelta

import pytest

from providers.errors import AuthenticationError, UnsupportedError
from providers.model import FailureCategory, FailureClass, SendId
from tests.providers.vendor import filled, reply

DAY, NEXT = date(2026, 11, 19), date(2026, 11, 20)
V3_DAY = {
    "ws_qty": 1000,
    "ws_error": 3,
    "ws_count": 990,
    "invalid_addr": 4,
    "format_error": 6,
    "send_count": 1100,
    "deduc_count": 1100,
    "actual_send": 900,
    "send_error": 50,
    "actual_deduc": 880,
}
DAY_2019 = V3_DAY | {"blacklist_count": 7, "refuse_count": 2, "email_not_exist": 30, "jujue_count": 11}
TASK_2019 = {
    "task_id": "1025694",
    "task_date": "2026-11-19",
    "task_ident": "20261119101814-7020-53",
    "totalsum": 1000,
    "total": 900,
    "invalid": 60,
    "failed": 50,
    "send_failed": 45,
    "success": 850,
    "email_not_exist": 30,
    "spam_content": 5,
    "connect_error": 4,
    "actual": 900,
    "over_quota": 3,
    "user_reject": 2,
    "rubbish": 1,
    "point": 1000,
}
TASK_V3 = {key: value for key, value in TASK_2019.items() if key in {
    "task_id", "task_date", "task_ident", "total", "failed", "success", "actual", "email_not_exist", "over_quota",
    "user_reject",
}}  # fmt: skip


def stask_2019(**values: object) -> str:
    """000 2.4 with its own wrong end tag: <rebate>20</rebtae>."""
    return filled("umail-000-2.4-stask.xml", **TASK_2019 | values, rebate=20)


async def test_a_day_of_2019_is_told_in_our_words(vendor, connect):
    vendor.says(filled("umail-000-2.2-statistic.xml", date=DAY, **DAY_2019))
    stats = await connect().day_stats(DAY, DAY)
    assert vendor.asked.target == "/mm-ms/apinew/statistic.php?date=2026-11-19"
    assert (stats.requested, stats.sent, stats.failed) == (1000, 900, 50)
    assert (stats.delivered, stats.delivered_is_derived) == (850, True)
    assert (stats.bounced_hard, stats.delivery_refused) == (30, 11)
    # refuse_count counts complaint addresses, whatever its name says.
    assert (stats.suppressed, stats.suppressed_complaint, stats.rejected) == (7, 2, 4 + 6 + 7 + 2)
    assert (stats.invalid_address, stats.invalid_format, stats.points_charged) == (4, 6, 880)
    assert (stats.first_day, stats.last_day, stats.points_net, stats.pending) == (DAY, DAY, None, None)


async def test_a_day_of_v3_knows_less_and_invents_nothing(vendor, connect):
    vendor.says(filled("umail-001-2.2-statistic.xml", date=DAY, **V3_DAY))
    stats = await connect("umail-v3").day_stats(DAY, DAY)
    assert (stats.rejected, stats.bounced_hard, stats.suppressed, stats.delivery_refused) == (10, None, None, None)


async def test_days_are_added_up_and_what_one_lacks_is_unknown(vendor, connect):
    def answer(seen) -> bytes:
        lacks = {"email_not_exist": ""} if seen.query["date"] == "2026-11-20" else {}
        return reply(filled("umail-000-2.2-statistic.xml", **DAY_2019 | lacks))

    vendor.route = answer
    stats = await connect().day_stats(DAY, NEXT)
    assert sorted(seen.query["date"] for seen in vendor.requests) == ["2026-11-19", "2026-11-20"]
    assert (stats.sent, stats.delivered, stats.bounced_hard) == (1800, 1700, None)
    assert (stats.first_day, stats.last_day) == (DAY, NEXT)
    assert len(stats.raw["rows"]) == 2


async def test_more_days_than_can_be_asked_one_by_one_are_refused(vendor, connect):
    with pytest.raises(UnsupportedError):
        await connect().day_stats(DAY, DAY + timedelta(days=31))
    with pytest.raises(UnsupportedError):
        await connect().day_stats(NEXT, DAY)
    assert vendor.requests == []


async def test_days_are_asked_a_few_at_a_time_and_the_first_failure_ends_it(vendor, connect):
    under_way, most = 0, 0

    async def answer(writer) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.01)
        under_way -= 1
        writer.write(reply(filled("umail-000-2.2-statistic.xml", **DAY_2019)))

    vendor.says(answer)
    client = connect()
    assert (await client.day_stats(DAY, DAY + timedelta(days=30))).sent == 31 * 900
    assert len(vendor.requests) == 31
    assert 1 < most <= 6
    vendor.requests.clear()
    vendor.says(reply("", 401))
    with pytest.raises(AuthenticationError):
        await client.day_stats(DAY, DAY + timedelta(days=30))
    assert len(vendor.requests) < 31


async def test_a_task_of_2019_is_asked_by_its_id(vendor, connect):
    vendor.says(stask_2019())
    stats = await connect().task_stats(SendId("19124"))
    assert vendor.asked.target == "/mm-ms/apinew/stask.php?id=19124"
    assert (stats.task_id, stats.report, stats.batch) == ("19124", "1025694", "20261119101814-7020-53")
    assert (stats.requested, stats.sent, stats.delivered, stats.failed) == (1000, 900, 850, 50)
    assert (stats.delivered_is_derived, stats.rejected, stats.pending) == (False, 60, 40)
    assert (stats.bounced_hard, stats.mailbox_full, stats.connection_error) == (30, 3, 4)
    assert (stats.recipient_rejected, stats.spam_content, stats.judged_spam) == (2, 5, 1)
    assert (stats.points_charged, stats.points_refunded, stats.points_net) == (900, 20, 880)
    assert stats.first_day == DAY


@pytest.mark.parametrize("lacking", [{"totalsum": ""}, {"invalid": ""}, {"totalsum": 10}])
async def test_pending_is_unknown_unless_all_its_parts_make_sense(vendor, connect, lacking):
    vendor.says(stask_2019(**lacking))
    assert (await connect().task_stats(SendId("1"))).pending is None


V3_TASK = filled(
    "umail-001-6.1-task-list.xml",
    id="19124",
    sn="20120302-362-F9B1E5",
    send_status="3",
    time_start="2012-03-02 00:10:00",
)


async def test_a_task_of_v3_is_asked_by_its_batch(vendor, connect):
    vendor.says(V3_TASK, filled("umail-001-2.4-stask.xml", **TASK_V3))
    stats = await connect("umail-v3").task_stats(SendId("19124"))
    asked = vendor.requests[1].query
    assert (asked["ident"], "date" in asked, "id" in asked) == ("20120302-362-F9B1E5", False, False)
    assert (stats.sent, stats.delivered, stats.requested, stats.pending) == (900, 850, None, None)
    assert (stats.points_charged, stats.points_refunded) == (900, None)


@pytest.mark.parametrize("said", ["<data/>", "<result><status>param_error</status><data>参数date错误</data></result>"])
async def test_a_v3_server_that_wants_the_day_beside_the_batch_gets_it(vendor, connect, said):
    vendor.says(V3_TASK, said, filled("umail-001-2.4-stask.xml", **TASK_V3))
    assert (await connect("umail-v3").task_stats(SendId("19124"))).sent == 900
    asked = vendor.requests[2].query
    assert (asked["date"], asked["ident"]) == ("2012-03-02", "20120302-362-F9B1E5")


@pytest.mark.parametrize("task", ["<task_list/>", "<task_list><task><id>19124</id><sn/></task></task_list>"])
async def test_a_v3_task_without_a_batch_has_no_counters(vendor, connect, task):
    vendor.says(task)
    assert await connect("umail-v3").task_stats(SendId("19124")) is None
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("text", ["<data/>", "<data>...</data>", "<result><status>no_data</status></result>"])
async def test_a_task_without_counters_has_none_yet(vendor, connect, text):
    vendor.says(text)
    assert await connect().task_stats(SendId("1")) is None


async def test_a_task_that_ran_over_midnight_is_one_sum(vendor, connect):
    one = stask_2019().partition("<task>")[2].partition("</task>")[0]
    two = one.replace("2026-11-19", "2026-11-20")
    vendor.says(f"<data><task>{one}</task><task>{two}</task></data>")
    stats = await connect().task_stats(SendId("1"))
    assert (stats.sent, stats.first_day, stats.last_day, stats.report) == (1800, DAY, NEXT, None)


async def test_all_tasks_of_a_period_in_2019_take_one_call_with_both_ends(vendor, connect):
    vendor.says(stask_2019())
    [stats] = await connect().task_stats_between(DAY, NEXT)
    assert vendor.asked.target == "/mm-ms/apinew/stask.php?date=2026-11-19&date_end=2026-11-20"
    assert (stats.task_id, stats.report) == (None, "1025694")


async def test_all_tasks_of_a_period_in_v3_take_a_call_a_day(vendor, connect):
    vendor.says(filled("umail-001-2.4-stask.xml", **TASK_V3))
    assert len(await connect("umail-v3").task_stats_between(DAY, NEXT)) == 2


async def tabled(table) -> list[tuple]:
    return [row async for batch in table.batches for row in batch]


TYPES = {
    "1": FailureCategory.MAILBOX_NOT_FOUND,
    "not_exist": FailureCategory.MAILBOX_NOT_FOUND,
    "2": FailureCategory.MAILBOX_FULL,
    "over_quota": FailureCategory.MAILBOX_FULL,
    "3": FailureCategory.RECIPIENT_REJECTED,
    "user_reject": FailureCategory.RECIPIENT_REJECTED,
    "4": FailureCategory.SPAM_CONTENT,
    "5": FailureCategory.DELIVERY_REFUSED,
    "6": FailureCategory.SUPPRESSED,
    "7": FailureCategory.SUPPRESSED_COMPLAINT,
    "8": FailureCategory.INVALID_ADDRESS,
    "invalid_addr": FailureCategory.INVALID_ADDRESS,
    "9": FailureCategory.INVALID_FORMAT,
    "format_error": FailureCategory.INVALID_FORMAT,
    "10": FailureCategory.CONNECTION_ERROR,
    "11": FailureCategory.UNKNOWN,
    "": FailureCategory.UNKNOWN,
}


@pytest.mark.parametrize(("raw", "category"), TYPES.items())
async def test_every_type_has_its_category_by_number_or_name(vendor, connect, raw, category):
    vendor.says(filled("umail-000-2.3.2-failexportall.xml", type=raw))
    [(_, told, vendor_type, _, _)] = await tabled(connect().failure_table(DAY, NEXT))
    assert (told, vendor_type) == (category, raw)


def test_only_an_unknown_category_has_no_class():
    unknown = {category for category in FailureCategory if category.failure_class is FailureClass.UNKNOWN}
    assert unknown == {FailureCategory.UNKNOWN}


@pytest.mark.parametrize(
    ("category", "asked"),
    [
        (FailureCategory.CONNECTION_ERROR, "10"),
        (FailureCategory.INVALID_FORMAT, "9"),
        # 000 2.3 wants a batch beside types 1, 2 and 3.
        (FailureCategory.MAILBOX_FULL, "all"),
        (FailureCategory.UNKNOWN, "all"),
    ],
)
async def test_one_category_is_asked_for_or_picked_out(vendor, connect, category, asked):
    rows = "".join(f"<recipient><email>{raw}@b.example</email><type>{raw}</type></recipient>" for raw in TYPES)
    vendor.says(f"<fail_recipient_list>{rows}</fail_recipient_list>")
    assert {row[1] for row in await tabled(connect().failure_table(DAY, NEXT, category=category))} == {category}
    assert vendor.asked.query["type"] == asked
