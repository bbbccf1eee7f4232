"""The contract's rows for exports as tables: each is the twin of a stream, of the same endpoint and answers."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from providers.capabilities import ImportsContacts, KeepsContacts
from providers.model import FailureCategory
from providers.tables import Table
from sandbox.outcomes import Failure as Fate
from tests.providers.contract import contacts, lists, tasks, tracking
from tests.providers.contract.lists import SIZE
from tests.providers.contract.place import LEFT, Place
from tests.providers.contract.row import DAY, How, Names, Over, Row, done
from tests.providers.contract.tasks import EVERY_FATE, failed
from tests.providers.contract.tracking import people

STREAMS = {
    (row.method, kind): row for row in (*tasks.ROWS, *tracking.ROWS, *lists.ROWS, *contacts.ROWS) for kind in row.kinds
}


async def tabled(table: Table) -> list[dict[str, object]]:
    """The rows by the names of their columns."""
    return [
        dict(zip(table.columns, row, strict=True))
        for batch in [batch async for batch in table.batches]
        for row in batch
    ]


def twin(
    stream: str,
    method: str,
    ask: Callable[[Any, Names], Awaitable[object]],
    rows: Callable[[Place], int],
    *kinds: str,
) -> Row:
    """A stream's row for its table, of which `rows` says how long it is in the world."""
    of_stream = STREAMS[stream, kinds[0]]

    def proof(found: list[dict[str, object]], place: Place) -> tuple[object, object]:
        with_address = sum(bool(row["address"]) for row in found)
        return (len(found), with_address), (rows(place), rows(place))

    said = replace(of_stream.said, counted=len)
    row = replace(of_stream, method=method, ask=ask, proof=proof, kinds=kinds)
    return replace(row, said=said, how=How.STREAM, found=(dict,))


def can(capability: type, method: str, ask: Callable[[Any], bool], dialect: str) -> Row:
    """A question that the client answers by itself: yes in one dialect only."""

    async def asked(client: Any, names: Names) -> bool:
        return ask(client)

    return Row(
        endpoint="",
        capability=capability,
        method=method,
        ask=asked,
        said=done(),
        proof=lambda found, place: (found, place.dialect == dialect),
        over=Over.NOTHING,
        found=(bool,),
    )


NEW, OLD = "umail", "umail-v3"
ROWS = (
    twin(
        "failures",
        "failure_table",
        lambda client, names: tabled(client.failure_table(DAY, DAY)),
        lambda place: failed(place, *EVERY_FATE),
        NEW,
    ),
    twin(
        "task_failures",
        "task_failure_table",
        lambda client, names: tabled(client.task_failure_table(statistics_id=names.statistics)),
        lambda place: place.task.tally(place.now).of(*EVERY_FATE),
        NEW,
    ),
    twin(
        "failure_reasons",
        "failure_reason_table",
        lambda client, names: tabled(client.failure_reason_table(DAY, DAY)),
        lambda place: failed(place, *EVERY_FATE),
        NEW,
    ),
    twin(
        "failure_reasons",
        "failure_reason_table",
        lambda client, names: tabled(client.failure_reason_table(DAY, DAY, category=FailureCategory.INVALID_ADDRESS)),
        lambda place: failed(place, Fate.INVALID_ADDR),
        OLD,
    ),
    twin(
        "openers",
        "opener_table",
        lambda client, names: tabled(client.opener_table(task_id=names.task)),
        lambda place: len(people(place)),
        NEW,
        OLD,
    ),
    twin(
        "clicks",
        "click_table",
        lambda client, names: tabled(client.click_table(task_id=names.task)),
        lambda place: sum(one.clicks > 0 for one in people(place)),
        NEW,
        OLD,
    ),
    twin(
        "unsubscribes",
        "unsubscribe_table",
        lambda client, names: tabled(client.unsubscribe_table(names.list)),
        lambda place: LEFT,
        NEW,
        OLD,
    ),
    twin(
        "subscribers",
        "subscriber_table",
        lambda client, names: tabled(client.subscriber_table(names.list)),
        lambda place: SIZE,
        OLD,
    ),
    twin(
        "contacts",
        "contact_table",
        lambda client, names: tabled(client.contact_table(where=names.list)),
        lambda place: SIZE,
        NEW,
        OLD,
    ),
    can(KeepsContacts, "can_edit_contacts", lambda client: client.can_edit_contacts(), OLD),
    can(ImportsContacts, "can_follow_imports", lambda client: client.can_follow_imports(), NEW),
)
