"""Makes the tokens of a grant. Whoever calls this has consumed what they are made from and passed the gate."""

import base64
import hashlib
from typing import Any

from idp.events.catalogue import Event
from idp.oauth.request import Context
from idp.realm.schema import Client, Realm
from idp.store import grants
from idp.store.grants import Grant
from idp.store.people import Known
from idp.tokens import claims, jose


def issue_tokens(
    context: Context, *, client: Client, grant: Grant, known: Known, scope: str, grant_type: str
) -> dict[str, Any]:
    """The token response for a person's grant (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3)."""
    realm, now = context.realm, context.now
    scopes = frozenset(scope.split())
    authentication = claims.authentication(acr=grant.acr, amr=grant.amr, auth_time=grant.auth_time)
    person = {"sid": grant.session_id, **authentication, **claims.roles(known.roles_in(realm))}
    access_claims = claims.access(
        issuer=context.issuer,
        subject=grant.user_id,
        client_id=client.client_id,
        audience=audience(realm, client, scopes),
        scope=scope,
        now=now,
        lifetime=realm.tokens.access,
        extra={"gid": grant.id, **person},
    )
    ring = context.keyrings.of(realm)
    access_token = jose.sign(access_claims, ring.signer("RS256", now), alg="RS256", typ=claims.ACCESS_TYP)
    response: dict[str, Any] = {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": realm.tokens.access,
        "scope": scope,
        "session_state": grant.session_id,
        "not-before-policy": 0,
    }
    if "refresh_token" in client.grant_types:
        expires_at = min(now + realm.tokens.refresh_idle, grant.expires_at)
        response["refresh_token"] = _refresh_token(context, client, grant, expires_at)
        response["refresh_expires_in"] = expires_at - now
    if "openid" in scopes:
        alg = client.id_token_signed_response_alg
        id_claims = {
            "iss": context.issuer,
            "sub": grant.user_id,
            "aud": client.client_id,
            "azp": client.client_id,
            "typ": "ID",
            "iat": now,
            "exp": now + realm.tokens.access,
            "at_hash": _half_hash(access_token),
            **person,
            **person_claims(known, scopes),
        }
        if grant.nonce is not None:
            id_claims["nonce"] = grant.nonce
        response["id_token"] = jose.sign(id_claims, ring.signer(alg, now), alg=alg, typ=claims.ID_TYP)
    context.tx.emit(
        Event.TOKEN_ISSUED,
        realm=realm.name,
        user_id=grant.user_id,
        client_id=client.client_id,
        session_id=grant.session_id,
        grant_type=grant_type,
        scope=scope,
    )
    return response


def issue_client_token(context: Context, *, client: Client, scope: str) -> dict[str, Any]:
    """A token for the client itself: no person, so neither `acr` nor `amr` (RFC 6749 section 4.4)."""
    realm, now = context.realm, context.now
    access_claims = claims.access(
        issuer=context.issuer,
        subject=client.client_id,
        client_id=client.client_id,
        audience=audience(realm, client, frozenset(scope.split())),
        scope=scope,
        now=now,
        lifetime=realm.tokens.access,
        extra={},
    )
    key = context.keyrings.of(realm).signer("RS256", now)
    context.tx.emit(
        Event.TOKEN_ISSUED,
        realm=realm.name,
        client_id=client.client_id,
        grant_type="client_credentials",
        scope=scope,
    )
    return {
        "access_token": jose.sign(access_claims, key, alg="RS256", typ=claims.ACCESS_TYP),
        "token_type": "Bearer",
        "expires_in": realm.tokens.access,
        "scope": scope,
        "not-before-policy": 0,
    }


def audience(realm: Realm, client: Client, scopes: frozenset[str]) -> tuple[str, ...]:
    """The APIs that the scopes are for, else the client (RFC 9068 section 3)."""
    by_scope = (url for name in sorted(scopes & realm.scopes.keys()) for url in realm.scopes[name].audience)
    return tuple(dict.fromkeys(by_scope)) or (client.client_id,)


def person_claims(known: Known, scopes: frozenset[str]) -> dict[str, Any]:
    """What ID token and UserInfo say of the person."""
    user = known.user
    return claims.profile(
        scopes=scopes, username=user.username, name=user.name, email=user.email, email_verified=user.email_verified
    )


def _refresh_token(context: Context, client: Client, grant: Grant, expires_at: int) -> str:
    refresh_claims = claims.refresh(
        issuer=context.issuer,
        subject=grant.user_id,
        client_id=client.client_id,
        session_id=grant.session_id,
        scope=grant.scope,
        now=context.now,
        expires_at=expires_at,
    )
    secret = context.sealer.mac("refresh token", context.realm.name).encode()
    token = jose.sign_symmetric(refresh_claims, secret, typ=claims.REFRESH_TYP)
    grants.add_refresh_token(context.tx, grant.id, token=token, expires_at=expires_at)
    return token


def _half_hash(access_token: str) -> str:
    """`at_hash` (OpenID Connect Core section 3.1.3.6); both algorithms that sign ID tokens go with SHA-256."""
    half = hashlib.sha256(access_token.encode()).digest()[:16]
    return base64.urlsafe_b64encode(half).rstrip(b"=").decode()
