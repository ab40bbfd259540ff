"""Makes the tokens of a grant. Whoever calls this has consumed what they are made from and passed the gate."""

import base64
import hashlib
from typing import Any

from idp.events.catalogue import Event
from idp.oauth import access_tokens
from idp.oauth.person_claims import person_claims
from idp.oauth.request import Context
from idp.oauth.sender_constraint import Confirmation, token_type
from idp.oauth.signing import encrypted_id_token, signed
from idp.oauth.targets import Target
from idp.realm.algorithms import SigningAlgorithm
from idp.realm.client_sections import Client
from idp.store import refresh_tokens
from idp.store.grants import Grant
from idp.store.people import Known
from idp.tokens import claims, jose


def issue_tokens(
    context: Context,
    *,
    client: Client,
    grant: Grant,
    known: Known,
    scope: str,
    grant_type: str,
    cnf: Confirmation | None,
    target: Target,
    refresh_token: str | None = None,
) -> dict[str, Any]:
    """The token response for a person's grant (RFC 6749 section 5.1, OpenID Connect Core section 3.1.3.3).

    `cnf`: what the access token is bound to; `target`: what it is for. `refresh_token`: the one that goes on being
    used, if it does.
    """
    realm, now = context.realm, context.now
    scopes, by_name = frozenset(scope.split()), grant.asked.claims.get("id_token")
    sign_in, roles = _of_sign_in(grant), known.roles_in(realm)
    subject = context.keyrings.of(realm).subject(client, grant.user_id)
    access_claims = claims.access(
        issuer=context.issuer,
        subject=subject,
        client_id=client.client_id,
        audience=target.audience,
        scope=scope,
        now=now,
        lifetime=realm.tokens.access,
        extra={
            "gid": grant.id,
            **sign_in,
            **claims.access_roles(roles),
            **_confirmed(cnf),
            **target.described,
        },
    )
    access_token = _access_token(context, client, access_claims)
    response: dict[str, Any] = {
        "access_token": access_token,
        "token_type": token_type(cnf),
        "expires_in": realm.tokens.access,
        "scope": scope,
        "session_state": grant.session_id,
        "not-before-policy": 0,
        **target.described,
    }
    if "refresh_token" in client.grant_types:
        expires_at = min(now + realm.tokens.refresh_idle, grant.expires_at)
        if refresh_token is None:
            response["refresh_token"] = _refresh_token(
                context, grant, subject=subject, client_id=client.client_id, expires_at=expires_at
            )
        else:
            refresh_tokens.prolong(context.tx, refresh_token, expires_at)
        response["refresh_expires_in"] = expires_at - now
    if "openid" in scopes:
        alg = client.id_token_signed_response_alg
        id_claims = {
            "iss": context.issuer,
            "sub": subject,
            "aud": client.client_id,
            "azp": client.client_id,
            "typ": "ID",
            "iat": now,
            "exp": now + realm.tokens.access,
            "at_hash": _half_hash(access_token, alg),
            **sign_in,
            **claims.roles(roles),
            **person_claims(context, known, scopes=scopes, client=client, by_name=by_name),
        }
        # OpenID Connect Core section 12.2: a refresh answers no request that a nonce could be of.
        if grant.nonce is not None and grant_type != "refresh_token":
            id_claims["nonce"] = grant.nonce
        id_token = signed(context, id_claims, alg=alg, typ=claims.ID_TYP)
        response["id_token"] = encrypted_id_token(context, id_token, client)
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


def issue_exchanged_token(
    context: Context,
    *,
    client: Client,
    grant: Grant,
    known: Known,
    scope: str,
    audience: tuple[str, ...],
    actor: dict[str, Any] | None,
    chain: tuple[str, ...],
    expires_at: int,
    cnf: Confirmation | None,
) -> dict[str, Any]:
    """An access token of the same grant for another client, with what was proven then (RFC 8693 section 2.2).

    `chain`: the `jti` of each exchanged token that it was made from.
    """
    realm, now = context.realm, context.now
    lifetime = min(realm.tokens.access, expires_at - now)
    acting: dict[str, Any] = ({} if actor is None else {"act": actor}) | ({"chain": list(chain)} if chain else {})
    access_claims = claims.access(
        issuer=context.issuer,
        # Who receives the token knows the person by its own name, whoever called on their behalf.
        subject=context.keyrings.of(realm).subject(client, grant.user_id),
        client_id=client.client_id,
        audience=audience,
        scope=scope,
        now=now,
        lifetime=lifetime,
        extra={
            "gid": grant.id,
            **_of_sign_in(grant),
            **claims.access_roles(known.roles_in(realm)),
            **_confirmed(cnf),
            **acting,
        },
    )
    context.tx.emit(
        Event.TOKEN_ISSUED,
        realm=realm.name,
        user_id=grant.user_id,
        client_id=client.client_id,
        session_id=grant.session_id,
        grant_type="token-exchange",
        scope=scope,
    )
    return {
        "access_token": _access_token(context, client, access_claims),
        "token_type": token_type(cnf),
        "expires_in": lifetime,
        "scope": scope,
    }


def issue_without_sign_in(
    context: Context,
    *,
    client: Client,
    scope: str,
    grant_type: str,
    cnf: Confirmation | None,
    target: Target,
    known: Known | None = None,
    grant_id: str = "",
) -> dict[str, Any]:
    """An access token alone: for the client itself (RFC 6749 section 4.4), or for a person whom somebody else named.

    Nothing was proven, so that it has neither `acr` nor `amr` nor `auth_time`. `grant_id`: what the person's ends with.
    """
    realm, now = context.realm, context.now
    subject, person = client.client_id, {}
    if known is not None:
        subject = context.keyrings.of(realm).subject(client, known.user.id)
        person = {"gid": grant_id, **claims.access_roles(known.roles_in(realm))}
    access_claims = claims.access(
        issuer=context.issuer,
        subject=subject,
        client_id=client.client_id,
        audience=target.audience,
        scope=scope,
        now=now,
        lifetime=realm.tokens.access,
        extra={**person, **_confirmed(cnf), **target.described},
    )
    context.tx.emit(
        Event.TOKEN_ISSUED,
        realm=realm.name,
        client_id=client.client_id,
        **({} if known is None else {"user_id": known.user.id, "username": known.user.username}),
        grant_type=grant_type,
        scope=scope,
    )
    return {
        "access_token": _access_token(context, client, access_claims),
        "token_type": token_type(cnf),
        "expires_in": realm.tokens.access,
        "scope": scope,
        "not-before-policy": 0,
        **target.described,
    }


def _of_sign_in(grant: Grant) -> dict[str, Any]:
    authentication = claims.authentication(acr=grant.acr, amr=grant.amr, auth_time=grant.auth_time)
    return {"sid": grant.session_id, **authentication}


def _access_token(context: Context, client: Client, access_claims: dict[str, Any]) -> str:
    """Signed for everybody to read, or sealed for this server alone: an opaque token needs no row."""
    if client.access_token_format == "opaque":
        return access_tokens.sealed(context, access_claims)
    return signed(context, access_claims, alg=client.access_token_signed_response_alg, typ=claims.ACCESS_TYP)


def _confirmed(cnf: Confirmation | None) -> dict[str, Any]:
    return {} if cnf is None else {"cnf": dict(cnf)}


def _refresh_token(context: Context, grant: Grant, *, subject: str, client_id: str, expires_at: int) -> str:
    refresh_claims = claims.refresh(
        issuer=context.issuer,
        subject=subject,
        client_id=client_id,
        session_id=grant.session_id,
        scope=grant.scope,
        now=context.now,
        expires_at=expires_at,
    )
    secret = context.sealer.mac("refresh token", context.realm.name).encode()
    token = jose.sign_symmetric(refresh_claims, secret, typ=claims.REFRESH_TYP)
    refresh_tokens.add(context.tx, grant.id, token=token, expires_at=expires_at)
    return token


def _half_hash(access_token: str, alg: SigningAlgorithm) -> str:
    """`at_hash` (OpenID Connect Core section 3.1.3.6), by the hash of the algorithm; Ed25519's is SHA-512."""
    bits = "512" if alg == "EdDSA" else alg[2:]
    hashed = hashlib.new(f"sha{bits}", access_token.encode()).digest()
    return base64.urlsafe_b64encode(hashed[: len(hashed) // 2]).rstrip(b"=").decode()
