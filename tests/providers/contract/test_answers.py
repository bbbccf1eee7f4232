"""What every call makes of what may come back: nothing, one, many; refusals; damage; nothing at all."""

import asyncio
from collections import Counter
from urllib.parse import urlsplit

import pytest

from providers.errors import AnswerTimeoutError, BadAnswerError, OutcomeUnknownError, ProviderError, UnreachableError
from tests.providers.contract.replies import MISHAPS, REFUSALS, UNTOLD, xml
from tests.providers.contract.row import MANY, How, Names
from tests.providers.contract.table import CASES, Case, cases, changes, over_http, reads
from tests.providers.vendor import Act, Seen, reply, silence

NAMES = Names()
ROOT = "/mm-ms/apinew/"


def endpoint(seen: Seen) -> str:
    script = urlsplit(seen.target).path.removeprefix(ROOT)
    return f"{script}?do={seen.query['do']}" if "do" in seen.query else script


@pytest.fixture
def says(vendor):
    """Let the vendor say something to a case's call; what it asks before is answered well."""

    def says(case: Case, said: str | bytes | Act) -> None:
        answer = reply(said) if isinstance(said, str) else said
        before = {name: reply(good) for name, good in case.row.before if name != case.row.endpoint}
        vendor.route = lambda seen: before.get(endpoint(seen), answer)

    return says


@pytest.fixture
def repeated(vendor):
    """How often the call was made: the same request, counted."""

    def repeated(case: Case) -> int:
        asked = Counter((seen.target, seen.body) for seen in vendor.requests if endpoint(seen) == case.row.endpoint)
        return max(asked.values(), default=0)

    return repeated


async def fault(case: Case, client: object) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await case.row.ask(client, NAMES)
    error = caught.value
    assert error.account == case.kind
    assert error.call in (case.row.endpoint, case.row.instead, *dict(case.row.before))
    return error


@cases(over_http)
async def test_one_is_one(says, connect, case):
    says(case, case.row.said.one)
    assert case.row.said.counted(await case.row.ask(connect(case.kind), NAMES)) == 1


@cases(lambda row: over_http(row) and row.said.many is not None)
async def test_many_are_as_many(says, connect, case):
    says(case, case.row.said.many)
    assert case.row.said.counted(await case.row.ask(connect(case.kind), NAMES)) == MANY


@cases(lambda row: over_http(row) and row.said.nothing != ())
async def test_nothing_is_nothing_however_it_is_said(says, connect, case):
    found = {}
    for form in case.row.said.nothing:
        says(case, form)
        found[form] = case.row.said.counted(await case.row.ask(connect(case.kind), NAMES))
    assert found == dict.fromkeys(case.row.said.nothing, 0)


def pairs(table: object) -> list[object]:
    return [
        pytest.param(case, *values, id=f"{case} {name}")
        for case in CASES
        # A sub-account's calls differ in a parameter only.
        if over_http(case.row) and not (case.kind.endswith(("-sub", "-manager")) and case.row.kinds[0] == "umail")
        for name, *values in table(case)
    ]


def mishaps(case: Case) -> list[tuple[object, ...]]:
    return [(name, one) for name, one in MISHAPS.items() if not (case.row.said.plain and name in UNTOLD)]


def refusals(case: Case) -> list[tuple[object, ...]]:
    documented = [(word, xml(word, "操作失败！"), "RefusedError", False) for word in case.row.said.refusals]
    of_vendor = REFUSALS[case.kind.partition("-")[0]]
    return documented + [(name, said, error.__name__, again) for name, (said, error, again) in of_vendor.items()]


@pytest.mark.parametrize(("case", "said", "error", "again"), pairs(refusals))
async def test_a_refusal_is_told_as_what_it_is_and_nothing_is_repeated(
    says, repeated, connect, case, said, error, again
):
    says(case, said)
    found = await fault(case, connect(case.kind))
    assert type(found).__name__ == error
    assert found.vendor_code or found.vendor_text
    assert repeated(case) == (3 if again and case.row.how is How.READ else 1)


@pytest.mark.parametrize(("case", "mishap"), pairs(mishaps))
async def test_a_mishap_is_never_taken_for_an_answer(says, repeated, connect, case, mishap):
    says(case, mishap.made(case.row))
    found = await fault(case, connect(case.kind))
    if case.row.how is How.CHANGE and mishap.after_change is None:
        assert type(found) is OutcomeUnknownError
        assert type(found.__cause__) is mishap.error
    else:
        assert type(found) is mishap.error
    assert repeated(case) == mishap.attempts(case.row.how)


@cases(over_http)
async def test_a_closed_port_means_that_nothing_was_sent(connect, case):
    client = connect(case.kind, base_url="http://127.0.0.1:9/x/")
    with pytest.raises(UnreachableError):
        await case.row.ask(client, NAMES)


@pytest.mark.parametrize("kind", sorted({case.kind for case in CASES}))
async def test_silence_ends_at_the_deadline(vendor, connect, kind):
    """All calls of a kind at once, since each takes its whole deadline."""
    vendor.says(silence)
    silenced = [case for case in CASES if case.kind == kind and over_http(case.row)]
    # Long enough for dozens of calls to be made at once on a machine that has other things to do.
    clients = [connect(kind, deadline=3.0 / case.row.deadlines) for case in silenced]
    found = await asyncio.gather(*(fault(case, client) for case, client in zip(silenced, clients, strict=True)))
    assert {str(case): ended(error) for case, error in zip(silenced, found, strict=True)} == {
        str(case): (AnswerTimeoutError, changes(case.row)) for case in silenced
    }
    assert len(vendor.requests) == len(silenced)


def ended(error: ProviderError) -> tuple[type, bool]:
    """What it was, and whether it may have happened."""
    return type(error.__cause__ or error), type(error) is OutcomeUnknownError


@cases(reads)
async def test_a_read_survives_what_passes(says, vendor, connect, case):
    says(case, case.row.said.one)
    answer, shaken = vendor.route, []

    def route(seen: Seen) -> bytes | Act:
        if seen.target not in shaken:
            shaken.append(seen.target)
            return reply("", 503)
        return answer(seen)

    vendor.route = route
    assert case.row.said.counted(await case.row.ask(connect(case.kind), NAMES)) == 1


@cases(lambda row: reads(row) and not row.said.plain)
async def test_an_empty_body_is_no_answer_to_a_read(says, connect, case):
    says(case, "")
    assert isinstance(await fault(case, connect(case.kind)), BadAnswerError)


def test_every_case_has_a_name_of_its_own():
    names = Counter(map(str, CASES))
    assert [name for name, count in names.items() if count > 1] == []
