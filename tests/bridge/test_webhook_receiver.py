"""The client that posts webhooks, on real sockets: what it refuses to talk to, and what it does not put up with."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, timedelta

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bridge.receivers.webhook import MOST_READ, WebhookReceiver
from tests.bridge.hooks import target

BODY = b'{"a":1}'


@asynccontextmanager
async def client(**more):
    made = WebhookReceiver(**more)
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def server(talk, host="127.0.0.1", **more):
    """A server that says what `talk(reader, writer)` says; yields its port and how often it was connected to."""
    met, tasks = [], set()

    async def meet(reader, writer):
        tasks.add(asyncio.current_task())
        met.append(writer.get_extra_info("sockname")[0])
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            writer.close()

    made = await asyncio.start_server(meet, host, 0, **more)
    yield made.sockets[0].getsockname()[1], met
    made.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def head(reader):
    return await reader.readuntil(b"\r\n\r\n")


async def fine(reader, writer):
    await head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()


def resolving(*answers):
    """Names resolve to the first answer, then to the next, and to the last from then on; `.asked` counts."""

    async def resolve(name):
        resolve.asked.append(name)
        return answers[min(len(resolve.asked), len(answers)) - 1]

    resolve.asked = []
    return resolve


# ---- where it goes


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["2606:4700::1111", "fe80::1"],
        ["127.1"],
    ],
)
async def test_a_name_with_a_closed_address_among_its_own_is_not_connected_to(addresses):
    async with server(fine) as (port, met), client(resolve=resolving(addresses)) as receiver:
        answer = await receiver.post(f"https://hooks.example.com:{port}/", BODY, {})
        assert (answer.status, answer.error) == (None, "not sent: private")
        assert met == []


async def test_a_name_that_resolves_otherwise_the_second_time_gains_nothing():
    # The first answer is what is judged and what is connected to; nothing asks a second time in between.
    resolve = resolving(["127.0.0.1"], ["127.0.0.2"])
    async with server(fine) as (port, met), client(resolve=resolve) as receiver:
        url = f"http://hooks.example.com:{port}/"
        assert (await receiver.post(url, BODY, {}, allow_private=True)).is_taken
        assert (met, resolve.asked) == (["127.0.0.1"], ["hooks.example.com"])
        # A new connection is judged anew, and what was open then may be closed now.
        assert (await receiver.post(url, BODY, {})).error == "not sent: not_https"
        refused = await receiver.post(f"https://hooks.example.com:{port}/", BODY, {})
        assert (refused.error, len(met)) == ("not sent: private", 1)


async def test_the_systems_own_names_of_this_machine_are_closed():
    async with server(fine) as (port, met), client() as receiver:
        for name in ("localhost", "LOCALHOST.", socket.gethostname()):
            answer = await receiver.post(f"https://{name}:{port}/", BODY, {})
            assert answer.status is None
        assert met == []


async def test_a_socket_is_made_for_no_closed_address_whoever_asks(monkeypatch):
    # The judge of names is out of the way: the last look is at the address itself.
    monkeypatch.setattr("bridge.receivers.webhook._Judging._judge", lambda _self, _found: None)
    async with server(fine) as (port, met), client(resolve=resolving(["127.0.0.1"])) as receiver:
        answer = await receiver.post(f"https://hooks.example.com:{port}/", BODY, {})
        assert (answer.status, answer.error, met) == (None, "not sent: private", [])


async def test_a_connection_that_was_allowed_is_used_by_nobody_else():
    async with target() as own, client(resolve=resolving(["127.0.0.1"])) as receiver:
        port = own.url.split(":")[2].split("/")[0]
        assert (await receiver.post(f"http://a.example:{port}/", BODY, {}, allow_private=True)).is_taken
        assert not (await receiver.post(f"https://a.example:{port}/", BODY, {})).is_taken
        assert len(own.got) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status):
    async with target() as inner, target() as outer, client() as receiver:
        outer.answer = lambda _got: web.Response(status=status, headers={"Location": inner.url})
        answer = await receiver.post(outer.url, BODY, {}, allow_private=True)
        assert (answer.status, answer.is_taken, inner.got) == (status, False, [])


async def test_no_proxy_of_the_environment_is_used(monkeypatch):
    async with target() as proxy, target() as real, client() as receiver:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert (await receiver.post(real.url, BODY, {}, allow_private=True)).is_taken
        assert (len(real.got), proxy.got) == (1, [])


async def test_no_cookie_comes_back():
    async with target() as own, client() as receiver:
        own.answer = lambda _got: web.Response(headers={"Set-Cookie": "a=b; Path=/"})
        for _ in range(2):
            await receiver.post(own.url, BODY, {}, allow_private=True)
        assert "cookie" not in own.got[1].headers


async def test_connections_are_used_again():
    ports = set()

    async def handle(request):
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.Response()

    app = web.Application()
    app.router.add_post("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with client() as receiver:
        for _ in range(5):
            await receiver.post(f"http://127.0.0.1:{runner.addresses[0][1]}/", BODY, {}, allow_private=True)
    await runner.cleanup()
    assert len(ports) == 1


# ---- what it does not put up with


async def bomb(reader, writer):
    await head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n")
    for _ in range(200_000):
        writer.write(b"x" * 65_536)
        await writer.drain()
        bomb.sent += 65_536


async def test_an_answer_without_end_is_read_to_a_limit_and_its_status_counts():
    bomb.sent = 0
    async with server(bomb) as (port, _), client() as receiver:
        async with asyncio.timeout(5):
            answer = await receiver.post(f"http://127.0.0.1:{port}/", BODY, {}, allow_private=True)
        assert answer.is_taken
        # What the kernel had taken in meanwhile is no more than its buffers.
        assert bomb.sent < MOST_READ + 16 * 1024 * 1024


async def test_a_packed_answer_is_not_unpacked():
    packed = b"\x1f\x8b" + b"\x00" * 100

    async def talk(reader, writer):
        assert b"Accept-Encoding: identity" in await head(reader)
        writer.write(b"HTTP/1.1 400 No\r\nContent-Encoding: gzip\r\nContent-Length: 102\r\n\r\n" + packed)
        await writer.drain()

    async with server(talk) as (port, _), client() as receiver:
        assert (await receiver.post(f"http://127.0.0.1:{port}/", BODY, {}, allow_private=True)).status == 400


async def drip_head(reader, writer):
    await head(reader)
    for one in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10_000:
        writer.write(bytes([one]))
        await writer.drain()
        await asyncio.sleep(0.02)


async def silence(reader, writer):
    await reader.read()


async def never_reads(_reader, writer):
    await asyncio.sleep(30)
    writer.close()


@pytest.mark.parametrize("talk", [drip_head, silence, never_reads])
async def test_who_takes_too_long_is_left(talk):
    async with server(talk) as (port, _), client(patience=0.3) as receiver:
        answer = await receiver.post(f"http://127.0.0.1:{port}/", b"x" * 1_000_000, {}, allow_private=True)
        assert (answer.status, answer.error) == (None, "no answer in 0.3 s")
        assert 250 <= answer.milliseconds < 2_000


async def test_a_body_that_drips_does_not_make_a_status_wait(monkeypatch):
    monkeypatch.setattr("bridge.receivers.webhook._REST", 0.1)

    async def talk(reader, writer):
        await head(reader)
        writer.write(b"HTTP/1.1 %d So\r\nContent-Length: 1000\r\n\r\n" % talk.status)
        while True:
            writer.write(b"z")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with server(talk) as (port, _), client() as receiver:
        for talk.status in (500, 200):
            answer = await receiver.post(f"http://127.0.0.1:{port}/", BODY, {}, allow_private=True)
            assert (answer.status, answer.milliseconds < 2_000) == (talk.status, True)


async def test_a_status_counts_although_the_time_runs_out_over_the_body(monkeypatch):
    monkeypatch.setattr("bridge.receivers.webhook._REST", 0.3)

    async def talk(reader, writer):
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nz")
        await reader.read()

    async with server(talk) as (port, _), client(patience=0.2) as receiver:
        assert (await receiver.post(f"http://127.0.0.1:{port}/", BODY, {}, allow_private=True)).is_taken


async def test_a_look_up_that_hangs_is_part_of_the_time():
    async def resolve(_name):
        await asyncio.sleep(30)

    async with client(resolve=resolve, patience=0.1) as receiver:
        assert (await receiver.post("https://hooks.example.com/", BODY, {})).error == "no answer in 0.1 s"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (b"", "closed the connection without an answer"),
        (b"SSH-2.0-x\r\n\r\n", "its answer is no HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n", "its answer is no HTTP"),
    ],
)
async def test_what_is_no_answer_is_said_to_be_none(words, error):
    async def talk(reader, writer):
        await head(reader)
        writer.write(words)
        await writer.drain()

    async with server(talk) as (port, _), client() as receiver:
        answer = await receiver.post(f"http://127.0.0.1:{port}/", b"", {}, allow_private=True)
        assert (answer.status, answer.error.startswith(error)) == (None, True), answer


async def test_a_refusals_words_are_kept_short_and_without_what_would_not_print():
    async with target() as own, client() as receiver:
        own.answer = lambda _got: web.Response(status=422, text="no\r\n\x1b[31m" + "é" * 5_000)
        answer = await receiver.post(own.url, BODY, {}, allow_private=True)
        assert (len(answer.error), answer.error[:9]) == (200, "no [31méé")


async def test_retry_after_may_be_a_date():
    at = dt.datetime.now(UTC) + timedelta(minutes=10)
    async with target() as own, client() as receiver:
        for value, least, most in ((f"{at:%a, %d %b %Y %H:%M:%S} GMT", 590, 601), ("7", 7, 7), ("soon", None, None)):
            own.answer = lambda _got, value=value: web.Response(status=503, headers={"Retry-After": value})
            answer = await receiver.post(own.url, BODY, {}, allow_private=True)
            found = answer.retry_after
            assert found is None if least is None else least <= found <= most


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999999999", None),
        ("Mon, 99999999999999999999 Jan 2024 00:00:00 +0000", None),
        ("Fri, 31 Dec 9999 23:59:59 -2300", 86_400),
        ("9" * 7_000, 86_400),
    ],
)
async def test_a_time_to_wait_that_is_beyond_all_bounds_does_no_harm(value, found):
    async with target() as own, client() as receiver:
        own.answer = lambda _got: web.Response(status=503, headers={"Retry-After": value})
        answer = await receiver.post(own.url, BODY, {}, allow_private=True)
        assert (answer.status, answer.retry_after) == (503, found)


# ---- TLS


class Authority:
    """A certificate authority of a test's own."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.certificate = self._make(self._name, self._key, x509.BasicConstraints(ca=True, path_length=0), [])

    def _make(self, subject, key, basic, names):
        now = dt.datetime.now(UTC)
        builder = x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        builder = builder.add_extension(basic, critical=True)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = builder.add_extension(identifier, critical=False).add_extension(own, critical=False)
        if basic.ca:
            usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def server(self, folder, *names) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        listed = [x509.IPAddress(ipaddress.ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names]
        made = self._make(subject, key, x509.BasicConstraints(ca=False, path_length=None), listed)
        plain = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
        file = folder / f"{names[0]}.pem"
        file.write_bytes(
            key.private_bytes(serialization.Encoding.PEM, plain[1], plain[0])
            + made.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def trust(self) -> ssl.SSLContext:
        text = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=text)


@pytest.fixture(scope="module")
def authority():
    return Authority()


async def test_a_certificate_of_the_name_is_trusted_and_host_and_sni_are_the_name(authority, tmp_path):
    asked, heads = [], []
    context = authority.server(tmp_path, "hooks.example.com")
    context.sni_callback = lambda _socket, name, _context: asked.append(name)

    async def talk(reader, writer):
        heads.append(await head(reader))
        await reader.read(len(BODY))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    resolve = resolving(["127.0.0.1"])
    async with server(talk, ssl=context) as (port, _), client(resolve=resolve, tls=authority.trust()) as receiver:
        answer = await receiver.post(f"https://hooks.example.com:{port}/x", BODY, {}, allow_private=True)
        assert answer.is_taken, answer
        assert asked == ["hooks.example.com"]
        assert f"Host: hooks.example.com:{port}".encode() in heads[0]


@pytest.mark.parametrize(
    ("names", "trusts", "why"),
    [
        (["hooks.example.com"], False, "unable to get local issuer"),
        (["other.example.com"], True, "Hostname mismatch"),
        (["127.0.0.1"], True, "Hostname mismatch"),
    ],
)
async def test_a_certificate_that_proves_nothing_is_refused(authority, tmp_path, names, trusts, why):
    tls = authority.trust() if trusts else None
    context = authority.server(tmp_path, *names)
    async with server(fine, ssl=context) as (port, _), client(resolve=resolving(["127.0.0.1"]), tls=tls) as receiver:
        answer = await receiver.post(f"https://hooks.example.com:{port}/", BODY, {}, allow_private=True)
        assert (answer.status, "its certificate cannot be trusted" in answer.error) == (None, True)
        assert why in answer.error


async def test_what_speaks_no_tls_is_said_to():
    async def talk(_reader, writer):
        writer.write(b"220 mail.example.com ESMTP\r\n")
        await writer.drain()

    async with server(talk) as (port, _), client(resolve=resolving(["127.0.0.1"])) as receiver:
        answer = await receiver.post(f"https://hooks.example.com:{port}/", BODY, {}, allow_private=True)
        assert (answer.status, answer.error.partition(":")[0]) == (None, "no TLS connection")
