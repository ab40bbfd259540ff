"""What an API needs to demand a step-up: verify the access token, say what is missing, and read the answer (RFC 9470).

It imports nothing else of idp, so an API may depend on this package alone. For an ASGI application (Starlette,
FastAPI):

    verifier = TokenVerifier(issuer="https://login.example/realms/demo", audience="https://api.example")
    strong = Requirement(scopes=("payments",), acr_values=("two-factor", "phishing-resistant"), max_age=300)
    Route("/payments", pay, middleware=[Middleware(RequireStepUp, verifier=verifier, requirement=strong)])

The handler finds the `AccessToken` in `scope["access_token"]`. Any other framework calls `authorize`, and turns the
`Refused` that it raises into a response: `status`, `headers()` and `body()`. A client reads the challenge with
`parse_challenge` and lets `StepUp` guard against loops. `acr_values` of a requirement names **every** acr that is good
enough, for clients send what they read there: with a stronger one left out, somebody who has it would be asked for the
weaker one for ever.
"""

from idp.resource_server.asgi import RequireStepUp
from idp.resource_server.authorize import authorize
from idp.resource_server.challenge import Challenge, parse_challenge
from idp.resource_server.dpop import Proof, Shown
from idp.resource_server.refused import (
    InsufficientAuthentication,
    InsufficientScope,
    InvalidProof,
    InvalidRequest,
    InvalidToken,
    KeysUnavailable,
    MissingToken,
    PersonRequired,
    Refused,
)
from idp.resource_server.requirement import Requirement, check
from idp.resource_server.step_up import StepUp, StepUpFailed
from idp.resource_server.token import AccessToken
from idp.resource_server.verifier import TokenVerifier

__all__ = [
    "AccessToken",
    "Challenge",
    "InsufficientAuthentication",
    "InsufficientScope",
    "InvalidProof",
    "InvalidRequest",
    "InvalidToken",
    "KeysUnavailable",
    "MissingToken",
    "PersonRequired",
    "Proof",
    "Refused",
    "RequireStepUp",
    "Requirement",
    "Shown",
    "StepUp",
    "StepUpFailed",
    "TokenVerifier",
    "authorize",
    "check",
    "parse_challenge",
]
