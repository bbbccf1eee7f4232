"""What becomes of a modal that is submitted. Source: docs.slack.dev/surfaces/modals."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.slack.blocks import Block
from sandbox.slack.people import Json
from sandbox.slack.views import View, defined
from sandbox.slack.workspace import Workspace

REQUIRED = "Please complete this required field."


def entered(view: View, values: Mapping[str, Any]) -> bool:
    """Write what was entered into the view's state; False, with `view.errors` set, when a required input is missing."""
    view.errors = {}
    for block in view.blocks:
        if block["type"] == "input":
            element = block["element"]
            value = values.get(element["action_id"])
            if value in (None, "") and not block.get("optional", False):
                view.errors[block["block_id"]] = REQUIRED
            view.state[block["block_id"]] = {element["action_id"]: _state(element, value)}
    return not view.errors


def _state(element: Block, value: Any) -> Json:  # noqa: ANN401
    """How an element's value stands in `state.values`: an option is chosen by its value."""
    kind = element["type"]
    if kind in _FIELDS:
        return {"type": kind, _FIELDS[kind]: value}
    if "options" in element:
        chosen = value if isinstance(value, list) else [value]
        options = [option for option in element["options"] if option["value"] in chosen]
        if kind.startswith("multi_") or kind == "checkboxes":
            return {"type": kind, "selected_options": options}
        return {"type": kind, "selected_option": options[0] if options else None}
    return {"type": kind, "value": value}


_FIELDS = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "multi_users_select": "selected_users",
    "multi_channels_select": "selected_channels",
    "multi_conversations_select": "selected_conversations",
}


def answer_submission(workspace: Workspace, view: View, body: str) -> None:
    """Do as the ack says: an empty one closes the modal, a `response_action` keeps or changes it."""
    said = json.loads(body) if body.strip() else {}
    _ACTIONS[said.get("response_action", "")](workspace, view, said)


def _close(workspace: Workspace, view: View, _said: Json) -> None:
    workspace.close_views(view.user, top_only=True)


def _clear(workspace: Workspace, view: View, _said: Json) -> None:
    workspace.close_views(view.user)


def _update(workspace: Workspace, view: View, said: Json) -> None:
    workspace.update_view(view, defined(said.get("view"), "modal"))


def _push(workspace: Workspace, view: View, said: Json) -> None:
    workspace.open_view(view.user, defined(said.get("view"), "modal"), push=True)


def _errors(_workspace: Workspace, view: View, said: Any) -> None:  # noqa: ANN401
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    unknown = set(said["errors"]) - inputs
    if unknown:
        raise ValueError(f"errors for blocks that are no inputs of the modal: {', '.join(sorted(unknown))}")
    view.errors = dict(said["errors"])


_ACTIONS: dict[str, Callable[[Workspace, View, Any], None]] = {
    "": _close,
    "clear": _clear,
    "update": _update,
    "push": _push,
    "errors": _errors,
}
