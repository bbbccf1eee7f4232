"""U-Mail's SMTP door: who may send what, and where the mail ends."""

import asyncio
import contextlib
import shutil
import smtplib
import ssl
import subprocess
from base64 import b64encode
from datetime import date

import pytest

from sandbox import Sandbox
from sandbox.smtptalk import LARGEST_MAIL

SENDER, PASSWORD = "news@shop.example", "mailbox-开门"
MAIL = "Subject: =?utf-8?b?5rC05p6c?=\r\n\r\nHallo\r\n.\r\n..\r\nend\r\n"
TODAY = "2026-11-20"


@pytest.fixture
def talk(box):
    """Run a conversation with smtplib, in a thread: `await talk(lambda smtp: smtp.noop())`."""

    async def run(conversation, box=box):
        def converse():
            with smtplib.SMTP(box.smtp.host, box.smtp.port, timeout=5, local_hostname="test.example") as smtp:
                return conversation(smtp)

        return await asyncio.to_thread(converse)

    return run


def logged_in(smtp):
    smtp.ehlo()
    plain = b64encode(f"\0{SENDER}\0{PASSWORD}".encode()).decode()
    assert smtp.docmd("AUTH", f"PLAIN {plain}")[0] == 235
    return smtp


def send(*recipients, mail=MAIL):
    return lambda smtp: logged_in(smtp).sendmail(SENDER, list(recipients), mail)


async def test_mail_ends_in_the_days_statistics(box, umail, fields, talk):
    before = fields(await umail("statistic.php", date=TODAY))
    await talk(send("a@mail.example", "nobody@mail.example", "full@mail.example"))
    after = fields(await umail("statistic.php", date=TODAY))

    grown = {name: int(after[name]) - int(before[name]) for name in before if after[name].isdecimal()}
    assert {name: by for name, by in grown.items() if by} == {
        "send_count": 3,
        "deduc_count": 3,
        "actual_send": 3,
        "send_error": 2,
        "email_not_exist": 1,
        "actual_deduc": 3,
    }
    assert fields(await umail("account.php", do="service-info"))["qty_available"] == str(311_016 - 3)
    assert box.world.umail["demo-umail"].history[date(2026, 11, 20)].tally.processed == 3


async def test_the_letter_is_kept_as_it_was_written_and_logged(box, umail, talk):
    await talk(send("a@mail.example"))
    letter = box.world.umail["demo-umail"].letters[0]
    log = (await umail("maillog.php", date=TODAY, mail_to="a@mail.example")).json()["lists"]

    assert letter.content.decode() == MAIL
    assert (letter.sender, letter.subject, letter.failure) == (SENDER, "水果", None)
    assert [(row["subject"], row["result"]) for row in log] == [("水果", "success")]


@pytest.mark.parametrize(("password", "code"), [(PASSWORD, 235), ("wrong", 535)])
async def test_login_asks_for_name_and_password(talk, password, code):
    def conversation(smtp):
        smtp.ehlo()
        assert smtp.docmd("AUTH", f"LOGIN {b64encode(SENDER.encode()).decode()}") == (334, b"UGFzc3dvcmQ6")
        return smtp.docmd(b64encode(password.encode()).decode())[0]

    assert await talk(conversation) == code


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["FLY"], 500),
        (["AUTH LOGIN"], 503),
        (["EHLO x", "AUTH CRAM-MD5"], 504),
        (["EHLO x", "AUTH PLAIN !!!"], 501),
        (["EHLO x", "MAIL FROM:<news@shop.example>"], 530),
        (["EHLO x", "STARTTLS"], 502),
        (["RCPT TO:<a@b.example>"], 503),
        (["DATA"], 503),
        (["NOOP " + "x" * 1_000], 500),
        (["RSET"], 250),
    ],
)
async def test_what_is_out_of_order_is_refused(talk, lines, code):
    assert await talk(lambda smtp: [smtp.docmd(line)[0] for line in lines][-1]) == code


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["MAIL FROM:<ceo@bank.example>"], 553),
        (["MAIL FROM:news"], 501),
        ([f"MAIL FROM:<{SENDER}> SIZE={LARGEST_MAIL + 1}"], 552),
        ([f"MAIL FROM:<{SENDER}>", f"MAIL FROM:<{SENDER}>"], 503),
        ([f"MAIL FROM:<{SENDER}>", "RCPT TO:<not an address>"], 501),
        ([f"MAIL FROM:<{SENDER}>", "DATA"], 503),
        ([f"MAIL FROM:<{SENDER}>", *["RCPT TO:<a@b.example>"] * 101], 452),
    ],
)
async def test_an_envelope_must_be_right(talk, lines, code):
    assert await talk(lambda smtp: [logged_in(smtp), *[smtp.docmd(line)[0] for line in lines]][-1]) == code


async def test_a_mail_that_is_too_large_is_refused_after_it_came(box, talk):
    def conversation(smtp):
        logged_in(smtp)
        smtp.docmd(f"MAIL FROM:<{SENDER}>")
        smtp.docmd("RCPT TO:<a@b.example>")
        return smtp.data(("y" * 998 + "\r\n") * (LARGEST_MAIL // 1_000 + 600))[0]

    assert await talk(conversation) == 552
    assert not box.world.umail["demo-umail"].letters


async def test_without_points_nothing_goes(box, talk):
    box.world.umail["demo-umail"].credit -= 311_015
    with pytest.raises(smtplib.SMTPDataError, match="452"):
        await talk(send("a@b.example", "b@b.example"))


async def test_a_reply_can_be_lost_after_the_mail_was_taken(box, talk):
    box.smtp.lost_replies = 1
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await talk(send("a@b.example"))
    assert len(box.world.umail["demo-umail"].letters) == 1
    assert await talk(send("a@b.example")) == {}


async def test_a_new_mailbox_may_send_and_one_with_a_new_password_not_with_the_old(umail, talk):
    await umail("bs.php", do="mailbox-edit", mailbox=SENDER, pwd="new")
    with pytest.raises(AssertionError):
        await talk(send("a@b.example"))


@pytest.fixture
def certificate(tmp_path):
    """A certificate of our own for 127.0.0.1: its file, and the server's side of it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=sandbox"
    subprocess.run(  # noqa: S603
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return cert, server


async def test_with_a_certificate_nobody_logs_in_in_clear(certificate, talk):
    cert, server = certificate
    box = await Sandbox.start(certificate=server)

    def conversation(smtp):
        smtp.ehlo()
        assert not smtp.has_extn("auth")
        assert smtp.docmd("AUTH", "LOGIN")[0] == 538
        smtp.starttls(context=ssl.create_default_context(cafile=str(cert)))
        smtp.ehlo()
        assert not smtp.has_extn("starttls")
        return logged_in(smtp).sendmail(SENDER, ["a@b.example"], MAIL)

    assert await talk(conversation, box) == {}
    assert len(box.world.umail["demo-umail"].letters) == 1
    await box.stop()


async def test_a_box_that_stops_ends_its_conversations(box):
    reader, writer = await asyncio.open_connection(box.smtp.host, box.smtp.port)
    assert (await reader.readline()).startswith(b"220")
    await box.smtp.close()

    with contextlib.suppress(ConnectionError):
        assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(box.smtp.host, box.smtp.port)
