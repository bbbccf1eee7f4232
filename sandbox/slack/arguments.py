"""A call's arguments, in all the ways that Slack takes them.

A query string, a form, JSON, or a query string with POST (slack_sdk's `params=`). Values of JSON keep their types;
in the other ways everything is text, and structures are JSON in a text. The token stands in the header, or in a
form or query, never in JSON. Source: docs.slack.dev/apis/web-api.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.slack.errors import SlackError, refused

_TRUE = {"1", "true"}
_FALSE = {"", "0", "false"}


@dataclass(slots=True)
class Arguments:
    """What was sent, with the token set apart."""

    values: Mapping[str, Any]
    token: str | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()

    def text(self, name: str) -> str | None:
        """A text, None when it is missing or empty; numbers are taken as their digits."""
        value = self.values.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise refused("invalid_arguments", [f"must be a string [json-pointer:/{name}]"])
        return str(value)

    def required(self, name: str) -> str:
        """A text that must be there."""
        value = self.text(name)
        if value is None:
            raise refused("invalid_arguments", [f"missing required field: {name}"])
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.values.get(name)
        if value is None:
            return default
        word = str(value).lower()
        if word not in _TRUE | _FALSE:
            raise refused("invalid_arguments", [f"must be a boolean [json-pointer:/{name}]"])
        return word in _TRUE

    def limit(self, default: int, most: int) -> int:
        """`limit`, for one page: more than `most` gives `most`."""
        value = self.text("limit")
        if value is None or value == "0":
            return default
        if not value.isdigit():
            raise SlackError("invalid_limit")
        return min(int(value), most)

    def structure(self, name: str, error: str) -> Any:  # noqa: ANN401
        """An object or list, as such or as JSON in a text; None when it is missing, `error` when it is not JSON."""
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackError(error) from None


async def received(request: web.Request) -> Arguments:
    """Read a request; SlackError when its JSON is none."""
    values: dict[str, Any] = dict(request.query)
    warnings: tuple[str, ...] = ()
    in_json = request.content_type == "application/json"
    if in_json:
        values |= await _json(request)
        warnings = () if request.charset else ("missing_charset",)
    elif request.method == "POST":
        values |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else None
    if scheme.lower() == "basic":
        values |= _client(bearer)
    sent = values.pop("token", None)
    return Arguments(values, token or (None if in_json else sent), warnings)


def _client(credentials: str) -> dict[str, str]:
    """An app's own name and secret, as oauth.v2.access takes them; nothing when they cannot be read."""
    try:
        name, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": name, "client_secret": secret}


async def _json(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise SlackError("invalid_json") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body
