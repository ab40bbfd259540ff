"""A real SMTP server in the place of the operator's: it keeps the letters, and refuses what it is told to."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from queue import SimpleQueue
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

# It stands for another machine: what it logs is not what we log.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Letter:
    """A letter as it came in: the addresses of the SMTP commands, and the message."""

    sender: str
    recipients: list[str]
    message: EmailMessage

    @property
    def link(self) -> str:
        """The address to open."""
        return next(line for line in self.text.splitlines() if line.startswith(("http://", "https://")))

    @property
    def text(self) -> str:
        """The plain part."""
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content())


@dataclass
class Mailbox:
    """Start it with `with`.

    `refuse_recipient`, `refuse_letter`: replies such as `550 no`; `during`: called at DATA; `hangs_up`: then.
    """

    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None
    refuse_sender: str | None = None
    refuse_recipient: str | None = None
    refuse_letter: str | None = None
    during: Callable[[], object] | None = None
    hangs_up: bool = False
    letters: list[Letter] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    _new: "SimpleQueue[Letter]" = field(default_factory=SimpleQueue)

    def __enter__(self) -> "Mailbox":
        options: dict[str, Any] = {"tls_context": self.tls, "require_starttls": self.tls is not None}
        if self.username:
            options |= {"authenticator": self._authenticate, "auth_required": True}
            options |= {"auth_require_tls": self.tls is not None}
        self._controller = _Controller(self, hostname="127.0.0.1", port=0, enable_SMTPUTF8=True, **options)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self._controller.port)

    def next(self) -> Letter:
        """The next letter that nobody has taken; waits for it."""
        return self._new.get(timeout=20)

    async def handle_MAIL(  # noqa: N802 - as aiosmtpd calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append(f"MAIL {address}")
        envelope.mail_from = address
        return self.refuse_sender or "250 OK"

    async def handle_RCPT(  # noqa: N802 - the same
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append(f"RCPT {address}")
        if self.refuse_recipient:
            return self.refuse_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        if self.during:
            self.during()
        if self.hangs_up:
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        if self.refuse_letter:
            return self.refuse_letter
        assert isinstance(envelope.content, bytes)
        assert envelope.mail_from
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.letters.append(Letter(envelope.mail_from, list(envelope.rcpt_tos), message))
        self._new.put(self.letters[-1])
        return "250 OK"

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (
            (self.username or "").encode(),
            (self.password or "").encode(),
        )
        return AuthResult(success=right, handled=False)


class _Controller(Controller):
    """aiosmtpd's controller asks its port for a connection before it knows which one it got.

    It also stops while connections end, and leaves their sockets to be found.
    """

    def factory(self) -> SMTP:
        made: SMTP = super().factory()  # type: ignore[no-untyped-call]  # has no types
        self._made = [*getattr(self, "_made", ()), made]
        return made

    def stop(self, no_assert: bool = False) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(5)
        super().stop(no_assert)

    async def _hang_up(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        # Nobody more is let in; closing the server now would leave whoever is on the way without an owner.
        for listener in self.server.sockets:
            self.loop.remove_reader(listener.fileno())
        await _settled()
        for connection in getattr(self, "_made", ()):
            if connection.transport is not None:
                # A TLS transport that was closed before has nothing left to abort, and does not say so (Python 3.11).
                with suppress(AttributeError):
                    connection.transport.abort()
        await _settled()

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # has no types


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
