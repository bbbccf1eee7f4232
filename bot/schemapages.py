"""`GET /schemas` and `GET /schemas/TYPE`: what our webhooks say, for whoever receives them."""

import hashlib
import json
from functools import cache

from aiohttp import web

from bridge.events import EventType
from bridge.schemas.published import CONTENT_TYPE, PATH, index, schema

PATHS = (PATH, f"{PATH}/{{type}}")
_KEPT = "public, max-age=3600"
"""They change with a new version of the bot only."""


async def serve(request: web.Request) -> web.Response:
    """The handler for `PATHS`."""
    word = request.match_info.get("type")
    try:
        body, tag = _page(None if word is None else EventType(word))
    except ValueError:
        # Its own words only: nothing that was asked for comes back.
        return web.Response(status=404, text=f"There is no such type of event. {PATH} lists all of them.\n")
    headers = {"ETag": f'"{tag}"', "Cache-Control": _KEPT}
    if any(one.value in (tag, "*") for one in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    content_type = CONTENT_TYPE if word else "application/json"
    return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)


@cache
def _page(type_: EventType | None) -> tuple[bytes, str]:
    """A type's schema, or the list of all, as bytes, and their hash."""
    said = index() if type_ is None else schema(type_)
    body = json.dumps(said, ensure_ascii=False, indent=2).encode()
    return body, hashlib.sha256(body).hexdigest()[:32]
