"""Messages that stay: posted once, edited in place, and found again when a reply was lost.

Every post carries message metadata (docs.slack.dev/messaging/message-metadata) with the notice's id, so that the
channel's history can say whether it is there. What a call came to is a value, never an exception:

    Shown     it is there
    Later     it is not there, and Slack (or the network) wants to be asked again in so many seconds
    Refused   it is not there, and Slack says why; `scope` says what stays impossible until a person does something
    Lost      nobody knows: look before posting again
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from templates import Message

T = TypeVar("T")

EVENT_TYPE = "edmbot_notice"
"""Our metadata's event_type; its payload is `{"id": notice_id}`."""
LOOK_BACK = timedelta(minutes=10)
"""How long before an attempt a look-up begins: our clock and Slack's may differ."""
UNREACHABLE = 5.0
"""Seconds until the next try when no connection came about."""
_PAGE = 200


class Scope(StrEnum):
    """How far a refusal reaches."""

    RECEIVER = "receiver"
    """Nothing can be said there until a person does something."""
    CONTENT = "content"
    """This message cannot be said like this; the next may."""
    GONE = "gone"
    """The message, or its thread, is no longer there, or no longer ours to edit."""


@dataclass(frozen=True, slots=True)
class Shown:
    """It is there, under this timestamp."""

    ts: str


@dataclass(frozen=True, slots=True)
class Later:
    """It is not there; ask again in so many seconds."""

    seconds: float
    why: str = "ratelimited"


@dataclass(frozen=True, slots=True)
class Refused:
    """Slack's error, in Slack's word."""

    error: str

    @property
    def scope(self) -> Scope:
        """What stays impossible; a word that is not known here is about the message alone."""
        return _SCOPES.get(self.error, Scope.CONTENT)


@dataclass(frozen=True, slots=True)
class Lost:
    """The reply was lost, or said nothing clear."""

    why: str


Trouble = Later | Refused | Lost
Posted = Shown | Trouble

_SCOPES = {
    error: scope
    for scope, errors in {
        # docs.slack.dev/reference/methods/chat.postMessage#errors
        Scope.RECEIVER: """
            account_inactive access_denied cannot_dm_bot channel_is_limited_access channel_not_found
            ekm_access_denied enterprise_is_restricted external_channel_migrating invalid_auth is_archived
            is_inactive messages_tab_disabled missing_scope no_permission not_allowed_token_type not_authed
            not_in_channel org_login_required restricted_action restricted_action_non_threadable_channel
            restricted_action_read_only_channel restricted_action_thread_locked
            restricted_action_thread_only_channel team_access_not_granted token_expired token_revoked
            two_factor_setup_required user_disabled user_not_found user_not_visible
            """,
        # …/chat.update#errors; a message of an earlier installation is another app's.
        Scope.GONE: "message_not_found thread_not_found cant_update_message edit_window_closed",
    }.items()
    for error in errors.split()
}
_SLOWLY = {"ratelimited", "rate_limited", "message_limit_exceeded"}
"""Also under HTTP 200."""
_TRANSIENT = {"service_unavailable", "team_added_to_org"}
"""Slack did nothing and may do it soon."""
_UNCLEAR = {"internal_error", "fatal_error", "request_timeout"}
"""Slack's words: some aspect of the operation may have succeeded."""


class Board:
    """Where notices are shown."""

    def __init__(self, client: AsyncWebClient) -> None:
        """It must not retry by itself: a lost reply would become a second message."""
        self._client = client
        self._direct: dict[str, str] = {}

    async def post(
        self,
        channel: str,
        message: Message,
        notice_id: str,
        thread_ts: str | None = None,
        *,
        broadcast: bool = False,
    ) -> Posted:
        """Post, once; `broadcast` shows a reply in the channel too."""

        async def call(content: Mapping[str, Any]) -> Shown:
            answer = await self._client.chat_postMessage(
                channel=channel,
                thread_ts=thread_ts,
                reply_broadcast=broadcast or None,
                metadata={"event_type": EVENT_TYPE, "event_payload": {"id": notice_id}},
                **content,
            )
            return Shown(_said(answer, "ts", str))

        return await _in_words(message, call)

    async def edit(self, channel: str, ts: str, message: Message) -> Posted:
        """Put other words in place; doing it twice changes nothing."""

        async def call(content: Mapping[str, Any]) -> Shown:
            await self._client.chat_update(channel=channel, ts=ts, **content)
            return Shown(ts)

        return await _in_words(message, call)

    async def find(
        self, channel: str, notice_id: str, since: datetime, thread_ts: str | None = None
    ) -> Shown | Trouble | None:
        """The message of a notice that was tried at `since`, or a little before; None when it is not there."""

        async def call() -> Shown | None:
            cursor: str | None = None
            while True:
                asked: dict[str, Any] = {
                    "channel": channel,
                    "oldest": f"{(since - LOOK_BACK).timestamp():.6f}",
                    "include_all_metadata": True,
                    "limit": _PAGE,
                    "cursor": cursor,
                }
                if thread_ts is None:
                    page = await self._client.conversations_history(**asked)
                else:
                    page = await self._client.conversations_replies(ts=thread_ts, **asked)
                # Where nothing is said of messages, it may be there all the same.
                for message in _said(page, "messages", list):
                    if _notice_of(message) == notice_id:
                        return Shown(_said(message, "ts", str))
                cursor = (page.get("response_metadata") or {}).get("next_cursor")
                if not cursor:
                    return None

        return await _tried(call)

    async def direct(self, user: str) -> str | Trouble:
        """The channel of a person's direct messages with us."""
        if user in self._direct:
            return self._direct[user]

        async def call() -> str:
            opened = await self._client.conversations_open(users=user)
            return _said(_said(opened, "channel", dict), "id", str)

        found = await _tried(call)
        if isinstance(found, str):
            self._direct[user] = found
        return found


class _UnclearError(Exception):
    """Slack says ok, and not what it was asked."""


class _Answer(Protocol):
    def get(self, key: str, default: Any = None, /) -> Any: ...  # noqa: ANN401  # JSON


def _said(answer: _Answer, key: str, kind: type[T]) -> T:
    found = answer.get(key)
    if not isinstance(found, kind):
        raise _UnclearError(f"no {key}")
    return found


def _notice_of(message: Mapping[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != EVENT_TYPE:
        return None
    found: str | None = (metadata.get("event_payload") or {}).get("id")
    return found


async def _in_words(message: Message, call: Callable[[Mapping[str, Any]], Awaitable[Shown]]) -> Posted:
    """With its blocks; where this workspace does not take them, in plain words rather than not at all."""
    content = message.payload()
    said = await _tried(lambda: call(content))
    if isinstance(said, Refused) and said.error.startswith("invalid_blocks"):
        return await _tried(lambda: call({**content, "blocks": []}))
    return said


async def _tried(call: Callable[[], Awaitable[T]]) -> T | Trouble:
    """The call's answer, or what it came to."""
    try:
        return await call()
    except SlackApiError as error:
        return _judged(error)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
        # Nothing was sent.
        return Later(UNREACHABLE, type(error).__name__)
    except (TimeoutError, aiohttp.ClientError) as error:
        return Lost(type(error).__name__)
    except _UnclearError as error:
        return Lost(str(error))


def _judged(refusal: SlackApiError) -> Trouble:
    response: Any = refusal.response
    # The SDK gives its own response, or aiohttp's where the body was no JSON.
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0))
    data = getattr(response, "data", None)
    error = str(data.get("error", "")) if isinstance(data, dict) else ""
    if status == 429 or error in _SLOWLY:
        return Later(_retry_after(response.headers))
    if error in _TRANSIENT:
        return Later(UNREACHABLE, error)
    if not error or status >= 500 or error in _UNCLEAR:
        return Lost(error or f"HTTP {status}")
    return Refused(error)


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        return max(1.0, float(headers.get("Retry-After", "1")))
    except ValueError:
        return 1.0
