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

import pytest

from providers.errors import (
    AuthenticationError,
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

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            writer.write(b"220 mail.example\r\n")
            while line := (await reader.readline()).decode().strip():
                self.said.append(line)
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
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        with suppress(asyncio.CancelledError):
            await there.serve(reader, writer)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    there.port = listening.sockets[0].getsockname()[1]
    yield there
    listening.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await listening.wait_closed()


@pytest.fixture
def account(server, connect):
    """A client whose settings name the server."""
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": server.port}
    return lambda **more: connect(**smtp, **{"smtp_username": "shop", "smtp_password": SECRET} | more)


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
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": server.port}
    with pytest.raises(OutcomeUnknownError):
        await connect(deadline=0.2, **smtp).send(**MAIL)


async def test_no_server_there_means_that_nothing_was_sent(connect):
    with pytest.raises(UnreachableError):
        await connect(smtp_host="127.0.0.1", smtp_port=1).send(**MAIL)


async def test_a_certificate_that_cannot_be_verified_stops_it_before_the_log_in(server, account, tmp_path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=127.0.0.1"
    command = [shutil.which("openssl"), *made.split(), "-keyout", key, "-out", cert]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(cert, key)
    server.answers |= {"EHLO": "250-mail.example\r\n250-STARTTLS\r\n250 AUTH PLAIN", "STARTTLS": "220 go"}
    with pytest.raises(UnreachableError):
        await account().send(**MAIL)
    assert "STARTTLS" in server.said
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


async def test_without_a_server_or_with_tracking_it_is_not_supported(server, account, connect):
    with pytest.raises(UnsupportedError, match="smtp_host"):
        await connect().send(**MAIL)
    with pytest.raises(UnsupportedError, match="track"):
        await account().send(**MAIL, track_opens=True)
    assert server.said == []
