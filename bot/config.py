"""What the bot is told: app.yaml as one frozen `Config`, which `bot.appyaml` reads."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, InstanceOf, SecretStr

from bot.document import Mistake
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
from bridge.alerts.routes import OncallStep, QuietHours, Route, Routing
from bridge.alerts.rules import Rule
from bridge.approvals.asking import Approvals
from bridge.approvals.policy import Settings
from bridge.webhooks.adapters.settings import Networks
from bridge.webhooks.endpoints import Shipped
from bridge.webhooks.inbound import Source
from jobs.settings import Digest, Polling, Retention

VENDOR_ZONE = ZoneInfo("Asia/Shanghai")
"""The vendors never state their zone; all three are in mainland China."""


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


class Frozen(BaseModel):
    """A section of app.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SlackConfig(Frozen):
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


class Server(Frozen):
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


class Roles(Frozen):
    """Who holds which role; nobody, unless named."""

    viewer: tuple[Grantee, ...] = ()
    operator: tuple[Grantee, ...] = ()
    approver: tuple[Grantee, ...] = ()
    admin: tuple[Admin, ...] = ()

    def of(self, ids: Collection[str]) -> Role:
        """The highest role given to one of `ids`: a person's id, her user groups' ids, `everyone`."""
        given = (role for role in Role if not set(ids).isdisjoint(getattr(self, role.name.lower(), ())))
        return max(given, default=Role.NONE)


class Channels(Frozen):
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


class Shared(Frozen):
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


class Config(Shared):
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
    def named(self) -> Mapping[str, Sequence[str]]:
        """The channels, people and user groups that are told, asked or given a role: by id, the keys that name them."""
        found: dict[str, list[str]] = {}
        for key, ids in _naming(self):
            for number, one in enumerate(ids):
                found.setdefault(one, []).append(f"{key}[{number}]")
        for key, channel in dict(self.channels).items():
            if channel is not None:
                found.setdefault(channel, []).append(f"channels.{key}")
        found.pop("everyone", None)
        return found

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


def _naming(config: Config) -> Iterator[tuple[str, Sequence[str]]]:
    """Each list of ids of app.yaml, after its key."""
    yield "digest.channels", config.digest.channels
    yield from ((f"roles.{role}", ids) for role, ids in dict(config.roles).items())
    for name, account in config.accounts.items():
        yield from ((f"accounts.{name}.roles.{role}", ids) for role, ids in dict(account.roles).items())
    yield from ((f"approvals.policies[{n}].who", one.who) for n, one in enumerate(config.approvals.policies))
    yield from ((f"approvals.escalate[{n}].who", one.who) for n, one in enumerate(config.approvals.escalate))
    yield from ((f"routes[{n}].receivers", one.receivers) for n, one in enumerate(config.routes))
    for name, steps in config.oncall.items():
        yield from ((f"oncall.{name}[{n}].who", one.who) for n, one in enumerate(steps))


def _hardly_meant(config: Config) -> Iterator[str]:
    if config.channels.alerts is None and not any(route.receivers for route in config.routes):
        yield "no alert reaches anybody: name channels.alerts or the receivers of a route"
    if idle := ", ".join(name for name in config.oncall if all(route.oncall != name for route in config.routes)):
        yield f"nobody of oncall is mentioned ({idle}): name it as the oncall of a route"
    if unasked := ", ".join(config.unasked):
        remedy = "name channels.approvals or a person as approver"
        yield f"nobody would see that a send waits for a yes ({unasked}): {remedy}"
