"""The form of a single message: what may stand in it, and the message that it makes."""

import re
from collections.abc import Iterator, Mapping

from bot.arguments import ADDRESS
from bot.command import RefusalError
from bot.context import Context
from bot.forms import Form
from bot.htmlfile import html_in
from bridge.changes.letters import Letter
from store.tables import Draft, Outcome

MOST_RECIPIENTS = 50
"""002: EmailCar's limit of one call; U-Mail's SMTP is held to it as well. More need an approval."""
TYPED = 3000
"""Characters that a form's field holds."""


def recipients_in(text: str) -> tuple[str, ...]:
    """Addresses as people list them, each once, in their order."""
    found: dict[str, str] = {}
    for address in re.split(r"[\s,;，；、]+", text):
        found.setdefault(address.casefold(), address)
    return tuple(address for address in found.values() if address)


def check(form: Form) -> Mapping[str, RefusalError]:
    """By field, what is wrong with a message."""
    lacks = form.text("content") is None and not form.files("file")
    return {**check_edit(form), **({"content": _wrong("blank")} if lacks else {})}


def check_edit(form: Form) -> Mapping[str, RefusalError]:
    """The same for one that has a content already, which stays when none is given."""
    return dict(_faults(form))


def _faults(form: Form) -> Iterator[tuple[str, RefusalError]]:
    for name in ("sender", "reply_to"):
        address = form.one(name) or form.text(name)
        if address and not is_address(address):
            yield name, _wrong("address", word=address)
    for name in ("sender_name", "subject"):
        if form.text(name) is None:
            yield name, _wrong("blank")
    to = recipients_in(form.text("recipients") or "")
    if bad := [address for address in to if not is_address(address)]:
        yield "recipients", _wrong("address", word=bad[0], count=len(bad))
    elif not 1 <= len(to) <= MOST_RECIPIENTS:
        yield "recipients", _wrong("many" if to else "blank", count=len(to))


def is_address(text: str) -> bool:
    # SMTP without extensions takes ASCII only, and so does U-Mail's client.
    return text.isascii() and re.fullmatch(ADDRESS, text) is not None


def _wrong(problem: str, *, word: str = "", count: int = 1) -> RefusalError:
    return RefusalError(
        "send/wrong", Outcome.NOT_UNDERSTOOD, problem=problem, word=word, count=count, most=MOST_RECIPIENTS
    )


async def letter_in(ctx: Context, form: Form, before: Draft | None) -> Letter:
    """What the form says; a file goes before a typed content, and what an edit leaves empty stays."""
    flags = form.many("flags")
    content, is_html = form.text("content") or "", "html" in flags
    if files := form.files("file"):
        async with ctx.download(files[0]) as file:
            content, is_html = await html_in(file.path), True
    elif not content and before is not None:
        content = str(before.content["content"])
    return Letter(
        sender=form.one("sender") or form.text("sender") or "",
        sender_name=form.text("sender_name") or "",
        recipients=recipients_in(form.text("recipients") or ""),
        subject=form.text("subject") or "",
        content=content,
        reply_to=form.text("reply_to"),
        is_html=is_html,
        track_opens="opens" in flags,
        track_clicks="clicks" in flags,
    )
