"""The checks that Block Kit's rules are written with. Each adds Slack's own wording to a list of problems."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Check = Callable[[object, str, "Report"], None]


@dataclass(slots=True)
class Report:
    """What is wrong, each with the JSON pointer to it."""

    problems: list[str] = field(default_factory=list)

    def add(self, problem: str, pointer: str) -> None:
        self.problems.append(f"{problem} [json-pointer:{pointer}]")


def string(most: int, least: int = 1) -> Check:
    """Text of a length in characters."""

    def check(value: object, pointer: str, report: Report) -> None:
        if not isinstance(value, str):
            report.add("must be a string", pointer)
        elif len(value) > most:
            report.add(f"must be less than {most + 1} characters", pointer)
        elif len(value) < least:
            report.add(f"must be more than {least - 1} characters", pointer)

    return check


def choice(*values: str) -> Check:
    """One of some words."""

    def check(value: object, pointer: str, report: Report) -> None:
        if value not in values:
            report.add(f"must be one of the allowed values: {', '.join(values)}", pointer)

    return check


def flag(value: object, pointer: str, report: Report) -> None:
    """True or false."""
    if not isinstance(value, bool):
        report.add("must be a boolean", pointer)


def number(least: int, most: int) -> Check:
    """A whole number within limits."""

    def check(value: object, pointer: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report.add("must be an integer", pointer)
        elif not least <= value <= most:
            report.add(f"must be between {least} and {most}", pointer)

    return check


def real(above: float = -math.inf) -> Check:
    """A finite number, above a limit."""

    def check(value: object, pointer: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            report.add("must be a number", pointer)
        elif value <= above:
            report.add(f"must be greater than {above:g}", pointer)

    return check


def items(of: Check, most: int, least: int = 1) -> Check:
    """A list."""

    def check(value: object, pointer: str, report: Report) -> None:
        if not isinstance(value, list):
            report.add("must provide an array", pointer)
            return
        if len(value) > most:
            report.add(f"no more than {most} items allowed", pointer)
        if len(value) < least:
            report.add(f"no fewer than {least} items allowed", pointer)
        for index, item in enumerate(value):
            of(item, f"{pointer}/{index}", report)

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check], *, also: Check | None = None) -> Check:
    """An object with these fields and no others; `type` is checked by whoever chose the shape."""

    def check(value: object, pointer: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add("must provide an object", pointer)
            return
        for name in required:
            if name not in value:
                report.add(f"missing required field: {name}", pointer)
        for name, found in value.items():
            rule = required.get(name) or optional.get(name)
            if rule is not None:
                rule(found, f"{pointer}/{name}", report)
            elif name != "type":
                report.add(f"invalid additional property: {name}", pointer)
        if also is not None:
            also(value, pointer, report)

    return check


def by_type(table: Mapping[str, Check]) -> Check:
    """An object whose `type` says which shape it has."""

    def check(value: object, pointer: str, report: Report) -> None:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(value, dict):
            report.add("must provide an object", pointer)
        elif kind is None:
            report.add("missing required field: type", pointer)
        elif not isinstance(kind, str) or kind not in table:
            report.add(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            table[kind](value, pointer, report)

    return check


def text(most: int, *kinds: str) -> Check:
    """A text object of `plain_text` or `mrkdwn`; plain_text alone unless told otherwise."""
    words = {"text": string(most)}
    table = {"plain_text": shape(words, {"emoji": flag}), "mrkdwn": shape(words, {"verbatim": flag})}
    return by_type({kind: table[kind] for kind in kinds or ("plain_text",)})


def either(*names: str) -> Check:
    """At least one of some fields."""

    def check(value: object, pointer: str, report: Report) -> None:
        if isinstance(value, dict) and not any(name in value for name in names):
            report.add(f"must define either {' or '.join(f'`{name}`' for name in names)}", pointer)

    return check
