"""What an edit of a task says, and what of it reads otherwise afterwards. Pure.

An edit may reset what it leaves out (000 6.3), so it says all that is known: what was just read, what the ledger knows
that cannot be read, and on top of both what is to change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from bridge.changes.decisions import Action, Decision
from bridge.changes.ledger import UNREADABLE, complete
from providers.model import TaskForm

GRACE = timedelta(minutes=2)
"""A resumed task's time must not have passed when the vendor reads it; V3.0 knows minutes only."""
_FIELDS = tuple(one.name for one in fields(TaskForm))


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that reads otherwise than it did, or than it was meant."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One edit's words."""

    before: TaskForm
    """As read right before."""
    form: TaskForm
    """All that it says."""
    asked: tuple[str, ...] = ()
    """The fields that it is about and that can be read: those that somebody wants to be otherwise than they were."""

    @property
    def unknown(self) -> Sequence[str]:
        """What neither a read nor the ledger knows, so that nobody can say whether the edit has reset it."""
        return [name for name in UNREADABLE if getattr(self.form, name) is None]


def edit_of(
    decision: Decision, before: TaskForm, told: TaskForm | None, wanted: TaskForm | None, now: datetime
) -> Edit:
    """What an edit has to say.

    told: what the ledger knows. wanted: what is to change; what it leaves out stays as it is known.
    """
    form = complete(before, told)
    changes = {name: value for name in _FIELDS if (value := getattr(wanted, name, None)) is not None}
    if decision.action is Action.RESUME and "scheduled_at" not in changes:
        soon = now.replace(second=0, microsecond=0) + GRACE
        changes["scheduled_at"] = max(form.scheduled_at or soon, soon)
    form = replace(form, **changes)
    moves = () if decision.action is Action.EDIT else ("scheduled_at",)
    asked = tuple(name for name in changes if name not in (*UNREADABLE, *moves) and not same(name, form, before))
    return Edit(before=before, form=form, asked=asked)


def is_as_it_was(before: TaskForm, asked: Sequence[str], now: TaskForm) -> bool:
    """Whether something that an edit was about is still what it was before."""
    return any(same(name, before, now) for name in asked)


def differences(edit: Edit, now: TaskForm) -> tuple[Difference, ...]:
    """What reads otherwise than it was said; a time only where it was asked for, since a task under way moves it."""
    return tuple(
        Difference(name, getattr(edit.form, name), getattr(now, name))
        for name in _FIELDS
        if (name != "scheduled_at" or name in edit.asked)
        and getattr(edit.form, name) is not None
        and name not in UNREADABLE
        and not same(name, edit.form, now)
    )


def same(name: str, one: TaskForm, other: TaskForm) -> bool:
    """Whether two forms say the same of a field: V3.0 knows minutes only, and nothing is an empty text."""
    values = [getattr(form, name) or None for form in (one, other)]
    return len({value.replace(second=0) if isinstance(value, datetime) else value for value in values}) == 1
