"""Whether the configuration works out there: what `/edm doctor` and `edmbot check --online` tell.

Nothing here changes anything. Each check is a `Finding`; the words for it are `templates/doctor/`.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.config import Config, Server, SlackConfig
from bot.manifest import SCOPES
from bot.web import SLACK_PATH
from providers.base import LooksUpMessages, Provider, TellsBalance
from providers.errors import ProviderError
from providers.messages import MessageId

TIMEOUT = 8
"""Seconds that Slack, or the bot itself, has for an answer."""
UNKNOWN = "unknown"
"""The problem of what could not be tried."""
SKEW = 60.0
"""Seconds that our clock may differ from Slack's; at 300 every request of Slack's counts as a replay."""


class Topic(StrEnum):
    """What a finding is about."""

    SLACK = "slack"
    CLOCK = "clock"
    SCOPE = "scope"
    CHANNEL = "channel"
    PERSON = "person"
    GROUP = "group"
    """A user group."""
    CLICK = "click"
    """The way on which clicks and commands come in."""
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried."""

    topic: Topic
    name: str = ""
    """The permission, the keys in app.yaml that name the channel, person or group, or the account."""
    problem: str | None = None
    """What is wrong, as a stable word; None when nothing is."""
    value: Any = None
    """What was seen, or the other side's word for what is wrong; of an account the e-mails left, or the error."""
    title: str = ""
    """What people call it: the workspace, the channel, the vendor; of a person or a group the id."""
    observed_at: datetime | None = None
    """For an account: when it was asked."""

    @property
    def wrong(self) -> bool:
        return self.problem not in (None, UNKNOWN)


async def try_online(config: Config, providers: Sequence[Provider], *, arrived: bool = False) -> Sequence[Finding]:
    """Try Slack, each permission, whom app.yaml names, the clock, the way of a click, and each account; all at once.

    arrived: whether a request of Slack's that has come in is what asks.
    """
    tried = [_slack(config), _click(config, arrived=arrived), *(_accounts(provider) for provider in providers)]
    return [finding for findings in await asyncio.gather(*tried) for finding in findings]


async def try_account(provider: Provider) -> Finding:
    """Ask an account what costs nothing; its answer proves the credentials."""
    name, title, error, left = provider.account, provider.title, None, None
    try:
        if isinstance(provider, TellsBalance):
            left = (await provider.balance()).emails_left
        elif isinstance(provider, LooksUpMessages):
            # Formed like an id (19 digits), and nobody's.
            await provider.look_up([MessageId("1".zfill(19))])
    except ProviderError as raised:
        error = raised
    problem, value = (error.code, error) if error else (None, left)
    return Finding(Topic.ACCOUNT, name, problem, value, title, datetime.now(UTC))


async def _accounts(provider: Provider) -> Sequence[Finding]:
    return [await try_account(provider)]


async def _slack(config: Config) -> Sequence[Finding]:
    slack = config.slack
    if slack is None:
        return [Finding(Topic.SLACK, problem="no_section")]
    client = AsyncWebClient(
        token=slack.bot_token.get_secret_value(), base_url=slack.api_url, timeout=TIMEOUT, retry_handlers=[]
    )
    asked_at = time.time()
    answer, problem, word = await _asked(client.auth_test())
    if answer is None:
        return [Finding(Topic.SLACK, problem=problem, value=word or slack.api_url)]
    return [
        Finding(Topic.SLACK, value=answer.get("user"), title=str(answer.get("team") or "")),
        _clock(answer, (asked_at + time.time()) / 2),
        *_scopes(answer),
        *await _named(client, config),
    ]


def _clock(answer: AsyncSlackResponse, now: float) -> Finding:
    """How many seconds our clock is ahead of Slack's, which tells whole ones."""
    try:
        theirs = parsedate_to_datetime(_header(answer, "date"))
    except ValueError:
        return Finding(Topic.CLOCK, problem=UNKNOWN)
    ahead = now - theirs.timestamp() - 0.5
    return Finding(Topic.CLOCK, problem="skewed" if abs(ahead) > SKEW else None, value=round(ahead))


def _scopes(answer: AsyncSlackResponse) -> Sequence[Finding]:
    """Every permission that the bot asks for, against those that Slack says it has."""
    granted = {scope.strip() for scope in _header(answer, "x-oauth-scopes").split(",")}
    if granted == {""}:
        return [Finding(Topic.SCOPE, problem=UNKNOWN)]
    return [
        Finding(Topic.SCOPE, name, problem=None if name in granted else "missing", value=purpose)
        for name, purpose in SCOPES.items()
    ]


async def _named(client: AsyncWebClient, config: Config) -> Sequence[Finding]:
    """Every channel, person and user group that app.yaml names; a direct message has no name there."""
    tried = [(_TRIED.get(one[0]), ", ".join(keys), one) for one, keys in config.named.items()]
    return await asyncio.gather(*(look(client, name, one) for look, name, one in tried if look is not None))


async def _channel(client: AsyncWebClient, name: str, channel: str) -> Finding:
    answer, problem, word = await _asked(client.conversations_info(channel=channel))
    if answer is None:
        return Finding(Topic.CHANNEL, name, problem=word if word in _CHANNEL else problem, value=word, title=channel)
    found = answer.get("channel") or {}
    title = f"#{found['name']}" if found.get("name") else channel
    outside = None if found.get("is_member") else "not_member"
    return Finding(Topic.CHANNEL, name, problem="is_archived" if found.get("is_archived") else outside, title=title)


_CHANNEL = ("channel_not_found", "missing_scope")
"""Slack's words that have sentences of their own."""


async def _person(client: AsyncWebClient, name: str, user_id: str) -> Finding:
    answer, _, word = await _asked(client.users_info(user=user_id))
    gone = bool(answer and (answer.get("user") or {}).get("deleted"))
    return Finding(Topic.PERSON, name, "deactivated" if gone else _absent(answer, word), word, user_id)


async def _group(client: AsyncWebClient, name: str, group: str) -> Finding:
    answer, _, word = await _asked(client.usergroups_users_list(usergroup=group))
    empty = answer is not None and not answer.get("users")
    return Finding(Topic.GROUP, name, "empty" if empty else _absent(answer, word), word, group)


def _absent(answer: object, word: str | None) -> str | None:
    """Why there is no answer: nobody has the id, or it cannot be told."""
    if answer is not None:
        return None
    return "nobody" if word in _NOBODY else UNKNOWN


_NOBODY = ("user_not_found", "no_such_subteam")
_TRIED = {"C": _channel, "G": _channel, "U": _person, "W": _person, "S": _group}
"""By the first letter of an id."""


async def _asked(call: Awaitable[AsyncSlackResponse]) -> tuple[AsyncSlackResponse | None, str, str | None]:
    """Slack's answer; or else the problem and Slack's own word for it."""
    try:
        return await call, "", None
    except SlackApiError as error:
        data = error.response.data
        # What is no Slack may answer anything.
        return None, "refused", str(data.get("error")) if isinstance(data, dict) else None
    except (aiohttp.ClientError, OSError, TimeoutError):
        return None, "unreachable", None


def _header(answer: AsyncSlackResponse, name: str) -> str:
    found = next((value for key, value in answer.headers.items() if key.lower() == name), "")
    return ",".join(found) if isinstance(found, list) else str(found)


async def _click(config: Config, *, arrived: bool) -> Sequence[Finding]:
    slack, server = config.slack, config.server
    if slack is None:
        return []
    if arrived:
        return [Finding(Topic.CLICK, value="arrived")]
    if slack.mode == "socket" or not server.port:
        # Slack's own connection, or a port that only the running bot knows.
        return [Finding(Topic.CLICK, problem=UNKNOWN)]
    return [await _challenge(slack, server)]


async def _challenge(slack: SlackConfig, server: Server) -> Finding:
    """Ask the running bot what Slack asks when its address is set: a signed challenge, to be echoed."""
    url = f"http://{server.host}:{server.port}{SLACK_PATH}"
    body = json.dumps({"type": "url_verification", "challenge": "round trip"})
    stamp = str(int(time.time()))
    signature = SignatureVerifier(slack.signing_secret.get_secret_value()).generate_signature(
        timestamp=stamp, body=body
    )
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature or "",
    }
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT)) as session,
            session.post(url, data=body, headers=headers) as answer,
        ):
            fine = answer.status == 200 and "round trip" in await answer.text()
            return Finding(Topic.CLICK, problem=None if fine else "answered", value=answer.status, title=url)
    except (aiohttp.ClientError, TimeoutError):
        return Finding(Topic.CLICK, problem="silent", title=url)
