"""An API that demands a step-up for what moves money: an example of `idp.resource_server` (RFC 9470)."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from idp.resource_server import AccessToken, Requirement, RequireStepUp, TokenVerifier

SCOPE = "payments"
MAX_BODY = 4096
_AMOUNT = re.compile(r"[1-9][0-9]{0,6}\.[0-9]{2}")
_PAYEE = re.compile(r"[\w .,'-]{1,70}")


def api(
    *,
    issuer: str,
    audience: str,
    acr_values: tuple[str, ...] = ("two-factor",),
    max_age: int = 300,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """`GET /balance` for whoever holds the scope, `POST /payments` for who has proven enough within `max_age` seconds.

    `acr_values` names every acr of the realm that is good enough, the weakest that will do first.
    """
    verifier = TokenVerifier(issuer=issuer, audience=audience)

    def guarded(requirement: Requirement) -> list[Middleware]:
        return [Middleware(RequireStepUp, verifier=verifier, requirement=requirement, clock=clock)]

    reading = guarded(Requirement(scopes=(SCOPE,)))
    paying = guarded(Requirement(scopes=(SCOPE,), acr_values=acr_values, max_age=max_age))
    return Starlette(
        routes=[
            Route("/", _index),
            Route("/balance", _balance, middleware=reading),
            Route("/payments", _pay, methods=["POST"], middleware=paying),
        ]
    )


def _index(_: Request) -> Response:
    return JSONResponse({"GET /balance": "any sign-in", "POST /payments": "a recent two-factor sign-in"})


def _balance(request: Request) -> Response:
    return JSONResponse({"account": "DE02 1203 0000 0000 2020 51", "balance": "1024.00", "seen_by": _caller(request)})


async def _pay(request: Request) -> Response:
    payment = await _payment(request)
    if payment is None:
        return JSONResponse(
            {"error": "invalid_request", "error_description": 'Send {"to": "a name", "amount": "12.50"} as JSON.'}, 400
        )
    return JSONResponse({"paid": payment["amount"], "to": payment["to"], "approved_by": _caller(request)}, 201)


async def _payment(request: Request) -> dict[str, Any] | None:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            return None
    try:
        payment = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(payment, dict):
        return None
    to, amount = payment.get("to"), payment.get("amount")
    if not isinstance(to, str) or not _PAYEE.fullmatch(to):
        return None
    if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
        return None
    return payment


def _caller(request: Request) -> dict[str, Any]:
    token: AccessToken = request.scope["access_token"]
    return {"sub": token.subject, "acr": token.acr, "amr": token.amr, "auth_time": token.auth_time}
