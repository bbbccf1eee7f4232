"""`edmbot check --online`: whether the configuration works out there."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Config
from providers.base import LooksUpMessages, Provider, TellsBalance
from providers.errors import ProviderError
from providers.model import MessageId


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried."""

    what: str
    fine: bool
    detail: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.fine else 'FAIL'} {self.what}: {self.detail}"


async def try_online(config: Config, providers: Mapping[str, Provider]) -> AsyncIterator[Finding]:
    """Try Slack's token and each account with a call that changes nothing."""
    yield await _slack(config)
    for finding in await asyncio.gather(*(_account(provider) for provider in providers.values())):
        yield finding


async def _slack(config: Config) -> Finding:
    if config.slack is None:
        return Finding("slack", fine=False, detail="no slack section")
    client = AsyncWebClient(
        token=config.slack.bot_token.get_secret_value(), base_url=config.slack.api_url, retry_handlers=[]
    )
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        return Finding("slack", fine=False, detail=f"auth.test says {error.response.get('error')}")
    except (aiohttp.ClientError, OSError, TimeoutError):
        return Finding("slack", fine=False, detail=f"{config.slack.api_url} cannot be reached")
    return Finding("slack", fine=True, detail=f"{answer.get('user')} in {answer.get('team')}")


async def _account(provider: Provider) -> Finding:
    name = f"{provider.account} ({provider.title})"
    try:
        if isinstance(provider, TellsBalance):
            balance = await provider.balance()
            return Finding(name, fine=True, detail=f"{balance.emails_left} e-mails left")
        if isinstance(provider, LooksUpMessages):
            # An id that cannot exist: the answer proves the credentials.
            await provider.look_up([MessageId("1")])
    except ProviderError as error:
        return Finding(name, fine=False, detail=f"{error} {error.vendor_text or ''}".strip())
    return Finding(name, fine=True, detail="answers")
