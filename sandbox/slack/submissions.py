"""What becomes of a modal that is submitted. Source: docs.slack.dev/surfaces/modals."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.slack.blocks import Block
from sandbox.slack.errors import SlackError
from sandbox.slack.people import Json
from sandbox.slack.views import View, defined
from sandbox.slack.workspace import Workspace

REQUIRED = "Please complete this required field."


def entered(view: View, values: Mapping[str, Any]) -> bool:
    """Write what was entered into the view's state; False, with `view.errors` set, when a required input is missing."""
    view.errors = {}
    for block in view.blocks:
        if block["type"] == "input":
            element, block_id = block["element"], block["block_id"]
            state = _entered(view, block_id, element, values)
            view.state[block_id] = {element["action_id"]: state}
            if all(value in _NOTHING for name, value in state.items() if name != "type") and not block.get("optional"):
                view.errors[block_id] = REQUIRED
    return not view.errors


def _entered(view: View, block_id: str, element: Block, values: Mapping[str, Any]) -> Json:
    """What was entered now, else what stood there before, else what the app put there."""
    action_id = element["action_id"]
    if action_id in values:
        return _state(element, values[action_id])
    return view.state.get(block_id, {}).get(action_id) or _state(element, _initial(element))


def _initial(element: Block) -> Any:  # noqa: ANN401
    for name, value in element.items():
        if name == "initial_option":
            return value["value"]
        if name == "initial_options":
            return [option["value"] for option in value]
        if name.startswith("initial_"):
            return value
    return None


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


_NOTHING: tuple[Any, ...] = (None, "", [])
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
    """Do as the ack says: an empty one closes the modal, a `response_action` keeps or changes it.

    SlackError when it says what cannot be done, such as errors for blocks that are no inputs.
    """
    try:
        said = json.loads(body) if body.strip() else {}
        action = _ACTIONS[said.get("response_action", "")]
    except (ValueError, KeyError, AttributeError):
        raise SlackError("invalid_response_action") from None
    action(workspace, view, said)


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
    errors = said.get("errors")
    if not errors or not isinstance(errors, dict) or not set(errors) <= inputs:
        raise SlackError("invalid_response_action")
    view.errors = dict(errors)


_ACTIONS: dict[str, Callable[[Workspace, View, Any], None]] = {
    "": _close,
    "clear": _clear,
    "update": _update,
    "push": _push,
    "errors": _errors,
}
