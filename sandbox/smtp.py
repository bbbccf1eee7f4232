"""U-Mail's SMTP door (000 chapter 10), on loopback: AUTH, STARTTLS where a certificate is given, size limits.

A mailbox's address and password log in, and mail is sent from any mailbox of that customer. What is accepted ends in
the day's statistics at once, a point for each recipient, and in the account's `letters`. A recipient whose address
begins with `nobody` does not exist and one with `full` is over quota: both are accepted here, and fail afterwards.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sandbox.mailing import Account
from sandbox.post import deliver
from sandbox.smtptalk import LARGEST_MAIL, Answers, Envelope, address_of, login, plain
from sandbox.wire import loopback
from sandbox.world import World

LONGEST_LINE = 1_000
MOST_RECIPIENTS = 100
MOST_CONNECTIONS = 50
GREETING = "220 sandbox.example ESMTP"


class SmtpServer:
    """Listens on loopback. With a certificate STARTTLS is offered, and log-in waits for it."""

    def __init__(self, world: World, certificate: ssl.SSLContext | None = None) -> None:
        self.host = ""
        self.port = 0
        self.lost_replies = 0
        """How many of the next mails are taken and booked, and the connection ends before the answer."""
        self._world = world
        self._certificate = certificate
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._serve, loopback(host), port, limit=LARGEST_MAIL)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]

    async def close(self) -> None:
        """Stop listening and end every session."""
        if self._server is None:
            return
        self._server.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = asyncio.current_task()
        if session is None:
            return
        self._sessions.add(session)
        try:
            if len(self._sessions) > MOST_CONNECTIONS:
                writer.write(b"421 4.7.0 too many connections\r\n")
            else:
                await Session(self._world, reader, writer, self._certificate, self._loses_reply).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.transport.abort()
        except (ValueError, asyncio.LimitOverrunError):
            writer.write(b"500 5.5.2 line too long\r\n")
        finally:
            self._sessions.discard(session)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    def _loses_reply(self) -> bool:
        lost = self.lost_replies > 0
        self.lost_replies -= lost
        return lost


class Session:
    """One connection's conversation."""

    def __init__(
        self,
        world: World,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        certificate: ssl.SSLContext | None,
        loses_reply: Callable[[], bool],
    ) -> None:
        self._world = world
        self._loses_reply = loses_reply
        self._reader = reader
        self._writer = writer
        self._certificate = certificate
        self._secure = False
        self._greeted = False
        self._customer: Account | None = None
        self._envelope: Envelope | None = None
        self._verbs: dict[str, Callable[[str], Awaitable[str]]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": self._noop,
        }

    async def run(self) -> None:
        """Answer commands until QUIT or the end of the connection."""
        await self._say(GREETING)
        while (line := await self._line()) is not None:
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                await self._say("221 2.0.0 bye")
                return
            answer = self._verbs.get(verb.upper())
            if len(line) > LONGEST_LINE:
                await self._say("500 5.5.2 line too long")
            elif answer is None:
                await self._say("500 5.5.1 unknown command")
            else:
                await self._say(await answer(rest.strip()))

    async def _ehlo(self, _: str) -> str:
        self._greeted, self._envelope = True, None
        offers = ["sandbox.example", f"SIZE {LARGEST_MAIL}", "8BITMIME"]
        offers += ["STARTTLS"] if self._certificate and not self._secure else []
        offers += ["AUTH LOGIN PLAIN"] if self._may_log_in else []
        return "\r\n".join(f"250{'-' if offer is not offers[-1] else ' '}{offer}" for offer in offers)

    async def _helo(self, _: str) -> str:
        self._greeted, self._envelope = True, None
        return "250 sandbox.example"

    async def _starttls(self, _: str) -> str:
        if self._certificate is None or self._secure:
            return "502 5.5.1 not offered"
        await self._say("220 2.0.0 go ahead")
        await self._writer.start_tls(self._certificate)
        self._secure, self._greeted, self._customer, self._envelope = True, False, None, None
        return ""

    async def _auth(self, rest: str) -> str:
        if not self._greeted or self._customer is not None:
            return Answers.SEQUENCE
        if not self._may_log_in:
            return "538 5.7.11 encryption required"
        mechanism, _, first = rest.partition(" ")
        talk = {"LOGIN": login, "PLAIN": plain}.get(mechanism.upper())
        if talk is None:
            return "504 5.5.4 unknown mechanism"
        try:
            username, password = await talk(first, self._ask)
        except ValueError:
            return "501 5.5.2 not base64"
        self._customer = self._known(username, password)
        return "235 2.7.0 welcome" if self._customer else "535 5.7.8 authentication failed"

    async def _mail(self, rest: str) -> str:
        if self._customer is None:
            return "530 5.7.0 authentication required"
        if self._envelope is not None:
            return Answers.SEQUENCE
        sender, options = address_of(rest, "FROM:")
        if sender is None:
            return Answers.SYNTAX
        if sender not in self._customer.mailboxes:
            return "553 5.7.1 not your address"
        if any(name == "SIZE" and value.isdecimal() and int(value) > LARGEST_MAIL for name, value in options):
            return Answers.TOO_LARGE
        self._envelope = Envelope(sender)
        return "250 2.1.0 ok"

    async def _rcpt(self, rest: str) -> str:
        if self._envelope is None:
            return Answers.SEQUENCE
        recipient, _ = address_of(rest, "TO:")
        if recipient is None:
            return Answers.SYNTAX
        if len(self._envelope.recipients) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        self._envelope.recipients.append(recipient)
        return "250 2.1.5 ok"

    async def _data(self, _: str) -> str:
        if self._customer is None or self._envelope is None or not self._envelope.recipients:
            return Answers.SEQUENCE
        await self._say("354 end with a dot")
        envelope, self._envelope = self._envelope, None
        content = await self._content()
        if content is None:
            return Answers.TOO_LARGE
        number = deliver(self._customer, envelope, content, self._world.advance())
        if number and self._loses_reply():
            raise ConnectionAbortedError
        return f"250 2.0.0 queued as {number}" if number else "452 4.2.2 no points left"

    async def _rset(self, _: str) -> str:
        self._envelope = None
        return "250 2.0.0 ok"

    async def _noop(self, _: str) -> str:
        return "250 2.0.0 ok"

    @property
    def _may_log_in(self) -> bool:
        return self._secure or self._certificate is None

    def _known(self, username: str, password: str) -> Account | None:
        customers = self._world.umail.values()
        return next((one for one in customers if one.mailboxes.get(username) == password and one.enabled), None)

    async def _content(self) -> bytes | None:
        """The mail up to its lone dot, dots undone; None when it was too large, and then it was read all the same."""
        lines: list[bytes] = []
        size = 0
        while (line := await self._reader.readuntil(b"\n")).rstrip(b"\r\n") != b".":
            size += len(line)
            if size <= LARGEST_MAIL:
                lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines) if size <= LARGEST_MAIL else None

    async def _ask(self, prompt: str) -> str:
        await self._say(f"334 {prompt}")
        return await self._line() or ""

    async def _line(self) -> str | None:
        """A line without its end; None at the end of the connection."""
        line = await self._reader.readline()
        return line.decode("utf-8", "replace").rstrip("\r\n") if line else None

    async def _say(self, text: str) -> None:
        if text:
            self._writer.write(f"{text}\r\n".encode())
            await self._writer.drain()
