"""The JSON bodies that the page sends: each field is read once, and what does not fit is named."""

from collections.abc import Collection, Mapping
from typing import Any

_MISSING = object()


class BadFieldError(Exception):
    """A field of the body that cannot be taken, and why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} {reason}")


class Fields:
    """The fields of a body; `finish` refuses those that nobody read."""

    def __init__(self, values: Mapping[str, Any], inside: str = "") -> None:
        self._left = dict(values)
        self._inside = inside

    def text(self, name: str, most: int = 4_000) -> str:
        value = self._left.pop(name, None)
        if not isinstance(value, str):
            raise self._bad(name, "must be a text")
        if len(value) > most:
            raise self._bad(name, f"must have at most {most} characters")
        return value

    def maybe(self, name: str) -> str | None:
        """A text, or nothing: missing or null."""
        if self._left.get(name) is None:
            self._left.pop(name, None)
            return None
        return self.text(name)

    def word(self, name: str, words: Collection[str]) -> str:
        value = self._left.pop(name, None)
        if not isinstance(value, str) or value not in words:
            raise self._bad(name, f"must be one of {', '.join(words)}")
        return value

    def number(self, name: str) -> int:
        value = self._left.pop(name, None)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._bad(name, "must be a whole number")
        return value

    def whole(self, name: str, numbers: Collection[int]) -> int:
        """One of some numbers."""
        value = self._left.pop(name, None)
        if isinstance(value, bool) or value not in numbers:
            raise self._bad(name, f"must be one of {', '.join(map(str, numbers))}")
        return int(value)

    def anything(self, name: str) -> Any:  # noqa: ANN401
        value = self._left.pop(name, _MISSING)
        if value is _MISSING:
            raise self._bad(name, "is missing")
        return value

    def object(self, name: str) -> dict[str, Any]:
        value = self._left.pop(name, None)
        if not isinstance(value, dict):
            raise self._bad(name, "must be an object")
        return value

    def within(self, name: str) -> "Fields":
        """An object's own fields."""
        return Fields(self.object(name), f"{self._inside}{name}.")

    def finish(self) -> None:
        for name in self._left:
            raise self._bad(name, "is not a field here")

    def _bad(self, name: str, reason: str) -> BadFieldError:
        return BadFieldError(self._inside + name, reason)
