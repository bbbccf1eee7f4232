"""What people enter and choose: how it stands in `state.values` and in `block_actions`, and what cannot be entered.

Source: docs.slack.dev/reference/interaction-payloads/block_actions-payload and /view-interactions-payload.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from sandbox.slack.blocks import Block
from sandbox.slack.messages import controls
from sandbox.slack.people import Json
from sandbox.slack.workspace import Workspace

Entered = Mapping[str, Mapping[str, Json]]
"""By block_id and action_id, what was entered."""
STATELESS = frozenset({"button", "overflow", "image"})
_MOST = {"file_input": 10}
_MANY = "multi_"
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LINK = re.compile(r"https?://\S+", re.IGNORECASE)

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
    "file_input": "files",
}
"""Where a value stands that is no option; `value` for what is typed."""
_OPTIONED = {"static_select", "external_select", "radio_buttons", "checkboxes"}


def many(element: Block) -> bool:
    """Whether several things can be chosen."""
    kind: str = element["type"]
    return kind.startswith(_MANY) or kind in {"checkboxes", "file_input"}


def options_of(element: Block) -> list[Block]:
    """The options of a menu, those in groups too."""
    grouped = [option for group in element.get("option_groups", ()) for option in group["options"]]
    return [*element.get("options", ()), *grouped]


def state_of(element: Block, value: Any, workspace: Workspace, suggested: Sequence[Block] = ()) -> Json:  # noqa: ANN401
    """How a value stands in `state.values`. An option is chosen by its value; people, channels and files by their ids.

    None is nothing entered. `suggested` are the options that the app gave for what was typed into an external select.
    ValueError for what nobody can enter there: no such option, no date, no such person.
    """
    kind: str = element["type"]
    _check(element, value, workspace)
    if kind.removeprefix(_MANY) in _OPTIONED:
        return {"type": kind} | _chosen(element, value, suggested)
    if many(element):
        value = list(value or ())
    if kind == "file_input":
        value = [workspace.uploads[file] for file in value]
    return {"type": kind, _FIELDS.get(kind, "value"): value if value != "" else None}


def _chosen(element: Block, value: Any, suggested: Sequence[Block]) -> Json:  # noqa: ANN401
    wanted = list(value or ()) if many(element) else [] if value is None else [value]
    known = {option["value"]: option for option in [*_initial_options(element), *suggested, *options_of(element)]}
    if strange := [value for value in wanted if value not in known]:
        raise ValueError(f"{element['action_id']} has no option {strange[0]!r}")
    options = [known[value] for value in wanted]
    if many(element):
        return {"selected_options": options}
    return {"selected_option": options[0] if options else None}


def initial(element: Block) -> Any:  # noqa: ANN401
    """What the app put there: an option's value, several of them, or a value."""
    if "initial_options" in element or "initial_option" in element:
        values = [option["value"] for option in _initial_options(element)]
        return values if many(element) else values[0]
    return next((value for name, value in element.items() if name.startswith("initial_")), None)


def _initial_options(element: Block) -> list[Block]:
    one = [element["initial_option"]] if element.get("initial_option") else []
    return one + list(element.get("initial_options", ()))


def values_of(blocks: Sequence[Block], entered: Entered, workspace: Workspace) -> dict[str, dict[str, Json]]:
    """`state.values`: every element that holds something, with what was entered or what the app put there."""
    values: dict[str, dict[str, Json]] = {}
    for block, element in controls(blocks):
        if element["type"] not in STATELESS:
            block_id, action_id = block["block_id"], element["action_id"]
            state = entered.get(block_id, {}).get(action_id) or state_of(element, initial(element), workspace)
            values.setdefault(block_id, {})[action_id] = state
    return values


def is_empty(state: Json) -> bool:
    return all(value in (None, "", []) for name, value in state.items() if name != "type")


def _check(element: Block, value: Any, workspace: Workspace) -> None:  # noqa: ANN401
    """ValueError for what the element's widget does not let one choose."""
    kind = element["type"].removeprefix(_MANY)
    if many(element) and not isinstance(value, list | tuple | None):
        raise ValueError(f"{element['action_id']} takes a list")
    each = list(value or ()) if many(element) else [] if value in (None, "") else [value]
    most = element.get("max_selected_items", element.get("max_files", _MOST.get(kind)))
    if most is not None and len(each) > most:
        raise ValueError(f"{element['action_id']} takes no more than {most}")
    fits = _FITS.get(kind)
    for item in each:
        if fits is not None and not fits(item, workspace):
            raise ValueError(f"{element['action_id']} cannot hold {item!r}")


def _is_date(value: Any, _workspace: Workspace) -> bool:  # noqa: ANN401
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_moment(value: Any, _workspace: Workspace) -> bool:  # noqa: ANN401
    return isinstance(value, int) and not isinstance(value, bool) and 10**9 <= value < 10**10


_FITS: dict[str, Callable[[Any, Workspace], bool]] = {
    "datepicker": _is_date,
    "timepicker": lambda value, _: isinstance(value, str) and _TIME.fullmatch(value) is not None,
    "datetimepicker": _is_moment,
    "users_select": lambda value, workspace: value in workspace.people,
    "channels_select": lambda value, workspace: value in workspace.channels and not workspace.channels[value].private,
    "conversations_select": lambda value, workspace: value in workspace.channels,
    "plain_text_input": lambda value, _: isinstance(value, str),
    "file_input": lambda value, workspace: value in workspace.uploads,
}


def complaint(element: Block, state: Json) -> str | None:
    """What Slack's window says under a field whose text will not do; None when it will."""
    value = state.get("value")
    check = _TYPED.get(element["type"])
    return check(element, str(value)) if check is not None and value is not None else None


def _text(element: Block, value: str) -> str | None:
    if len(value) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    most = element.get("max_length", 3000)
    return f"Please enter no more than {most} characters." if len(value) > most else None


def _number(element: Block, value: str) -> str | None:
    pattern = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    if not re.fullmatch(pattern, value):
        return "Please enter a number."
    if "min_value" in element and float(value) < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and float(value) > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return None


_TYPED: dict[str, Callable[[Block, str], str | None]] = {
    "plain_text_input": _text,
    "number_input": _number,
    "email_text_input": lambda _, value: None if _MAIL.fullmatch(value) else "Please enter a valid email address.",
    "url_text_input": lambda _, value: None if _LINK.fullmatch(value) else "Please enter a valid URL.",
}
