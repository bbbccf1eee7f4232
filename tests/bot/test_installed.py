"""The bot with no more rights than its own manifest asks for, in both modes."""

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import serve
from bot.appyaml import Purpose, load, shipped
from bot.manifest import manifest
from sandbox.slack import SlackServer


@pytest.fixture(params=["http", "socket"])
async def installed(closed_office, request, tmp_path: Path) -> AsyncIterator:
    """Everything as in `office`, in a workspace that installed the bot by its manifest."""
    path = tmp_path / "installed.yaml"
    path.write_text(shipped().read_text("utf-8").replace("mode: http", f"mode: {request.param}"), "utf-8")
    asked = manifest(load(path, {}, purpose=Purpose.MANIFEST), "http://127.0.0.1")
    slack = await SlackServer.start(now=closed_office.clock, manifest=asked)
    office = dataclasses.replace(closed_office, slack=slack, app_yaml=path)
    async with serve(load(path, office.environ, purpose=Purpose.RUN)) as web:
        if request.param == "http":
            office.listen(web.url)
        else:
            await office.until(lambda: slack.sockets.connections)
        yield office
    await slack.stop()


async def test_the_rights_of_the_manifest_are_enough(installed) -> None:
    assert "e-mails left" in (await installed.ask("U0LIN", "balance")).plain
    assert "paused" in (await installed.ask("U0OPS", "task pause 19124 --account umail")).plain
    assert (await installed.ask("U0VIEW", "whoami", "C0ALERTS")).plain
    assert [(call.method, call.error) for call in installed.slack.calls if call.error] == []


async def test_a_mention_arrives_as_an_id_because_the_manifest_asks_for_it(installed) -> None:
    assert installed.slack.app.escapes
    assert (await installed.ask("U0LIN", "ask @mei <b>")).plain


async def test_another_command_does_not_exist(installed) -> None:
    reply = await installed.slack.slash("U0LIN", "C0GENERAL", "/other", "balance")
    assert (reply.error, reply.sent) == ("unknown_command", False)
