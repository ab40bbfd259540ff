"""A command-line client that calls an API, and steps up when the API demands it (RFC 8252, RFC 9470).

`python -m idp.demo.client [--issuer URL] [--api URL] [--no-browser]`
"""

import argparse
import json
import re
import sys
import time
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from idp.demo.authorization import NativeClient, SignInFailed, Tokens
from idp.resource_server import StepUp, StepUpFailed

PATIENCE = 300.0  # seconds that a person has in the browser


def main(
    argv: Sequence[str] | None = None,
    *,
    open_url: Callable[[str], object] | None = None,
    clock: Callable[[], float] = time.time,
) -> int:
    """Sign in, read the balance, make a payment. 0: all went well; 1: it did not, with the reason on standard error.

    `open_url` is called with each URL that a person would open; without it, the system's browser is tried.
    """
    options = _parser().parse_args(argv)
    show = open_url or (_show if "no_browser" in options else _open)
    with httpx.Client(timeout=10, trust_env=False, follow_redirects=False) as http:
        provider = NativeClient(
            issuer=options.issuer.rstrip("/"),
            client_id=options.client_id,
            scope=options.scope,
            open_url=show,
            http=http,
            clock=clock,
        )
        session = _Session(provider=provider, api=options.api.rstrip("/"), http=http, patience=options.patience)
        try:
            session.sign_in()
            session.call("GET", "/balance")
            session.call("POST", "/payments", {"to": options.to, "amount": options.amount})
        except (SignInFailed, StepUpFailed, _CallFailed) as failure:
            print(f"\nIt did not work: {_printable(str(failure))}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\nStopped.", file=sys.stderr)
            return 130
    return 0


class _CallFailed(Exception):
    """The API refused, or does not answer."""


@dataclass(kw_only=True)
class _Session:
    provider: NativeClient
    api: str
    http: httpx.Client
    patience: float
    tokens: Tokens | None = None

    def sign_in(self, asked: dict[str, str] | None = None) -> Tokens:
        before = self.tokens
        self.tokens = self.provider.sign_in(asked=asked, patience=self.patience)
        claims = self.tokens.claims
        if before is not None and before.claims["sub"] != claims["sub"]:
            raise SignInFailed("somebody else has signed in for the step-up")
        name, methods = claims.get("name", claims["sub"]), " ".join(claims.get("amr", []))
        print(_printable(f"  signed in as {name}: acr {claims.get('acr', 'none')}, amr {methods}"))
        return self.tokens

    def call(self, method: str, path: str, body: dict[str, str] | None = None) -> None:
        """Call the API; where it demands a step-up, sign in as it says and call once more."""
        assert self.tokens is not None
        step_up, tokens = StepUp(), self.tokens
        response = self._send(method, path, body, tokens)
        while (asked := step_up.parameters(response.status_code, response.headers.get("www-authenticate"))) is not None:
            demand = ", ".join(f"{name} {value}" for name, value in asked.items())
            print(_printable(f"  the API demands a step-up: {demand}"))
            tokens = self.sign_in(asked)
            step_up.returned(tokens.claims.get("acr"))
            response = self._send(method, path, body, tokens)
        if not response.is_success:
            raise _CallFailed(f"{method} {path} was refused with {response.status_code}")

    def _send(self, method: str, path: str, body: dict[str, str] | None, tokens: Tokens) -> httpx.Response:
        try:
            response = self.http.request(
                method, self.api + path, json=body, headers={"Authorization": f"Bearer {tokens.access_token}"}
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _CallFailed(f"{self.api} does not answer: {error}") from error
        print(_printable(f"\n{method} {path}\n  {response.status_code} {_summary(response)}"))
        return response


def _summary(response: httpx.Response) -> str:
    try:
        return json.dumps(response.json())
    except (ValueError, RecursionError):
        return response.text[:200]


def _printable(text: str) -> str:
    """Without control characters: what comes from a server must not drive the terminal."""
    return re.sub(r"[^\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufffd]", "?", text)


def _show(url: str) -> None:
    print(f"\nOpen this in a browser:\n\n  {_printable(url)}\n", flush=True)


def _open(url: str) -> None:
    _show(url)
    webbrowser.open(url)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m idp.demo.client",
        description="Sign in, read the balance, make a payment: the last demands a second factor.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--issuer", default="http://localhost:8080/realms/demo", help="the identity provider")
    add("--api", default="http://localhost:8083", help="the API")
    add("--client-id", default="cli", help="the client, a public one")
    add("--scope", default="openid profile payments", help="what to ask for")
    add("--to", default="Grace Hopper", help="whom to pay")
    add("--amount", default="12.50", help="how much")
    add("--patience", type=float, default=PATIENCE, help="seconds to wait for you in the browser")
    add("--no-browser", action="store_true", default=argparse.SUPPRESS, help="only print the URL to open")
    return parser


if __name__ == "__main__":
    sys.exit(main())
