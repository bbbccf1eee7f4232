"""U-Mail's calls in general: how they are addressed and signed, and what an answer says (000 chapters 1 and 9)."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import md5
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from providers import json, values
from providers.base import Rate
from providers.call import About, Answer, Call, encoded
from providers.errors import BadAnswerError, ProviderError, RefusedError, UnsupportedError
from providers.http import EXPORT_DEADLINES, Wire
from providers.multipart import Multipart
from providers.refusals import gist, is_crash, is_negative, is_success, line, page, refusal, says_nothing_found
from providers.status import by_status
from providers.umail.dialect import DIALECTS, Dialect
from providers.umail.settings import UMailSettings
from providers.xml import Element, Reader, parse

T = TypeVar("T")

_WORDS = ("status", "code", "error", "errcode")
_SAYINGS = ("data", "msg", "message", "info", "error")


Params: TypeAlias = Mapping[str, str | None]
NO_PARAMS: Params = MappingProxyType({})
# 000, note 2: the header must name UTF-8.
_FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Result:
    """What the vendor said to a change, if it said anything: most of these answers are undocumented."""

    id: str | None = None
    word: str | None = None
    said: str | None = field(default=None, repr=False)


class Api:
    """One account's calls."""

    def __init__(self, wire: Wire, settings: UMailSettings, zone: ZoneInfo) -> None:
        self.wire = wire
        self.zone = zone
        self.dialect: Dialect = DIALECTS[settings.auth]
        self._base_url = settings.base_url
        self._signature = signature(settings)
        self._basic = basic_header(settings)

    def about(self, source: str) -> About:
        return self.wire.about(source)

    def call(
        self,
        script: str,
        do: str | None = None,
        params: Params = NO_PARAMS,
        *,
        limit: tuple[str, Rate] | None = None,
        secrets: tuple[str, ...] = (),
    ) -> Call:
        """A GET, as every sample URL of both documents; `do` must be in the query (000 5.1, remark 1).

        Parameters that are None are left out.
        """
        name, url = self._address(script, do, params)
        return Call(name, url, headers=(_FORM, *self._basic), limit=limit, secrets=secrets)

    def post(self, script: str, do: str, params: Params, form: Params) -> Call:
        """A POST with `form` as its body, for what is documented so or would be too long for a URL."""
        name, url = self._address(script, do, params)
        return Call(name, url, method="POST", headers=(_FORM, *self._basic), content=encoded(_given(form)).encode())

    def upload(
        self, script: str, do: str, params: Params, form: Params, files: Sequence[tuple[str, Path, str]]
    ) -> Call:
        """A POST of files: the field, where it lies, the name to show; read from disk while they go out.

        Raises:
            RefusedError: a file that cannot be read. Nothing was sent.
        """
        name, url = self._address(script, do, params)
        body = Multipart(_given(form), files)
        return Call(
            name,
            url,
            method="POST",
            headers=(*body.headers, *self._basic),
            content=body.body,
            deadlines=EXPORT_DEADLINES,
        )

    def _address(self, script: str, do: str | None, params: Params) -> tuple[str, str]:
        pairs = [("do", do)] if do else []
        query = encoded([*pairs, *self._signature, *_given(params)])
        return f"{script}?do={do}" if do else script, f"{self._base_url}{script}?{query}"

    def refused(self, what: str, call: str) -> RefusedError:
        """The error for what cannot be asked for at all; nothing was sent."""
        return RefusedError(what, account=self.wire.account, call=call)

    def unsupported(self, what: str, call: str) -> UnsupportedError:
        """The error for what this dialect has no call for; nothing was sent."""
        return UnsupportedError(f"U-Mail {self.dialect.name} {what}", account=self.wire.account, call=call)

    def needs_2019(self, what: str, call: str) -> None:
        """Raise UnsupportedError on V3.0, whose document lacks the call."""
        if not self.dialect.newer:
            raise self.unsupported(f"cannot {what}", call)

    def checked(self, identifier: str, call: str) -> str:
        """An id that is one: an empty one would mean another thing, or everything."""
        if not (identifier.isascii() and identifier.isdigit() and int(identifier)):
            raise self.refused("an id is a number from 1 on", call)
        return identifier

    async def read(self, call: Call, root: str, build: Callable[[Reader], T]) -> T:
        """What `build` makes of the answer's root element, which must be `root`."""
        return await self.wire.read(call, lambda answer: build(Reader(document(root, answer), self.zone)))

    async def rows(self, call: Call, root: str, path: str, build: Callable[[Reader], T]) -> list[T]:
        """What `build` makes of each row: none, one or many. "No data" as an error is an empty list."""

        def each(reader: Reader) -> list[T]:
            # <task>...</task> without any child is how the samples say "and so on".
            return [build(row) for row in reader.each(path) if not row.hollow]

        try:
            return await self.read(call, root, each)
        except RefusedError as error:
            if says_nothing_found(error):
                return []
            raise

    async def change(self, call: Call, parse_result: Callable[[Answer], Result]) -> Result:
        return await self.wire.change(call, parse_result)


def _given(params: Params) -> list[tuple[str, str]]:
    return [(name, value) for name, value in params.items() if value is not None]


def signature(settings: UMailSettings) -> list[tuple[str, str]]:
    """V3.0's credentials, which stand in every URL (001, all chapters)."""
    if settings.auth == "basic":
        return []
    return [("username", settings.username), ("password", password_hash(settings))]


def basic_header(settings: UMailSettings) -> list[tuple[str, str]]:
    """The credentials of 2019: the password in clear (000 chapter 9)."""
    if settings.auth == "md5":
        return []
    return [("Authorization", f"Basic {basic_token(settings)}")]


def password_hash(settings: UMailSettings) -> str:
    return md5(settings.password.get_secret_value().encode(), usedforsecurity=False).hexdigest()


def basic_token(settings: UMailSettings) -> str:
    return b64encode(f"{settings.username}:{settings.password.get_secret_value()}".encode()).decode()


def document(root: str, answer: Answer) -> Element:
    """The root element of a read's answer.

    Raises:
        ProviderError: the refusal that came instead, whatever its shape.
    """
    text = answer.text
    fault: ProviderError
    try:
        element = _element(text)
    except BadAnswerError as error:
        fault = error
    else:
        found = _root(element, root)
        if found is not None and answer.status < 400:
            return found
        fault = _refusal(element)
    raise by_status(fault, answer)


def _element(text: str) -> Element:
    if text.lstrip()[:1] in ("{", "["):
        raise json.refusal_in(json.load(text)) or BadAnswerError("JSON came where XML is due")
    return parse(text)


def _root(element: Element, root: str) -> Element | None:
    """The element called `root`: the document's own, or inside a `<result>` that says success."""
    if element.tag == root:
        return element
    return element.find(f".//{root}") if is_success(_first(element, _WORDS)) else None


def _refusal(element: Element) -> ProviderError:
    """The refusal in a `<result>`, or in whatever else came instead of the data."""
    word, said = _first(element, _WORDS), _first(element, _SAYINGS)
    if is_success(word) or (word is None and said is None and len(element)):
        return BadAnswerError("the answer is another one than was asked for", vendor_code=word, vendor_text=said)
    if word is None and said is None and element.tag != "error":
        return line(element.text or "")
    return refusal(word, said or values.text(element.text))


def _first(element: Element, names: tuple[str, ...]) -> str | None:
    return next((found for name in names if (found := values.text(element.findtext(name)))), None)


def result(answer: Answer) -> Result:
    """What a change's answer says; the documents show one for add-task only.

    Raises:
        RefusedError: it plainly says no.
        BadAnswerError: it cannot be read, so that success and failure cannot be told apart.
    """
    text = answer.text.strip()
    fault: ProviderError | None
    try:
        found = _result(text)
        fault = by_status(line(text), answer) if answer.status >= 400 else None
    except ProviderError as error:
        found, fault = Result(), by_status(error, answer)
    if fault is not None:
        raise fault
    return found


def _result(text: str) -> Result:
    if text.startswith(("{", "[")):
        return _result_in_json(json.load(text))
    if not text.startswith("<"):
        return _result_in_a_line(text)
    html = page(text)
    if html is not None:
        raise html
    element = parse(text)
    word, said = _first(element, _WORDS), _first(element, _SAYINGS)
    if element.tag == "error" or (word is not None and not is_success(word)):
        raise _refusal(element)
    return Result(id=_id(element.findtext("id")) or _id(said) or _id(values.text(element.text)), word=word, said=said)


def _result_in_a_line(text: str) -> Result:
    if is_crash(text):
        raise BadAnswerError("the vendor's program broke off", vendor_text=gist(text))
    if is_negative(text):
        raise refusal(None, text)
    # What is left of a document, or no text at all, does not say that nothing is wrong.
    if "<" in text or any(mark < " " and not mark.isspace() for mark in text):
        raise BadAnswerError("the answer is damaged", vendor_text=gist(text))
    return Result(id=text if text.isascii() and text.isdigit() else None, said=text or None)


def _result_in_json(found: object) -> Result:
    fault = json.refusal_in(found)
    if fault is not None:
        raise fault
    members = found if isinstance(found, Mapping) else {}
    return Result(id=_id(members.get("id")) or _id(members.get("data")), word=values.text(members.get("status")))


def _id(value: object) -> str | None:
    """An id: digits, exact. A sentence in its place is none."""
    found = None if isinstance(value, (dict, list)) else values.identifier(value)
    return found if found and found.isascii() and found.isdigit() else None


def answered(answer: Answer, words: frozenset[str]) -> tuple[str, str | None]:
    """The status word and the sentence of a `<result>` whose word is one of `words`, refusals among them (000 4.8.4).

    Raises:
        ProviderError: whatever else came.
    """
    fault: ProviderError
    try:
        element = _element(answer.text)
    except ProviderError as error:
        fault = error
    else:
        word = _first(element, _WORDS)
        if word in words and answer.status < 400:
            return word, _first(element, _SAYINGS)
        fault = _refusal(element)
    raise by_status(fault, answer)
