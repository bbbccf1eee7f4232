"""The yardstick: a Bolt AsyncApp as its documentation shows it, which only acks.

`python -m benchmarks.bare PORT SECRET API_URL`
"""

import sys

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


def main() -> None:
    port, secret, api_url = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    app = AsyncApp(signing_secret=secret, client=AsyncWebClient(token="xoxb-bench", base_url=api_url))

    @app.command("/edm")
    async def edm(ack):
        await ack()

    app.start(port=port, path="/slack/events", host="127.0.0.1")


if __name__ == "__main__":
    main()
