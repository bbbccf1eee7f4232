"""Whatever a vendor's server does, each client meets it with the right error, in time, in bounded memory."""

import asyncio
import gzip
import hashlib
import json
import logging
import time
import traceback
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import date
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from providers.errors import (
    AnswerTimeoutError,
    AnswerTooLargeError,
    BadAnswerError,
    ProviderError,
    RateLimitedError,
    ServerFaultError,
)
from providers.http import ANSWER_LIMIT
from providers.messages import MessageId
from providers.model import SendId, TaskForm, TaskStatus
from tests.providers.vendor import NOW, PASSWORD, Seen, endless, hang_up, reply, silence

ONE_DAY = date(2026, 11, 19)
FORM = TaskForm(template_ids=("16",), list_ids=("5",), sender="edm@shop.example", scheduled_at=NOW)


async def drained(table) -> list[object]:
    return [row async for batch in table.batches for row in batch]


READS = {
    "umail": lambda client: client.balance(),
    "umail task": lambda client: client.task(SendId("19124")),
    "umail statistic": lambda client: client.day_stats(ONE_DAY, ONE_DAY),
    "umail export": lambda client: drained(client.failure_table(ONE_DAY, ONE_DAY)),
    "umail-v3": lambda client: client.account_info(),
    "emailcar": lambda client: client.balance(),
    "emailcar lists": lambda client: client.messages(first=ONE_DAY, last=ONE_DAY),
    "itnio": lambda client: client.look_up([MessageId("2208031112341000001")]),
    "itnio-post": lambda client: client.look_up([MessageId("2208031112341000001")]),
}
CHANGES = {
    "umail add": lambda client: client.add_task(FORM, status=TaskStatus.DRAFT),
    "umail edit": lambda client: client.edit_task(SendId("19124"), FORM, status=TaskStatus.PAUSED),
    "umail-v3 edit": lambda client: client.edit_task(SendId("19124"), FORM, status=TaskStatus.DRAFT),
    "umail delete": lambda client: client.delete_task(SendId("19124")),
    "emailcar": lambda client: client.send(
        sender="edm@shop.example", sender_name="Shop", recipients=["a@mail.example"], subject="x", html="y"
    ),
}
HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"
CUT_XML = '<?xml version="1.0" encoding="UTF-8"?><result><status>succ'


async def fault(call) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await call
    return caught.value


def kinds(table) -> list[object]:
    return [pytest.param(name.split(" ")[0], ask, id=name) for name, ask in table.items()]


async def test_a_body_that_drips_ends_at_the_deadline(vendor, connect):
    async def drip(writer) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n<service>")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    vendor.says(drip)
    begun = time.perf_counter()
    assert type(await fault(connect(deadline=0.15).balance())) is AnswerTimeoutError
    assert time.perf_counter() - begun < 1.0


async def test_a_deadline_while_repeating_tells_what_went_wrong(vendor, connect):
    vendor.says(reply("", 503), silence)
    assert type(await fault(connect(deadline=0.2).balance())) is ServerFaultError


RETRY = [
    ("0", 2, None),
    # The wait would not fit into the deadline of 5 s.
    ("7200", 1, 7200.0),
    ("Fri, 20 Nov 2026 04:04:00 GMT", 1, 7200.0),
    ("Fri, 20 Nov 2020 04:04:00 GMT", 2, None),
    ("soon", 2, None),
]


@pytest.mark.parametrize(("header", "attempts", "retry_after"), RETRY)
async def test_retry_after_decides_whether_to_wait(vendor, connect, header, attempts, retry_after):
    vendor.says(reply("", 429, Retry_After=header), "<service><qty_available>12</qty_available></service>")
    if attempts == 2:
        assert (await connect().balance()).emails_left == 12
    else:
        error = await fault(connect().balance())
        assert isinstance(error, RateLimitedError)
        assert error.retry_after == retry_after
    assert len(vendor.requests) == attempts


async def test_a_change_that_waits_for_its_limit_in_vain_was_not_sent(vendor, connect, turns):
    async def wait(key, rate) -> None:
        await asyncio.sleep(5)

    turns.acquire = wait
    error = await fault(CHANGES["emailcar"](connect("emailcar", deadline=0.1)))
    assert type(error) is RateLimitedError
    assert vendor.requests == []


async def test_a_limit_that_is_used_up_names_the_account(connect, turns):
    async def acquire(key, rate) -> None:
        raise RateLimitedError("used up", account=key, retry_after=900.0)

    turns.acquire = acquire
    error = await fault(connect().add_task(FORM, status=TaskStatus.DRAFT))
    assert (error.account, error.call, error.retry_after) == ("umail", "task.php?do=add-task", 900.0)


MEGABYTE = b"<x>" + b"y" * ((1 << 20) - 7) + b"</x>"


def zeroes(size: int) -> Iterator[bytes]:
    """Gzip of very many zeroes, in pieces."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(size >> 20):
        piece = packer.compress(bytes(1 << 20))
        if piece:
            yield piece
    yield packer.flush()


GZIP_BOMB = b"".join(zeroes(200 << 20))
HUGE = {
    "200 MB": (b"HTTP/1.1 200 OK\r\n\r\n", MEGABYTE, 200),
    "200 MB, announced": (b"HTTP/1.1 200 OK\r\nContent-Length: 209715200\r\n\r\n", MEGABYTE, 200),
    "200 MB in 200 KB": (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", GZIP_BOMB, 1),
}


@pytest.mark.parametrize(("kind", "ask"), kinds(READS))
@pytest.mark.parametrize(("head", "chunk", "times"), HUGE.values(), ids=HUGE)
async def test_a_huge_body_is_cut_in_bounded_memory(vendor, connect, kind, ask, head, chunk, times):
    vendor.says(endless(head, chunk, times))
    client = connect(kind, deadline=20.0)
    tracemalloc.start()
    try:
        error = await fault(ask(client))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(error, BadAnswerError)
    assert isinstance(error, AnswerTooLargeError) or ask is READS["umail export"]
    assert peak < 40 << 20
    assert len(vendor.requests) == 1


async def test_an_endless_change_is_unknown_and_bounded(vendor, connect):
    vendor.says(endless(b"HTTP/1.1 200 OK\r\n\r\n", MEGABYTE, 200))
    error = await fault(connect(deadline=20.0).delete_task(SendId("1")))
    assert type(error.__cause__) is AnswerTooLargeError


async def test_an_answer_below_the_limit_is_read_whole(vendor, connect):
    rows = "".join(f"<task><id>{number}</id><sn>{'x' * 300}</sn></task>" for number in range(20_000))
    body = gzip.compress(f"<task_list>{rows}</task_list>".encode())
    assert ANSWER_LIMIT > 20_000 * 330
    vendor.says(reply(body, Content_Encoding="gzip"))
    assert len(await connect(deadline=20.0).tasks()) == 20_000


HASH = hashlib.md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()
SECRETS = {
    "umail": (PASSWORD, quote(PASSWORD), "ZGVtbzpzM2Ny"),
    "umail-v3": (PASSWORD, HASH, HASH[:10]),
    "emailcar": (PASSWORD, quote(PASSWORD)),
    "itnio": ("s3cret-s3cret", "bDqJFiq9"),
    "itnio-post": ("s3cret-s3cret", "bDqJFiq9"),
}


def everything_told(error: BaseException | None) -> str:
    """All that a log of this error could ever show: texts, fields, causes and what they were raised from."""
    told, seen = [], set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        told += [repr(error), str(error), repr(vars(error))]
        told += traceback.TracebackException.from_exception(error, capture_locals=True).format()
        told += [repr(getattr(error, "request", None))]
        error = error.__cause__ or error.__context__
    return "\n".join(told)


def echo(seen: Seen) -> str:
    """What a careless server prints about a request."""
    return f"{seen.method} {seen.target} {json.dumps(seen.headers)} {seen.body.decode()}"


BLUNDERS = {
    "hung up": hang_up,
    "silence": silence,
    "500": reply(HTML, 500),
    "half": reply(CUT_XML),
    "elsewhere": reply("", 302, Location="https://elsewhere.example/"),
    "closed": None,
    "echo in a page": lambda seen: reply(f"<html><title>404 {echo(seen)}</title></html>", 404),
    "echo in a line": lambda seen: reply(f"bad request {echo(seen)}"),
    "echo after 280 letters": lambda seen: reply("x" * 280 + echo(seen), 404),
    "echo in XML": lambda seen: reply(f"<result><status>error</status><data><![CDATA[{echo(seen)}]]></data></result>"),
    "echo in JSON": lambda seen: reply(json.dumps({"status": "error", "msg": echo(seen), "reason": echo(seen)})),
    "echo with 401": lambda seen: reply(echo(seen), 401),
}


@pytest.mark.parametrize(("kind", "ask"), kinds(READS | {f"{name} change": ask for name, ask in CHANGES.items()}))
@pytest.mark.parametrize("blunder", BLUNDERS)
async def test_no_secret_shows_in_an_error_or_a_log(vendor, connect, caplog, capsys, kind, ask, blunder):
    said = BLUNDERS[blunder]
    client = connect(kind, deadline=0.2, **({} if said else {"base_url": "http://127.0.0.1:9/x/"}))
    if blunder.startswith("echo"):
        vendor.route = said
    else:
        vendor.says(said or b"")
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        error = await fault(ask(client))
    told = everything_told(error) + caplog.text + repr(logs) + "".join(capsys.readouterr()) + repr(client)
    assert [secret for secret in SECRETS[kind] if secret in told] == []
    assert "elsewhere.example" not in told


async def test_each_call_is_logged_once_with_its_name_and_never_its_parameters(vendor, connect):
    vendor.says("<task_list/>")
    with capture_logs() as logs:
        await connect("umail-v3").tasks(page=7)
    [line] = [line for line in logs if line["event"] == "vendor_call"]
    assert isinstance(line.pop("ms"), int)
    assert line == {
        "event": "vendor_call",
        "log_level": "debug",
        "account": "umail-v3",
        "call": "task.php?do=task-list",
        "status": 200,
        "error": None,
    }


async def test_httpx_does_not_log_urls(vendor, connect, caplog):
    caplog.set_level(logging.DEBUG)
    vendor.says("<task_list/>")
    await connect("umail-v3").tasks()
    assert [record for record in caplog.records if record.name.startswith("http")] == []


async def test_a_cookie_is_not_sent_back(vendor, connect):
    vendor.says(reply("<task_list/>", Set_Cookie="PHPSESSID=abc"))
    client = connect()
    await client.tasks()
    await client.tasks()
    assert "Cookie" not in vendor.requests[1].headers
