"""A process that carries out what was approved, and may be killed at any step of it."""

import asyncio
import multiprocessing
import os
import signal
from datetime import timedelta

from bridge.approvals.asking import Approvals
from bridge.approvals.execution import Executor
from bridge.approvals.policy import Settings
from store.engine import Store
from tests.bridge.asking import SHANGHAI, client_of, nobody_lost

KILLED = -signal.SIGKILL
_processes = multiprocessing.get_context("forkserver")
# What a process needs is imported once.
_processes.set_forkserver_preload(["__main__", "tests.bridge.mortal"])


def work(url: str, environ: dict[str, str], offset: timedelta, step: str | None) -> None:
    """Carry out everything that is due; end by SIGKILL when `step` is reached."""
    asyncio.run(_work(url, environ, offset, step))


async def _work(url: str, environ: dict[str, str], offset: timedelta, step: str | None) -> None:
    def crash(name: str) -> None:
        if name == step:
            os.kill(os.getpid(), signal.SIGKILL)

    store = Store(url)
    store.clock_offset = offset
    providers = {name: client_of(environ, store, name) for name in ("umail", "emailcar")}
    desk = Approvals(Settings(policies=()), "C0APPROVE", lambda _account: ())
    executor = Executor(
        store,
        providers,
        desk,
        lost_of=nobody_lost,
        zone_of=lambda _account: SHANGHAI,
        told=lambda: None,
        crash=crash,
    )
    await executor.run()
    for provider in providers.values():
        await provider.aclose()
    await store.close()


async def run(url: str, environ: dict[str, str], offset: timedelta, step: str | None = None) -> int:
    """One such process, to its end; its exit code."""
    process = _processes.Process(target=work, args=(url, environ, offset, step))
    process.start()
    await asyncio.to_thread(process.join)
    return process.exitcode
