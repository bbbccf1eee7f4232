"""The door that the app calls: the Web API under /api/, and response URLs under /respond/."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox.slack.arguments import Arguments, received
from sandbox.slack.errors import RateLimitedError, SlackError
from sandbox.slack.faults import RESPONSE_URL, Faults, too_many
from sandbox.slack.methods import METHODS
from sandbox.slack.methods.desk import Desk
from sandbox.slack.people import Json
from sandbox.slack.responses import ResponseUrls


@dataclass(slots=True)
class Call:
    """A call as a test sees it afterwards; the token is not kept."""

    method: str
    args: Mapping[str, Any]
    at: datetime
    error: str | None = None
    """What it was refused with; None while it is under way, when it succeeded, or when a fault answered it."""


class Door:
    """Answers calls, one at a time and at once: between two of them nothing is half done."""

    def __init__(self, desk: Desk, responses: ResponseUrls, faults: Faults) -> None:
        self.calls: list[Call] = []
        self._desk = desk
        self._responses = responses
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/api/{method}", self._api), web.post("/respond/{key}", self._respond)]

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        try:
            arguments = await received(request)
        except SlackError as error:
            return web.json_response(_refusal(error))
        call = self._record(method, arguments)
        return await self._faults.around(request, method, lambda: self._answer(call, arguments))

    def _answer(self, call: Call, arguments: Arguments) -> web.Response:
        warned: Json = {}
        if arguments.warnings:
            warned = {"warning": ",".join(arguments.warnings)}
        try:
            body = {"ok": True} | self._called(call.method, arguments)
        except RateLimitedError as limit:
            call.error = "ratelimited"
            return too_many(limit.seconds)
        except SlackError as error:
            call.error = error.error
            body = _refusal(error)
        scopes = {"X-OAuth-Scopes": ",".join(self._desk.app.scopes or ())}
        return web.json_response(body | warned, headers=scopes)

    def _called(self, name: str, arguments: Arguments) -> Json:
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        self._desk.app.authenticate(arguments.token, method.caller)
        self._desk.app.require(*method.scopes)
        self._desk.limits.method(name, method.a_minute)
        return method.call(self._desk, arguments)

    async def _respond(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        try:
            arguments = await received(request)
        except SlackError as error:
            return web.json_response(_refusal(error), status=400)
        call = self._record(RESPONSE_URL, arguments)
        return await self._faults.around(request, RESPONSE_URL, lambda: self._responded(key, call, arguments))

    def _responded(self, key: str, call: Call, arguments: Arguments) -> web.Response:
        try:
            self._responses.use(key, arguments)
        except SlackError as error:
            call.error = error.error
            gone = error.error in {"expired_url", "used_url", "no_such_url"}
            return web.json_response(_refusal(error), status=404 if gone else 400)
        return web.Response(text="ok")

    def _record(self, method: str, arguments: Arguments) -> Call:
        call = Call(method, arguments.values, self._desk.workspace.now())
        self.calls.append(call)
        return call


def _refusal(error: SlackError) -> Json:
    return {"ok": False, "error": error.error, **error.extra}
