"""JSON from rows, as words need it: times are times, and what was not said is unknown."""

import re
from datetime import datetime
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Told(dict[str, Any]):
    """Facts by name; what was not told is unknown."""

    def __missing__(self, _key: str) -> None:
        return None


def revived(value: Any) -> Any:  # noqa: ANN401  # JSON
    """JSON with its times, which are ISO 8601 with a zone, as datetimes."""
    if isinstance(value, dict):
        return {key: revived(item) for key, item in value.items()}
    if isinstance(value, list):
        return [revived(item) for item in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        return datetime.fromisoformat(value)
    return value
