"""app.yaml and the environment, as one frozen `Config`.

Nothing else reads the environment. Whoever starts the bot gets either a configuration that holds, or a `ConfigError`
that names every mistake with its line. The shipped app.yaml explains each key.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, InstanceOf, SecretStr

from bot.document import ConfigError, Document, Mistake, Value, read
from bot.kinds import (
    Admin,
    ApiUrl,
    ChannelId,
    ChannelOrUserId,
    DatabaseUrl,
    Grantee,
    PublicUrl,
    SlashCommand,
    WatcherUrl,
    Zone,
)
from bot.routing import SECTIONS as ROUTING
from bot.routing import oncall_of, quiet_hours_of, routes_of
from bot.ruleset import rules_of
from bot.sections import suggest, supply, validated
from bot.webhooks import endpoints_of, sources_of
from bridge.alerts.routes import OncallStep, QuietHours, Route, Routing
from bridge.alerts.rules import Rule
from bridge.approvals.asking import Approvals
from bridge.approvals.policy import Settings
from bridge.webhooks.adapters.settings import Networks
from bridge.webhooks.endpoints import Shipped
from bridge.webhooks.inbound import Source
from jobs.settings import Digest, Polling, Retention
from providers import PROVIDERS

__all__ = [
    "AccountConfig", "Channels", "Config", "ConfigError", "Language", "Mistake", "Purpose", "Role", "Roles", "Server",
    "SlackConfig", "find", "load", "shipped",
]  # fmt: skip

VENDOR_ZONE = ZoneInfo("Asia/Shanghai")
"""The vendors never state their zone; all three are in mainland China."""


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


class Role(IntEnum):
    """What a person may do; each role may also do what the ones before it may."""

    NONE = 0
    VIEWER = 1
    OPERATOR = 2
    APPROVER = 3
    ADMIN = 4


class Language(StrEnum):
    """What the bot speaks."""

    EN = "en"
    ZH = "zh"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SlackConfig(_Frozen):
    """How the bot reaches Slack and Slack reaches the bot. A token that is not needed may be empty."""

    mode: Literal["http", "socket"] = "http"
    command: SlashCommand = "/edm"
    api_url: ApiUrl = "https://slack.com/api/"
    """Ends with a slash."""
    bot_token: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")
    """Never empty in mode http."""
    app_token: SecretStr = SecretStr("")
    """Never empty in mode socket."""


class Server(_Frozen):
    """Where the HTTP server listens."""

    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=0, le=65535)
    """0: any free port."""
    metrics_token: SecretStr = SecretStr("")
    """Who shows it may read /metrics and the health pages; empty: whoever is on this machine may."""
    proxies: Networks = ()
    """Where the proxies are whose word counts about who sends a webhook."""
    url: PublicUrl | None = None
    """Where others find us; without a slash at its end."""


class Roles(_Frozen):
    """Who holds which role; nobody, unless named."""

    viewer: tuple[Grantee, ...] = ()
    operator: tuple[Grantee, ...] = ()
    approver: tuple[Grantee, ...] = ()
    admin: tuple[Admin, ...] = ()

    def of(self, ids: Collection[str]) -> Role:
        """The highest role given to one of `ids`: a person's id, her user groups' ids, `everyone`."""
        given = (role for role in Role if not set(ids).isdisjoint(getattr(self, role.name.lower(), ())))
        return max(given, default=Role.NONE)


class Channels(_Frozen):
    """Where the bot speaks without being asked; None: nowhere."""

    alerts: ChannelId | None = None
    approvals: ChannelId | None = None
    digest: ChannelId | None = None


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """One account at one vendor."""

    name: str
    provider: str
    """A key of `providers.PROVIDERS`."""
    settings: BaseModel
    """The provider's own `Settings`."""
    roles: Roles
    """Given for this account alone, besides the global ones."""
    timezone: ZoneInfo
    """What "today" means here: the account's own zone, else the global one."""
    vendor_zone: ZoneInfo
    """Where the vendor's naive times are from: the account's own zone, else Asia/Shanghai, whatever the global one."""


class _Shared(_Frozen):
    """The keys of app.yaml without the accounts."""

    database: DatabaseUrl = "sqlite:///var/edmbot.db"
    durability: Literal["normal", "full"] = "normal"
    timezone: Zone = VENDOR_ZONE
    language: Language = Language.EN
    languages: Annotated[Mapping[ChannelOrUserId, Language], AfterValidator(MappingProxyType)] = Field(
        default_factory=lambda: MappingProxyType({})
    )
    """By channel id or user id, where it differs from `language`."""
    slack: SlackConfig | None = None
    """None only for EXEC."""
    server: Server = Server()
    roles: Roles = Roles()
    channels: Channels = Channels()
    polling: Polling = Polling()
    digest: Digest = Field(default_factory=Digest)
    retention: Retention = Retention()
    approvals: Settings = Settings()
    heartbeat_url: WatcherUrl | None = None
    """A GET goes there while polls go well; it may carry a secret."""


class Config(_Shared):
    """All that the bot is told. Frozen; printing it shows no secret."""

    accounts: InstanceOf[Mapping[str, AccountConfig]]
    """By name, in the order of the file."""
    rules: tuple[InstanceOf[Rule], ...] = ()
    """What is worth an alert: the shipped rules, changed as `rules:` says."""
    routes: tuple[InstanceOf[Route], ...] = ()
    """Where alerts go; what no route is for goes to channels.alerts."""
    oncall: InstanceOf[Mapping[str, tuple[OncallStep, ...]]] = MappingProxyType({})
    quiet_hours: tuple[InstanceOf[QuietHours], ...] = ()
    sources: InstanceOf[Mapping[str, Source]] = MappingProxyType({})
    """Who may send webhooks, by the name that stands in the path."""
    endpoints: InstanceOf[Mapping[str, Shipped]] = MappingProxyType({})
    """Who is sent webhooks, by name; those that were added in Slack are rows."""
    set_aside: tuple[InstanceOf[Mistake], ...] = ()
    """Why accounts of the file are not among `accounts`; empty for RUN and CHECK."""

    @property
    def slash(self) -> str:
        """The command's name, for sentences that tell how to use it."""
        return self.slack.command if self.slack else "/edm"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What holds and is hardly meant."""
        return tuple(_hardly_meant(self))

    @property
    def routing(self) -> Routing:
        """Who hears of an alert."""
        return Routing(self.routes, self.channels.alerts, self.oncall, self.quiet_hours, self.timezone)

    @property
    def approval_desk(self) -> Approvals:
        """How sends are asked for: in channels.approvals, else with each approver who is named."""
        return Approvals(self.approvals, self.channels.approvals, self._approvers)

    @property
    def unasked(self) -> tuple[str, ...]:
        """The accounts of which a request would be shown to nobody."""
        asked = [policy.who for policy in self.approvals.policies if policy.approvers]
        asked += [()] if self.approvals.approvers else []
        if self.channels.approvals is not None or all(any(one[:1] in "UW" for one in who) for who in asked):
            return ()
        return tuple(name for name in self.accounts if not any(one[:1] in "UW" for one in self._approvers(name)))

    def _approvers(self, account: str) -> tuple[str, ...]:
        """Who is named as an approver of an account; admins where nobody is."""
        held = (self.roles, self.accounts[account].roles)
        named = [one for roles in held for one in roles.approver] or [one for roles in held for one in roles.admin]
        return tuple(dict.fromkeys(named))


def _hardly_meant(config: Config) -> Iterator[str]:
    if config.channels.alerts is None and not any(route.receivers for route in config.routes):
        yield "no alert reaches anybody: name channels.alerts or the receivers of a route"
    if unasked := ", ".join(config.unasked):
        remedy = "name channels.approvals or a person as approver"
        yield f"nobody would see that a send waits for a yes ({unasked}): {remedy}"


def _provider(name: str) -> str:
    if name not in PROVIDERS:
        raise ValueError(f"is no provider; {suggest(name, PROVIDERS)}")
    return name


class _AccountHead(_Frozen):
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
    shared = validated(document, _Shared, own, (), also=_APART)
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


def _judge_policies(document: Document, shared: _Shared | None) -> None:
    """Blame accounts that are not there: a policy that is for nothing asks nobody."""
    known = document.data.get("accounts")
    if shared is None or not isinstance(known, dict):
        return
    for number, policy in enumerate(shared.approvals.policies):
        for place, name in enumerate(policy.where.accounts):
            if name not in known:
                at = ("approvals", "policies", number, "where", "accounts", place)
                document.blame(at, "is no account", suggest(name, known))


def _accounts(document: Document, shared: _Shared | None) -> dict[str, AccountConfig]:
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
