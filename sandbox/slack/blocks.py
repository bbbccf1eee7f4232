"""Block Kit's blocks: Slack's rules and limits, strictly. Source: docs.slack.dev/reference/block-kit/blocks.

Unmodelled blocks are refused as unsupported: call, carousel, container, context_actions, data_table, plan, task_card.
So is `file`, which only Slack itself puts into messages.
"""

import secrets
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sandbox.slack.charts import CHART, MOST_CHARTS
from sandbox.slack.elements import ACCESSORIES, ACTIONS, BOTH, BUTTON, CONTEXT, ID, IMAGE, INPUTS, URL
from sandbox.slack.errors import SlackError, refused
from sandbox.slack.richrules import RICH_TEXT
from sandbox.slack.schema import Check, Report, by_type, choice, either, flag, items, shape, string, text

Block = dict[str, Any]
Surface = Literal["message", "modal", "home"]
MOST: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
TOGETHER = 13_200
"""Characters of text in all blocks of a message: about what github.com/slackapi/bolt-js/issues/2509 found out."""
MARKDOWN_TOGETHER = 12_000
"""Characters in all markdown blocks of a message."""

_BLOCK: dict[str, Check] = {"block_id": ID}
_IMAGE_SOURCE = {"image_url": URL, "slack_file": shape({}, {"id": ID, "url": URL})}
_COLUMN = shape({}, {"align": choice("left", "center", "right"), "is_wrapped": flag})


def _column(value: object, pointer: str, report: Report) -> None:
    """A column's settings; null leaves it as it is."""
    if value is not None:
        _COLUMN(value, pointer, report)


def _secure(value: object, pointer: str, report: Report) -> None:
    """A link over HTTPS."""
    URL(value, pointer, report)
    if isinstance(value, str) and not value.startswith("https://"):
        report.add("must be an HTTPS URL", pointer)


def _input(elements: Mapping[str, Check]) -> Check:
    return shape(
        {"label": text(2000), "element": by_type(elements)},
        {**_BLOCK, "hint": text(2000), "optional": flag, "dispatch_action": flag},
        also=_submitted,
    )


def _submitted(value: object, pointer: str, report: Report) -> None:
    """Files come with the submission only."""
    block = value if isinstance(value, dict) else {}
    element = block.get("element")
    if block.get("dispatch_action") and isinstance(element, dict) and element.get("type") == "file_input":
        report.add("unsupported type: file_input", f"{pointer}/element")


_CELL = by_type({"raw_text": shape({"text": string(3000)}, {}), "rich_text": RICH_TEXT})

_EVERYWHERE: dict[str, Check] = {
    "actions": shape({"elements": items(by_type(ACTIONS), 25)}, _BLOCK),
    "context": shape({"elements": items(CONTEXT, 10)}, _BLOCK),
    "divider": shape({}, _BLOCK),
    "header": shape({"text": text(150)}, _BLOCK),
    "image": shape(
        {"alt_text": string(2000)},
        {**_BLOCK, **_IMAGE_SOURCE, "title": text(2000)},
        also=either("image_url", "slack_file"),
    ),
    "input": _input({name: rule for name, rule in INPUTS.items() if name != "file_input"}),
    "rich_text": RICH_TEXT,
    "section": shape(
        {},
        {
            **_BLOCK,
            "text": text(3000, *BOTH),
            "fields": items(text(2000, *BOTH), 10),
            "accessory": by_type(ACCESSORIES),
            "expand": flag,
        },
        also=either("text", "fields"),
    ),
    "video": shape(
        {"alt_text": string(2000), "title": text(199), "thumbnail_url": URL, "video_url": _secure},
        {
            **_BLOCK,
            "title_url": _secure,
            "description": text(199),
            "author_name": string(49),
            "provider_name": string(50),
            "provider_icon_url": URL,
        },
    ),
}
_IN_MESSAGES: dict[str, Check] = {
    "card": shape(
        {},
        {
            **_BLOCK,
            "hero_image": by_type({"image": IMAGE}),
            "icon": by_type({"image": IMAGE}),
            "slack_icon": by_type({"icon": shape({"name": string(50)}, {})}),
            "title": text(150, *BOTH),
            "subtitle": text(150, *BOTH),
            "body": text(200, *BOTH),
            "subtext": text(200, *BOTH),
            "actions": items(by_type({"button": BUTTON}), 3),
        },
        also=either("hero_image", "title", "actions", "body"),
    ),
    "data_visualization": shape({"title": string(50), "chart": CHART}, _BLOCK),
    "markdown": shape({"text": string(MARKDOWN_TOGETHER)}, _BLOCK),
    "table": shape({"rows": items(items(_CELL, 20), 100)}, {**_BLOCK, "column_settings": items(_column, 20, 0)}),
}
_IN_MODALS: dict[str, Check] = {
    "alert": shape(
        {"text": text(200, *BOTH)},
        {**_BLOCK, "level": choice("default", "info", "warning", "error", "success")},
    ),
    "input": _input(INPUTS),
}
_TABLES: dict[Surface, Mapping[str, Check]] = {
    "message": {**_EVERYWHERE, **_IN_MESSAGES},
    "modal": {**_EVERYWHERE, **_IN_MODALS},
    "home": _EVERYWHERE,
}


def problems(blocks: list[Any], surface: Surface, pointer: str = "/blocks") -> list[str]:
    """What Slack would find wrong, in its words; nothing when it would take them."""
    report = Report()
    items(by_type(_TABLES[surface]), MOST[surface], 0)(blocks, pointer, report)
    if not report.problems:
        _unique(blocks, pointer, report)
    return report.problems


def accepted(blocks: object, surface: Surface = "message") -> list[Block]:
    """The blocks with the ids that Slack gives where none were sent; SlackError when it refuses them."""
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise SlackError("invalid_blocks_format")
    found = problems(blocks, surface)
    if found:
        raise refused("invalid_blocks", found)
    if sum(block["type"] == "table" for block in blocks) > 1:
        raise refused("invalid_attachments", ["only_one_table_allowed"])
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_TOGETHER:
        raise SlackError("msg_blocks_too_long")
    if sum(block["type"] == "data_visualization" for block in blocks) > MOST_CHARTS:
        raise refused("invalid_blocks", [f"no more than {MOST_CHARTS} data_visualization blocks allowed"])
    if surface == "message" and _length(blocks) > TOGETHER:
        raise SlackError("msg_blocks_too_long")
    return [_identified(block) for block in blocks]


def elements_of(block: Block) -> Iterator[Block]:
    """The interactive elements of a block."""
    held = [*block.get("elements", ()), *block.get("actions", ()), block.get("accessory"), block.get("element")]
    return (e for e in held if e and e.get("type") in {**ACTIONS, **ACCESSORIES, **INPUTS} and e["type"] != "image")


def _identified(block: Block) -> Block:
    copied: Block = {**block, "block_id": block.get("block_id") or secrets.token_urlsafe(4)[:5]}
    for name in ("accessory", "element"):
        if name in block:
            copied[name] = _acting(block[name])
    for name in {"actions": ("elements",), "card": ("actions",)}.get(block["type"], ()):
        copied[name] = [_acting(element) for element in block.get(name, ())]
    return copied


def _length(value: object) -> int:
    """Characters of all texts in blocks."""
    if isinstance(value, list):
        return sum(_length(item) for item in value)
    if not isinstance(value, dict):
        return 0
    own = value.get("text")
    return (len(own) if isinstance(own, str) else 0) + sum(_length(item) for item in value.values())


def _acting(element: Block) -> Block:
    if element["type"] == "image":
        return element
    return {**element, "action_id": element.get("action_id") or secrets.token_urlsafe(4)[:5]}


def _unique(blocks: list[Block], pointer: str, report: Report) -> None:
    """No block_id twice in a message or view, no action_id twice in a block."""
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id in seen:
            report.add(f'`block_id` "{block_id}" already exists for another block', f"{pointer}/{index}/block_id")
        if block_id:
            seen.add(block_id)
        taken: set[str] = set()
        for element in elements_of(block):
            action_id = element.get("action_id")
            if action_id in taken:
                report.add(f'`action_id` "{action_id}" already exists for another element', f"{pointer}/{index}")
            if action_id:
                taken.add(action_id)
