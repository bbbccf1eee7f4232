"""The sandbox's vendors when they do not play along: wrong credentials, lost replies, damage, limits."""

import socket

import pytest

from providers.errors import (
    AuthenticationError,
    BadAnswerError,
    NoAnswerError,
    OutcomeUnknownError,
    ProviderError,
    RateLimitedError,
    RefusedError,
    UnreachableError,
)
from providers.http import ATTEMPTS
from tests.providers.contract.row import How, Over, Row
from tests.providers.contract.table import CASES, Case, cases, changes, over_http, reads
from tests.providers.vendor import Turns

WRONG = {
    "umail": {"password": "wrong-开门"},
    "emailcar": {"password": "wrong-开门"},
    "itnio": {"api_secret": "wrong"},
}
VENDOR = {"umail": "umail", "umail-v3": "umail_v3", "emailcar": "emailcar", "itnio": "itnio"}


def vendor_of(kind: str) -> str:
    return max((name, vendor) for name, vendor in VENDOR.items() if kind.startswith(name))[1]


def call_of(row: Row) -> str:
    """What the sandbox calls it."""
    return row.endpoint.rpartition("do=")[2].removesuffix(".php")


async def fault(case: Case, client: object, place: object) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await case.row.ask(client, place.names)
    assert caught.value.account == case.kind
    return caught.value


def asked(box: object, row: Row) -> int:
    return sum(one.call == call_of(row) for one in box.requests)


@cases(over_http)
async def test_wrong_credentials_are_told_at_the_first_try_and_change_nothing(visit, box, case):
    client, place = visit(case.kind, **WRONG[case.kind.partition("-")[0]])
    error = await fault(case, client, place)
    assert type(error) is AuthenticationError
    assert error.vendor_code
    # A task's numbers are asked by its batch in V3.0, which needs the task first.
    assert len(box.requests) == 1


@cases(changes)
async def test_a_change_whose_answer_is_lost_was_made_and_is_unknown(visit, box, case):
    client, place = visit(case.kind)
    box.faults.inject(vendor_of(case.kind), "lost_reply", call=call_of(case.row))
    error = await fault(case, client, place)
    assert type(error) is OutcomeUnknownError
    assert type(error.__cause__) is NoAnswerError
    assert asked(box, case.row) == 1


@cases(reads)
async def test_a_read_gets_through_two_resets(visit, box, case):
    client, place = visit(case.kind)
    box.faults.inject(vendor_of(case.kind), "reset", call=call_of(case.row), times=2)
    seen, true = case.row.proof(await case.row.ask(client, place.names), place)
    assert seen == true
    assert asked(box, case.row) == ATTEMPTS


@cases(lambda row: over_http(row) and not row.said.plain and row.endpoint != "template.php?do=get-tpl-status")
async def test_half_a_true_answer_is_none(visit, box, case):
    client, place = visit(case.kind)
    box.faults.inject(vendor_of(case.kind), "truncated", call=call_of(case.row), times=9)
    error = await fault(case, client, place)
    assert type(error.__cause__ or error) is BadAnswerError
    assert type(error) is (OutcomeUnknownError if case.row.how is How.CHANGE else BadAnswerError)


@cases(lambda row: row.endpoint.startswith("track.php") or row.endpoint.endswith(("maillist-detail", "stask.php")))
async def test_the_documents_own_misprints_are_read(visit, box, case):
    client, place = visit(case.kind)
    box.faults.inject(vendor_of(case.kind), "misprint", call=call_of(case.row), times=9)
    seen, true = case.row.proof(await case.row.ask(client, place.names), place)
    assert seen == true


async def test_emailcar_limits_two_calls_within_a_second_and_says_when(visit):
    client, _ = visit("emailcar", limiter=Turns(), deadline=0.5)
    await client.balance()
    with pytest.raises(RateLimitedError) as caught:
        await client.balance()
    assert caught.value.retry_after == 1.0
    assert caught.value.vendor_code == "429"


async def test_the_clients_own_pace_keeps_emailcar_content(visit, box):
    client, _ = visit("emailcar")
    for _ in range(5):
        await client.balance()
    assert len(box.requests) == 5


async def test_the_hundred_and_first_task_within_an_hour_is_too_much(visit, box):
    client, place = visit("umail", limiter=Turns())
    add = next(one for one in CASES if str(one) == "umail add-task add_task")
    for _ in range(100):
        await add.row.ask(client, place.names)
    before = len(place.account.tasks)
    error = await fault(add, client, place)
    assert type(error) is RateLimitedError
    assert "100" in error.vendor_text
    assert len(place.account.tasks) == before
    assert asked(box, add.row) == 101


@cases(lambda row: row.over is Over.SMTP)
async def test_smtp_tells_wrong_credentials_a_strange_sender_and_no_server_apart(visit, box, case):
    client, place = visit(case.kind, smtp_password="wrong")
    assert type(await fault(case, client, place)) is AuthenticationError
    client, place = visit(case.kind)
    strange = {"sender": "who@elsewhere.example", "sender_name": "x", "subject": "x", "html": "x"}
    with pytest.raises(RefusedError):
        await client.send(**strange, recipients=["a@mail.example"])
    await box.smtp.close()
    assert type(await fault(case, client, place)) is UnreachableError
    assert list(place.account.letters) == []


@cases(lambda row: row.over is Over.SMTP)
async def test_smtp_that_says_nothing_ends_at_the_deadline(visit, case):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        client, place = visit(case.kind, deadline=0.1, smtp_port=str(mute.getsockname()[1]))
        assert type(await fault(case, client, place)) is UnreachableError
