"""A command line as people type it: phones, Chinese keyboards, Slack's own marks.

`read("—task 5 “VIP & friends”")` gives `["--task", "5", "VIP & friends"]`. A lone apostrophe or quote is a character.
"""

import re
import unicodedata

_MENTION = re.compile(r"<(?:[@#]|!subteam\^)([A-Z0-9]+)(?:\|[^>]*)?>")
_MAILTO = re.compile(r"<mailto:[^|>]*\|([^>]*)>")
_LINK = re.compile(r"<(https?://[^|>]+)(?:\|[^>]*)?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_DASHES = "—–―‒−‐‑－"
_QUOTES = str.maketrans({**dict.fromkeys("“”„‟＂", '"'), **dict.fromkeys("‘’‚‛＇", "'")})
_LEADING_DASH = re.compile(rf"^[{_DASHES}]+(?=\w)")
_ASCII_LEADING_DASH = re.compile(r"^-(?=[A-Za-z]{2})")
_TOKEN = re.compile(
    r"""\s*(?:(?P<open>[^\s"]*=)?"(?P<double>[^"]*)"(?=\s|$)|'(?P<single>[^']*)'(?=\s|$)|(?P<bare>\S+))"""
)


def read(text: str) -> list[str]:
    """The words of a command line."""
    text = _without_slack_marks(text).translate(_QUOTES).replace("\u3000", " ")
    words = []
    for match in _TOKEN.finditer(text):
        if match["double"] is not None:
            words.append(_plain_word(match["open"] or "") + match["double"])
        elif match["single"] is not None:
            words.append(match["single"])
        elif match["bare"]:
            words.append(_plain_word(match["bare"]))
    return words


def write(words: list[str]) -> str:
    """Words as a line that `read` reads back: what a button carries."""
    return " ".join(f'"{word}"' if not word or re.search(r"\s", word) else word for word in words)


def _without_slack_marks(text: str) -> str:
    """Slack's escapes of people, channels, links and `&<>` (with `should_escape` in the manifest)."""
    text = _MENTION.sub(r"\1", text)
    text = _MAILTO.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text


def _plain_word(word: str) -> str:
    """Full-width letters, digits and punctuation as ASCII; any dash before a word as an option's two."""
    word = unicodedata.normalize("NFKC", _LEADING_DASH.sub("--", word))
    word = re.sub(f"[{_DASHES}]", "-", word)
    return _ASCII_LEADING_DASH.sub("--", word)
