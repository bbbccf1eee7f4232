from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

import httpx
import pytest
from lxml import etree

from sandbox import Sandbox, WorldClock

FRIDAY = datetime(2026, 11, 20, 2, 4, tzinfo=UTC)
"""Friday 20 November 2026, 10:04 in Shanghai."""

Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def box() -> AsyncIterator[Sandbox]:
    box = await Sandbox.start(WorldClock.stepped(FRIDAY))
    yield box
    await box.stop()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5) as client:
        yield client


@pytest.fixture
def umail(box: Sandbox, http: httpx.AsyncClient) -> Ask:
    """Ask U-Mail in the 2019 dialect: `await umail("task.php", do="task-list")`."""
    account = box.world.umail["demo-umail"]

    async def ask(script: str, **params: object) -> httpx.Response:
        return await http.get(box.umail.url + script, params=params, auth=(account.username, account.password))

    return ask


@pytest.fixture
def umail_v3(box: Sandbox, http: httpx.AsyncClient) -> Ask:
    """Ask U-Mail in V3.0."""
    account = box.world.umail["demo-umail-v3"]
    credentials = {
        "username": account.username,
        "password": md5(account.password.encode(), usedforsecurity=False).hexdigest(),
    }

    async def ask(script: str, **params: object) -> httpx.Response:
        return await http.get(box.umail_v3.url + script, params=credentials | params)

    return ask


@pytest.fixture
def post(box: Sandbox, http: httpx.AsyncClient) -> Ask:
    """Post to U-Mail: `await post("umail", "mloperate.php", {"do": "maillist-add"}, data={…}, files={…})`."""

    async def ask(dialect: str, script: str, query: dict[str, object], **sent: Any) -> httpx.Response:
        account = box.world.umail["demo-umail" if dialect == "umail" else "demo-umail-v3"]
        if dialect == "umail":
            auth = (account.username, account.password)
            return await http.post(box.umail.url + script, params=query, auth=auth, **sent)
        digest = md5(account.password.encode(), usedforsecurity=False).hexdigest()
        credentials = {"username": account.username, "password": digest}
        return await http.post(box.umail.url + script, params=credentials | query, **sent)

    return ask


@pytest.fixture
def dialects(umail: Ask, umail_v3: Ask) -> dict[str, Ask]:
    return {"umail": umail, "umail_v3": umail_v3}


@pytest.fixture
def emailcar(box: Sandbox, http: httpx.AsyncClient) -> Ask:
    """Ask EmailCar, a stepped second after the last call."""
    account = box.world.emailcar

    async def ask(path: str, **form: object) -> httpx.Response:
        box.clock.step(1)
        credentials = {"api_user": account.username, "api_pwd": account.password}
        return await http.post(box.emailcar.url + path, data=credentials | form)

    return ask


@pytest.fixture
def sign(box: Sandbox) -> Callable[..., dict[str, str]]:
    """ITNIO's headers, at a moment of the world."""
    account = box.world.itnio

    def headers(*, late: int = 0, secret: str = account.api_secret) -> dict[str, str]:
        timestamp = str(int(box.clock.now().timestamp()) - late)
        digest = md5(f"{account.api_key}{secret}{timestamp}".encode(), usedforsecurity=False).hexdigest()
        content = {"Content-Type": "application/json;charset=UTF-8"}
        return content | {"Sign": digest, "Timestamp": timestamp, "Api-Key": account.api_key}

    return headers


@pytest.fixture
def rows() -> Callable[[httpx.Response], list[dict[str, str]]]:
    """The rows of an XML answer, each as its own elements' texts."""

    def read(answer: httpx.Response) -> list[dict[str, str]]:
        root = etree.fromstring(answer.content)
        return [{field.tag: field.text or "" for field in row} for row in root]

    return read


@pytest.fixture
def fields() -> Callable[[httpx.Response], dict[str, str]]:
    """The elements of an XML answer without rows."""

    def read(answer: httpx.Response) -> dict[str, str]:
        return {field.tag: field.text or "" for field in etree.fromstring(answer.content)}

    return read
