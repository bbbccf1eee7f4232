"""The yardstick of `benchmarks.ingest`: an aiohttp handler that parses JSON and remembers nothing.

`python -m benchmarks.barejson PORT`
"""

import sys

from aiohttp import web


async def taken(request):
    return web.json_response({"ok": True, "events": len(await request.json())})


def main() -> None:
    app = web.Application(client_max_size=1024 * 1024)
    app.router.add_post("/{path:.*}", taken)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)


if __name__ == "__main__":
    main()
