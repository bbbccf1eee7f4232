"""As little of the outside as the measurements of events need, in a process of its own: it takes no time of theirs.

    /api/…      Slack's Web API: it takes every message at once and answers as Slack does.
    /webhook    Slack's incoming webhook, which Alertmanager knows how to call.
    /umail/…    U-Mail's task-list (000 6.1): 20 tasks are being sent and none does anything else.
    /told       when each task's id was read first in what came in, by this machine's monotonic clock; in how many
                calls. DELETE forgets.
    /count      how many tasks those are.

The workspace of `sandbox/` would be measured, too: it checks every block and keeps every message. Slack's limit of one
message a second and channel is not enforced here; edmbot keeps it by itself, and Alertmanager knows of none.
"""

import asyncio
import itertools
import re
import sys
import time

from aiohttp import web

_TASK = re.compile(rb"\b7\d{6}\b")
"""The ids of the benchmark's tasks."""
ROW = """\
<task>
<id>{id}</id><sn>6f1d{id}</sn><acct_type>domain</acct_type><acct_domain>shop.example</acct_domain>
<sender>news@shop.example</sender><replyto>care@shop.example</replyto><sender_name>shop</sender_name>
<templates><template><tpl_id>16</tpl_id><tpl_name>November</tpl_name></template></templates>
<addr_type>0</addr_type>
<listes><item><list_id>21</list_id><list_name>VIP</list_name></item></listes>
<send_qty>0</send_qty><send_qty_remak>90000</send_qty_remak><send_time>2026-11-21 09:00:00</send_time>
<time_start>2026-11-21 09:00:07</time_start><time_end></time_end>
<send_count>41200</send_count><error_count>12</error_count><send_status>2</send_status><track_status>2</track_status>
</task>
"""
"""As 000 6.1 prints it."""
_LIST = '<?xml version="1.0" encoding="UTF-8"?>\n<task_list>\n{}</task_list>\n'
SENDING = _LIST.format("".join(ROW.format(id=7_000_000 + number) for number in range(20)))
NOTHING = _LIST.format("")


class Outside:
    """What came in."""

    def __init__(self) -> None:
        self.told: dict[str, float] = {}
        self.calls = 0
        self._stamps = itertools.count(1)

    def app(self) -> web.Application:
        app = web.Application(client_max_size=8 << 20)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_post("/webhook", self._webhook)
        app.router.add_get("/umail/task.php", self._umail)
        app.router.add_get("/told", self._tell)
        app.router.add_get("/count", self._count)
        app.router.add_delete("/told", self._forget)
        return app

    async def _read(self, request: web.Request) -> None:
        at, body = time.monotonic(), await request.read()
        self.calls += 1
        for found in _TASK.findall(body):
            self.told.setdefault(found.decode(), at)

    async def _api(self, request: web.Request) -> web.Response:
        await self._read(request)
        stamp = f"{time.time():.0f}.{next(self._stamps) % 1_000_000:06}"
        # No message is found, if one should be looked for: nothing is lost here but by being too slow.
        said = {"ok": True, "channel": "C0BENCH", "ts": stamp, "messages": []}
        return web.json_response(said)

    async def _webhook(self, request: web.Request) -> web.Response:
        await self._read(request)
        return web.Response(text="ok")

    async def _umail(self, request: web.Request) -> web.Response:
        page = SENDING if request.query.get("send_status") == "2" else NOTHING
        return web.Response(text=page, content_type="text/xml")

    async def _tell(self, _request: web.Request) -> web.Response:
        return web.json_response({"told": self.told, "calls": self.calls})

    async def _count(self, _request: web.Request) -> web.Response:
        return web.json_response(len(self.told))

    async def _forget(self, _request: web.Request) -> web.Response:
        self.told, self.calls = {}, 0
        return web.Response()


async def main() -> None:
    runner = web.AppRunner(Outside().app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    # Until whoever started it is done with it.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
