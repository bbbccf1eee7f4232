"""`GET /schemas`, `/schemas/TYPE` and `/schemas/TYPE/data`: what our webhooks say, for whoever receives them."""

import asyncio
import hashlib
import json
from functools import cache

from aiohttp import web

from bridge.events import EventType
from bridge.webhooks.envelope import SCHEMAS

PATHS = (SCHEMAS, f"{SCHEMAS}/{{type}}", f"{SCHEMAS}/{{type}}/{{part:data}}")
_KEPT = "public, max-age=3600"
"""They change with a new version of the bot only."""


async def serve(request: web.Request) -> web.Response:
    """The handler for `PATHS`."""
    word = request.match_info.get("type")
    try:
        type_ = None if word is None else EventType(word)
    except ValueError:
        # Its own words only: nothing that was asked for comes back.
        return web.Response(status=404, text=f"There is no such type of event. {SCHEMAS} lists all of them.\n")
    content_type, body, tag = await asyncio.to_thread(_page, type_, "part" in request.match_info)
    headers = {"ETag": f'"{tag}"', "Cache-Control": _KEPT}
    if any(one.value in (tag, "*") for one in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)


@cache
def _page(type_: EventType | None, only_data: bool) -> tuple[str, bytes, str]:
    """A type's schema, of all or of its data, or the list of all types: its content type, as bytes, and their hash."""
    # Nobody else needs them, and making them is a good part of what a start would take.
    from bridge.webhooks.schemas.published import CONTENT_TYPE, data_page, index, schema  # noqa: PLC0415

    said = index() if type_ is None else data_page(type_) if only_data else schema(type_)
    body = json.dumps(said, ensure_ascii=False, indent=2).encode()
    return CONTENT_TYPE if type_ else "application/json", body, hashlib.sha256(body).hexdigest()[:32]
