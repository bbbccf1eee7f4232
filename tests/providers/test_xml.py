"""XML as the documents print it, and as it must never be believed."""

import time
from datetime import UTC, date, datetime

import pytest

from providers.charset import decode
from providers.errors import AnswerTooLargeError, AuthenticationError, BadAnswerError
from providers.xml import ROW_LIMIT, Reader, RowStream, begins_with, fields, parse
from tests.providers.vendor import SHANGHAI, sample


def read(text: str) -> Reader:
    return Reader(parse(text), SHANGHAI)


@pytest.mark.parametrize(
    ("name", "path", "child", "expected"),
    [
        # <rebate>…</rebtae>: the field with the wrong end tag and those around it are all there.
        ("umail-000-2.4-stask.xml", "task", "rebate", "返点数（actual 减去此数为真正实际扣点数）"),
        ("umail-000-2.4-stask.xml", "task", "point", "任务当天扣点数"),
        # <send_id>…</task_sn>
        ("umail-000-3.1-overview.xml", ".", "send_id", "任务 id"),
        ("umail-000-3.1-overview.xml", ".", "click_ratio", "点击率"),
        # closes with <data>
        ("umail-000-3.2-open-detail.xml", "user", "click_last", "最后点击时间"),
        ("umail-000-3.3-click-detail.xml", "click", "click_last", "最后点击时间"),
        # closes with </aillist>
        ("umail-000-4.2-maillist-detail.xml", ".", "status", "联系人分类状态"),
    ],
)
def test_the_malformed_samples_of_000_are_read(name, path, child, expected):
    assert [row.text(child) for row in read(sample(name)).each(path)][:1] == [expected]


MALFORMED = [
    "umail-000-2.4-stask.xml",
    "umail-000-3.1-overview.xml",
    "umail-000-3.2-open-detail.xml",
    "umail-000-3.3-click-detail.xml",
    "umail-000-4.2-maillist-detail.xml",
    "umail-000-6.1-task-list.xml",
]


@pytest.mark.parametrize("name", MALFORMED)
def test_a_sample_cut_anywhere_is_refused_never_half_read(name):
    whole = sample(name).strip()
    for end in range(len(whole) - 1, 0, -7):
        with pytest.raises((BadAnswerError, AuthenticationError)):
            parse(whole[:end])


def test_cdata_without_its_brackets_reads_as_its_content():
    row = next(read(sample("umail-000-4.7-ml-addr-list.xml")).each("addr"))
    assert row.text("address") == "邮箱地址"
    assert row.text("fullname") == "名称"


def test_stray_punctuation_between_elements_does_no_harm():
    result = read(sample("umail-000-4.8.3-ml-addr-add-file.xml"))
    assert (result.text("status"), result.whole("data")) == ("success", 10)


def test_a_bare_ampersand_that_somebody_typed_is_kept():
    assert read("<customer><company>A & B &amp; C&nbsp;</company></customer>").text("company") == "A & B & C&nbsp;"


def test_an_ampersand_in_cdata_is_left_alone_beside_one_that_is_not():
    reader = read("<a><b><![CDATA[x & y &amp;]]></b><c>x & y</c></a>")
    assert (reader.text("b"), reader.text("c")) == ("x & y &amp;", "x & y")


def test_control_characters_that_xml_forbids_are_dropped():
    assert read("<a><b>one\x0b\x00two</b></a>").text("b") == "onetwo"


def test_blank_lines_and_a_mark_before_the_declaration_are_skipped():
    assert read('\ufeff\n\n <?xml version="1.0" encoding="UTF-8"?><!-- x --><a><b>1</b></a>').whole("b") == 1


BOMB = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;">]><a>&y;</a>'


@pytest.mark.parametrize(
    "text",
    [
        BOMB,
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
        '<!-- c --><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "",
        "   ",
        "<",
        "<?xml version='1.0'?>",
        "<!-- never closed",
        "{}",
        "<a>1</a><a>2</a>",
        "<a>1</a>and more",
        "<a>1</b></a>",
        "<a>" * 400 + "</a>" * 400,
        "<html><body><h1>502 Bad Gateway</h1></body></html>",
        "<!DOCTYPE html><html><head><title>欢迎</title></head></html>",
        "<br />\n<b>Fatal error</b>: Uncaught Error in /data/www/task.php:3<br />",
    ],
)
def test_what_is_no_plain_document_is_refused(text):
    with pytest.raises(BadAnswerError):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        '<html><form action="/login"><input type="password" name="pw"></form></html>',
        "<html><head><title>用户登录</title></head><body><form></form><br></body></html>",
        "<html><head><title>401 Unauthorized</title></head></html>",
        "用户名或密码错误",
        "Unauthorized",
    ],
)
def test_a_log_in_page_or_line_says_that_the_credentials_failed(text):
    with pytest.raises(AuthenticationError):
        parse(text)


@pytest.mark.parametrize("text", ["<!--" * 500_000, "<a" * 500_000, "<a>" + "&" * 500_000, "<![CDATA[" * 300_000])
def test_hostile_text_costs_linear_time(text):
    begun = time.perf_counter()
    with pytest.raises(BadAnswerError):
        parse(text)
    assert time.perf_counter() - begun < 3


def test_empty_elements_and_zero_dates_are_unknown():
    row = read(
        "<t><a/><b> </b><c>0000-00-00 00:00:00</c><d>2017-7-4 16:08</d><e>0000-00-00</e><f>2012-3-2</f><g>often</g></t>"
    )
    assert (row.text("a"), row.text("b"), row.text("none"), row.whole("a"), row.whole("g")) == (None,) * 5
    assert (row.moment("c"), row.moment("a"), row.day("e"), row.moment("g")) == (None,) * 4
    assert row.moment("d") == datetime(2017, 7, 4, 8, 8, tzinfo=UTC)
    assert row.day("f") == date(2012, 3, 2)


def test_raw_keeps_every_field_as_it_came():
    raw = read("<t><a>1</a><l><i><x>1</x></i><i><x>2</x></i></l><n/></t>").raw()
    assert raw == {"a": "1", "l": {"i": [{"x": "1"}, {"x": "2"}]}, "n": ""}


CHINESE = '<?xml version="1.0" encoding="{}"?><a><b>邮箱不存在</b></a>'


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (CHINESE.format("UTF-8").encode(), None),
        (CHINESE.format("UTF-8").encode("utf-8-sig"), "gbk"),
        (CHINESE.format("gb2312").encode("gbk"), None),
        (CHINESE.format("gb2312").encode("gbk"), "utf-8"),
        (CHINESE.format("UTF-8").encode("gbk"), "gb2312"),
        (CHINESE.format("gbk").encode(), None),
        (CHINESE.format("UTF-8").encode(), "iso-8859-1"),
        (CHINESE.format("UTF-16").encode("utf-16"), None),
        ("<a><b>邮箱不存在</b></a>".encode("gb18030"), "GB18030"),
    ],
)
def test_text_is_read_in_the_encoding_that_is_named_and_true(body, header):
    assert "邮箱不存在" in decode(body, header)


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (CHINESE.format("UTF-8").encode("gbk"), None),
        (CHINESE.format("UTF-8").encode("gbk"), "utf-8"),
        (CHINESE.format("UTF-8").encode("gbk"), "iso-8859-1"),
        (CHINESE.replace("邮箱不存在", "郵箱不存在").format("UTF-8").encode("big5"), None),
        (CHINESE.format("UTF-8").encode()[:-19], None),
    ],
)
def test_bytes_that_are_not_what_they_say_are_refused_rather_than_guessed(body, header):
    with pytest.raises(BadAnswerError):
        parse(decode(body, header))


def email(row) -> str | None:
    return fields(row).get("email")


def rows(*chunks: bytes, read=email, root: str | None = None) -> list:
    stream = RowStream("recipient", "utf-8", read, root=root)
    found = [row for chunk in chunks for row in stream.feed(chunk)]
    return found + stream.feed(b"", last=True)


def pieces(text: str, size: int) -> list[bytes]:
    content = text.encode()
    return [content[at : at + size] for at in range(0, len(content), size)]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1 << 20])
def test_a_stream_gives_rows_wherever_the_chunks_are_cut(size):
    assert rows(*pieces(sample("umail-000-2.3.1-failexport.xml"), size)) == ["someone@mail.example"]


def test_a_streamed_row_is_its_fields_trimmed_the_first_of_each_name_and_none_that_is_empty():
    row = "<recipient> <a> 1 </a><a>2</a><b/><c> </c><d><![CDATA[x & y]]></d><e>one<!-- x -->two<?pi?></e></recipient>"
    [found] = rows(f"<l>{row}</l>".encode(), read=fields)
    assert found == {"a": "1", "d": "x & y", "e": "onetwo"}


def test_a_streamed_field_with_elements_in_it_is_all_their_text():
    [found] = rows(b"<l><recipient><a>1<i>2</i>3</a><b>![CDATA[x]]</b></recipient></l>", read=fields)
    assert found == {"a": "123", "b": "x"}


def test_a_row_that_reads_as_nothing_is_left_out():
    assert rows(b"<l><recipient><email>a@b.example</email></recipient><recipient/></l>") == ["a@b.example"]


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_control_characters_in_a_stream_are_dropped_as_in_a_document(size):
    text = "<l><recipient><email>a\x00\x0b@b\ufffe.exam\uffffple邮</email></recipient></l>"
    assert rows(*pieces(text, size)) == ["a@b.example邮"]


@pytest.mark.parametrize(
    "body",
    [
        b"<l><recipient><email>a@b.example</email></recipient></m>",
        b"<l><recipient><email>a & b</email></recipient></l>",
        b"<l><recipient><email>&nbsp;</email></recipient></l>",
        b"<l><recipient><email>\xff</email></recipient></l>",
        b"<l></l><l></l>",
        b"",
    ],
)
def test_a_damaged_stream_is_refused(body):
    with pytest.raises(BadAnswerError):
        rows(body)


@pytest.mark.parametrize("end", ["", "<recipient>", "<recipient><email>x@b.example</em"])
def test_a_stream_that_ends_early_says_so_after_its_rows(end):
    stream = RowStream("recipient", "utf-8", email)
    head = b"<fail_recipient_list><recipient><email>a@b.example</email></recipient>"
    assert stream.feed(head + end.encode()) == ["a@b.example"]
    with pytest.raises(BadAnswerError):
        stream.feed(b"", last=True)


def test_a_row_that_never_ends_is_cut_off():
    stream = RowStream("recipient", "utf-8", email)
    stream.feed(b"<fail_recipient_list><recipient>")
    with pytest.raises(AnswerTooLargeError):
        [stream.feed(b"<x>1</x>" * 1000) for _ in range(ROW_LIMIT)]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"", None),
        (b"\xef\xbb\xbf \n<?xml version='1.0'?>", None),
        (b"<!-- x --><fail_recip", None),
        (b"<?xml version='1.0'?>\n<fail_recipient_list>", True),
        (b"<fail_recipient_list/>", True),
        (b"<fail_recipient_lists>", False),
        (b"<result><status>", False),
        (b"nobody@mail.example\n", False),
        (b"<!DOCTYPE fail_recipient_list>", False),
    ],
)
def test_a_stream_is_known_by_its_root(head, expected):
    assert begins_with(head, "fail_recipient_list", None) is expected
