"""The customer's own log-in form for the console (000 and 001, 8.1)."""

import hmac
from html import escape

from aiohttp import web

from sandbox.clock import WorldClock
from sandbox.wire import Received
from sandbox.world import World

PATH = "/sendstat/"
KINDS = frozenset({"", "agents", "manager"})
_PAGE = "<!DOCTYPE html><html><head><meta charset='utf-8'><title>{0}</title></head><body><h1>{0}</h1></body></html>"


class Console:
    """`POST /sendstat/?module=base&action=login` leads into the console, or to `errurl`."""

    def __init__(self, world: World, clock: WorldClock, log: list[Received]) -> None:
        self._world = world
        self._clock = clock
        self._log = log

    async def serve(self, request: web.Request) -> web.Response:
        """The form's target, and the page behind it."""
        where = (request.query.get("module"), request.query.get("action"))
        if where == ("base", "index"):
            return _page("群发控制台", 200)
        if where != ("base", "login"):
            return _page("404", 404)
        if request.method != "POST":
            return _page("用户登录", 200)
        form = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
        seen = {key: "***" if key == "password" else value for key, value in form.items()}
        self._log.append(Received("umail", "login", "POST", PATH, seen, self._clock.now()))
        if self._knows(form):
            return web.Response(status=302, headers={"Location": f"{PATH}?module=base&action=index"})
        return _refused(form.get("errurl", ""))

    def _knows(self, form: dict[str, str]) -> bool:
        """Whether name and password fit. There are no agents (代理商) in this world."""
        kind, username = form.get("user_type", ""), form.get("username", "")
        someone = self._world.managers.get(username) if kind == "manager" else self._world.umail.get(username)
        if kind not in KINDS or kind == "agents" or someone is None:
            return False
        return hmac.compare_digest(someone.password.encode(), form.get("password", "").encode())


def _refused(errurl: str) -> web.Response:
    """To the caller's own page, which must begin with `http://`."""
    if errurl.startswith("http://"):
        return web.Response(status=302, headers={"Location": errurl})
    return _page("用户名或密码错误", 200)


def _page(title: str, status: int) -> web.Response:
    return web.Response(status=status, text=_PAGE.format(escape(title)), content_type="text/html", charset="utf-8")
