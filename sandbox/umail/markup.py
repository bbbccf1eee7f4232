"""How U-Mail writes XML: a prolog, elements in the documents' order, CDATA for words to people."""

from collections.abc import Iterable, Iterator
from itertools import chain
from xml.sax.saxutils import escape

from aiohttp import web

from sandbox.wire import Streamed

PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'


def element(name: str, *children: str) -> str:
    """An element around markup that is already escaped."""
    return f"<{name}>{''.join(children)}</{name}>"


def fields(**values: object) -> str:
    """One element a value, in the order given; values are escaped."""
    return "".join([f"<{name}>{_escaped(str(value))}</{name}>" for name, value in values.items()])


def _escaped(text: str) -> str:
    """Looked at before it is rewritten, as exports have millions of values and hardly any needs it."""
    return escape(text) if "&" in text or "<" in text or ">" in text else text


def document(root: str) -> web.Response:
    return web.Response(text=PROLOG + root, content_type="text/xml", charset="utf-8")


def rows(name: str, elements: Iterable[str], *before: str) -> web.Response:
    """A document of many rows, written while they are made."""
    return Streamed(chain([PROLOG, f"<{name}>", *before], elements, [f"</{name}>"]), "text/xml")


def lines(texts: Iterator[str]) -> web.Response:
    """A text of many lines, written while they are made."""
    return Streamed((f"{text}\n" for text in texts), "text/plain")


def cdata(text: str) -> str:
    """Words to people, whatever they contain."""
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def result(status: str, text: str, **extra: object) -> web.Response:
    """The generic answer: `<result><status/>…<data><![CDATA[text]]></data></result>` (000 5.1)."""
    return document(element("result", fields(status=status, **extra), element("data", cdata(text))))


class RefusedError(Exception):
    """A call that U-Mail does not carry out: an error word and a text. The words are ours, no document lists them."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(f"{word}: {text}")
        self.word = word
        self.text = text
