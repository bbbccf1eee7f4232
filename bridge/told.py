"""JSON from rows, as words need it: times are times, and what was not said is unknown."""

import re
from datetime import datetime
from typing import Any

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Told(dict[str, Any]):
    """Facts by name, as a row keeps them: what is read by its name is revived, and what was not told is unknown."""

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401  # JSON
        return revived(self.get(key))


def revived(value: Any) -> Any:  # noqa: ANN401  # JSON
    """JSON with its times, which are ISO 8601 with a zone, as datetimes."""
    if isinstance(value, dict):
        return {key: revived(item) for key, item in value.items()}
    if isinstance(value, list):
        return [revived(item) for item in value]
    if isinstance(value, str) and value[10:11] == "T" and _TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            # It only looks like one: what others send holds anything.
            return value
    return value
