"""From app.yaml and the environment to a `Config`; the shipped app.yaml explains each key.

Nothing else reads the environment. Whoever starts the bot gets either a configuration that holds, or a `ConfigError`
that names every mistake with its line.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from bot.config import VENDOR_ZONE, AccountConfig, Config, Frozen, Roles, Shared
from bot.document import ConfigError, Document, Mistake, Value, read
from bot.kinds import Zone
from bot.routing import SECTIONS as ROUTING
from bot.routing import oncall_of, quiet_hours_of, routes_of
from bot.ruleset import rules_of
from bot.sections import suggest, supply, validated
from bot.webhooks import endpoints_of, sources_of
from providers import PROVIDERS

__all__ = ["ConfigError", "Mistake", "Purpose", "find", "load", "shipped"]


class Purpose(StrEnum):
    """What the configuration is read for; decides what may be missing."""

    RUN = "run"
    CHECK = "check"
    """Everything must be there, as for RUN."""
    EXEC = "exec"
    """A command from a terminal: Slack is not needed, and accounts whose variables are not set are set aside."""
    MANIFEST = "manifest"
    """Slack's app is about to be made: there are no tokens yet."""

    @property
    def lenient(self) -> bool:
        """Whether variables that are not set put something aside instead of being a mistake."""
        return self in {Purpose.EXEC, Purpose.MANIFEST}


def _provider(name: str) -> str:
    if name not in PROVIDERS:
        raise ValueError(f"is no provider; {suggest(name, PROVIDERS)}")
    return name


class _AccountHead(Frozen):
    """The keys that an account has whoever the provider is."""

    provider: Annotated[str, AfterValidator(_provider)]
    roles: Roles = Roles()
    timezone: Zone | None = None


# Sections whose items are each of their own kind.
_APART = ("accounts", "rules", "webhooks", *ROUTING)
# The tokens without which a mode does not work.
_NEEDED = {"http": ("bot_token", "signing_secret"), "socket": ("bot_token", "app_token")}


def find(path: Path | None) -> Path:
    """The file to read: `path` where given, else `./app.yaml`, else the one that edmbot ships."""
    if path is not None:
        return path
    here = Path("app.yaml")
    if here.exists() or here.is_symlink():
        return here
    return shipped()


def shipped() -> Path:
    """The app.yaml that edmbot ships."""
    packaged = Path(__file__).with_name("app.yaml")
    # In a checkout nothing has copied the file into the package: it lies beside the rooms.
    return packaged if packaged.exists() else packaged.parent.with_name("app.yaml")


def load(path: Path | None, environ: Mapping[str, str], *, purpose: Purpose) -> Config:
    """The configuration of `find(path)` with the variables of `environ`.

    Raises:
        ConfigError: with all that is wrong for this purpose.
    """
    document = read(find(path), environ)
    aside = _judge_unset(document, purpose)
    own = {key: document.data[key] for key in document.data if key not in _APART}
    shared = validated(document, Shared, own, (), also=_APART)
    _judge_slack(document, purpose)
    accounts = _accounts(document, shared)
    _judge_policies(document, shared)
    rules, oncall, quiet_hours = rules_of(document), oncall_of(document), quiet_hours_of(document)
    routes, sources = routes_of(document, rules, oncall), sources_of(document)
    endpoints = endpoints_of(document, {*accounts, *(source.account for source in sources.values())})
    if document.mistakes or shared is None:
        raise ConfigError(document.mistakes)
    kept = {name: account for name, account in accounts.items() if name not in aside}
    set_aside = tuple(mistake for mistakes in aside.values() for mistake in mistakes)
    if not kept and purpose is Purpose.EXEC:
        raise ConfigError(set_aside)
    fields = dict(shared)
    if purpose is Purpose.EXEC and not _has_slack(document):
        fields["slack"] = None
    return Config(
        **fields,
        accounts=MappingProxyType(kept),
        rules=rules,
        routes=routes,
        oncall=MappingProxyType(oncall),
        quiet_hours=quiet_hours,
        sources=MappingProxyType(sources),
        endpoints=MappingProxyType(endpoints),
        set_aside=set_aside,
    )


def _judge_unset(document: Document, purpose: Purpose) -> dict[str, list[Mistake]]:
    """Blame variables that are not set; those of accounts that may be set aside come back by account."""
    aside: dict[str, list[Mistake]] = {}
    for unset in document.unset:
        match unset.at:
            case ("accounts", str(name), *_) if purpose.lenient:
                mistake = document.mistake(unset.at, unset.problem, "export it to use this account")
                aside.setdefault(name, []).append(mistake)
            case ("accounts", *_):
                document.blame(unset.at, unset.problem, "export it or remove the account")
            case ("slack" | "webhooks", *_) if purpose.lenient:
                pass
            case _:
                document.blame(unset.at, unset.problem, "export it")
    return aside


def _has_slack(document: Document) -> bool:
    slack = document.data.get("slack")
    complete = not any(unset.at[0] == "slack" for unset in document.unset)
    return complete and isinstance(slack, dict) and bool(slack.get("bot_token"))


def _judge_slack(document: Document, purpose: Purpose) -> None:
    slack = document.data.get("slack")
    if slack is None and purpose is not Purpose.EXEC:
        document.blame(("slack",), "is missing", "copy the section from the app.yaml that edmbot ships")
    if not isinstance(slack, dict) or purpose.lenient:
        return
    mode = str(slack.get("mode") or "http")
    for token in _NEEDED.get(mode, ()):
        at = ("slack", token)
        if not slack.get(token) and not document.is_doubtful(at):
            document.blame(at, f"is missing, and mode {mode} needs it", supply(document, at))


def _judge_policies(document: Document, shared: Shared | None) -> None:
    """Blame accounts that are not there: a policy that is for nothing asks nobody."""
    known = document.data.get("accounts")
    if shared is None or not isinstance(known, dict):
        return
    for number, policy in enumerate(shared.approvals.policies):
        for place, name in enumerate(policy.where.accounts):
            if name not in known:
                at = ("approvals", "policies", number, "where", "accounts", place)
                document.blame(at, "is no account", suggest(name, known))


def _accounts(document: Document, shared: Shared | None) -> dict[str, AccountConfig]:
    """The accounts that hold, by name; blames the others."""
    written = document.data.get("accounts")
    if not written:
        document.blame(("accounts",), "no account is configured", "copy one from the app.yaml that edmbot ships")
    elif not isinstance(written, dict):
        document.blame(("accounts",), "must be keys with values", "write each account under its name")
    else:
        default = shared.timezone if shared else VENDOR_ZONE
        read_in = {name: _account(document, name, section, default) for name, section in written.items()}
        return {name: account for name, account in read_in.items() if account is not None}
    return {}


def _account(document: Document, name: str, section: Value, default: ZoneInfo) -> AccountConfig | None:
    at = ("accounts", name)
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
        document.blame(at, "is no name for an account", "use lower-case letters, digits, - and _")
    if not isinstance(section, dict):
        document.blame(at, "must be keys with values", "begin with provider:")
        return None
    head_keys = _AccountHead.model_fields
    head = validated(document, _AccountHead, {key: section[key] for key in section if key in head_keys}, at)
    # Judged even where the head does not hold, so that all mistakes are told at once.
    provider = PROVIDERS.get(str(section.get("provider")))
    rest = {key: section[key] for key in section if key not in head_keys}
    settings = validated(document, provider.Settings, rest, at, also=head_keys) if provider else None
    if head is None or settings is None:
        return None
    zones = (head.timezone or default, head.timezone or VENDOR_ZONE)
    return AccountConfig(name, head.provider, settings, head.roles, *zones)
