"""The endpoints for clients as a whole: authentication, forms and tokens, over a database that keeps nothing.

The first line is the endpoint; headers follow, a line each, and after an empty line the form. `$access` is an access
token of the client `web`, `$basic` what it authenticates by, `$assertion` one of the client `signer`.
"""

import base64
import json
from contextlib import suppress
from functools import cache
from itertools import count

from starlette.exceptions import HTTPException

from idp.errors import OAuth2Error
from idp.oauth import endpoints
from idp.oauth.device_authorization import ALPHABET, normalized
from idp.oauth.request import OAuthRequest
from idp.store import device_codes, refresh_tokens, users
from idp.store.database import Transaction
from idp.tokens.assertions import AHEAD
from idp.web.intake import MAX_BODY, _pairs
from tests.fuzz.oracle import check_error, halves, text
from tests.fuzz.realm import BEARER, ISSUER, NOW, TRUSTED, claims_of, database, provider, realm, ring, signed

_BASIC = base64.b64encode(b"web:web-secret-for-demos-only-0123456789")
_NAMES = {
    b"token": "token",
    b"introspect": "introspection",
    b"revoke": "revocation",
    b"userinfo": "userinfo",
    b"par": "pushed_authorization_request",
    b"device": "device_authorization",
}
_USED = count()
# Both are this server (RFC 7523 section 3).
_US = {ISSUER, endpoints.url(ISSUER, "token")}


class _Undone(Exception):
    """Nothing of an input is kept."""


@cache
def _access() -> bytes:
    with database().write() as tx:
        request = OAuthRequest(
            method="POST",
            parameters=[("grant_type", "client_credentials"), ("scope", "payments")],
            headers={"authorization": f"Basic {_BASIC.decode()}"},
            context=provider().context(realm(), tx, NOW),
        )
        answer = provider().endpoint("token", request)
    assert isinstance(answer.body, dict)
    return str(answer.body["access_token"]).encode()


def _assertion() -> bytes:
    claims = {"iss": "signer", "sub": "signer", "aud": ISSUER, "exp": NOW + 60, "jti": str(next(_USED))}
    return signed(b'{"alg":"ES256","kid":"c"}', json.dumps(claims).encode()).encode()


def client_request(data: bytes) -> None:
    """An answer or a protocol error; a token only for who proved to be a client."""
    ring()  # made before the transaction: SQLite has one writer
    legitimate = any(word in data for word in (b"$access", b"$basic", b"$assertion"))
    data = data.replace(b"$basic", _BASIC)
    for word, made in ((b"$access", _access), (b"$assertion", _assertion)):
        data = data.replace(word, made()) if word in data else data
    first, rest = halves(data)
    head, _, body = rest.partition(b"\n\n")
    lines = [line.partition(b":") for line in head.split(b"\n") if line]
    headers = {n.decode("latin-1").lower(): v.strip(b" \t").decode("latin-1") for n, _, v in lines}
    try:
        pairs = _pairs(body, MAX_BODY)
    except HTTPException:
        return
    with suppress(_Undone), database().write() as tx:
        _answer(_NAMES.get(first, "token"), tx, pairs=pairs, headers=headers, legitimate=legitimate)
        raise _Undone


def _answer(
    name: str, tx: Transaction, *, pairs: tuple[tuple[str, str], ...], headers: dict[str, str], legitimate: bool
) -> None:
    context = provider().context(realm(), tx, NOW)
    try:
        answer = provider().endpoint(
            name, OAuthRequest(method="POST", parameters=pairs, headers=headers, context=context)
        )
    except OAuth2Error as error:
        check_error(error)
        return
    # A device of a public client proves nothing yet.
    assert (
        legitimate
        or (name == "device_authorization" and dict(pairs)["client_id"] == "native")
        or (name == "revocation" and dict(pairs)["client_id"] == "native")
    ), "taken for a client"
    json.dumps(answer.body)


def bearer_assertion(data: bytes) -> None:
    """Header and claims of somebody whom the realm trusts: a token for whom they named, to us, for a short while."""
    ring()
    _alice()
    written = signed(*halves(data))
    with suppress(_Undone), database().write() as tx:
        request = OAuthRequest(
            method="POST",
            parameters=[("grant_type", BEARER), ("assertion", written), ("scope", "openid")],
            headers={"authorization": f"Basic {_BASIC.decode()}"},
            context=provider().context(realm(), tx, NOW),
        )
        try:
            provider().endpoint("token", request)
        except OAuth2Error as error:
            check_error(error)
            raise _Undone from None
        seen = claims_of(written)
        assert (seen["iss"], seen["sub"]) == (TRUSTED, "alice")
        assert _US & (set(seen["aud"]) if isinstance(seen["aud"], list) else {seen["aud"]})
        assert NOW < seen["exp"] <= NOW + realm().trusted_issuers[0].max_lifetime + AHEAD
        assert seen["jti"]
        raise _Undone


@cache
def _alice() -> None:
    with database().write() as tx:
        users.add(tx, realm="demo", username="alice", email=None, roles=(), groups=(), password_hash=None, now=NOW)


def stored_value(data: bytes) -> None:
    """A refresh token, a code, a user code: whatever is sent, it is one of ours or none."""
    written = text(data)
    letters = normalized(written)
    assert set(letters) <= set(ALPHABET)
    with database().read() as tx:
        assert refresh_tokens.find(tx, "demo", written) is None
        assert device_codes.find(tx, "demo", written) is None
        assert device_codes.waiting(tx, "demo", NOW, user_code=letters or "B") is None


TARGETS = (client_request, bearer_assertion, stored_value)
