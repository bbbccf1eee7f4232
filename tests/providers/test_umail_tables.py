"""U-Mail's exports as tables: which columns, what stands in them, and how they end."""

import tracemalloc
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from providers.contacts import ListId
from providers.errors import AnswerTooLargeError, BadAnswerError, NoAnswerError, RefusedError, UnsupportedError
from providers.model import BatchNumber, FailureCategory, SendId, StatisticsId
from providers.tracking import LinkId
from tests.providers.vendor import SHANGHAI, endless, filled, sample

DAY, NEXT = date(2026, 11, 19), date(2026, 11, 20)
FAILURE_COLUMNS = ("address", "category", "vendor_type", "reason", "statistics_id")
ROW = "<recipient><email>{}@b.example</email><type>{}</type></recipient>"


async def drained(table) -> list[tuple]:
    return [row async for batch in table.batches for row in batch]


async def test_failures_are_told_in_our_word_beside_the_vendors_code(vendor, connect):
    vendor.says(sample("umail-000-2.3.2-failexportall.xml"))
    table = connect().failure_table(DAY, NEXT)
    assert table.columns == FAILURE_COLUMNS
    assert await drained(table) == [
        ("someone@mail.example", FailureCategory.RECIPIENT_REJECTED, "3", None, "1025694"),
    ]
    assert vendor.asked.target == (
        "/mm-ms/apinew/failexportall.php?type=all&date=2026-11-19&date_end=2026-11-20&out_type=xml"
    )


async def test_reasons_stand_beside_the_failures_that_have_them(vendor, connect):
    vendor.says(sample("umail-000-2.3.1-failexport.xml"))
    table = connect().failure_reason_table(DAY, NEXT, batch=BatchNumber("1-2"))
    assert table.columns == FAILURE_COLUMNS
    assert await drained(table) == [
        ("someone@mail.example", FailureCategory.MAILBOX_NOT_FOUND, "1", "邮箱不存在", None),
    ]
    assert vendor.asked.query["task_ident"] == "1-2"


async def test_one_tasks_failures_are_asked_by_exactly_one_of_its_names(vendor, connect):
    client = connect()
    for which in ({}, {"statistics_id": StatisticsId("1"), "batch": BatchNumber("1-2")}):
        with pytest.raises(RefusedError):
            client.task_failure_table(**which)
    vendor.says("<fail_recipient_list/>")
    assert await drained(client.task_failure_table(statistics_id=StatisticsId("7"))) == []
    assert vendor.asked.target == "/mm-ms/apinew/failexportall.php?type=all&task_id=7&out_type=xml"


async def test_only_the_wanted_category_is_kept_of_what_comes(vendor, connect):
    vendor.says(f"<fail_recipient_list>{ROW.format('a', 2)}{ROW.format('b', 3)}</fail_recipient_list>")
    found = await drained(connect().failure_table(DAY, DAY, category=FailureCategory.MAILBOX_FULL))
    assert [row[0] for row in found] == ["a@b.example"]


async def test_a_type_that_no_document_explains_is_unknown_and_kept(vendor, connect):
    vendor.says(f"<fail_recipient_list>{ROW.format('a', 42)}{ROW.format('b', '')}</fail_recipient_list>")
    found = await drained(connect().failure_table(DAY, DAY))
    assert [row[1:3] for row in found] == [(FailureCategory.UNKNOWN, "42"), (FailureCategory.UNKNOWN, "")]


async def test_a_rounded_id_is_refused_rather_than_written_into_a_file(vendor, connect):
    row = ROW.format("a", 2).replace("</type>", "</type><task_id>1.0256E+6</task_id>")
    vendor.says(f"<fail_recipient_list>{row}</fail_recipient_list>")
    with pytest.raises(BadAnswerError) as caught:
        await drained(connect().failure_table(DAY, DAY))
    assert (caught.value.account, caught.value.call) == ("umail", "failexportall.php")


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.failure_table(DAY, DAY),
        lambda client: client.task_failure_table(batch=BatchNumber("1-2")),
        lambda client: client.failure_reason_table(DAY, DAY),
        lambda client: client.failure_reason_table(DAY, NEXT, category=FailureCategory.INVALID_ADDRESS),
        lambda client: client.failure_reason_table(DAY, DAY, category=FailureCategory.SPAM_CONTENT),
        # 001 2.3 wants a task beside types 1, 2 and 3.
        lambda client: client.failure_reason_table(DAY, DAY, category=FailureCategory.MAILBOX_FULL),
    ],
)
async def test_what_v3_cannot_export_is_not_asked(vendor, connect, ask):
    with pytest.raises(UnsupportedError):
        ask(connect("umail-v3"))
    assert vendor.requests == []


async def test_v3_lists_addresses_of_a_day_and_a_category(vendor, connect):
    vendor.says("a@b.example\r\nc@d.example\r\n")
    table = connect("umail-v3").failure_reason_table(DAY, DAY, category=FailureCategory.INVALID_ADDRESS)
    assert table.columns == FAILURE_COLUMNS
    assert await drained(table) == [
        ("a@b.example", FailureCategory.INVALID_ADDRESS, "8", None, None),
        ("c@d.example", FailureCategory.INVALID_ADDRESS, "8", None, None),
    ]
    assert vendor.asked.target.endswith("&type=8&date=2026-11-19")


async def test_openers_have_their_times_in_the_accounts_zone(vendor, connect):
    values = {"email": "a@b.example", "open_total": 3, "click_total": "", "open_first": "2026-11-20 10:00:00"}
    vendor.says(filled("umail-000-3.2-open-detail.xml", open_last="0000-00-00 00:00:00", **values))
    table = connect().opener_table(task_id=SendId("19125"))
    [row] = await drained(table)
    found = dict(zip(table.columns, row, strict=True))
    assert (found["address"], found["opened_total"], found["clicked_total"]) == ("a@b.example", 3, None)
    assert found["first_open"] == datetime(2026, 11, 20, 10, tzinfo=SHANGHAI)
    assert found["first_open"].isoformat() == "2026-11-20T10:00:00+08:00"
    assert (found["last_open"], found["first_place"], found["system"]) == (None, "首次打开地址", "操作系统")
    assert vendor.asked.target == "/mm-ms/apinew/track.php?do=open-detail&id=19125"


async def test_clicks_name_the_link(vendor, connect):
    vendor.says(filled("umail-000-3.3-click-detail.xml", email="a@b.example", click_total=2, click_unique=1))
    table = connect().click_table(batch=BatchNumber("1-2"), link_id=LinkId("7"))
    [row] = await drained(table)
    assert dict(zip(table.columns, row, strict=True)) == {
        "address": "a@b.example",
        "url": "链接地址",
        "clicked_unique": 1,
        "clicked_total": 2,
        "first_click": None,
        "last_click": None,
    }
    assert vendor.asked.target == "/mm-ms/apinew/track.php?do=click-detail&ident=1-2&link_id=7"


@pytest.mark.parametrize("which", [{}, {"task_id": SendId("1"), "batch": BatchNumber("1-2")}, {"task_id": SendId("x")}])
async def test_a_tracked_task_is_named_by_exactly_one_name_or_nothing_is_sent(vendor, connect, which):
    client = connect()
    for ask in (client.opener_table, client.click_table):
        with pytest.raises(RefusedError):
            ask(**which)
    assert vendor.requests == []


async def test_who_left_a_list_comes_with_the_time_in_the_accounts_zone(vendor, connect):
    vendor.says("2026-11-20 10:00:00\ta@b.example\r\n0000-00-00 00:00:00\tc@d.example")
    table = connect().unsubscribe_table(ListId("5"))
    assert table.columns == ("address", "at")
    assert await drained(table) == [
        ("a@b.example", datetime(2026, 11, 20, 10, tzinfo=ZoneInfo("Asia/Shanghai"))),
        ("c@d.example", None),
    ]
    assert vendor.asked.target == "/mm-ms/apinew/mloperate.php?do=unsubscribe-export&id=5"


async def test_who_subscribes_is_told_on_v3_only(vendor, connect):
    with pytest.raises(UnsupportedError):
        connect().subscriber_table(ListId("5"))
    vendor.says("a@b.example\t张三\nc@d.example\t\n")
    table = connect("umail-v3").subscriber_table(ListId("5"))
    assert table.columns == ("address", "name")
    assert await drained(table) == [("a@b.example", "张三"), ("c@d.example", None)]
    assert vendor.asked.query["do"] == "subscription-export"


@pytest.mark.parametrize(
    "text", ["<fail_recipient_list/>", "<result><status>error</status><data>没有数据</data></result>"]
)
async def test_nothing_found_is_a_table_without_rows(vendor, connect, text):
    vendor.says(text)
    assert await drained(connect().failure_table(DAY, DAY)) == []


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (f"<fail_recipient_list>{ROW.format('a', 1)}<recipient><email>", BadAnswerError),
        (f"<fail_recipient_list>{ROW.format('a', 1)}</other>", BadAnswerError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<fail_recipient_list><x/>", NoAnswerError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n<fail_recipient_list>\xff\xff\xff\xff", BadAnswerError),
        (
            endless(b"HTTP/1.1 200 OK\r\n\r\n<fail_recipient_list><recipient>", b"<x>1</x>" * 9999, 99),
            AnswerTooLargeError,
        ),
        ("<result><status>param_error</status></result>", RefusedError),
    ],
)
async def test_a_table_that_is_damaged_cut_or_endless_says_so(vendor, connect, said, error):
    vendor.says(said)
    with pytest.raises(error) as caught:
        await drained(connect(deadline=20.0).failure_table(DAY, DAY))
    assert (caught.value.account, caught.value.call) == ("umail", "failexportall.php")


async def test_a_table_that_breaks_off_gives_its_rows_and_then_says_so(vendor, connect):
    vendor.says(f"<fail_recipient_list>{ROW.format('a', 1)}{ROW.format('b', 2)}<recipient><email>c@")
    batches = connect().failure_table(DAY, DAY).batches
    assert [row[0] for row in await anext(batches)] == ["a@b.example", "b@b.example"]
    with pytest.raises(BadAnswerError):
        await anext(batches)


@pytest.mark.parametrize(
    ("ask", "document"),
    [
        (lambda client: client.opener_table(task_id=SendId("1")), "umail-000-3.2-open-detail.xml"),
        (lambda client: client.click_table(task_id=SendId("1")), "umail-000-3.3-click-detail.xml"),
        (lambda client: client.failure_reason_table(DAY, NEXT), "umail-000-2.3.1-failexport.xml"),
    ],
)
async def test_a_document_that_is_cut_short_is_no_whole_table(vendor, connect, ask, document):
    text = sample(document)
    vendor.says(text[: text.rindex("...")])
    with pytest.raises(BadAnswerError):
        await drained(ask(connect()))


async def test_a_table_may_be_left_early(vendor, connect):
    vendor.says(endless(b"HTTP/1.1 200 OK\r\n\r\n<fail_recipient_list>", ROW.format("a", 1).encode() * 500, 500))
    batches = connect().failure_table(DAY, DAY).batches
    assert (await anext(batches))[0][0] == "a@b.example"
    await batches.aclose()


async def test_a_long_table_is_read_in_flat_memory(vendor, connect):
    async def export(writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<fail_recipient_list>")
        for _ in range(100):
            writer.write(ROW.format("someone", 3).encode() * 200)
            await writer.drain()
        writer.write(b"</fail_recipient_list>")

    vendor.says(export)
    tracemalloc.start()
    count = 0
    async for batch in connect(deadline=20.0).failure_table(DAY, NEXT).batches:
        count += len(batch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 4 << 20
