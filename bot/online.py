"""`edmbot check --online`: whether the configuration works out there."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Config, Server, SlackConfig
from bot.web import SLACK_PATH
from providers.base import LooksUpMessages, Provider, TellsBalance
from providers.errors import ProviderError
from providers.messages import MessageId


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried."""

    what: str
    fine: bool
    detail: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.fine else 'FAIL'} {self.what}: {self.detail}"


async def try_online(config: Config, providers: Mapping[str, Provider]) -> AsyncIterator[Finding]:
    """Try Slack's token, the way of a click, and each account, with calls that change nothing."""
    if config.slack is None:
        yield Finding("slack", fine=False, detail="no slack section")
    else:
        yield await _token(config.slack)
        if config.slack.mode == "http":
            yield await _click(config.slack, config.server)
    for finding in await asyncio.gather(*(_account(provider) for provider in providers.values())):
        yield finding


async def _token(slack: SlackConfig) -> Finding:
    client = AsyncWebClient(token=slack.bot_token.get_secret_value(), base_url=slack.api_url, retry_handlers=[])
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        return Finding("slack", fine=False, detail=f"auth.test says {error.response.get('error')}")
    except (aiohttp.ClientError, OSError, TimeoutError):
        return Finding("slack", fine=False, detail=f"{slack.api_url} cannot be reached")
    return Finding("slack", fine=True, detail=f"{answer.get('user')} in {answer.get('team')}")


async def _click(slack: SlackConfig, server: Server) -> Finding:
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
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
            session.post(url, data=body, headers=headers) as answer,
        ):
            fine = answer.status == 200 and "round trip" in await answer.text()
            return Finding("click", fine=fine, detail=f"{url} answers {answer.status}")
    except (aiohttp.ClientError, TimeoutError):
        return Finding("click", fine=False, detail=f"nothing answers at {url}; is `edmbot run` running?")


async def _account(provider: Provider) -> Finding:
    name = f"{provider.account} ({provider.title})"
    try:
        if isinstance(provider, TellsBalance):
            balance = await provider.balance()
            return Finding(name, fine=True, detail=f"{balance.emails_left} e-mails left")
        if isinstance(provider, LooksUpMessages):
            # Formed like an id (19 digits), and nobody's: the answer proves the credentials.
            await provider.look_up([MessageId("1".zfill(19))])
    except ProviderError as error:
        return Finding(name, fine=False, detail=f"{error} {error.vendor_text or ''}".strip())
    return Finding(name, fine=True, detail="answers")
