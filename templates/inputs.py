"""The inputs of a modal, as functions for `{% inputs %}{{ text_input("name", _("Label")) }}{% endinputs %}`.

An input's block and its element carry its name, by which `bot.forms.Form` reads it.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import slackblocks as kit
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from templates import blocks, spans
from templates.tags import CANVAS, Canvas

TEXT_LIMIT = 3000
"""Characters of an input's value."""
OPTIONS = 100
LABEL_LIMIT = 2000
OPTION_LIMIT = 75
FIELD = re.compile(r"^[a-z_]+$")
"""What the inputs are called; Slack asks by these names for what may be chosen."""

Choice = tuple[str, str]
"""What is handed back, and what is read."""


@pass_context
def text_input(
    context: Context,
    name: str,
    label: str,
    *,
    value: str | None = None,
    hint: str | None = None,
    multiline: bool = False,
    optional: bool = False,
    max_length: int = TEXT_LIMIT,
) -> Markup:
    """A text, of one line or of several."""
    element = kit.PlainTextInput(
        action_id=name,
        initial_value=None if value is None else _plain(context, value)[:max_length] or None,
        multiline=multiline,
        max_length=max_length,
    )
    return _put(context, name, label, element, hint=hint, optional=optional)


@pass_context
def select(
    context: Context,
    name: str,
    label: str,
    *,
    options: Sequence[Choice],
    value: str | None = None,
    hint: str | None = None,
    optional: bool = False,
    search: bool = False,
) -> Markup:
    """One of the choices: the first 100; with `search`, more than that are asked for as one types."""
    chosen = _offered(context, [choice for choice in options if choice[0] == value])
    element: kit.Element
    if search and len(options) > OPTIONS:
        element = kit.ExternalSelectMenu(name, initial_option=chosen[0] if chosen else None, min_query_length=0)
    else:
        offered = _offered(context, options)
        element = kit.StaticSelectMenu(name, offered, initial_option=chosen[0] if chosen else None)
    return _put(context, name, label, element, hint=hint, optional=optional)


@pass_context
def many(
    context: Context,
    name: str,
    label: str,
    *,
    options: Sequence[Choice],
    values: Sequence[str] = (),
    hint: str | None = None,
    most: int | None = None,
) -> Markup:
    """One or several of the choices; more than 100 are asked for as one types (`bot.command.Command.suggest`)."""
    chosen = _offered(context, [choice for choice in options if choice[0] in values]) or None
    element: kit.Element
    if len(options) > OPTIONS:
        element = kit.ExternalMultiSelectMenu(name, min_query_length=0, initial_options=chosen, max_selected_items=most)
    else:
        offered = _offered(context, options)
        element = kit.StaticMultiSelectMenu(name, offered, initial_options=chosen, max_selected_items=most)
    return _put(context, name, label, element, hint=hint, optional=False)


@pass_context
def moment(
    context: Context, name: str, label: str, *, value: datetime | None = None, hint: str | None = None
) -> Markup:
    """A date and a time, in the person's own zone."""
    element = kit.DateTimePicker(name, initial_datetime=int(value.timestamp()) if value else None)
    return _put(context, name, label, element, hint=hint, optional=False)


@pass_context
def person_input(context: Context, name: str, label: str, *, value: str | None = None) -> Markup:
    """Somebody of the workspace."""
    return _put(context, name, label, kit.UserSelectMenu(action_id=name, initial_user=value), hint=None, optional=False)


@pass_context
def checkboxes(
    context: Context,
    name: str,
    label: str,
    *,
    options: Sequence[Choice],
    values: Sequence[str] = (),
    optional: bool = True,
) -> Markup:
    """Any of at most ten choices."""
    offered = _offered(context, options)
    ticked = [option for option, (key, _) in zip(offered, options, strict=False) if key in values]
    element = kit.CheckboxGroup(action_id=name, options=offered, initial_options=ticked or None)
    return _put(context, name, label, element, hint=None, optional=optional)


@pass_context
def file_input(
    context: Context,
    name: str,
    label: str,
    *,
    types: Sequence[str] = (),
    most: int = 1,
    hint: str | None = None,
    optional: bool = False,
) -> Markup:
    """Files from the person's device, of these suffixes."""
    element = kit.FileInput(action_id=name, filetypes=list(types) or None, max_files=most)
    return _put(context, name, label, element, hint=hint, optional=optional)


def _put(context: Context, name: str, label: str, element: kit.Element, *, hint: str | None, optional: bool) -> Markup:
    canvas: Canvas = context[CANVAS]
    words, help_ = _plain(context, label), _plain(context, hint or "").strip()
    canvas.blocks.append(
        blocks.resolved(
            kit.InputBlock(
                label=kit.PlainText(blocks.shorten(words, LABEL_LIMIT)),
                element=element,
                block_id=name,
                hint=kit.PlainText(blocks.shorten(help_, LABEL_LIMIT)) if help_ else None,
                optional=optional,
            )
        )
    )
    canvas.text.append(words)
    return Markup("")


def _offered(context: Context, options: Sequence[Choice]) -> list[kit.Option]:
    return [
        kit.Option(text=kit.PlainText(blocks.shorten(_plain(context, words), OPTION_LIMIT)), value=key)
        for key, words in options[:OPTIONS]
    ]


def _plain(context: Context, value: Any) -> str:  # noqa: ANN401  # a sentence or a value
    canvas: Canvas = context[CANVAS]
    return spans.plain(canvas.spans.runs(value)) if isinstance(value, Markup) else str(value)
