"""Single messages through U-Mail's SMTP server (000 chapter 10, 001 the same).

One message a call, all its recipients in one transaction: it goes to all that were taken, or to nobody. TLS from the
first byte on port 465, elsewhere by STARTTLS, before any credentials; only `smtp_tls: optional` lets a server without
it pass. The certificate is verified either way (one of the document's samples trusts every certificate: not here).
What is sent so is in no task list and is not tracked.
"""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE_POLICY
from email.utils import format_datetime, make_msgid

import aiosmtplib

from providers.base import Clock
from providers.call import Call
from providers.errors import (
    AnswerTimeoutError,
    AuthenticationError,
    NoAnswerError,
    NoEncryptionError,
    OutcomeUnknownError,
    ProviderError,
    RefusedError,
    UnreachableError,
)
from providers.messages import Accepted
from providers.umail.part import Part
from providers.umail.settings import UMailSettings

MOST_RECIPIENTS = 50
_TLS_PORT = 465
_CONNECT_SHARE = 0.45
_NAME = "smtp"


class Sending(Part):
    """Single messages, for an account whose settings name an SMTP server; `UMail` leaves it out of the others."""

    _settings: UMailSettings
    _clock: Clock
    _deadline: float

    async def send(
        self,
        *,
        sender: str,
        sender_name: str,
        recipients: Sequence[str],
        subject: str,
        html: str,
        reply_to: str | None = None,
        track_opens: bool = False,
        track_clicks: bool = False,
    ) -> Accepted:
        """Hand one message over for at most 50 recipients, who do not see each other.

        The answer names no message; `raw` holds the server's words and our Message-ID.

        Raises:
            UnsupportedError: tracking is asked for.
            NoEncryptionError: the server offers no TLS; nothing was sent, the password least of all.
            RefusedError: the server declined, or an address or header that cannot be sent; nothing was sent.
            OutcomeUnknownError: the connection ended while the message was on its way.
        """
        if track_opens or track_clicks:
            raise self._api.unsupported("does not track what is sent by SMTP", _NAME)
        self.__check([sender, *recipients, *([reply_to] if reply_to else [])], (sender_name, subject), len(recipients))
        message = self.__message(sender, sender_name, recipients, subject=subject, html=html, reply_to=reply_to)
        transaction = _Transaction(self._settings, self._deadline)
        try:
            async with asyncio.timeout(self._deadline):
                said, refused = await transaction.run(sender, recipients, message.as_bytes(policy=WIRE_POLICY))
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            fault = self.__signed(transaction.fault(error))
        else:
            raw = {"said": said, "message_id": str(message["Message-ID"])}
            return Accepted(**self._api.about(_NAME), raw=raw, message_ids=(), refused=refused)
        # Outside the handler: the library's own exceptions must not travel on.
        if transaction.handed_over and isinstance(fault, NoAnswerError):
            raise self.__signed(OutcomeUnknownError("it may or may not have happened")) from fault
        raise fault

    def __check(self, addresses: Sequence[str], headers: Sequence[str], recipients: int) -> None:
        if not 1 <= recipients <= MOST_RECIPIENTS:
            raise self._api.refused(f"a message goes to 1 to {MOST_RECIPIENTS} recipients", _NAME)
        for address in addresses:
            local, _, domain = address.rpartition("@")
            if not (local and domain and address.isascii()) or any(mark in address for mark in ' \t\r\n<>,;"'):
                raise self._api.refused("an address that cannot be written to by SMTP", _NAME)
        if any(mark in header for header in headers for mark in "\r\n"):
            raise self._api.refused("a subject or name holds a line break", _NAME)

    def __message(
        self, sender: str, sender_name: str, recipients: Sequence[str], *, subject: str, html: str, reply_to: str | None
    ) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(display_name=sender_name, addr_spec=sender)
        message["To"] = recipients[0] if len(recipients) == 1 else "undisclosed-recipients:;"
        message["Subject"] = subject
        message["Date"] = format_datetime(self._clock())
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
        if reply_to:
            message["Reply-To"] = reply_to
        message.set_content(html, subtype="html", charset="utf-8", cte="base64")
        return message

    def __signed(self, error: ProviderError) -> ProviderError:
        return self._api.wire.signed(error, Call(_NAME, "", secrets=secrets_of(self._settings)))


class _InClearError(aiosmtplib.SMTPException):
    """Whatever came next would travel in clear."""

    def __init__(self) -> None:
        super().__init__("no STARTTLS")


class _Transaction:
    """One message on its way."""

    def __init__(self, settings: UMailSettings, deadline: float) -> None:
        self._settings = settings
        self.handed_over = False
        """Whether the message itself may have left."""
        by_port = settings.smtp_tls == "required" and settings.smtp_port == _TLS_PORT
        self._implicit = by_port or settings.smtp_tls == "implicit"
        self._client = aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            use_tls=self._implicit,
            # Begun by us: the library would go on in clear, or not say why it does not.
            start_tls=False,
            validate_certs=True,
            timeout=deadline * _CONNECT_SHARE,
            local_hostname="localhost",
        )

    async def run(self, sender: str, recipients: Sequence[str], message: bytes) -> tuple[str, tuple[str, ...]]:
        """The server's words, and the recipients that it declined."""
        try:
            await self._client.connect()
            await self._secure()
            if self._settings.smtp_username is not None and self._settings.smtp_password is not None:
                await self._client.login(self._settings.smtp_username, self._settings.smtp_password.get_secret_value())
            await self._client.mail(sender)
            refused = await self._named(recipients)
            self.handed_over = True
            said = await self._client.data(message)
        finally:
            # Not QUIT: its answer could only turn a done thing into an error.
            self._client.close()
        return f"{said.code} {said.message}", refused

    async def _secure(self) -> None:
        """Begin TLS, unless it has begun; nobody logs in before."""
        if self._implicit:
            return
        await self._client.ehlo()
        if self._client.supports_extension("starttls"):
            await self._client.starttls()
        elif self._settings.smtp_tls == "required":
            raise _InClearError

    async def _named(self, recipients: Sequence[str]) -> tuple[str, ...]:
        refused: list[aiosmtplib.SMTPRecipientRefused] = []
        for recipient in recipients:
            try:
                await self._client.rcpt(recipient)
            except aiosmtplib.SMTPRecipientRefused as error:
                refused.append(error)
        if len(refused) == len(recipients):
            raise refused[0]
        return tuple(error.recipient for error in refused)

    def fault(self, error: Exception) -> ProviderError:
        """The library's exception in our words."""
        if isinstance(error, _InClearError):
            return NoEncryptionError("the SMTP server offers no TLS")
        if isinstance(error, aiosmtplib.SMTPAuthenticationError):
            return AuthenticationError("the SMTP server did not take the credentials", **_words(error))
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return RefusedError("the SMTP server declined", **_words(error))
        if not isinstance(error, OSError):
            return RefusedError("the SMTP server offers no way to log in, or to send this")
        if not self.handed_over:
            return UnreachableError("there was no connection to the SMTP server, or it ended before the message")
        late = isinstance(error, TimeoutError)
        kind, words = (AnswerTimeoutError, "within the deadline") if late else (NoAnswerError, "before the end")
        return kind(f"no whole answer {words}")


def _words(error: aiosmtplib.SMTPResponseException) -> dict[str, str]:
    return {"vendor_code": str(error.code), "vendor_text": " ".join(error.message.split())}


def secrets_of(settings: UMailSettings) -> tuple[str, ...]:
    """The SMTP password, also as AUTH LOGIN and AUTH PLAIN write it."""
    if settings.smtp_password is None:
        return ()
    secret, user = settings.smtp_password.get_secret_value(), settings.smtp_username or ""
    written = (secret, f"\0{user}\0{secret}")
    return (secret, *(b64encode(text.encode()).decode() for text in written))
