"""U-Mail's tracking figures, charges and log: what is asked, exactly, and what the documents' samples mean."""

import tracemalloc
from datetime import UTC, date, datetime, timedelta

import pytest

from providers.errors import (
    AnswerTooLargeError,
    AuthenticationError,
    BadAnswerError,
    NoAnswerError,
    RefusedError,
    UnsupportedError,
)
from providers.model import BatchNumber, SendId
from providers.tracking import EmailId, LinkId, TrackId
from tests.providers.vendor import endless, filled, reply, sample

DAY, NEXT = date(2026, 11, 19), date(2026, 11, 20)
TASK, BATCH = SendId("19125"), BatchNumber("20180402101814-7020-53")
AT = "2026-11-20 10:00:00"
AT_UTC = datetime(2026, 11, 20, 2, tzinfo=UTC)
REFUSED = "<result><status>error</status><data>参数错误</data></result>"
LOGIN = "<html><form><input type='password'/></form></html>"
OVERVIEW = {
    "track_id": "38282,38283",
    "task_id": "1025694",
    "task_sn": BATCH,
    "send_count": 1000,
    "real_send_count": 900,
    "error_send_count": 100,
    "open_unique": 300,
    "open_total": 420,
    "open_first": AT,
    "open_last": "0000-00-00 00:00:00",
    "click_unique": 20,
    "click_total": 25,
    "link_id": 7,
    "open_ratio": "33.3%",
}


async def gathered(stream) -> list:
    return [one async for one in stream]


async def test_an_overview_is_read_in_the_documents_own_spelling(vendor, connect):
    vendor.says(filled("umail-000-3.1-overview.xml", **OVERVIEW))
    found = await connect().track_overview(task_id=TASK)
    assert vendor.asked.target == "/mm-ms/apinew/track.php?do=overview&id=19125"
    assert (found.track_ids, found.statistics_id, found.batch) == (("38282", "38283"), "1025694", BATCH)
    assert (found.sent, found.delivered, found.failed) == (1000, 900, 100)
    assert (found.opened_unique, found.opened_total, found.clicked_unique) == (300, 420, 20)
    assert (found.first_open, found.last_open) == (AT_UTC, None)
    # The second <link> holds three dots only; the inner <link> is the URL.
    assert [(link.id, link.url) for link in found.links] == [("7", "链接")]


@pytest.mark.parametrize("kind", ["umail", "umail-v3"])
async def test_a_task_can_be_named_by_its_batch_in_both_dialects(vendor, connect, kind):
    vendor.says(filled("umail-000-3.1-overview.xml", **OVERVIEW))
    await connect(kind).track_overview(batch=BATCH)
    assert (vendor.asked.query["ident"], vendor.asked.query.get("id")) == (BATCH, None)


@pytest.mark.parametrize("which", [{}, {"task_id": TASK, "batch": BATCH}, {"task_id": SendId("")}, {"task_id": "x"}])
async def test_a_task_is_named_by_exactly_one_name_or_nothing_is_sent(vendor, connect, which):
    client = connect()
    for call in (client.track_overview, client.link_clicks):
        with pytest.raises(RefusedError):
            await call(**which)
    assert vendor.requests == []


async def test_a_link_within_a_link_is_its_url_and_no_second_row(vendor, connect):
    row = "<link><link_id>7</link_id><link>http://a.example/?x=1&amp;y=2</link><click_unique>2</click_unique></link>"
    vendor.says(f"<data>{row}{row.replace('>7<', '>8<')}</data>")
    found = await connect().link_clicks(task_id=TASK)
    assert [(link.id, link.url, link.clicked_unique) for link in found] == [
        ("7", "http://a.example/?x=1&y=2", 2),
        ("8", "http://a.example/?x=1&y=2", 2),
    ]


async def test_link_stat_of_the_document_is_one_row(vendor, connect):
    vendor.says(filled("umail-000-3.5-link-stat.xml", link_id=7))
    [link] = await connect().link_clicks(task_id=TASK, link_id=LinkId("7"))
    assert (link.id, link.url, link.clicked_unique) == ("7", "链接地址", None)


async def test_tracked_addresses_come_line_by_line(vendor, connect):
    vendor.says("a@b.example\r\n\r\nc@d.example")
    ids = (TrackId("38282"), TrackId("38283"))
    found = await gathered(connect().tracked(ids, clicked_only=True, link_id=LinkId("7"), email_id=EmailId("9")))
    assert [one.address for one in found] == ["a@b.example", "c@d.example"]
    assert vendor.asked.target == (
        "/mm-ms/apinew/trackexport.php?track_id=38282%2C38283&is_click=1&link_id=7&email_id=9"
    )


async def test_v3_exports_one_tracking_record_at_a_time(vendor, connect):
    client = connect("umail-v3")
    with pytest.raises(UnsupportedError):
        client.tracked([TrackId("1"), TrackId("2")])
    for none in ([], [TrackId("")]):
        with pytest.raises(RefusedError):
            client.tracked(none)
    assert vendor.requests == []


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (REFUSED, RefusedError),
        ("用户名或密码错误", AuthenticationError),
        (LOGIN, AuthenticationError),
        ("<data></data>", BadAnswerError),
        (b"HTTP/1.1 200 Said\r\nContent-Length: 4\r\n\r\n@\xff\xfe\n", BadAnswerError),
        (b"HTTP/1.1 200 Said\r\nContent-Length: 400\r\n\r\na@b.example\n", NoAnswerError),
        (reply("", 401), AuthenticationError),
    ],
)
async def test_what_is_no_text_export_says_what_it_is(vendor, connect, said, error):
    vendor.says(said)
    with pytest.raises(error) as caught:
        await gathered(connect().tracked([TrackId("1")]))
    assert caught.value.call == "trackexport.php"


async def test_a_line_without_end_is_given_up(vendor, connect):
    vendor.says(endless(b"HTTP/1.1 200 Said\r\n\r\na@b.example\n", b"x" * 65536, 1000))
    with pytest.raises(AnswerTooLargeError):
        await gathered(connect().tracked([TrackId("1")]))


async def test_a_long_text_export_is_read_in_flat_memory(vendor, connect):
    head = b"HTTP/1.1 200 Said\r\nConnection: close\r\n\r\n"
    vendor.says(endless(head, b"someone@mail.example\n" * 2000, 20))
    tracemalloc.start()
    count = 0
    async for _ in connect().tracked([TrackId("1")]):
        count += 1
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 4 << 20


@pytest.mark.parametrize("kind", ["umail", "umail-v3"])
async def test_charges_are_told_by_day_and_kind(vendor, connect, kind):
    vendor.route = lambda seen: reply(
        filled("umail-000-2.5-deduction.xml", date=seen.query["date"], send_num=10, total=12)
    )
    found = await connect(kind).charges(DAY, NEXT)
    assert [(one.day, one.kind, one.messages, one.points) for one in found] == [
        (DAY, "扣点类型", 10, 12),
        (NEXT, "扣点类型", 10, 12),
    ]


async def test_charges_of_too_many_days_are_not_asked(vendor, connect):
    with pytest.raises(UnsupportedError):
        await connect().charges(DAY, DAY + timedelta(days=31))
    assert vendor.requests == []


async def test_the_log_of_the_document_is_empty(vendor, connect):
    vendor.says(sample("umail-000-2.6-maillog.json"))
    assert await connect().log(DAY, "a+b@c.example") == ()
    assert vendor.asked.target == "/mm-ms/apinew/maillog.php?date=2026-11-19&mail_to=a%2Bb%40c.example"


@pytest.mark.parametrize("lists", ['[{"x":"1"},{"x":"2"}]', '{"0":{"x":"1"},"4":{"x":"2"}}'])
async def test_rows_of_the_log_are_kept_as_they_came(vendor, connect, lists):
    vendor.says(f'{{"lists": {lists}}}')
    assert [entry.raw for entry in await connect().log(DAY, "a@b.example")] == [{"x": "1"}, {"x": "2"}]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (REFUSED, RefusedError),
        ('{"status":"error","msg":"密码错误"}', AuthenticationError),
        (LOGIN, AuthenticationError),
        ('{"lists": [', BadAnswerError),
        ('{"rows": []}', BadAnswerError),
        ("[]", BadAnswerError),
        ("", BadAnswerError),
    ],
)
async def test_what_is_no_log_says_what_it_is(vendor, connect, said, error):
    vendor.says(said)
    with pytest.raises(error):
        await connect().log(DAY, "a@b.example")


async def test_the_log_needs_2019_and_an_address(vendor, connect):
    with pytest.raises(UnsupportedError):
        await connect("umail-v3").log(DAY, "a@b.example")
    with pytest.raises(RefusedError):
        await connect().log(DAY, " ")
    assert vendor.requests == []
