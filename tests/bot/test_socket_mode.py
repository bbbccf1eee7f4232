"""The bot in Socket Mode: it opens a WebSocket, and everything is as over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.app import serve
from bot.appyaml import Purpose, load, shipped

GENERAL = "C0GENERAL"


@pytest.fixture
async def socketed(closed_office, tmp_path: Path) -> AsyncIterator:
    """The shipped configuration in mode socket, connected."""
    office = closed_office
    office.app_yaml = tmp_path / "socket.yaml"
    office.app_yaml.write_text(shipped().read_text("utf-8").replace("mode: http", "mode: socket"), "utf-8")
    async with serve(load(office.app_yaml, office.environ, purpose=Purpose.RUN)) as web:
        office.url = web.url
        await office.until(lambda: office.slack.sockets.connections)
        yield office


async def test_a_command_is_answered_over_a_socket(socketed) -> None:
    answer = await socketed.ask("U0LIN", "balance")
    assert "e-mails left" in answer.plain
    assert answer.ephemeral_for == "U0LIN"


async def test_a_click_is_answered_over_a_socket(socketed) -> None:
    card = await socketed.ask("U0LIN", "task show 19124 --account umail")
    paused = await socketed.press("U0LIN", card, card.buttons[0].text)
    assert paused.plain
    assert {call.method for call in socketed.slack.calls} >= {"apps.connections.open", "response_url"}


async def test_an_envelope_that_comes_again_runs_once(socketed) -> None:
    socketed.slack.faults.inject("replay")
    answer = await socketed.ask("U0LIN", "task pause 19124 --account umail")
    assert "paused" in answer.plain
    await socketed.slack.replay()
    assert (await socketed.ask("U0LIN", "whoami")).plain
    assert len(socketed.changes) == 1


async def test_an_envelope_whose_socket_ended_is_run_once_over_the_next(socketed) -> None:
    socketed.slack.faults.inject("drop_socket")
    asked = asyncio.create_task(socketed.ask("U0LIN", "task pause 19124 --account umail"))
    await socketed.until(lambda: not socketed.slack.faults.waiting)
    assert "paused" in (await asked).plain
    assert len(socketed.changes) == 1


async def test_a_refresh_is_followed(socketed) -> None:
    (before,) = socketed.slack.sockets.connections
    await socketed.slack.sockets.disconnect("refresh_requested")
    await socketed.until(lambda: socketed.slack.sockets.connections not in ([], [before]))
    assert "e-mails left" in (await socketed.ask("U0LIN", "balance")).plain


async def test_there_is_no_door_for_slacks_requests_but_one_for_health(socketed, http: httpx.AsyncClient) -> None:
    assert (await http.post(f"{socketed.url}/slack/events")).status_code == 404
    assert (await http.get(f"{socketed.url}/readyz")).json() == {"ready": True, "slack": True}


async def test_the_socket_is_closed_when_the_bot_stops(closed_office, tmp_path: Path) -> None:
    path = tmp_path / "socket.yaml"
    path.write_text(shipped().read_text("utf-8").replace("mode: http", "mode: socket"), "utf-8")
    async with serve(load(path, closed_office.environ, purpose=Purpose.RUN)):
        await closed_office.until(lambda: closed_office.slack.sockets.connections)
    await closed_office.until(lambda: not closed_office.slack.sockets.connections)
    assert list(closed_office.slack.sockets.connections) == []
