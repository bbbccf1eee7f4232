"""The receiver of webhooks: what a signature is worth, what is kept, and what its page may do."""

import base64
import json
import time
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from sandbox import Sandbox
from sandbox.page import Page, Webhooks
from sandbox.receiver import KEPT, Receiver
from sandbox.senders import Senders
from sandbox.signatures import SHORTEST, Verdict, check, is_secret, new_secret, sign
from sandbox.slack import SlackServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
"""The specification's own example, as are these."""
ID, STAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
RIGHT = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = float(STAMP)


def headers(signature: str = RIGHT, stamp: str = STAMP) -> Mapping[str, str]:
    return {"webhook-id": ID, "webhook-timestamp": stamp, "webhook-signature": signature}


def signed(receiver: Receiver, body: bytes = BODY, id_: str = ID, secret: str = "") -> Mapping[str, str]:
    stamp = str(int(time.time()))
    signature = sign(secret or receiver.secrets[0], id_, stamp, body)
    return {"webhook-id": id_, "webhook-timestamp": stamp, "webhook-signature": signature}


# Signatures


def test_the_specifications_example_is_signed_so() -> None:
    assert sign(SECRET, ID, STAMP, BODY) == RIGHT
    assert check([SECRET], headers(), BODY, NOW) is Verdict.VERIFIED


@pytest.mark.parametrize(
    ("given", "body", "now", "verdict"),
    [
        (headers(f"v1,AAAA v1a,xyz {RIGHT}"), BODY, NOW, Verdict.VERIFIED),
        (headers(), BODY + b" ", NOW, Verdict.WRONG),
        (headers(RIGHT[3:]), BODY, NOW, Verdict.WRONG),
        (headers("v1,é"), BODY, NOW, Verdict.WRONG),
        (headers(), BODY, NOW + 300, Verdict.VERIFIED),
        (headers(), BODY, NOW + 301, Verdict.STALE),
        (headers(), BODY, NOW - 301, Verdict.STALE),
        (headers(stamp="soon"), BODY, NOW, Verdict.UNSIGNED),
        ({}, BODY, NOW, Verdict.UNSIGNED),
    ],
)
def test_what_a_signature_is_worth(given, body, now, verdict) -> None:
    assert check([new_secret(), SECRET], given, body, now) is verdict


def test_the_library_takes_what_is_signed_here() -> None:
    secret, stamp = new_secret(), str(int(time.time()))
    shown = {"webhook-id": ID, "webhook-timestamp": stamp, "webhook-signature": sign(secret, ID, stamp, BODY)}
    assert Webhook(secret).verify(BODY.decode(), dict(shown)) == json.loads(BODY)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (SECRET, True),
        pytest.param(new_secret(), True, id="a new one"),
        (SECRET.removeprefix("whsec_"), False),
        (f"whsec_{base64.b64encode(bytes(SHORTEST - 1)).decode()}", False),
        ("whsec_not base64!", False),
    ],
)
def test_what_is_a_secret(text, good) -> None:
    assert is_secret(text) is good


# The receiver


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = await Receiver.start()
    yield receiver
    await receiver.stop()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        yield client


async def test_it_listens_on_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback"):
        await Receiver.start("0.0.0.0")  # noqa: S104


async def test_it_takes_what_is_signed_and_counts_what_comes_again(receiver, http) -> None:
    for _ in range(2):
        assert (await http.post(receiver.url, content=BODY, headers=signed(receiver))).status_code == 204
    assert [(one.verdict, one.copy, one.body) for one in receiver.arrivals] == [
        (Verdict.VERIFIED, copy, BODY.decode()) for copy in (1, 2)
    ]


async def test_it_keeps_what_is_wrong_and_refuses_it(receiver, http) -> None:
    wrong = signed(receiver, secret=new_secret())
    assert (await http.post(receiver.url, content=BODY, headers=wrong)).status_code == 401
    assert (await http.post(receiver.url, content=b"\xff")).status_code == 401
    assert [one.verdict for one in receiver.arrivals] == [Verdict.WRONG, Verdict.UNSIGNED]
    assert (await http.post(receiver.url, content=BODY, headers=signed(receiver))).status_code == 204
    assert receiver.arrivals[-1].copy == 1


async def test_it_answers_as_it_is_told_to(receiver, http) -> None:
    receiver.answer = 429
    reply = await http.post(receiver.url, content=BODY, headers=signed(receiver))
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "5")


async def test_it_forgets_the_oldest(receiver, http) -> None:
    for _ in range(KEPT + 1):
        await http.post(receiver.url, content=b"{}")
    assert [one.number for one in receiver.arrivals] == list(range(2, KEPT + 2))


# Its page


@pytest.fixture
async def senders() -> Senders:
    return Senders()


@pytest.fixture
async def page(box: Sandbox, receiver: Receiver, senders: Senders) -> AsyncIterator[httpx.AsyncClient]:
    slack = await SlackServer.start()
    page = await Page.start(slack, box, webhooks=Webhooks(receiver, senders))
    async with httpx.AsyncClient(base_url=page.url, timeout=5, trust_env=False) as client:
        yield client
    await page.stop()
    await slack.stop()


async def test_the_page_tells_what_came_the_newest_first(page, receiver, http) -> None:
    assert "Webhooks’ receiver" in (await page.get("webhooks")).text
    event = json.dumps({"type": "task.paused", "subject": "task/19124"}).encode()
    async with page.stream("GET", "api/webhooks/changes") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == "event: ready"
        await http.post(receiver.url, content=event, headers=signed(receiver, event))
        await http.post(receiver.url, content=b"no JSON")
        told = [line async for line in _until(lines, '{"number": 2}')]
    assert 'data: {"number": 1}' in told
    found = (await page.get("api/webhooks")).json()["arrivals"]
    assert [(one["type"], one["subject"], one["verdict"]) for one in found] == [
        (None, None, "unsigned"),
        ("task.paused", "task/19124", "verified"),
    ]


async def _until(lines: AsyncIterator[str], last: str) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        if line.endswith(last):
            return


async def test_a_secret_from_elsewhere_is_one_more_to_check_with(page, receiver, http) -> None:
    secret = new_secret()
    for _ in range(2):
        state = (await page.post("api/webhooks/secret", json={"secret": f" {secret} "})).json()
    assert state["secrets"] == 2
    assert secret not in json.dumps(state)
    await http.post(receiver.url, content=BODY, headers=signed(receiver, secret=secret))
    assert receiver.arrivals[-1].verdict is Verdict.VERIFIED


async def test_what_the_page_cannot_do_is_said(page, receiver) -> None:
    for path, body, status in (
        ("secret", {"secret": "whsec_short"}, 400),
        ("answer", {"status": 200}, 400),
        ("answer", {"status": 500, "more": 1}, 400),
        ("send", {"kind": "nobody"}, 400),
        ("send", {"kind": "itnio"}, 409),
    ):
        assert (await page.post(f"api/webhooks/{path}", json=body)).status_code == status, (path, body)
    other = {"Origin": "http://elsewhere.example"}
    assert (await page.post("api/webhooks/answer", json={"status": 500}, headers=other)).status_code == 403


async def test_its_answer_is_chosen_on_the_page(page, receiver) -> None:
    assert (await page.post("api/webhooks/answer", json={"status": 410})).json()["answer"] == 410
    assert receiver.answer == 410


async def test_senders_send_to_the_bot_as_they_would(page, senders) -> None:
    came: list[tuple[str, Mapping[str, str], bytes]] = []

    async def take(request: web.Request) -> web.Response:
        came.append((request.path, request.headers.copy(), await request.read()))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/webhooks/{rest:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    senders.connect(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    for kind in ("itnio", "partner", "forged"):
        assert (await page.post("api/webhooks/send", json={"kind": kind})).json() == {"status": 202}
    await runner.cleanup()
    secrets = senders.environ()
    (path, _, callback), partner, forged = came
    assert path == f"/webhooks/itnio/{secrets['DEMO_ITNIO_SECRET']}"
    assert set(json.loads(callback)[0]) == {"taskId", "emailId", "toAddress", "emailState", "remark"}
    known, now = [secrets["DEMO_PARTNER_SECRET"]], time.time()
    verdicts = [check(known, given, body, now) for _, given, body in (partner, forged)]
    assert verdicts == [Verdict.VERIFIED, Verdict.WRONG]
