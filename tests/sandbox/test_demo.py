"""`edmbot demo`: where the page is, what to try first, and a clean end."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import httpx
import pytest

EDMBOT = Path(sys.executable).with_name("edmbot")


async def started(folder: Path) -> tuple[asyncio.subprocess.Process, list[str]]:
    """The process, and what it says once it serves."""
    process = await asyncio.create_subprocess_exec(
        EDMBOT, "demo", cwd=folder, env={"PATH": ""}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said: list[str] = []
    while not said or "Ctrl-C" not in said[-1]:
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        assert line, await process.stderr.read()
        said.append(line.decode().rstrip())
    return process, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_is_and_what_to_try_and_ends_cleanly_with_somebody_looking(tmp_path, number) -> None:
    process, said = await started(tmp_path)
    url = said[0].split()[-1]
    assert [line.split()[-1] for line in said if line.startswith("Webhooks")] == [f"{url}webhooks"]
    assert [line.strip()[:2] for line in said if line.startswith("  ")] == ["1.", "2.", "3.", "4."]
    async with httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as client:
        words = (await client.get("api/workspace", params={"person": "U0LIN"})).json()["words"]
        assert {"name": "task pause", "usage": "ID [--account NAME]"}.items() <= {
            **next(word for word in words if word["name"] == "task pause")
        }.items()
        async with client.stream("GET", "api/changes", params={"person": "U0LIN"}) as stream:
            assert stream.status_code == 200
            process.send_signal(number)
            _, errors = await asyncio.wait_for(process.communicate(), 10)
    assert (process.returncode, errors) == (0, b"")


async def test_a_port_that_somebody_has_is_no_reason_to_give_up(tmp_path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 8787))
            taken.listen()
        except OSError:
            pass  # Somebody has it indeed.
        process, said = await started(tmp_path)
        process.terminate()
        await process.communicate()
    assert ":8787/" not in said[0]
