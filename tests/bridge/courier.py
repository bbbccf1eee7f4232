"""A process that sends webhooks, and may be killed at any step of it."""

import asyncio
import multiprocessing
import os
import signal
from datetime import timedelta

from bridge.receivers.webhook import WebhookReceiver
from bridge.webhooks.deliveries import Deliverer
from store.engine import Store

KILLED = -signal.SIGKILL
_processes = multiprocessing.get_context("forkserver")
# What a process needs is imported once.
_processes.set_forkserver_preload(["__main__", "tests.bridge.courier"])


def work(url: str, offset: timedelta, step: str | None, nth: int) -> None:
    """Send everything that is due; end by SIGKILL when `step` is reached for the `nth` time."""
    asyncio.run(_work(url, offset, step, nth))


async def _work(url: str, offset: timedelta, step: str | None, nth: int) -> None:
    left = nth

    def crash(name: str) -> None:
        nonlocal left
        left -= name == step
        if name == step and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    store, receiver = Store(url), WebhookReceiver()
    store.clock_offset = offset
    await Deliverer(store, receiver, crash=crash).run_once()
    await receiver.close()
    await store.close()


def begin(url: str, offset: timedelta, step: str | None = None, nth: int = 1):
    """Start one such process."""
    process = _processes.Process(target=work, args=(url, offset, step, nth))
    process.start()
    return process


async def run(url: str, offset: timedelta, step: str | None = None, nth: int = 1) -> int:
    """One such process, to its end; its exit code."""
    process = begin(url, offset, step, nth)
    await asyncio.to_thread(process.join)
    return process.exitcode
