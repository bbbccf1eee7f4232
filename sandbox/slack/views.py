"""Modals and App Homes."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.blocks import Block, accepted, problems
from sandbox.slack.errors import SlackError, refused
from sandbox.slack.people import Json
from sandbox.slack.schema import Check, Report, flag, shape, string, text

LARGEST = 250 * 1024
"""Bytes of a view's JSON."""
STACK = 3
"""Views on top of one another."""


def _blocks(value: object, _pointer: str, report: Report) -> None:
    if not isinstance(value, list):
        report.add("must provide an array", "/view/blocks")


_SHARED: dict[str, Check] = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
}
_SHAPES = {
    "home": shape({"blocks": _blocks}, _SHARED),
    "modal": shape(
        {"blocks": _blocks, "title": text(24)},
        {**_SHARED, "close": text(24), "submit": text(24), "clear_on_close": flag, "notify_on_close": flag},
    ),
}


@dataclass(slots=True)
class View:
    """A modal that is open, or a person's App Home."""

    id: str
    user: str
    definition: dict[str, Any]
    """What the app sent, with the ids that Slack gives."""
    root: str
    previous: str | None = None
    state: dict[str, dict[str, Json]] = field(default_factory=dict)
    """By block_id and action_id, what was entered."""
    errors: dict[str, str] = field(default_factory=dict)
    """By block_id, what the app found wrong with the last submission."""
    hash: str = ""

    @property
    def blocks(self) -> list[Block]:
        found: list[Block] = self.definition["blocks"]
        return found

    @property
    def type(self) -> str:
        return str(self.definition["type"])

    def json(self, team: str, app: str, bot: str) -> Json:
        """The view object of views.open and of payloads."""
        given = {"callback_id": "", "private_metadata": "", "external_id": "", "title": None, "submit": None}
        flags = {"close": None, "clear_on_close": False, "notify_on_close": False}
        return {
            **given,
            **flags,
            **self.definition,
            "id": self.id,
            "team_id": team,
            "state": {"values": self.state},
            "hash": self.hash,
            "root_view_id": self.root,
            "previous_view_id": self.previous,
            "app_id": app,
            "app_installed_team_id": team,
            "bot_id": bot,
        }


def defined(view: object, *types: str) -> dict[str, Any]:
    """The definition that an app sent, as an object or as its JSON; SlackError when Slack would refuse it."""
    if isinstance(view, str):
        try:
            view = json.loads(view)
        except ValueError:
            raise refused("invalid_arguments", ["must be valid JSON [json-pointer:/view]"]) from None
    if not isinstance(view, dict) or view.get("type") not in types:
        raise refused("invalid_arguments", [f"must be a view of type {' or '.join(types)} [json-pointer:/view]"])
    if len(json.dumps(view, ensure_ascii=False).encode()) > LARGEST:
        raise SlackError("view_too_large")
    found = _problems(view)
    if found:
        raise refused("invalid_arguments", found)
    return {**view, "blocks": accepted(view["blocks"], view["type"])}


def _problems(view: dict[str, Any]) -> list[str]:
    report = Report()
    _SHAPES[view["type"]](view, "/view", report)
    if report.problems:
        return report.problems
    found = problems(view["blocks"], view["type"], "/view/blocks")
    if not found and view["type"] == "modal" and "submit" not in view and _has_inputs(view):
        found.append("missing required field: submit [json-pointer:/view]")
    return found


def _has_inputs(view: Mapping[str, Any]) -> bool:
    return any(block["type"] == "input" for block in view["blocks"])


def new_hash(seconds: float) -> str:
    """A view's state, as Slack names it."""
    return f"{int(seconds)}.{secrets.token_hex(4)}"
