"""Those who are sent webhooks in `benchmarks.deliveries`: each on a port of its own, taking everything.

`python -m benchmarks.receivers N` prints the ports; `GET /` says which ids each has taken, and the CPU time of all.
"""

import asyncio
import sys
import time

from aiohttp import web


def receiver(took):
    """One of them; `took` is filled with the ids of what arrives."""

    async def take(request):
        await request.read()
        took.append(request.headers["webhook-id"])
        return web.Response(status=204)

    return take


async def main(number: int) -> None:
    everybody = [[] for _ in range(number)]

    async def tell(_request):
        return web.json_response({"took": everybody, "cpu": time.process_time()})

    ports = []
    for took in everybody:
        app = web.Application()
        app.router.add_post("/", receiver(took))
        app.router.add_get("/", tell)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        ports.append(runner.addresses[0][1])
    print(*ports, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
