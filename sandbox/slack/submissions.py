"""What becomes of a modal that is submitted. Source: docs.slack.dev/surfaces/modals."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.slack.blocks import Block
from sandbox.slack.choices import complaint, initial, is_empty, state_of
from sandbox.slack.errors import SlackError
from sandbox.slack.people import Json
from sandbox.slack.views import View, defined
from sandbox.slack.workspace import Workspace

REQUIRED = "Please complete this required field."


def entered(workspace: Workspace, view: View, values: Mapping[str, Any]) -> bool:
    """Write what was entered into the view's state, by action_id; what is not named stays as it is.

    False, with `view.errors` set, when a required input is missing or a text will not do. ValueError for what cannot
    be entered at all.
    """
    view.errors = {}
    for block in view.blocks:
        if block["type"] == "input":
            element, block_id = block["element"], block["block_id"]
            state = _entered(workspace, view, block_id, element, values)
            view.state.setdefault(block_id, {})[element["action_id"]] = state
            wrong = complaint(element, state)
            if is_empty(state) and not block.get("optional"):
                wrong = REQUIRED
            if wrong:
                view.errors[block_id] = wrong
    return not view.errors


def _entered(workspace: Workspace, view: View, block_id: str, element: Block, values: Mapping[str, Any]) -> Json:
    """What was entered now, else what stood there before, else what the app put there."""
    action_id = element["action_id"]
    before = view.state.get(block_id, {}).get(action_id)
    if action_id not in values:
        return before or state_of(element, initial(element), workspace)
    held: Any = before or {}
    offered = [option for option in [held.get("selected_option"), *held.get("selected_options", ())] if option]
    return state_of(element, values[action_id], workspace, offered)


def file_field(view: View, action_id: str) -> tuple[Block, Block]:
    """A view's input block for files, and its element; LookupError when there is none of this action_id."""
    for block in view.blocks:
        element = block.get("element", {})
        if element.get("type") == "file_input" and element["action_id"] == action_id:
            return block, element
    raise LookupError(f"no field called {action_id!r} takes files")


def choose_file(workspace: Workspace, view: View, block: Block, element: Block, file: str) -> None:
    """Put a file beside those that are chosen in a field; ValueError for one too many."""
    held = view.state.setdefault(block["block_id"], {})
    chosen: Any = held.get(element["action_id"], {}).get("files", [])
    held[element["action_id"]] = state_of(element, [*(one["id"] for one in chosen), file], workspace)


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
