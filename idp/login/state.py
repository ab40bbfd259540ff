"""A sign-in under way: what was asked, what was proven, what has still to be shown. Sealed wherever it is kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256
from typing import Any

from idp.factors.sent_codes import SentCode
from idp.login.request import AuthorizationRequest
from idp.policy.proofs import Proof
from idp.policy.question import Request
from idp.store import proofs as proofs_json


@dataclass(frozen=True, slots=True)
class Enrolling:
    """A factor being set up: of no use before its first right code."""

    factor: str
    credential_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignIn:
    """The state of a sign-in. `given` was proven for this request; `session_id` is the session that it may raise.

    `epoch`: that of the person when they were identified; when it has changed, the sign-in is over.
    `notice`: what must be shown before going on, a list of new recovery codes or the number of those left.
    `invitation`: what the person said to one, `accepted` or `declined`. `challenge`: what a passkey is to sign, in
    base64url. `sent`: the newest code that was sent. `trust`: the person wants this browser to be trusted. `adding`:
    the factor that they want to have besides; `added`: they have it. `consented`: they let the client have what it asks
    for. `making_codes`: they go on to their account, for new recovery codes, and not to the client. `ends_at`: when the
    sign-in is over however busy it is, once it is stored.
    """

    request: AuthorizationRequest
    user_id: str | None = None
    epoch: int = 0
    session_id: str | None = None
    given: tuple[Proof, ...] = ()
    enrolling: Enrolling | None = None
    notice: tuple[str, ...] | int | None = None
    invitation: str = ""
    challenge: str = ""
    sent: SentCode | None = None
    trust: bool = False
    adding: str = ""
    added: bool = False
    consented: bool = False
    making_codes: bool = False
    ends_at: int = 0

    def with_proof(self, proof: Proof) -> "SignIn":
        """One more proof."""
        return replace(self, given=(*self.given, proof))


_KEPT = (SignIn, AuthorizationRequest, Request, Proof, Enrolling, SentCode)
FORMAT = sha256(" ".join(f"{of.__name__}.{f.name}" for of in _KEPT for f in fields(of)).encode()).hexdigest()[:8]
"""Of what `dump` makes: a part of each seal's context, so that what another version of the server kept has expired."""


def dump(state: SignIn) -> dict[str, Any]:
    """The state as JSON can say it, to be sealed."""
    request, demands, enrolling = state.request, state.request.demands, state.enrolling
    return {
        "client_id": request.client_id,
        "redirect_uri": request.redirect_uri,
        "parameters": dict(request.parameters),
        "pushed": request.pushed,
        "signed": request.signed,
        "scopes": sorted(demands.scopes),
        "acr_values": demands.acr_values,
        "essential_acr": demands.essential_acr,
        "max_age": demands.max_age,
        "prompt": sorted(demands.prompt),
        "confirm": demands.confirm,
        "changing": demands.changing,
        "subject": demands.subject,
        "user_id": state.user_id,
        "epoch": state.epoch,
        "session_id": state.session_id,
        "given": proofs_json.dump(state.given),
        "enrolling": enrolling and [enrolling.factor, enrolling.credential_id, enrolling.secret],
        "notice": state.notice,
        "invitation": state.invitation,
        "challenge": state.challenge,
        "sent": state.sent and asdict(state.sent),
        "trust": state.trust,
        "adding": state.adding,
        "added": state.added,
        "consented": state.consented,
        "making_codes": state.making_codes,
        "ends_at": state.ends_at,
    }


def load(value: Mapping[str, Any]) -> SignIn:
    """The opposite of `dump`."""
    demands = Request(
        scopes=frozenset(value["scopes"]),
        acr_values=tuple(value["acr_values"]),
        essential_acr=tuple(value["essential_acr"]),
        max_age=value["max_age"],
        prompt=frozenset(value["prompt"]),
        confirm=value["confirm"],
        changing=value["changing"],
        subject=value["subject"],
    )
    notice = value["notice"]
    return SignIn(
        request=AuthorizationRequest(
            value["client_id"],
            value["redirect_uri"],
            demands,
            value["parameters"],
            pushed=value["pushed"],
            signed=value["signed"],
        ),
        user_id=value["user_id"],
        epoch=value["epoch"],
        session_id=value["session_id"],
        given=proofs_json.load(value["given"]),
        enrolling=Enrolling(*value["enrolling"]) if value["enrolling"] else None,
        notice=tuple(notice) if isinstance(notice, list) else notice,
        invitation=value["invitation"],
        challenge=value["challenge"],
        sent=SentCode(**value["sent"]) if value["sent"] else None,
        trust=value["trust"],
        adding=value["adding"],
        added=value["added"],
        consented=value["consented"],
        making_codes=value["making_codes"],
        ends_at=value["ends_at"],
    )
