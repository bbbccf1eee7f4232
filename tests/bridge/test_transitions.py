"""From one snapshot to the next: DESIGN section 3's table, row by row, and what the other kinds tell."""

from datetime import UTC, date, datetime

import pytest

from bridge.sightings import (
    Kind,
    of_balance,
    of_domain,
    of_import,
    of_message,
    of_provider,
    of_stats,
    of_task,
    of_template,
)
from bridge.transitions import VANISHED, Known, changes, vanished
from providers.contacts import ImportState, ImportStatus
from providers.domains import DomainCheck, DomainState
from providers.errors import (
    AnswerTimeoutError,
    AnswerTooLargeError,
    AuthenticationError,
    BadAnswerError,
    NoEncryptionError,
    RateLimitedError,
    RefusedError,
    ServerFaultError,
    UnreachableError,
)
from providers.mailtemplates import CheckState, TemplateCheck
from providers.messages import MessageRecord, MessageStatus
from providers.model import Balance, NamedRef, SendStats, Task, TaskStatus, Tracking

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
SEEN = {"account": "umail", "observed_at": AT, "source": "call", "raw": {"as": "it came"}}


def task(status=TaskStatus.SENDING, **more):
    fields = {"id": "19124", "raw_status": "2", "planned": 90_000, "sent": 100, "unsent": 0} | more
    return of_task(Task(**SEEN, status=status, **fields))


def known(sighting, **more):
    """The row that a sighting became."""
    row = {"subject": sighting.subject, "version": 1, "state": sighting.state, "facts": sighting.facts}
    return Known(**row | {"first_seen": AT, "observed_at": AT, "changed_at": AT} | more)


def types(before, now, *, baseline=False):
    return [change.type.value for change in changes(before, now, baseline=baseline)]


# ---- tasks

S = TaskStatus
ARRIVED = {
    S.PAUSED: "task.paused",
    S.CANCELLED: "task.cancelled",
    S.STOPPED: "task.stopped",
    S.FAILED: "task.failed",
    S.SENT: "task.completed",
}
TABLE = {
    **{(old, new): "task.changed" for old in S for new in S if old != new},
    **{(old, new): "task.scheduled" for old in (S.DRAFT, S.UNKNOWN) for new in (S.QUEUED, S.SCHEDULED)},
    **{(old, S.SENDING): "task.started" for old in (S.DRAFT, S.QUEUED, S.SCHEDULED)},
    **{(old, new): "task.resumed" for old in (S.PAUSED, S.STOPPED) for new in (S.SENDING, S.QUEUED, S.SCHEDULED)},
    **{(old, new): told for new, told in ARRIVED.items() for old in S if old != new},
}


@pytest.mark.parametrize(("pair", "expected"), [pytest.param(*one, id="-".join(one[0])) for one in TABLE.items()])
def test_every_pair_of_statuses_is_one_event(pair, expected):
    before, now = pair
    (change,) = changes(known(task(before)), task(now), baseline=False)
    assert change.type == expected
    assert (change.data["from"], change.data["to"]) == pair


@pytest.mark.parametrize("status", list(S))
def test_an_accounts_first_poll_is_silent_and_what_is_found_later_is_discovered(status):
    assert types(None, task(status), baseline=True) == []
    assert types(None, task(status)) == ["task.discovered"]


def test_what_the_first_poll_knows_already_is_judged_even_by_it():
    assert types(known(task(S.SENDING)), task(S.FAILED), baseline=True) == ["task.failed"]


def test_the_same_again_is_nothing():
    assert types(known(task()), task()) == []


def test_a_sending_task_whose_counts_move_progresses():
    (change,) = changes(known(task(sent=100)), task(sent=250), baseline=False)
    assert change.type == "task.progressed"
    assert change.data["changed"] == {"sent": {"from": 100, "to": 250}}
    assert change.data["sent"] == 250


def test_counts_that_move_while_another_field_differs_are_two_events():
    progressed, changed = changes(known(task()), task(sent=250, planned=80_000), baseline=False)
    assert (progressed.type, changed.type) == ("task.progressed", "task.changed")
    assert changed.data["changed"] == {"planned": {"from": 90_000, "to": 80_000}}


CHANGED = [
    (S.PAUSED, {"sent": 101}, "sent"),
    (S.SCHEDULED, {"scheduled_at": AT}, "scheduled_at"),
    (S.SENDING, {"lists": (NamedRef("362", "VIP"),)}, "lists"),
    (S.SENDING, {"tracking": Tracking.OPENS}, "tracking"),
    (S.QUEUED, {"detail": "ingesting"}, "detail"),
]


@pytest.mark.parametrize(("status", "more", "field"), CHANGED)
def test_another_field_of_the_same_status_is_a_change_that_says_what(status, more, field):
    (change,) = changes(known(task(status)), task(status, **more), baseline=False)
    assert change.type == "task.changed"
    assert list(change.data["changed"]) == [field]
    assert change.data["changed"][field]["to"] == task(status, **more).facts[field]


def test_the_vendors_own_word_alone_is_a_change():
    assert types(known(task(S.UNKNOWN, raw_status="7")), task(S.UNKNOWN, raw_status="8")) == ["task.changed"]


def test_a_change_of_status_says_what_else_changed():
    (change,) = changes(known(task(S.SENDING)), task(S.PAUSED, raw_status="-2", sent=120), baseline=False)
    assert change.data["changed"] == {"sent": {"from": 100, "to": 120}}
    assert change.data["raw_status"] == "-2"


def test_what_vanished_and_is_there_again_is_discovered():
    (gone,) = vanished(Kind.TASK, known(task(S.SENDING)))
    assert (gone.type, gone.data["from"], gone.data["to"]) == ("task.vanished", "sending", "vanished")
    assert types(known(task(), state=VANISHED), task()) == ["task.discovered"]


def test_only_tasks_are_missed():
    assert vanished(Kind.TEMPLATE, known(template(CheckState.PASSED))) == ()


# ---- the others


def balance(**more):
    return of_balance(Balance(**SEEN, **{"emails_left": 500, "enabled": True} | more))


def template(state, **more):
    return of_template(TemplateCheck(**SEEN, id="16", state=state, raw_state="x", **more))


def domain(state, **more):
    return of_domain(DomainCheck(**SEEN, name="shop.example", state=state, raw_state="x", **more))


def imported(state):
    return of_import(ImportStatus(**SEEN, id="5", state=state, raw_state="x"))


def message(status, **more):
    return of_message(MessageRecord(**SEEN, id="873216184254383362", status=status, raw_status="x", **more))


def stats(**more):
    return of_stats(SendStats(**SEEN, **more), "day/2026-11-21")


def provider(error=None):
    return of_provider("umail", error, AT)


PAIRS = [
    (None, balance()[0], []),
    (balance()[0], balance(emails_left=400)[0], ["balance.changed"]),
    (balance()[0], balance(emails_left=None)[0], ["balance.changed"]),
    (balance()[0], balance(enabled=False)[0], []),
    (balance()[1], balance(emails_left=400)[1], []),
    (balance()[1], balance(enabled=False)[1], ["service.changed"]),
    (balance()[1], balance(service_until=date(2027, 1, 1))[1], ["service.changed"]),
    (None, template(CheckState.CHECKING), []),
    (None, template(CheckState.REJECTED), ["template.checked"]),
    (template(CheckState.CHECKING), template(CheckState.PASSED, colour="green"), ["template.checked"]),
    (template(CheckState.PASSED), template(CheckState.CHECKING), []),
    (template(CheckState.PASSED, colour="green"), template(CheckState.PASSED, colour="yellow"), ["template.checked"]),
    (template(CheckState.PASSED), template(CheckState.PASSED, name="new name"), []),
    (template(CheckState.PASSED), template(CheckState.UNKNOWN), []),
    (None, domain(DomainState.ADDED), ["domain.checked"]),
    (domain(DomainState.VERIFIED), domain(DomainState.ADDED), ["domain.checked"]),
    (domain(DomainState.VERIFIED), domain(DomainState.VERIFIED, said="as before"), []),
    (domain(DomainState.VERIFIED), domain(DomainState.UNKNOWN), []),
    (imported(ImportState.PARSING), imported(ImportState.DONE), ["import.finished"]),
    (None, imported(ImportState.FAILED), ["import.finished"]),
    (None, imported(ImportState.PARSING), []),
    (imported(ImportState.PARSING), imported(ImportState.NOT_FOUND), []),
    (None, message(MessageStatus.QUEUED), ["message.queued"]),
    (message(MessageStatus.QUEUED), message(MessageStatus.DELIVERED), ["message.delivered"]),
    (message(MessageStatus.QUEUED), message(MessageStatus.BOUNCED), ["message.bounced"]),
    (message(MessageStatus.QUEUED), message(MessageStatus.FAILED), ["message.failed"]),
    (message(MessageStatus.QUEUED), message(MessageStatus.UNKNOWN), ["message.unknown"]),
    (message(MessageStatus.DELIVERED, opens=1), message(MessageStatus.DELIVERED, opens=2), ["message.opened"]),
    (message(MessageStatus.DELIVERED), message(MessageStatus.DELIVERED, opens=0), []),
    (None, message(MessageStatus.DELIVERED, opens=1), ["message.delivered", "message.opened"]),
    (None, stats(sent=1), ["stats.counted"]),
    (stats(sent=1), stats(sent=2), ["stats.counted"]),
    (None, provider(), []),
    (provider(), provider(UnreachableError("x")), ["provider.unreachable"]),
    (provider(), provider(NoEncryptionError("x")), ["provider.unreachable"]),
    (None, provider(AnswerTimeoutError("x")), ["provider.unreachable"]),
    (provider(UnreachableError("x")), provider(ServerFaultError("x")), []),
    (provider(), provider(AuthenticationError("x")), ["provider.auth_failed"]),
    (provider(), provider(RefusedError("x")), ["provider.auth_failed"]),
    (provider(), provider(RateLimitedError("x")), ["provider.rate_limited"]),
    (provider(), provider(BadAnswerError("x")), ["provider.schema_changed"]),
    (provider(BadAnswerError("x")), provider(AnswerTooLargeError("x")), []),
    (provider(RateLimitedError("x")), provider(UnreachableError("x")), ["provider.unreachable"]),
    (provider(AuthenticationError("x")), provider(), ["provider.recovered"]),
]


@pytest.mark.parametrize(("before", "now", "expected"), PAIRS)
def test_every_kind_tells_what_is_news(before, now, expected):
    assert types(before and known(before), now) == expected


@pytest.mark.parametrize("now", [balance()[0], template(CheckState.REJECTED), domain(DomainState.ADDED), stats(sent=1)])
def test_the_first_poll_of_every_kind_is_silent(now):
    assert types(None, now, baseline=True) == []


def test_a_balance_says_from_what_to_what():
    (change,) = changes(known(balance()[0]), balance(emails_left=400)[0], baseline=False)
    assert change.data["changed"] == {"emails_left": {"from": 500, "to": 400}}


def test_an_event_of_a_message_holds_no_address():
    now = message(MessageStatus.BOUNCED, recipient="ann@mail.example", opener_ip="192.0.2.1", reason="550 no such user")
    (change,) = changes(known(message(MessageStatus.QUEUED)), now, baseline=False)
    assert "ann@" not in str(change.data)
    assert change.data["reason"] == "550 no such user"
    assert now.facts["recipient"] == "ann@mail.example"


def test_facts_are_json_and_what_was_not_said_stays_unknown():
    facts = task(scheduled_at=AT, lists=(NamedRef("362", "VIP"),), tracking=Tracking.OPENS).facts
    assert facts["scheduled_at"] == "2026-11-21T02:00:00+00:00"
    assert facts["lists"] == [{"id": "362", "name": "VIP"}]
    assert (facts["tracking"], facts["sender"]) == ("opens", None)
    assert not {"account", "observed_at", "source", "raw"} & set(facts)
    assert balance(service_until=date(2027, 1, 1))[1].facts["service_until"] == "2027-01-01"


def test_a_message_that_nothing_names_cannot_be_followed():
    nameless = MessageRecord(**SEEN, status=MessageStatus.QUEUED, raw_status="1")
    assert of_message(nameless, "5").subject == "5"
    with pytest.raises(ValueError, match="without an id"):
        of_message(nameless)
