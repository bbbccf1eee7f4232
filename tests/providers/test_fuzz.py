"""Every parser, fed with the vendors' own documents after they were bent: an error of the tree, or a sound result."""

import asyncio
import gzip
import json as stdlib_json
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from email import message_from_bytes
from email.policy import HTTP
from itertools import pairwise
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers import PROVIDERS, json, values
from providers.body import whole
from providers.charset import decode
from providers.errors import BadAnswerError, ProviderError
from providers.lines import LineStream
from providers.multipart import Multipart
from providers.refusals import gist, line, page
from providers.xml import Reader, RowStream, parse
from tests.providers.contract.row import Names, Row, tabled
from tests.providers.contract.table import CASES, Case, over_http
from tests.providers.contract.typed import mistyped
from tests.providers.mutations import NASTY, bent
from tests.providers.vendor import DOCUMENTS, NOW, SECTIONS, SHANGHAI, Turns

NAMES = Names()
DEADLINE = timedelta(seconds=2)
CALM = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
"""The fixture that spares the waiting between attempts is the same for every example."""
CHARSETS = ("", "; charset=utf-8", "; charset=gbk", "; charset=latin-1", "; charset=x-none")
STATUSES = (200, 200, 200, 200, 404)
SIZES = (1 << 16, 64, 7)
"""Of the pieces that an answer comes in."""
ALL = [path.read_bytes() for path in sorted(DOCUMENTS.iterdir()) if path.suffix in (".xml", ".json")]


def few(share: int):
    """A share of the profile's examples, each within a deadline."""
    return settings(
        max_examples=max(settings().max_examples // share, 5), deadline=DEADLINE, suppress_health_check=CALM
    )


def corpus(row: Row) -> list[bytes]:
    """The documents that show this call's answer, and what the table has of it."""
    call = row.endpoint.rpartition("do=")[2].removesuffix(".php").rpartition("/")[2]
    shown = [path.read_bytes() for path in sorted(DOCUMENTS.iterdir()) if path.stem.partition(call)[1:] == (call, "")]
    said = [row.said.one, row.said.many or "", *row.said.nothing]
    return shown + [text.encode() for text in said if text]


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for first in range(0, len(body), size):
        yield body[first : first + size]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def sound(found: object) -> list[str]:
    things = found if isinstance(found, list | tuple) else [found]
    return [wrong for one in things if one is not None for wrong in mistyped(one, type(one))]


FUZZED = [case for case in CASES if over_http(case.row) and not case.kind.endswith(("-sub", "-manager"))]


@pytest.mark.parametrize("case", FUZZED, ids=str)
def test_an_answer_is_sound_or_an_error_of_the_tree(runner, case: Case):
    before = {name: good.encode() for name, good in case.row.before if name != case.row.endpoint}
    said: dict[str, object] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        script = request.url.path.removeprefix("/v1/")
        do = request.url.params.get("do")
        body = before.get(f"{script}?do={do}" if do else script, said["body"])
        headers = {"Content-Type": f"text/xml{said['charset']}"}
        return httpx.Response(said["status"], headers=headers, content=in_pieces(body, said["size"]))

    def ask(body: bytes, *, charset: str = "", status: int = 200, size: int = 64) -> object:
        said.update(body=body, charset=charset, status=status, size=size)
        return runner.run(case.row.ask(client, NAMES))

    @few(4)
    @given(bent(corpus(case.row)), st.sampled_from(CHARSETS), st.sampled_from(STATUSES), st.sampled_from(SIZES))
    def fed(body: bytes, charset: str, status: int, size: int) -> None:
        with suppress(ProviderError):
            assert sound(ask(body, charset=charset, status=status, size=size)) == []

    cls = PROVIDERS[case.kind.partition("-")[0]]
    section = cls.Settings(**SECTIONS[case.kind] | {"base_url": "http://vendor.example/v1/"})
    wire = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    client = cls(case.kind, section, timezone=SHANGHAI, limiter=Turns(), clock=lambda: NOW, client=wire)
    assert case.row.said.counted(ask(case.row.said.one.encode())) == 1
    fed()
    runner.run(wire.aclose())


def guarded(parse, *args: object) -> object:
    """What a parser makes of it; None when it declines in a way that callers know."""
    with suppress(ProviderError):
        return parse(*args)
    return None


@few(1)
@given(bent(ALL), st.sampled_from((None, "utf-8", "gbk", "GB2312", "latin-1", "x-none", "utf-16")))
def test_bytes_become_text_or_are_refused(body, charset):
    text = guarded(decode, body, charset)
    if text is not None:
        assert text.encode().decode() == text
        for read in (parse, json.load, gist, page, line):
            guarded(read, text)


@few(1)
@given(
    st.one_of(
        st.sampled_from(NASTY).map(lambda one: one.decode("utf-8", "replace")), st.text(), st.floats(), st.integers()
    )
)
def test_a_value_is_read_or_unknown(value):
    number, at, on = values.whole(value), values.moment(value, ZoneInfo("Asia/Shanghai")), values.day(value)
    assert number is None or abs(number) < 2**63
    assert at is None or (at.utcoffset() == timedelta(0) and at.astimezone(ZoneInfo("Pacific/Kiritimati")))
    assert on is None or on.year > 1970
    assert guarded(values.identifier, value) != ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@few(1)
@given(JSON)
def test_json_that_was_read_can_be_stored_and_reads_the_same_again(document):
    found = guarded(json.load, stdlib_json.dumps(document))
    again = stdlib_json.dumps(found, ensure_ascii=False).encode().decode()
    assert guarded(json.load, again) == found


def fed(stream: RowStream[str] | LineStream, body: bytes, cuts: list[int]) -> object:
    """The rows of a body that comes in pieces, and whether it was whole."""
    found, marks = [], sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    try:
        for first, last in pairwise(marks):
            found += stream.feed(body[first:last])
        found += stream.feed(b"", last=True)
    except ProviderError as error:
        return type(error)
    return found


def rows() -> RowStream[str]:
    return RowStream("user", "utf-8", lambda element: Reader(element, SHANGHAI).text("email"), root="data")


OPENED = [path.read_bytes() for path in DOCUMENTS.iterdir() if "open-detail" in path.name]


@few(1)
@given(bent(OPENED), st.lists(st.integers(0, 1 << 20), max_size=9))
def test_a_stream_of_rows_does_not_depend_on_where_it_is_cut(body, cuts):
    whole, cut = fed(rows(), body, []), fed(rows(), body, cuts)
    # Damage is found wherever it is cut; which of the two errors it is may depend on that.
    assert cut == whole or (isinstance(whole, type) and isinstance(cut, type))


@few(1)
@given(bent([b"2026-01-01 08:00:00\ta@mail.example\r\n" * 3]), st.lists(st.integers(0, 1 << 20), max_size=9))
def test_a_stream_of_lines_does_not_depend_on_where_it_is_cut(body, cuts):
    assert fed(LineStream("utf-8"), body, cuts) == fed(LineStream("utf-8"), body, [])


@few(1)
@given(bent([gzip.compress(document) for document in ALL[:9]]), st.sampled_from(("gzip", "deflate", "x-gzip")))
def test_compressed_bodies_are_inflated_or_refused(runner, body, encoding):
    response = httpx.Response(200, headers={"Content-Encoding": encoding}, content=in_pieces(body, 64))
    with suppress(BadAnswerError):
        assert len(runner.run(whole(response, 1 << 20))) <= 1 << 20


@few(1)
@given(st.text(max_size=60), st.binary(max_size=200))
def test_a_files_name_cannot_break_out_of_its_part(runner, tmp_path_factory, name, content):
    file = tmp_path_factory.getbasetemp() / "attached"
    file.write_bytes(content)
    form = Multipart([("name", "x")], [("file", file, name)])

    async def sent() -> bytes:
        return b"".join([piece async for piece in form.body()])

    head = "".join(f"{key}: {value}\r\n" for key, value in form.headers).encode()
    body = runner.run(sent())
    message = message_from_bytes(head + b"\r\n" + body, policy=HTTP)
    assert dict(form.headers)["Content-Length"] == str(len(body))
    assert [part.get_param("name", header="content-disposition") for part in message.iter_parts()] == ["name", "file"]


HUGE = {
    "rows": b"<data>" + b"<user/>" * 150_000 + b"</data>",
    "deep": b"<a>" * 300_000,
    "one text": b"<data><user><email>" + b"x" * (1 << 20) + b"</email></user></data>",
    "comments": b"<!--" * 250_000,
    "ampersands": b"<a>" + b"&" * (1 << 20) + b"</a>",
    "wrong ends": b"<a>" + b"<b></c>" * 150_000 + b"</a>",
    "lists": b"[" + b"[]," * 300_000 + b"[]]",
    "open lists": b"[" * (1 << 20),
    "numbers": b"[" + b"1," * 500_000 + b"1]",
    "words": "登录 超过 次数 ".encode() * 50_000,
}


@pytest.mark.parametrize("body", HUGE.values(), ids=HUGE)
def test_a_megabyte_of_anything_is_read_in_linear_time_and_bounded_memory(body):
    text = decode(body, None)
    tracemalloc.start()
    begun = time.process_time()
    try:
        for read in (parse, json.load, gist, page, line):
            guarded(read, text)
        fed(rows(), body, [])
        taken, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 10
    assert peak < 100 << 20


@pytest.mark.parametrize("filler", [b" ", b"<!-- x -->", b"x", b"\t\r\n"])
def test_an_export_that_never_begins_is_not_looked_at_again_and_again(runner, filler):
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=in_pieces(filler * (400_000 // len(filler)), 16))

    section = PROVIDERS["umail"].Settings(**SECTIONS["umail"])
    wire = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    client = PROVIDERS["umail"]("umail", section, timezone=SHANGHAI, limiter=Turns(), client=wire)
    begun = time.process_time()
    for table in (client.opener_table(task_id=NAMES.task), client.unsubscribe_table(NAMES.list)):
        with suppress(BadAnswerError):
            assert runner.run(tabled(table)) == []
    assert time.process_time() - begun < 15
    runner.run(wire.aclose())
