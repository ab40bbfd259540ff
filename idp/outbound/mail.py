"""Mail by SMTP (RFC 5321), with nothing in a header or a command that was not meant to be there."""

import logging
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formatdate, make_msgid
from typing import Any

from idp.errors import SettingsError
from idp.outbound.mail_address import breaks_line, is_address
from idp.outbound.results import Failed, Failure, Outcome, Sent
from idp.realm.factor_sections import Mail as MailSection
from idp.realm.sending import sender_of
from idp.settings import LOOPBACK_NAMES

TIMEOUT = 5.0  # seconds, for connecting and for every answer

_log = logging.getLogger(__name__)
_TOO_MANY = 452
_UNAUTHENTICATED = (530, 534, 535, 538)  # RFC 4954 section 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Mail:
    """A letter to one person. `reference`: ours, unique to it."""

    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    reference: str | None = field(default=None, repr=False)


class MailSender:
    """Hands letters in at the realm's server. Raises SettingsError where a password would go in clear."""

    def __init__(self, section: MailSection, *, timeout: float = TIMEOUT) -> None:
        server = section.server
        if (server.username is None) != (server.password is None):
            raise SettingsError("mail.server needs username and password together, or neither")
        if server.username and not server.starttls and server.host not in LOOPBACK_NAMES:
            raise SettingsError("mail.server would send its password in clear: set starttls")
        self._server = server
        self._timeout = timeout
        sender = sender_of(section)
        if sender is None:
            raise SettingsError(f"mail.from {section.from_!r} is no address that mail can come from")
        self._envelope = sender.addr_spec
        self._from = sender

    def send(self, mail: Mail, *, now: int) -> Outcome:
        """Hand the letter in. Sent holds its Message-ID. `now`: seconds since the epoch, for its date."""
        if not is_address(mail.to):
            return self._failed(Failed(Failure.ADDRESS))
        try:
            message = self.compose(mail, now=now)
        except _SomebodyElse:
            return self._failed(Failed(Failure.ADDRESS))
        except ValueError:
            return self._failed(Failed(Failure.CONFIGURATION))
        connection = None
        try:
            connection = self._connected()
            if not mail.to.isascii() and not connection.has_extn("smtputf8"):
                return self._failed(Failed(Failure.ADDRESS))
            # Not `send_message`: it puts a `>` before every line that begins with `From `.
            options = [] if (self._envelope + mail.to).isascii() else ["SMTPUTF8", "BODY=8BITMIME"]
            text = message.as_bytes(policy=_POLICY.clone(linesep="\r\n", utf8=bool(options)))
            connection.sendmail(self._envelope, [mail.to], text, mail_options=options)
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            return self._failed(_failure(error, transmitting=connection is not None and connection.transmitting))
        finally:
            if connection is not None:
                # The letter is handed in, or not, whatever becomes of the farewell.
                with suppress(smtplib.SMTPException, OSError):
                    connection.quit()
                connection.close()
        return Sent(str(message["Message-ID"]))

    def compose(self, mail: Mail, *, now: int) -> EmailMessage:
        """The message as it goes out. Raises ValueError for what would break out of a header."""
        message = EmailMessage(policy=_POLICY)
        message["From"] = self._from
        message["To"] = mail.to
        if [address.addr_spec for address in message["To"].addresses] != [mail.to]:
            raise _SomebodyElse("the header To names somebody else")
        message["Subject"] = mail.subject
        message["Date"] = formatdate(now)
        # The domain of the sender, not the name of this machine.
        domain = self._from.domain
        message["Message-ID"] = f"<{mail.reference}@{domain}>" if mail.reference else make_msgid(domain=domain)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answers from holiday programs
        message.set_content(mail.text)
        return message

    def _connected(self) -> "_Connection":
        address = (self._server.host, self._server.port)
        connection = _Connection(*address, local_hostname=self._from.domain, timeout=self._timeout)
        try:
            connection.ehlo_or_helo_if_needed()
            if self._server.starttls:
                # Never without: whoever strips the extension from the server's greeting gets no letter.
                connection.starttls(context=ssl.create_default_context())
            if self._server.username and self._server.password:
                connection.login(self._server.username, self._server.password.value)
        except BaseException:
            connection.close()
            raise
        return connection

    def _failed(self, failed: Failed) -> Failed:
        # Neither address nor the server's words, which repeat it.
        _log.warning("mail was not handed in: %s, code %s", failed.kind.value, failed.code)
        return failed


class _SomebodyElse(ValueError):
    """An address that no header can have as it is, such as `alice@example..org`."""


class _Connection(smtplib.SMTP):
    """Remembers whether the letter itself was begun, because from then on it may have arrived."""

    transmitting = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        """The DATA command and the letter."""
        self.transmitting = True
        return super().data(msg)


class _Strict(EmailPolicy):
    """Refuses what the email package of Python 3.11 lets through in headers, also when it was hidden by RFC 2047."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """The header as it is kept; raises ValueError."""
        kept = super().header_store_parse(name, value)
        if breaks_line(f"{value}{kept[1]}"):
            raise ValueError(f"the header {name} has a control character")
        return kept


_POLICY = _Strict(linesep="\r\n")


def _failure(error: Exception, *, transmitting: bool) -> Failed:
    code = _code(error)
    if isinstance(error, smtplib.SMTPDataError) or not transmitting:
        return Failed(_refused(error, code), code)
    return Failed(Failure.UNKNOWN_OUTCOME, code)


def _refused(error: Exception, code: int | None) -> Failure:
    if code is not None and code < 500:
        return Failure.THROTTLED if code == _TOO_MANY else Failure.TRANSIENT
    if code in _UNAUTHENTICATED:
        return Failure.CREDENTIALS
    match error:
        case smtplib.SMTPRecipientsRefused():
            return Failure.ADDRESS
        case smtplib.SMTPServerDisconnected():
            return Failure.TRANSIENT
        case smtplib.SMTPException() | ssl.SSLError() | UnicodeError():
            return Failure.CONFIGURATION
    return Failure.TRANSIENT


def _code(error: Exception) -> int | None:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next((code for code, _ in error.recipients.values()), None)
    return error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
