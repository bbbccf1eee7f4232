"""Who is asking, and what they may do.

Default deny: a role is granted in app.yaml to a person, to a user group or to everyone in this workspace. People of
other workspaces (Slack Connect, guests' home teams) get nothing unless they are named by their id.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Config, Role, Roles

FRESH = timedelta(minutes=5).total_seconds()
"""How long Slack's word about a person or a group is taken without asking again."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a keyboard."""

    id: str
    """A Slack id, or the name of the operator at a terminal."""
    language: str
    roles: Mapping[str, Role]
    """By account name; `*` for what belongs to no account."""
    reasons: tuple[str, ...] = ()
    """What granted the roles: ids, group ids, `everyone`, `terminal`."""
    stranger: bool = False
    """From another workspace."""
    unread_groups: tuple[str, ...] = ()
    """User groups whose members Slack did not tell: roles that depend on them are not granted."""

    def role(self, account: str | None = None) -> Role:
        """The role for an account, or the highest anywhere."""
        return self.roles.get(account, Role.NONE) if account else max(self.roles.values(), default=Role.NONE)


@dataclass(slots=True)
class _Known:
    """Slack's answer, kept for a while. A cache: losing it costs one call."""

    lasts: float = FRESH
    """Seconds."""
    values: dict[str, tuple[float, object]] = field(default_factory=dict)
    asking: dict[str, asyncio.Future[object | None]] = field(default_factory=dict)
    """What Slack is being asked: many who want to know one thing ask once."""

    def get(self, key: str) -> object | None:
        at, value = self.values.get(key, (0.0, None))
        return value if at and time.monotonic() - at < self.lasts else None

    async def learn(self, key: str, ask: Callable[[], Coroutine[Any, Any, object | None]]) -> object | None:
        """What is known of it, else what `ask` finds out; None while it finds nothing."""
        if (known := self.get(key)) is not None:
            return known
        if key not in self.asking:
            asking = self.asking[key] = asyncio.ensure_future(ask())
            asking.add_done_callback(lambda _: self.asking.pop(key))
        found = await asyncio.shield(self.asking[key])
        if found is not None:
            self.values[key] = (time.monotonic(), found)
        return found


class People:
    """Names people by asking Slack; without Slack (`exec`) only ids that app.yaml names are known."""

    def __init__(
        self, config: Config, client: AsyncWebClient | None, team_id: str | None = None, *, fresh: float = FRESH
    ) -> None:
        """fresh: for how many seconds Slack's word is taken."""
        self._config = config
        self._client = client
        self._known = _Known(fresh)
        self.team_id = team_id
        """The workspace the bot is installed in, once known."""

    def anew(self, fresh: float) -> "People":
        """The same, knowing nothing yet, and believing Slack's word for so many seconds only."""
        return People(self._config, self._client, self.team_id, fresh=fresh)

    def operator(self, name: str = "terminal") -> Person:
        """Whoever runs the command line: admin of everything."""
        roles = dict.fromkeys([*self._config.accounts, "*"], Role.ADMIN)
        return Person(name, str(self._config.language), roles, ("terminal",))

    async def identify(self, user_id: str, team_id: str | None = None, channel_id: str | None = None) -> Person:
        """The person behind a Slack id, with language and roles as they are now."""
        profile = await self._profile(user_id)
        home = str(profile.get("team_id") or team_id or "")
        stranger = bool(profile.get("is_stranger")) or bool(self.team_id and home and home != self.team_id)
        groups, unread = await self._groups_of(user_id)
        named = {user_id} | (set() if stranger else groups | {"everyone"})
        reasons = sorted(self._grantees() & named)
        return Person(
            id=user_id,
            language=self._language(user_id, channel_id, str(profile.get("locale") or "")),
            roles=self._roles(named),
            reasons=tuple(reasons),
            stranger=stranger,
            unread_groups=unread,
        )

    async def language_of(self, user_id: str, channel_id: str | None) -> str:
        """What to answer somebody in: by channel, then by person, then the configured one."""
        profile = await self._profile(user_id)
        return self._language(user_id, channel_id, str(profile.get("locale") or ""))

    async def name_of(self, user_id: str) -> str | None:
        """What people call somebody, or a user group; None while Slack does not tell."""
        if user_id.startswith("S"):
            return (await self._handles()).get(user_id)
        found = await self._profile(user_id)
        profile = found.get("profile")
        shown = profile.get("display_name") if isinstance(profile, Mapping) else None
        return str(shown or found.get("real_name") or found.get("name") or "") or None

    async def email_of(self, user_id: str) -> str | None:
        """Somebody's own address, as Slack has it; None while it does not tell."""
        profile = (await self._profile(user_id)).get("profile")
        address = profile.get("email") if isinstance(profile, Mapping) else None
        return str(address or "") or None

    def zone_of(self, account: str | None) -> ZoneInfo:
        """The zone that an account's days are counted in."""
        found = self._config.accounts.get(account or "")
        return found.timezone if found else self._config.timezone

    def _roles(self, named: set[str]) -> dict[str, Role]:
        everywhere = self._config.roles.of(named)
        return {"*": everywhere} | {
            name: max(everywhere, account.roles.of(named)) for name, account in self._config.accounts.items()
        }

    def _language(self, user_id: str, channel_id: str | None, locale: str) -> str:
        chosen = self._config.languages.get(channel_id or "") or self._config.languages.get(user_id)
        if chosen:
            return str(chosen)
        if locale:
            return "zh" if locale.startswith("zh") else "en"
        return str(self._config.language)

    async def _profile(self, user_id: str) -> Mapping[str, object]:
        if self._client is None:
            return {}
        client = self._client

        async def ask() -> object | None:
            try:
                answer = await client.users_info(user=user_id, include_locale=True)
            except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
                _log.warning("slack.users_info", user=user_id, error=_reason(error))
                return None
            return dict(answer.get("user") or {})

        known = await self._known.learn(f"user {user_id}", ask)
        return known if isinstance(known, dict) else {}

    async def _groups_of(self, user_id: str) -> tuple[set[str], tuple[str, ...]]:
        """The configured groups that the person is in, and those that could not be read."""
        inside, unread = set(), []
        for group in sorted(grantee for grantee in self._grantees() if grantee.startswith("S")):
            members = await self.members(group)
            if members is None:
                unread.append(group)
            elif user_id in members:
                inside.add(group)
        return inside, tuple(unread)

    def _grantees(self) -> set[str]:
        """Everyone and every group that app.yaml gives a role."""
        granting: list[Roles] = [self._config.roles, *(account.roles for account in self._config.accounts.values())]
        return {grantee for roles in granting for grantees in dict(roles).values() for grantee in grantees}

    async def _handles(self) -> Mapping[str, str]:
        """What user groups are called, by id."""
        if self._client is None:
            return {}
        client = self._client

        async def ask() -> object | None:
            try:
                answer = await client.usergroups_list()
            except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
                _log.warning("slack.usergroups_list", error=_reason(error))
                return None
            return {group["id"]: group["handle"] for group in answer.get("usergroups") or ()}

        known = await self._known.learn("user groups", ask)
        return known if isinstance(known, dict) else {}

    async def members(self, group: str) -> frozenset[str] | None:
        """The people in a user group; None while Slack does not tell."""
        if self._client is None:
            return None
        client = self._client

        async def ask() -> object | None:
            try:
                answer = await client.usergroups_users_list(usergroup=group)
            except (SlackApiError, aiohttp.ClientError, OSError, TimeoutError) as error:
                _log.warning("slack.usergroups_users_list", group=group, error=_reason(error))
                return None
            return frozenset(answer.get("users") or ())

        known = await self._known.learn(group, ask)
        return known if isinstance(known, frozenset) else None


def _reason(error: Exception) -> str:
    """Slack's word for it; something that is no Slack may answer with no word at all."""
    data = error.response.data if isinstance(error, SlackApiError) else None
    return str(data.get("error")) if isinstance(data, dict) else type(error).__name__
