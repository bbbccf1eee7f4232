"""The words that people read: `render(name, language, **facts) -> Message`.

A message is one `.j2` file in this folder, written with the tags of `templates.tags` and translated through the
catalogues in `locale/`. Facts are what the template names; a fact that is missing is an error, a fact that is None is
unknown and reads "—". Any message takes `known_as`: what people are called, by id, who are named in it and not called.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from enum import Enum
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.ext import InternationalizationExtension
from jinja2.runtime import Context
from markupsafe import Markup

from templates import inputs, spans, words
from templates.blocks import OPTION_LIMIT, Block, ButtonSpec, ConfirmSpec, OptionSpec, Style, escape, shorten
from templates.plots import Plot
from templates.spans import Figure, Link, Mention, Run
from templates.tags import CANVAS, SLASH, BlockTags, Canvas

TEXT_LIMIT = 4000
"""Slack cuts a message's `text` beyond this."""


@dataclass(frozen=True, slots=True)
class Message:
    """What a person will read, with the facts that it was made of."""

    name: str
    blocks: tuple[Block, ...]
    text: str
    """All of it in plain words: notifications, screen readers and terminals show this. Not escaped."""
    facts: Mapping[str, Any] = field(repr=False)
    language: str = "en"
    title: str = ""
    """As a modal: its headline."""
    submit: str = ""
    """As a modal: the button that sends it."""
    plots: tuple[Plot, ...] = ()
    """What its charts show, also those that Slack cannot draw."""
    calls: tuple[str, ...] = ()
    """The ids of the people and user groups that it mentions: a new message calls them."""
    zone: tzinfo = UTC
    slash: str = SLASH

    def naming(self, known_as: Mapping[str, str]) -> "Message":
        """The same with the names of these people and groups, by id, which calls none of them."""
        facts = {**self.facts, "known_as": known_as}
        return render(self.name, self.language, zone=self.zone, slash=self.slash, **facts)

    def payload(self) -> dict[str, Any]:
        """Arguments for chat.postMessage and its relatives; nothing in them links or pings by accident."""
        text = shorten(self.text, TEXT_LIMIT)
        # Escaped, it is longer, and an escape must not be cut in two.
        grown = len(escape(text)) - len(text)
        text = escape(shorten(text, max(TEXT_LIMIT - grown, TEXT_LIMIT // len("&amp;"))))
        return {"text": text, "blocks": list(self.blocks), "unfurl_links": False, "unfurl_media": False}

    def view(self, metadata: str = "", callback_id: str = "") -> dict[str, Any]:
        """The view of a modal, with what Slack hands back; without a callback id there is nothing to submit."""
        view: dict[str, Any] = {
            "type": "modal",
            "title": _plain_text(self.title or "edmbot"),
            "close": _plain_text(words.words(self.language).one("Close")),
            "blocks": list(self.blocks),
            "private_metadata": metadata,
        }
        if callback_id:
            view |= {"callback_id": callback_id, "submit": _plain_text(self.submit)}
        return view


def _plain_text(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def render(  # what `facts` are, the template says
    name: str,
    language: str,
    /,
    *,
    zone: tzinfo = UTC,
    slash: str = SLASH,
    **facts: Any,  # noqa: ANN401
) -> Message:
    """Make the message `name` from `facts`.

    Our sentences say `/edm`; where the command has another name, `slash`, the reader sees that one.
    Times appear in the reader's zone where Slack draws them, and in `zone`, named, wherever it does not.
    """
    template = _environment.get_template(f"{name}.j2")
    canvas = Canvas(
        name=name, language=language, zone=zone, slash=slash, pointer=words.words(language).one(" … (more was cut off)")
    )
    stray = template.render({**facts, CANVAS: canvas, "language": language}).strip()
    if stray:
        raise ValueError(f"{name}.j2: text outside the tags: {stray[:80]}")
    return Message(
        name=name,
        blocks=tuple(canvas.blocks),
        text="\n".join(canvas.text),
        facts=facts,
        language=language,
        title=canvas.title,
        submit=canvas.submit,
        plots=tuple(canvas.plots),
        calls=canvas.spans.called(),
        zone=zone,
        slash=slash,
    )


@pass_context
def _finalize(context: Context, value: Any) -> Markup:  # noqa: ANN401
    """Every `{{ … }}` comes through here: our own words pass, values are put aside, None is unknown."""
    if isinstance(value, Markup):
        return value
    if value == " ":
        # How a template keeps a blank between two tags.
        return Markup(" ")
    canvas: Canvas = context[CANVAS]
    return Markup(canvas.spans.put(_run(canvas, value)))  # noqa: S704  # a mark, not text


def _run(canvas: Canvas, value: Any) -> Run:  # noqa: ANN401
    if isinstance(value, Run):
        return value
    if value is None:
        return Run("—", ours=True)
    if isinstance(value, datetime):
        return spans.moment(value, canvas.zone, "when")
    if isinstance(value, date):
        return Run(words.day(value, canvas.language), ours=True)
    if isinstance(value, int | float):
        return Figure(words.number(value, canvas.language), ours=True, value=value)
    return Run(str(value.value if isinstance(value, Enum) else value))


def _put(context: Context, run: Run) -> Markup:
    canvas: Canvas = context[CANVAS]
    return Markup(canvas.spans.put(run))  # noqa: S704


@pass_context
def _gettext(context: Context, msgid: str, **values: Any) -> Markup:  # noqa: ANN401
    return _filled(context, words.words(context["language"]).one(msgid), values)


@pass_context
def _ngettext(context: Context, singular: str, plural: str, num: int, **values: Any) -> Markup:  # noqa: ANN401
    sentence = words.words(context["language"]).many(singular, plural, num)
    return _filled(context, sentence, {"num": num, **values})


def _filled(context: Context, sentence: str, values: Mapping[str, Any]) -> Markup:
    marks = {key: str(_finalize(context, value)) for key, value in values.items()}
    return Markup(sentence % marks)  # noqa: S704


@pass_context
def _clock(context: Context, at: datetime) -> Markup:
    return _put(context, spans.moment(at, context[CANVAS].zone, "clock"))


@pass_context
def _short_day(context: Context, value: date) -> Markup:
    return _put(context, Run(words.short_day(value, context["language"]), ours=True))


@pass_context
def _percent(context: Context, part: int, whole: int) -> Markup:
    return _put(context, Run(words.percent(part, whole, context["language"]), ours=True))


@pass_context
def _who(context: Context, user: str | None) -> Markup:
    """A Slack id as a mention, or as a name where it is in `known_as`; any other name (`exec` has no ids) as it is."""
    if user in context.get("known_as", {}):
        return _put(context, Run(f"@{context['known_as'][user]}"))
    if user and user[:1] in "UWSC" and user[1:].isalnum() and user.isupper():
        return _put(context, Mention(f"{'#' if user[0] == 'C' else '@'}{user}", id=user))
    return _put(context, Run(user or "—"))


@pass_context
def _link(context: Context, text: str) -> Markup:
    """A page's address as a link, in a section; whatever else as it is."""
    return _put(context, Link(text) if _ADDRESS.fullmatch(text) else Run(text))


_ADDRESS = re.compile(r"https?://[^\s|<>]+")


@pass_context
def _plain(context: Context, value: str) -> str:
    """The words of a value or a sentence, for buttons and dialogs, which take plain text."""
    canvas: Canvas = context[CANVAS]
    return spans.plain(canvas.spans.runs(value)) if isinstance(value, Markup) else str(value)


@pass_context
def _button(
    context: Context,
    text: str,
    command: str = "",
    *,
    style: Style | None = None,
    confirm: ConfirmSpec | None = None,
    url: str | None = None,
    action: str = "run",
) -> Markup:
    """Put a button on the actions row."""
    canvas: Canvas = context[CANVAS]
    canvas.buttons.append(ButtonSpec(_plain(context, text), command, style, confirm, url, action))
    return Markup("")


@pass_context
def _option(context: Context, text: str, command: str) -> Markup:
    """Put an entry into the menu behind the buttons."""
    canvas: Canvas = context[CANVAS]
    # A line that is longer than Slack keeps is left to the keyboard.
    if len(command) <= OPTION_LIMIT:
        canvas.options.append(OptionSpec(_plain(context, text), command))
    return Markup("")


@pass_context
def _joined(context: Context, value: object) -> Markup:
    """A value of a form: several are joined, none is unknown."""
    canvas: Canvas = context[CANVAS]
    if isinstance(value, tuple):
        return _put(context, Run(", ".join(map(str, value))))
    return Markup(canvas.spans.put(_run(canvas, value)))  # noqa: S704


def _make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        extensions=[InternationalizationExtension, BlockTags],
        undefined=StrictUndefined,
        autoescape=True,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        # No look at the files for each message: who edits one starts again.
        auto_reload=False,
    )
    # Our own gettext fills in the values, so that they are put aside like every other.
    environment.newstyle_gettext = True  # type: ignore[attr-defined]  # declared by the extension
    environment.policies["ext.i18n.trimmed"] = True
    environment.globals.update(gettext=_gettext, ngettext=_ngettext, _=_gettext, button=_button, option=_option)
    environment.filters.update(clock=_clock, joined=_joined, link=_link, who=_who, plain=_plain, short_day=_short_day)
    environment.globals.update(percent=_percent)
    environment.globals.update(
        text_input=inputs.text_input,
        select=inputs.select,
        checkboxes=inputs.checkboxes,
        person_input=inputs.person_input,
        many=inputs.many,
        moment=inputs.moment,
        file_input=inputs.file_input,
    )
    return environment


_environment = _make_environment()
