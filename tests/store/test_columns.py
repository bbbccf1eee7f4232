"""Times, ids and JSON come back as they were given, on either database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from store import jsontext
from store.engine import Store
from store.rows import insert, new
from store.tables import Event, new_id

LONG = 2**70 + 1
NOW = datetime(2026, 11, 21, 1, tzinfo=UTC)


def event(**given: Any) -> Event:
    return Event(
        **{
            "id": new_id(),
            "account": "a",
            "type": "task.failed",
            "subject": "task/1",
            "time": NOW,
            "recorded_at": NOW,
            "data": {},
        }
        | given
    )


async def kept(store: Store, **given: Any) -> Event:
    """An event, written and read again."""
    row = event(**given)
    await store.transact(lambda session, _now: session.add(row))
    return await store.transact(lambda session, _now: session.get_one(Event, row.id))


ANYTHING: Mapping[str, Any] = {
    "text": {"a": "发送 ✓", "b": 'say "x": y', "c": ""},
    "numbers": {"small": -1, "long": LONG, "below": -LONG, "between": 2**63, "half": 0.5},
    "a list with a long number": {"all": [LONG]},
    "nothing": {"none": None, "empty": {}, "list": [], "yes": True},
}


@pytest.mark.parametrize("given", ANYTHING.values(), ids=ANYTHING.keys())
async def test_json_comes_back_as_it_was_written(store: Store, given: dict[str, Any]) -> None:
    assert (await kept(store, data=given)).data == given


@pytest.mark.parametrize("given", [LONG, [LONG, -LONG], {"a": LONG}, "\ud800", {"\udfff": ["\ud800"]}, {1: 2}])
def test_what_orjson_declines_is_neither_refused_nor_rounded(given: Any) -> None:
    written = jsontext.dumps(given)
    assert json.loads(written) == jsontext.loads(written) == jsontext.loads(written.encode())
    assert written.isascii()


def test_a_row_from_before_is_read_as_it_was_meant() -> None:
    assert jsontext.loads(json.dumps({"a": [LONG], "b": "\ud800"})) == {"a": [LONG], "b": "\ud800"}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
async def test_what_is_no_number_is_null(store: Store, number: float) -> None:
    assert (await kept(store, data={"weight": number})).data == {"weight": None}
    assert (await kept(store, data={"weight": number, "long": LONG})).data == {"weight": None, "long": LONG}


@dataclass
class _Shape:
    side: int = 1


@pytest.mark.parametrize("given", [NOW, NOW.date(), NOW.time(), _Shape(), {1}, b"x", {"a": (LONG, NOW)}])
def test_what_is_no_json_is_refused(given: object) -> None:
    with pytest.raises(TypeError):
        jsontext.dumps({"given": given})


@pytest.mark.parametrize(
    "given",
    [
        NOW,
        NOW.replace(microsecond=7),
        datetime(2026, 11, 21, 9, 30, 1, 250_000, tzinfo=timezone(timedelta(hours=8))),
        datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ],
)
async def test_a_time_comes_back_in_utc(store: Store, given: datetime) -> None:
    read = (await kept(store, time=given)).time
    assert read == given
    assert read.utcoffset() == timedelta(0)


async def test_times_sort_as_text_sorts(store: Store) -> None:
    def asked(session: Session, _now: datetime) -> list[str]:
        session.add_all([event(subject=f"task/{one}", time=NOW + timedelta(microseconds=one)) for one in (10, 9, 0)])
        session.flush()
        return list(session.execute(text("SELECT subject FROM event ORDER BY time")).scalars())

    assert await store.transact(asked) == ["task/0", "task/9", "task/10"]


def test_ids_are_uuids_that_rise() -> None:
    ids = [new_id() for _ in range(5_000)]
    assert ids == sorted(set(ids))
    assert {(UUID(one).version, UUID(one).variant) for one in ids} == {(7, "specified in RFC 4122")}
    made = datetime.fromtimestamp(int(ids[0].replace("-", "")[:12], 16) / 1000, UTC)
    assert abs(datetime.now(UTC) - made) < timedelta(minutes=1)


async def test_an_error_does_not_repeat_what_a_statement_was_given(store: Store) -> None:
    row = await kept(store, account="reader@shop.example")
    with pytest.raises(IntegrityError) as caught:
        await kept(store, id=row.id, account="reader@shop.example")
    assert "reader" not in str(caught.value)


async def test_json_that_is_not_there_is_null_to_a_condition(store):
    rows = [event(raw=None), event(raw={"said": "so"})]
    await store.transact(lambda session, _now: session.add_all(rows))
    await store.transact(lambda session, _now: insert(session, [new(Event, **event(raw=None).model_dump())]))
    count = text("SELECT count(*) FROM event WHERE raw IS NULL")
    assert await store.transact(lambda session, _now: session.connection().execute(count).scalar_one()) == 2
