"""What a notice should show now: the rows as they are, for a template."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from store.tables import Notice, NoticeKind

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Face:
    """A template's name and its facts."""

    name: str
    facts: Mapping[str, Any] = field(repr=False)
    broadcast: bool = False
    """Whether a reply shows in the channel too."""


def face(session: Session, now: datetime, notice: Notice) -> Face | None:
    """What `notice` should show now; None when there is nothing to show. Only reads."""
    return FACES[notice.kind](session, now, notice)


def _template(_session: Session, _now: datetime, notice: Notice) -> Face:
    """Notes and digests bring their words' name and facts along: `{"template": …, "facts": {…}}`."""
    return Face(notice.facts["template"], revived(notice.facts["facts"]))


def revived(value: Any) -> Any:  # noqa: ANN401  # JSON
    """JSON with its times, which are ISO 8601 with a zone, as datetimes."""
    if isinstance(value, dict):
        return {key: revived(item) for key, item in value.items()}
    if isinstance(value, list):
        return [revived(item) for item in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        return datetime.fromisoformat(value)
    return value


FACES: Mapping[NoticeKind, Callable[[Session, datetime, Notice], Face | None]] = {
    NoticeKind.ALERTS: lambda _s, _n, _o: None,
    NoticeKind.DIGEST: _template,
    NoticeKind.NOTE: _template,
}
