"""`GET /schemas` and `GET /schemas/TYPE`: what our webhooks say, for whoever receives them."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bridge.events import EventType
from bridge.schemas.published import CONTENT_TYPE, PATH, index, schema

PATHS = (PATH, f"{PATH}/{{type}}")
_KEPT = "public, max-age=3600"
"""They change with a new version of the bot only."""


async def serve(request: web.Request) -> web.Response:
    """The handler for `PATHS`."""
    word = request.match_info.get("type")
    if word is None:
        return _answer(request, index(), "application/json")
    try:
        return _answer(request, schema(EventType(word)), CONTENT_TYPE)
    except ValueError:
        # Its own words only: nothing that was asked for comes back.
        return web.Response(status=404, text=f"There is no such type of event. {PATH} lists all of them.\n")


def _answer(request: web.Request, said: Mapping[str, Any], content_type: str) -> web.Response:
    body = json.dumps(said, ensure_ascii=False, indent=2).encode()
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": _KEPT}
    if any(one.value in (tag, "*") for one in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)
