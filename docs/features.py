"""Which vendor can do what, found out by asking: every method of every capability is called on a client of each kind.

A client that raises UnsupportedError before it connects cannot; one that gets as far as its connection can. So the
page says what the code does, dialect by dialect.
"""

import asyncio
import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import httpx
from pydantic import SecretStr

from providers import PROVIDERS, base, capabilities
from providers.base import Provider, Rate
from providers.contacts import ContactForm, ListId
from providers.errors import ProviderError, RefusedError, UnsupportedError
from providers.mailtemplates import TemplateForm
from providers.model import FailureCategory, TaskForm, TaskStatus
from providers.tables import Table

DAY, LATER = date(2026, 11, 20), date(2026, 11, 21)
_LOGIN = {"username": "user", "password": "password"}
_UMAIL = {**_LOGIN, "base_url": "http://127.0.0.1/", "smtp_host": "127.0.0.1", "smtp_port": "1"}
KINDS: Mapping[str, Sequence[tuple[str, str, Mapping[str, str]]]] = {
    "U-Mail 2019": [
        ("customer", "umail", {**_UMAIL, "auth": "basic"}),
        ("manager", "umail", {**_UMAIL, "auth": "basic", "user_type": "manager", "customer_id": "1"}),
    ],
    "U-Mail V3.0": [
        ("customer", "umail", {**_UMAIL, "auth": "md5"}),
        ("manager", "umail", {**_UMAIL, "auth": "md5", "user_type": "manager", "customer_id": "1"}),
    ],
    "EmailCar": [("customer", "emailcar", {**_LOGIN, "base_url": "http://127.0.0.1/"})],
    "ITNIO": [
        (
            "customer",
            "itnio",
            {"base_url": "https://127.0.0.1/", "app_id": "a", "api_key": "k", "api_secret": "s"},
        )
    ],
}
"""By column, the kinds of account in it: who one is there, the provider, its settings. None of them can connect."""

_ARGUMENTS: Mapping[str, Any] = {
    **dict.fromkeys(("task_id", "list_id", "contact_id", "template_id", "import_id", "message_id", "attachment"), "1"),
    **dict.fromkeys(("first", "last", "day"), DAY),
    **dict.fromkeys(("address", "sender"), "ana@example.com"),
    **dict.fromkeys(("name", "domain"), "shop.example"),
    **dict.fromkeys(("sender_name", "subject", "html"), "text"),
    "addresses": ["ana@example.com"],
    "attachments": [(Path(__file__), "file.txt")],
    "enabled": True,
    "file": Path(__file__),
    "forms": [ContactForm(address="ana@example.com")],
    "message_ids": ["1"],
    "names": ["shop.example"],
    "page": 1,
    "password": SecretStr("password"),
    "recipients": ["ana@example.com"],
    "status": TaskStatus.SCHEDULED,
    "subscribers": [("ana@example.com", None)],
    "track_ids": ["1"],
    "where": ListId("1"),
}
"""What is asked, by the argument's name."""
_FORMS = {
    "add_task": TaskForm(template_ids=("1",), list_ids=("1",), sender="all"),
    "edit_task": TaskForm(template_ids=("1",), list_ids=("1",), sender="all"),
    "add_contact": ContactForm(address="ana@example.com"),
    "edit_contact": ContactForm(address="ana@example.com"),
    "add_template": TemplateForm(name="text", subjects=("text",), content="text"),
    "edit_template": TemplateForm(name="text", subjects=("text",), content="text"),
}
_ONE_TASK = ({"task_id": "1"},)
_FULL = FailureCategory.MAILBOX_FULL
_MORE: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "track_overview": _ONE_TASK,
    "opener_table": _ONE_TASK,
    "click_table": _ONE_TASK,
    "link_clicks": _ONE_TASK,
    "tracked": ({}, {"track_ids": ["1", "2"]}),
    "edit_task": ({}, {"status": TaskStatus.PAUSED}),
    "failure_table": ({}, {"category": FailureCategory.INVALID_FORMAT}),
    "task_failure_table": ({"batch": "b"}, {"batch": "b", "category": _FULL}),
    "failure_reason_table": (
        {},
        {"last": LATER, "category": FailureCategory.INVALID_FORMAT},
        {"category": FailureCategory.INVALID_FORMAT},
    ),
    "send": ({}, {"track_opens": True}),
    "messages": ({"first": DAY, "last": DAY},),
}
"""By method, all the ways to ask it that may end differently; the others are asked in one."""


class _Reached(BaseException):
    """The client went as far as its connection. No Exception, so that nobody takes it for a failure to retry."""


class _NoLimit:
    async def acquire(self, key: str, rate: Rate) -> None:
        """Calls that never leave need no limit."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method of one capability."""

    capability: type
    name: str

    @property
    def words(self) -> str:
        return re.sub("_table$", "s", self.name).replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Can:
    """Whether a kind of account can."""

    ways: int
    """In how many of the ways that it was asked."""
    all: int
    reasons: tuple[str, ...] = ()


Findings: TypeAlias = dict[tuple[str, Method], dict[str, Can | None]]
"""By column and method, what each kind of account can; None where it claims no such capability."""


def capabilities_of_all() -> Mapping[type, Sequence[Method]]:
    """Every capability with the methods of its own, in the order of the contract; what only describes is left out."""
    found: dict[type, Sequence[Method]] = {}
    for module in (base, capabilities):
        for capability in vars(module).values():
            if isinstance(capability, type) and capability.__module__ == module.__name__ and _is_capability(capability):
                found[capability] = [Method(capability, name) for name in vars(capability) if _asks(capability, name)]
    return found


def _is_capability(found: type) -> bool:
    return Provider in found.__mro__[1:]


def _asks(capability: type, name: str) -> bool:
    described = name.startswith(("_", "can_")) or name in ("form_of", "contact_table")
    return not described and inspect.isfunction(vars(capability)[name])


async def _client(provider: str, settings: Mapping[str, str]) -> Provider:
    async def reached(_request: httpx.Request) -> httpx.Response:
        raise _Reached

    kind = PROVIDERS[provider]
    client = httpx.AsyncClient(transport=httpx.MockTransport(reached), trust_env=False)
    own = kind.Settings(**settings)
    return kind("account", own, timezone=ZoneInfo("Asia/Shanghai"), limiter=_NoLimit(), client=client, deadline=0.2)


async def _asked(client: Provider, method: Method) -> Can:
    """Ask in every way, and see whether the client would go to the vendor."""
    ways = _MORE.get(method.name, ({},))
    reasons: dict[str, None] = {}
    went = 0
    for more in ways:
        try:
            await _call(client, method, more)
        except _Reached:
            went += 1
        except UnsupportedError as error:
            reasons[str(error)] = None
        except RefusedError as error:
            raise ValueError(f"docs/features.py does not know how to ask {method.name}: {error}") from error
        except ProviderError:
            # By SMTP nothing can be reached either.
            went += 1
        else:
            went += 1
    return Can(went, len(ways), tuple(reasons))


async def _call(client: Provider, method: Method, more: Mapping[str, Any]) -> None:
    function = getattr(client, method.name)
    wanted = inspect.signature(getattr(method.capability, method.name)).parameters.values()
    given = {one.name: _argument(method, one.name) for one in wanted if _is_needed(one)}
    result = function(**{**given, **more})
    if isinstance(result, Table):
        result = result.batches
    if inspect.isasyncgen(result):
        try:
            await anext(result)
        finally:
            await result.aclose()
    elif inspect.isawaitable(result):
        await result


def _is_needed(parameter: inspect.Parameter) -> bool:
    return parameter.name != "self" and parameter.default is inspect.Parameter.empty


def _argument(method: Method, name: str) -> Any:  # noqa: ANN401
    return _FORMS[method.name] if name == "form" else _ARGUMENTS[name]


async def _findings() -> Findings:
    """Every kind of account, asked for everything."""
    found: Findings = {}
    for column, kinds in KINDS.items():
        for who, provider, settings in kinds:
            client = await _client(provider, settings)
            for capability, methods in capabilities_of_all().items():
                for method in methods:
                    can = await _asked(client, method) if isinstance(client, capability) else None
                    found.setdefault((column, method), {})[who] = can
    return found


def _mark(found: Mapping[str, Can | None]) -> str:
    """One cell."""
    able = [who for who, can in found.items() if can and can.ways]
    if not able:
        return "—"
    partly = any(can and 0 < can.ways < can.all for can in found.values())
    word = "partly" if partly else "✓"
    return word if len(able) == len(found) else f"{word} {able[0]}s only"


def features() -> str:
    """The page."""
    found = asyncio.run(_findings())
    return "\n".join(_page(found))


def _page(found: Findings) -> Iterator[str]:
    yield "# What each vendor can do\n"
    yield (
        "A dash: the vendor has no call for it, and the bot says so and names the account that can. *partly*: see"
        " below.\nFound out by calling every method of `providers/base.py` and `providers/capabilities.py` on a client"
        " of each kind (`docs/features.py`).\n"
    )
    yield "| | " + " | ".join(KINDS) + " |"
    yield "| --- |" + " --- |" * len(KINDS)
    for capability, methods in capabilities_of_all().items():
        yield f"| **{_first_sentence(capability)}** |" + " |" * len(KINDS)
        for method in methods:
            cells = " | ".join(_mark(found[column, method]) for column in KINDS)
            yield f"| {method.words} | {cells} |"
    yield "\nU-Mail sends single messages where the account's `smtp_host` is set.\n"
    yield "## What is missing, in the client's own words\n"
    seen: dict[str, None] = {}
    for (_, method), kinds in found.items():
        for who, can in kinds.items():
            for reason in can.reasons if can else ():
                only = f" ({who}s)" if len(kinds) > 1 and not _everyone(kinds, reason) else ""
                seen[f"- {method.words}{only}: {reason}."] = None
    yield from seen
    yield ""


def _everyone(kinds: Mapping[str, Can | None], reason: str) -> bool:
    return all(can and reason in can.reasons for can in kinds.values())


def _first_sentence(capability: type) -> str:
    return (inspect.getdoc(capability) or capability.__name__).split(".", 1)[0]
