"""The configuration reference: the keys, types and defaults of the models, in the words of the shipped app.yaml."""

import re
from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bot.appyaml import shipped
from bot.config import Channels, Config, Roles, Server, SlackConfig
from bot.routing import SECTIONS as ROUTING
from bridge.alerts.rules import DEFAULTS, MODELS, Rule
from bridge.approvals.policy import Settings as Approvals
from jobs.settings import Digest, Polling, Retention
from providers import PROVIDERS

_KEY = re.compile(r"( *)([a-z_]+):")
_LISTED = re.compile(r"# {3,5}([a-z_]+): .*? {2,}(.*)")
_ITEMS = re.compile(r" Each( \w+)? may say:.*")
_NESTED = ("policies", "escalate")
"""Keys of `approvals` whose values are such lists, too."""
_LISTS = ("accounts", "rules", "in", "out", *ROUTING, *_NESTED)
"""Keys whose comments list what each of their items may say."""
SECTIONS: Mapping[str, type[BaseModel]] = {
    "slack": SlackConfig,
    "server": Server,
    "roles": Roles,
    "channels": Channels,
    "polling": Polling,
    "digest": Digest,
    "retention": Retention,
    "approvals": Approvals,
}


def configuration() -> str:
    """The page."""
    return "\n".join(_page(comments(shipped().read_text("utf-8"))))


def comments(text: str) -> dict[str, str]:
    """What stands above each key of a YAML text, by its dotted path."""
    found: dict[str, str] = {}
    above: list[str] = []
    path: list[str] = []
    for line in text.splitlines():
        key = _KEY.match(line)
        if line.lstrip().startswith("#"):
            above.append(line.lstrip())
        elif key:
            path = [*path[: len(key[1]) // 2], key[2]]
            found[".".join(path)] = " ".join(one.removeprefix("#").strip() for one in above)
            found |= _listed(above, key[2]) if key[2] in _LISTS else {}
            above = []
        else:
            above = []
    return found


def _listed(above: list[str], section: str) -> dict[str, str]:
    """The keys that stand in the words above a section alone, as those that each of its items may have."""
    found: dict[str, str] = {}
    name = ""
    for line in above:
        if key := _LISTED.match(line):
            name = f"{section}.*.{key[1]}"
            found[name] = key[2].strip()
        elif name:
            found[name] += " " + line.removeprefix("#").strip()
    return found


def _page(said: Mapping[str, str]) -> Iterator[str]:
    yield "# app.yaml\n"
    yield (
        "The shipped file names every key; `edmbot check` names every mistake with its line. `${NAME}` stands for an"
        " environment\nvariable, `${NAME:-default}` for one that may be missing. Secrets come from the environment"
        " only. An empty value is the\nsame as no value.\n"
    )
    plain = {name: field for name, field in Config.model_fields.items() if name not in {*SECTIONS, *_OWN}}
    yield from _table("Of the whole", "", plain, said)
    for section, model in SECTIONS.items():
        yield from _table(f"`{section}`", f"{section}.", model.model_fields, said)
    yield "## `accounts`\n"
    yield "Each under a name of your own, by which people call it.\n"
    yield "| Key | Type | Default | Meaning |"
    yield "| --- | --- | --- | --- |"
    yield f"| `provider` | {' or '.join(PROVIDERS)} | needed | The vendor. |"
    for name, kind in (("timezone", "time zone"), ("roles", "as `roles`, for this account alone")):
        meaning, default = _parted(said[f"accounts.*.{name}"])
        yield f"| `{name}` | {kind} | {default} | {meaning} |"
    yield ""
    for word, provider in PROVIDERS.items():
        own = provider.Settings.model_fields
        yield from _table(f"`accounts` at {provider.title}", f"accounts.{word}.", own, said)
    yield from _rules(said)
    for section in _NESTED:
        yield from _items(section, said, inside="approvals.")
        yield ""
    for section in ROUTING:
        yield from _items(section, said)
        yield ""
    for section in ("in", "out"):
        yield from _items(section, said, inside="webhooks.")
        yield ""


def _items(section: str, said: Mapping[str, str], inside: str = "") -> Iterator[str]:
    """A section that is a list: what each of its items may say. inside: the section that it is in, with a dot."""
    yield f"## `{inside}{section}`\n"
    yield said[inside + section].partition(" Default: ")[0] + "\n"
    yield "| Key | Default | Meaning |"
    yield "| --- | --- | --- |"
    for path, comment in said.items():
        if path.startswith(f"{section}.*."):
            meaning, default = _parted(comment.replace(" Needed", " Default: needed"))
            yield f"| `{path.removeprefix(f'{section}.*.')}` | {default} | {meaning} |"


def _rules(said: Mapping[str, str]) -> Iterator[str]:
    yield from _items("rules", said)
    yield "\nThe kinds:\n"
    yield "| Kind | It fires when | Its own keys |"
    yield "| --- | --- | --- |"
    for kind, model in MODELS.items():
        own = [f"`{name}`" for name in model.model_fields if name not in Rule.model_fields]
        yield f"| `{kind}` | {model.__doc__} | {' '.join(own)} |"
    yield "\nThe rules that are there unless app.yaml says otherwise:\n"
    yield "| Name | Kind | Severity | It says |"
    yield "| --- | --- | --- | --- |"
    for rule in DEFAULTS:
        says = rule.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"name", "kind", "severity"})
        shown = " · ".join(f"`{key}: {_shown(rule, key, value)}`" for key, value in says.items())
        yield f"| `{rule.name}` | `{rule.kind}` | {rule.severity} | {shown} |"
    yield ""


def _shown(rule: Rule, key: str, value: object) -> str:
    """A value of a rule as app.yaml would write it."""
    if key in {"above", "below"} and isinstance(value, float):
        return f"{value:.0%}"
    if key == "for" and rule.wait is not None:
        return f"{rule.wait.total_seconds() / 60:.0f}m"
    return (
        f"[{', '.join(value)}]" if isinstance(value, list) else f"{value:g}" if isinstance(value, float) else str(value)
    )


_OWN = {"accounts", "rules", *ROUTING, "sources", "endpoints", "set_aside"}


def _table(title: str, prefix: str, fields: Mapping[str, FieldInfo], said: Mapping[str, str]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| Key | Type | Default | Meaning |"
    yield "| --- | --- | --- | --- |"
    for name, field in fields.items():
        meaning, default = _parted(said[prefix + name])
        if default in {"", "as here"}:
            default = "needed" if field.is_required() else _code(field)
        yield f"| `{name}` | {_kind(field.annotation)} | {default} | {meaning} |"
    yield ""


def _parted(comment: str) -> tuple[str, str]:
    """What a comment says, and the default that it ends with; what it says of items has a table of its own."""
    meaning, _, default = _ITEMS.sub("", comment).replace("|", "\\|").partition("Default: ")
    return meaning[:1].upper() + meaning[1:].rstrip(), default.strip().rstrip(".")


def _code(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return "none" if value in (None, "", ()) else f"`{value}`"


def _kind(annotation: Any) -> str:  # noqa: ANN401
    """A type in words."""
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(f"`{word}`" for word in get_args(annotation))
    if origin in (Union, UnionType):
        return " or ".join(_kind(part) for part in get_args(annotation) if part is not NoneType)
    if hasattr(annotation, "__metadata__"):
        return _kind(get_args(annotation)[0])
    if origin is not None:
        return "list" if issubclass(origin, tuple) else "keys with values"
    if issubclass(annotation, Enum):
        return " or ".join(f"`{word.value}`" for word in annotation)
    return _WORDS[annotation]


_WORDS: Mapping[type, str] = {
    bool: "true or false",
    int: "whole number",
    str: "text",
    SecretStr: "secret",
    time: "time of day",
    timedelta: "span of time",
    ZoneInfo: "time zone",
}
