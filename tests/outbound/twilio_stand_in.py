"""A small server in the place of Twilio: Messages and Verify over real HTTP, with what goes wrong there.

It answers in the shape of Twilio's API, records what it was asked, and reports on messages with signed callbacks.
"""

import base64
import json
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx
from twilio.request_validator import RequestValidator

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "f00dfacef00dfacef00dfacef00dface"
VERIFY_SERVICE = "VA" + "fedcba9876543210" * 2
FROM = "+15005550006"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as it came in."""

    path: str
    parameters: dict[str, str]
    account: str
    token: str


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What goes wrong: an error of the API, a raw answer, or no answer at all (`hang`, `cut`)."""

    status: int = 500
    code: int | str | None = None
    raw: str | None = None
    hang: bool = False
    cut: bool = False
    problem_details: bool = False


@dataclass
class Verification:
    """A code that the stand-in made."""

    sid: str
    code: str
    checks: int = 0


@dataclass
class TwilioStandIn:
    """Start it with `with`. `trouble` goes wrong for every request until it is set to None; `latency` in seconds."""

    account_sid: str = ACCOUNT_SID
    auth_token: str = AUTH_TOKEN
    trouble: Trouble | None = None
    latency: float = 0.0
    asked: list[Asked] = field(default_factory=list)
    verifications: dict[str, Verification] = field(default_factory=dict)

    def __enter__(self) -> "TwilioStandIn":
        self._messages: dict[str, Asked] = {}
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"twilio": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """For `factors.sms.api_base_url`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def sids(self) -> list[str]:
        """The messages, in the order in which they were taken."""
        return list(self._messages)

    @property
    def texts(self) -> list[str]:
        """What the messages say."""
        return [asked.parameters["Body"] for asked in self._messages.values()]

    def release(self) -> None:
        """End every request that hangs or is slow."""
        self._released.set()

    def report(self, sid: str, status: str, *, code: int | None = None, **changed: str) -> httpx.Response | None:
        """Tell the message's callback URL, signed as Twilio signs; None where it has none."""
        asked = self._messages[sid]
        url = asked.parameters.get("StatusCallback")
        if url is None:
            return None
        parameters = {
            "AccountSid": self.account_sid,
            "ApiVersion": "2010-04-01",
            "From": asked.parameters.get("From", ""),
            "MessageSid": sid,
            "MessageStatus": status,
            "SmsSid": sid,
            "SmsStatus": status,
            "To": asked.parameters["To"],
        } | changed
        if code is not None:
            parameters["ErrorCode"] = str(code)
        headers = {"X-Twilio-Signature": sign(url, parameters, token=self.auth_token)}
        return httpx.post(url, data=parameters, headers=headers, timeout=10)

    def wait(self) -> bool:
        """Whether `release` came before the latency was over."""
        return self._released.wait(self.latency) if self.latency else False

    def hang(self) -> None:
        self._released.wait()

    def record(self, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)

    def message(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        sid = "SM" + secrets.token_hex(16)
        with self._lock:
            self._messages[sid] = asked
        return 201, {
            "account_sid": self.account_sid,
            "body": asked.parameters["Body"],
            "date_created": "Sat, 21 Nov 2026 18:00:00 +0000",
            "error_code": None,
            "sid": sid,
            "status": "queued",
            "to": asked.parameters["To"],
        }

    def verification(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        to = asked.parameters["To"]
        with self._lock:
            fresh = Verification("VE" + secrets.token_hex(16), f"{secrets.randbelow(10**6):06}")
            made = self.verifications.setdefault(to, fresh)
        return 201, {"sid": made.sid, "to": to, "channel": "sms", "status": "pending", "valid": False}

    def check(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        to = asked.parameters["To"]
        with self._lock:
            made = self.verifications.get(to)
            if made is None:
                return error(404, 20404)
            made.checks += 1
            if made.checks > 5:
                return error(429, 60202)
            approved = made.code == asked.parameters["Code"]
            if approved:
                del self.verifications[to]
        status = "approved" if approved else "pending"
        return 200, {"sid": made.sid, "to": to, "channel": "sms", "status": status, "valid": approved}


class _Handler(BaseHTTPRequestHandler):
    twilio: TwilioStandIn
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        parameters = {k: v[0] for k, v in parse_qs(body, keep_blank_values=True).items()}
        account, _, token = (
            base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode().partition(":")
        )
        asked = Asked(path=self.path, parameters=parameters, account=account, token=token)
        self.twilio.record(asked)
        self.twilio.wait()
        trouble = self.twilio.trouble
        if trouble is None:
            self._answer(*self._answered(asked))
        elif trouble.hang:
            self.twilio.hang()
            self.close_connection = True
        elif trouble.cut:
            self.close_connection = True
        elif trouble.raw is not None:
            self._answer(trouble.status, trouble.raw)
        elif trouble.problem_details:
            title = {"type": "https://www.twilio.com/docs/api/errors", "title": "Refused", "status": trouble.status}
            self._answer(trouble.status, title | {"code": trouble.code, "detail": f"to {parameters.get('To')}"})
        else:
            self._answer(*error(trouble.status, trouble.code, to=parameters.get("To", "")))

    def _answered(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        if (asked.account, asked.token) != (self.twilio.account_sid, self.twilio.auth_token):
            return error(401, 20003)
        verify = f"/v2/Services/{VERIFY_SERVICE}"
        match asked.path:
            case path if path == f"/2010-04-01/Accounts/{self.twilio.account_sid}/Messages.json":
                return self.twilio.message(asked)
            case path if path == f"{verify}/Verifications":
                return self.twilio.verification(asked)
            case path if path == f"{verify}/VerificationCheck":
                return self.twilio.check(asked)
        return error(404, 20404)

    def _answer(self, status: int, content: dict[str, Any] | str) -> None:
        data = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        # Whoever asked may have given up by now.
        with suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Nothing: the tests look at `asked`."""


def error(status: int, code: int | str | None, *, to: str = "") -> tuple[int, dict[str, Any]]:
    """An error as Twilio's API writes it: the number stands in the message."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return status, {"code": code, "message": f"The number {to} is refused.", "more_info": more, "status": status}


def sign(url: str, parameters: dict[str, str], *, token: str = AUTH_TOKEN) -> str:
    """The header X-Twilio-Signature."""
    signature: str = RequestValidator(token).compute_signature(url, parameters)
    return signature
