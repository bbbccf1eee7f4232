"""`routes:`, `oncall:` and `quiet_hours:` of app.yaml: who hears of an alert, and when."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel

from bot.document import Document, KeyPath, Value
from bot.sections import suggest, validated
from bridge.alerts.routes import OncallStep, QuietHours, Route
from bridge.alerts.rules import Rule

M = TypeVar("M", bound=BaseModel)
SECTIONS = ("routes", "oncall", "quiet_hours")
_EMPTY = (None, "")


def routes_of(document: Document, rules: Sequence[Rule], oncall: Mapping[str, object]) -> tuple[Route, ...]:
    """The routes in their order; blames what is wrong with them, and names that nothing has."""
    routes = _items(document, ("routes",), document.data.get("routes"), Route)
    names = [rule.name for rule in rules]
    for number, route in enumerate(routes):
        if route.oncall is not None and route.oncall not in oncall:
            at = ("routes", number, "oncall")
            document.blame(at, "is no key of oncall:", suggest(route.oncall, oncall) if oncall else "add it there")
        for place, name in enumerate(route.rules):
            if name not in names:
                document.blame(("routes", number, "rules", place), "is no rule", suggest(name, names))
    return routes


def oncall_of(document: Document) -> dict[str, tuple[OncallStep, ...]]:
    """Who is mentioned while nobody acknowledges, step by step, by the name that routes use."""
    written = document.data.get("oncall")
    if written in _EMPTY:
        return {}
    if not isinstance(written, dict):
        document.blame(("oncall",), "must be keys with values", "write each list of steps under a name")
        return {}
    return {name: _steps(document, name, section) for name, section in written.items()}


def quiet_hours_of(document: Document) -> tuple[QuietHours, ...]:
    """When only what is critical may disturb people."""
    return _items(document, ("quiet_hours",), document.data.get("quiet_hours"), QuietHours)


def _steps(document: Document, name: str, section: Value) -> tuple[OncallStep, ...]:
    steps = _items(document, ("oncall", name), section, OncallStep)
    delays = [one.delay for one in steps]
    if delays != sorted(delays):
        document.blame(("oncall", name), "its steps are not in order", "put the one with the shortest after: first")
    return steps


def _items(document: Document, at: KeyPath, written: Value, model: type[M]) -> tuple[M, ...]:
    if written in _EMPTY:
        return ()
    if not isinstance(written, list):
        document.blame(at, "must be a list", f"begin each item with - {next(iter(model.model_fields))}:")
        return ()
    items = (_item(document, (*at, number), section, model) for number, section in enumerate(written))
    return tuple(item for item in items if item is not None)


def _item(document: Document, at: KeyPath, section: Value, model: type[M]) -> M | None:
    if not isinstance(section, dict):
        document.blame(at, "must be keys with values", f"begin with {next(iter(model.model_fields))}:")
        return None
    # An empty value is the same as no value, also of a key that is an alias.
    said = {key: value for key, value in section.items() if value not in _EMPTY}
    return validated(
        document, model, said, at, also=[field.alias for field in model.model_fields.values() if field.alias]
    )
