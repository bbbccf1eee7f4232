"""Block Kit's elements: what each may hold. Source: docs.slack.dev/reference/block-kit/block-elements."""

from sandbox.slack.schema import Check, by_type, choice, either, flag, items, number, shape, string, text

BOTH = ("plain_text", "mrkdwn")
ID = string(255)
URL = string(3000)

CONFIRM = shape(
    {"title": text(100), "text": text(300, *BOTH), "confirm": text(30), "deny": text(30)},
    {"style": choice("primary", "danger")},
)
_OPTION = {"text": text(75), "value": string(150)}
OPTION = shape(_OPTION, {"description": text(75)})
_LINK_OPTION = shape(_OPTION, {"description": text(75), "url": URL})
_MARKED_OPTION = shape({**_OPTION, "text": text(75, *BOTH)}, {"description": text(75, *BOTH)})
_GROUP = shape({"label": text(75), "options": items(OPTION, 100)}, {})
SUGGESTIONS = shape(
    {}, {"options": items(OPTION, 100, 0), "option_groups": items(_GROUP, 100)}, also=either("options", "option_groups")
)
"""What an app answers to a block_suggestion."""

_ACTION: dict[str, Check] = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": flag}
_MENU: dict[str, Check] = {**_ACTION, "placeholder": text(150)}
_MANY: dict[str, Check] = {"max_selected_items": number(1, 1000)}
_TYPED: dict[str, Check] = {
    "action_id": ID,
    "placeholder": text(150),
    "focus_on_load": flag,
    "initial_value": string(3000, 0),
    "dispatch_action_config": shape(
        {"trigger_actions_on": items(choice("on_enter_pressed", "on_character_entered"), 2)}, {}
    ),
}
_FILTER = shape(
    {},
    {
        "include": items(choice("im", "mpim", "private", "public"), 4),
        "exclude_external_shared_channels": flag,
        "exclude_bot_users": flag,
    },
)
_IDS = items(ID, 1000)
_RESPONDING: dict[str, Check] = {"response_url_enabled": flag, "default_to_current_conversation": flag}


def _options(option: Check, most: int, **more: Check) -> Check:
    return shape({"options": items(option, most)}, {**_ACTION, **more})


_CHOICE = {"options": items(OPTION, 100), "option_groups": items(_GROUP, 100)}

BUTTON = shape(
    {"text": text(75)},
    {
        "action_id": ID,
        "url": URL,
        "value": string(2000),
        "style": choice("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
IMAGE = shape(
    {"alt_text": string(2000)},
    {"image_url": URL, "slack_file": shape({}, {"id": ID, "url": URL})},
    also=either("image_url", "slack_file"),
)
ACTIONS: dict[str, Check] = {
    "button": BUTTON,
    "overflow": shape({"options": items(_LINK_OPTION, 5)}, {"action_id": ID, "confirm": CONFIRM}),
    "checkboxes": _options(_MARKED_OPTION, 10, initial_options=items(_MARKED_OPTION, 10)),
    "radio_buttons": _options(_MARKED_OPTION, 10, initial_option=_MARKED_OPTION),
    "datepicker": shape({}, {**_MENU, "initial_date": string(10)}),
    "timepicker": shape({}, {**_MENU, "initial_time": string(5), "timezone": string(100)}),
    "datetimepicker": shape({}, {**_ACTION, "initial_date_time": number(10**9, 10**10)}),
    "static_select": shape({}, {**_MENU, **_CHOICE, "initial_option": OPTION}, also=either("options", "option_groups")),
    "external_select": shape({}, {**_MENU, "initial_option": OPTION, "min_query_length": number(0, 100)}),
    "users_select": shape({}, {**_MENU, "initial_user": ID}),
    "channels_select": shape({}, {**_MENU, "initial_channel": ID, "response_url_enabled": flag}),
    "conversations_select": shape({}, {**_MENU, **_RESPONDING, "initial_conversation": ID, "filter": _FILTER}),
}
_MULTI: dict[str, Check] = {
    "multi_static_select": shape(
        {},
        {**_MENU, **_MANY, **_CHOICE, "initial_options": items(OPTION, 100)},
        also=either("options", "option_groups"),
    ),
    "multi_external_select": shape(
        {}, {**_MENU, **_MANY, "initial_options": items(OPTION, 100), "min_query_length": number(0, 100)}
    ),
    "multi_users_select": shape({}, {**_MENU, **_MANY, "initial_users": _IDS}),
    "multi_channels_select": shape({}, {**_MENU, **_MANY, "initial_channels": _IDS}),
    "multi_conversations_select": shape(
        {},
        {
            **_MENU,
            **_MANY,
            "initial_conversations": _IDS,
            "filter": _FILTER,
            "default_to_current_conversation": flag,
        },
    ),
}
ACCESSORIES: dict[str, Check] = {**ACTIONS, **_MULTI, "image": IMAGE}
INPUTS: dict[str, Check] = {
    **{name: rule for name, rule in ACTIONS.items() if name not in {"button", "overflow"}},
    **_MULTI,
    "plain_text_input": shape(
        {}, {**_TYPED, "multiline": flag, "min_length": number(0, 3000), "max_length": number(1, 3000)}
    ),
    "email_text_input": shape({}, _TYPED),
    "url_text_input": shape({}, _TYPED),
    "number_input": shape({"is_decimal_allowed": flag}, {**_TYPED, "min_value": string(100), "max_value": string(100)}),
    "file_input": shape({}, {"action_id": ID, "filetypes": items(string(20), 100), "max_files": number(1, 10)}),
}
CONTEXT = by_type(
    {"image": IMAGE, "plain_text": text(2000), "mrkdwn": text(2000, "mrkdwn")},
)
