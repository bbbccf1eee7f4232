"""Shares of counters. What a vendor did not say makes no share; without one of its parts it is a lower bound."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from providers.model import FailureCategory, FailureClass

Counters: TypeAlias = Mapping[str, int | None]
"""Fields of `providers.model.SendStats`."""


@dataclass(frozen=True, slots=True)
class Part:
    """So many of so many, for one reason."""

    name: str
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class Portion:
    """A share of what was sent, or asked to be, with what it is made of."""

    parts: Sequence[Part]
    """At least one."""
    whole: bool = True
    """False: a part is not known, and it is at least this."""

    @property
    def value(self) -> float:
        """0.1 for 10 %. Parts with different bases are added as shares."""
        return sum(part.count / part.of for part in self.parts)

    @property
    def count(self) -> int:
        return sum(part.count for part in self.parts)

    @property
    def of(self) -> int:
        return max(part.of for part in self.parts)


def bounced(counters: Counters) -> Portion | None:
    """What failed after it was sent."""
    return _portion([("failed", counters.get("failed"), _sent(counters))])


def delivered(counters: Counters) -> Portion | None:
    """What arrived, of all that came to an end: what is still on its way says nothing yet."""
    arrived, failed = counters.get("delivered"), counters.get("failed")
    ended = None if arrived is None or failed is None else arrived + failed
    return _portion([("delivered", arrived, ended)])


def complained(counters: Counters) -> Portion | None:
    """Who complained earlier and was left out (U-Mail 000 2.2 `refuse_count`); no vendor counts new complaints."""
    return _portion([("suppressed_complaint", counters.get("suppressed_complaint"), _asked(counters))])


def failed_for(counters: Counters, categories: Iterable[FailureCategory]) -> Portion | None:
    """What failed for these reasons: never sent of what was asked for, and bounced of what was sent."""
    return _portion(
        [
            (
                category.value,
                _most(counters, _FIELDS[category]),
                _asked(counters) if category.failure_class is FailureClass.NOT_SENT else _sent(counters),
            )
            for category in categories
        ]
    )


def pooled(portions: Iterable[Portion | None]) -> Portion | None:
    """Several days as one; days that say nothing, or not all of it, are left out."""
    sums: dict[str, Part] = {}
    for portion in portions:
        for part in portion.parts if portion is not None and portion.whole else ():
            before = sums.get(part.name, Part(part.name, 0, 0))
            sums[part.name] = Part(part.name, before.count + part.count, before.of + part.of)
    return Portion(tuple(sums.values())) if sums else None


def mostly(counters: Counters) -> tuple[FailureCategory, int] | None:
    """The commonest reason for failing, and how many failed for it."""
    found = [(count, category) for category, names in _FIELDS.items() if (count := _most(counters, names))]
    count, category = max(found, default=(0, None), key=lambda one: one[0])
    return None if category is None else (category, count)


_FIELDS: Mapping[FailureCategory, Sequence[str]] = {
    FailureCategory.MAILBOX_NOT_FOUND: ("bounced_hard",),
    FailureCategory.MAILBOX_FULL: ("mailbox_full",),
    FailureCategory.RECIPIENT_REJECTED: ("recipient_rejected",),
    # `judged_spam` may overlap with `spam_content`, so the two are never added.
    FailureCategory.SPAM_CONTENT: ("spam_content", "judged_spam"),
    FailureCategory.DELIVERY_REFUSED: ("delivery_refused",),
    FailureCategory.SUPPRESSED: ("suppressed",),
    FailureCategory.SUPPRESSED_COMPLAINT: ("suppressed_complaint",),
    FailureCategory.INVALID_ADDRESS: ("invalid_address",),
    FailureCategory.INVALID_FORMAT: ("invalid_format",),
    FailureCategory.CONNECTION_ERROR: ("connection_error",),
    FailureCategory.UNKNOWN: (),
}


def _portion(parts: Sequence[tuple[str, int | None, int | None]]) -> Portion | None:
    known = tuple(Part(name, count, of) for name, count, of in parts if count is not None and of)
    return Portion(known, whole=len(known) == len(parts)) if known else None


def _most(counters: Counters, names: Iterable[str]) -> int | None:
    return max((count for name in names if (count := counters.get(name)) is not None), default=None)


def _sent(counters: Counters) -> int | None:
    """EmailCar counts what was asked for, arrived and failed, and not what was sent."""
    sent, arrived, failed = (counters.get(name) for name in ("sent", "delivered", "failed"))
    if sent is not None or arrived is None or failed is None:
        return sent
    return arrived + failed


def _asked(counters: Counters) -> int | None:
    """While a task is sent, what is to be left out is known before the rest has gone."""
    sent, rejected = _sent(counters), counters.get("rejected")
    handled = None if sent is None else sent + (rejected or 0)
    return max((count for count in (counters.get("requested"), handled) if count is not None), default=None)
