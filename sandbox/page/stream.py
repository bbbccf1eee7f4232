"""Server-sent events: what a page is told while it is open."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

from aiohttp import web

BEAT = 15.0
"""Seconds between two signs of life on a quiet stream."""


async def tell(request: web.Request, changes: AsyncIterator[Mapping[str, object] | None]) -> web.StreamResponse:
    """Send each change until the page is closed; None is no change.

    `changes` hears of everything from now on already, so that nothing is missed between a look and the stream.
    """
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await stream.prepare(request)
    await stream.write(b"event: ready\ndata: {}\n\n")
    coming = asyncio.ensure_future(anext(changes))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=BEAT)
            if not done:
                await stream.write(b": still here\n\n")
                continue
            change = coming.result()
            coming = asyncio.ensure_future(anext(changes))
            if change is not None:
                await stream.write(f"data: {json.dumps(change)}\n\n".encode())
    except ConnectionError:
        return stream
    finally:
        coming.cancel()
