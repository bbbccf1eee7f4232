"""U-Mail's SMTP sending, against a server on a real socket that speaks only as a test tells it to."""

import asyncio
import email
import shutil
import ssl
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import suppress
from email.policy import default
from pathlib import Path

import pytest

from providers.base import SendsMessages, require
from providers.errors import (
    AuthenticationError,
    NoEncryptionError,
    OutcomeUnknownError,
    RefusedError,
    UnreachableError,
    UnsupportedError,
)

SECRET = "smtp-s3cret"
MAIL = {
    "sender": "edm@shop.example",
    "sender_name": "商店",
    "recipients": ("a@b.example",),
    "subject": "双十一 & 你好",
    "html": "<p>你好</p>",
}


class Server:
    """Answers by verb; `said` are the commands as they came, `message` what followed DATA."""

    def __init__(self) -> None:
        self.port = 0
        self.answers = {
            "EHLO": "250-mail.example\r\n250 AUTH PLAIN LOGIN",
            "AUTH": "235 ok",
            "MAIL": "250 ok",
            "RCPT": "250 ok",
            "DATA": "354 go",
            ".": "250 queued as 42",
        }
        self.said: list[str] = []
        self.message = b""
        self.tls: ssl.SSLContext | None = None
        self.secure: set[str] = set()
        """The verbs that came over TLS."""
        self._listening: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a port of its own; with `tls`, encrypted from the first byte on."""
        self._listening.append(await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=tls))
        self.port = self._listening[-1].sockets[0].getsockname()[1]

    async def close(self) -> None:
        for listening in self._listening:
            listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listening in self._listening:
            await listening.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())
        with suppress(asyncio.CancelledError):
            await self.serve(reader, writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            writer.write(b"220 mail.example\r\n")
            while line := (await reader.readline()).decode().strip():
                self.said.append(line)
                if writer.get_extra_info("sslcontext"):
                    self.secure.add(line.split()[0].upper())
                if not await self._answer(line.split()[0].upper(), reader, writer):
                    break
        writer.close()

    async def _answer(self, verb: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        answer = self.answers.get(f"{verb} {self.said[-1].split()[-1]}", self.answers.get(verb, "250 ok"))
        if not answer:
            return False
        writer.write(answer.encode() + b"\r\n")
        await writer.drain()
        if verb == "STARTTLS" and self.tls:
            await writer.start_tls(self.tls)
        if verb == "DATA" and answer.startswith("354"):
            self.message = await reader.readuntil(b"\r\n.\r\n")
            return await self._answer(".", reader, writer)
        return True


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    there = Server()
    await there.listen()
    yield there
    await there.close()


@pytest.fixture
def account(server, connect):
    """A client whose settings name the server, and do without TLS where a test says nothing else."""
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_tls": "optional"}
    smtp |= {"smtp_username": "shop", "smtp_password": SECRET}
    return lambda **more: connect(**smtp | more)


async def test_a_message_is_handed_over_with_its_words_intact(server, account):
    accepted = await account().send(**MAIL, reply_to="re@shop.example")
    message = email.message_from_bytes(server.message, policy=default)
    assert message["From"] == "商店 <edm@shop.example>"
    assert (message["To"], message["Reply-To"]) == ("a@b.example", "re@shop.example")
    assert message["Subject"] == MAIL["subject"]
    assert message.get_content().strip() == MAIL["html"]
    assert message["Date"] == "Fri, 20 Nov 2026 02:04:00 +0000"
    assert accepted.raw == {"said": "250 queued as 42", "message_id": message["Message-ID"]}
    assert (accepted.message_ids, accepted.refused) == ((), ())


async def test_several_recipients_do_not_see_each_other_and_who_was_declined_is_told(server, account):
    server.answers["RCPT TO:<c@d.example>"] = "550 no such user"
    accepted = await account().send(**MAIL | {"recipients": ("a@b.example", "c@d.example")})
    assert accepted.refused == ("c@d.example",)
    assert b"c@d.example" not in server.message
    assert b"a@b.example" not in server.message
    assert [line for line in server.said if line.startswith("RCPT")] == [
        "RCPT TO:<a@b.example>",
        "RCPT TO:<c@d.example>",
    ]


@pytest.mark.parametrize(
    ("verb", "answer", "error"),
    [
        ("AUTH", f"535 no: {SECRET} {b64encode(SECRET.encode()).decode()}", AuthenticationError),
        ("MAIL", "553 sender not allowed", RefusedError),
        ("RCPT", "550 no such user", RefusedError),
        ("DATA", "554 no", RefusedError),
        (".", "554 spam", RefusedError),
        ("MAIL", "", UnreachableError),
        (".", "", OutcomeUnknownError),
        ("EHLO", "250 mail.example", RefusedError),
    ],
)
async def test_each_way_of_failing_is_told_apart_and_shows_no_secret(server, account, verb, answer, error):
    server.answers[verb] = answer
    with pytest.raises(error) as caught:
        await account().send(**MAIL)
    fault = caught.value
    assert (type(fault), fault.account, fault.call) == (error, "umail", "smtp")
    shown = f"{fault!r} {fault.vendor_text} {fault.__cause__!r} {fault.__context__!r}"
    assert SECRET not in shown
    assert b64encode(SECRET.encode()).decode() not in shown


async def test_silence_after_the_message_leaves_the_outcome_open(server, connect):
    server.answers["."] = "250-not yet"
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_tls": "optional"}
    with pytest.raises(OutcomeUnknownError):
        await connect(deadline=0.2, **smtp).send(**MAIL)


async def test_no_server_there_means_that_nothing_was_sent(connect):
    with pytest.raises(UnreachableError):
        await connect(smtp_host="127.0.0.1", smtp_port=1).send(**MAIL)


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> tuple[Path, ssl.SSLContext]:
    """A certificate authority of our own: its certificate, and a server's side that it vouches for."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("authority")
    new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    for made in (
        f"{new} -subj /CN=authority -keyout ca.key -out ca.pem",
        f"{new} -subj /CN=mail -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=CA:FALSE "
        "-CA ca.pem -CAkey ca.key -keyout key.pem -out cert.pem",
    ):
        subprocess.run([openssl, *made.split()], check=True, capture_output=True, cwd=folder)  # noqa: S603
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "ca.pem", context


@pytest.fixture
def trusted(authority, monkeypatch) -> ssl.SSLContext:
    """The server's side, and this machine trusts who vouches for it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    return authority[1]


STARTTLS = {"EHLO": "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN", "STARTTLS": "220 go"}


@pytest.mark.parametrize("smtp_tls", ["required", "optional"])
async def test_tls_is_begun_where_it_is_offered_before_anybody_logs_in(server, account, trusted, smtp_tls):
    server.tls = trusted
    server.answers |= STARTTLS
    await account(smtp_tls=smtp_tls).send(**MAIL)
    verbs = [line.split()[0] for line in server.said]
    assert verbs[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
    assert server.secure == {"EHLO", "AUTH", "MAIL", "RCPT", "DATA"}
    assert MAIL["subject"] == email.message_from_bytes(server.message, policy=default)["Subject"]


@pytest.mark.parametrize(("smtp_tls", "port"), [("implicit", None), ("required", 465)])
async def test_tls_from_the_first_byte_where_the_settings_or_the_port_say_so(
    server, account, trusted, monkeypatch, smtp_tls, port
):
    await server.listen(trusted)
    if port:
        # Port 465 itself is not a test's to listen on.
        monkeypatch.setattr("providers.umail.smtp._TLS_PORT", server.port)
    await account(smtp_tls=smtp_tls, smtp_port=server.port).send(**MAIL)
    assert "STARTTLS" not in server.said
    assert server.secure >= {"EHLO", "AUTH", "DATA"}


async def test_without_tls_on_offer_no_credentials_are_sent_unless_the_settings_say_so(server, account):
    with pytest.raises(NoEncryptionError) as caught:
        await account(smtp_tls="required").send(**MAIL)
    assert (caught.value.account, caught.value.call) == ("umail", "smtp")
    assert [line.split()[0] for line in server.said] == ["EHLO"]
    await account(smtp_tls="optional").send(**MAIL)
    assert server.message


async def test_starttls_that_is_offered_and_then_declined_stops_it_before_the_log_in(server, account):
    server.answers |= STARTTLS | {"STARTTLS": "454 not now"}
    with pytest.raises(RefusedError):
        await account(smtp_tls="optional").send(**MAIL)
    assert [line.split()[0] for line in server.said] == ["EHLO", "STARTTLS"]


@pytest.mark.parametrize("smtp_tls", ["required", "optional", "implicit"])
async def test_a_certificate_that_cannot_be_verified_stops_it_before_the_log_in(server, account, authority, smtp_tls):
    if smtp_tls == "implicit":
        await server.listen(authority[1])
    server.tls = authority[1]
    server.answers |= STARTTLS
    with pytest.raises(UnreachableError):
        await account(smtp_tls=smtp_tls, smtp_port=server.port).send(**MAIL)
    assert not any(line.startswith(("AUTH", "MAIL")) for line in server.said)


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipients": ()},
        {"recipients": ("a@b.example",) * 51},
        {"recipients": ("a@b.example>\r\nRCPT TO:<c@d.example",)},
        {"recipients": ("no-address",)},
        {"sender": "张三@b.example"},
        {"subject": "x\r\nBcc: c@d.example"},
        {"sender_name": "x\ny"},
        {"reply_to": "a b@c.example"},
    ],
)
async def test_what_cannot_be_sent_is_refused_before_anything_is_said(server, account, wrong):
    with pytest.raises(RefusedError):
        await account().send(**MAIL | wrong)
    assert server.said == []


async def test_tracking_is_not_supported(server, account):
    with pytest.raises(UnsupportedError, match="track"):
        await account().send(**MAIL, track_opens=True)
    assert server.said == []


async def test_only_an_account_with_a_server_claims_that_it_can_send(account, connect):
    assert isinstance(account(), SendsMessages)
    assert not isinstance(connect(), SendsMessages)
    with pytest.raises(UnsupportedError):
        require(connect(), SendsMessages)
