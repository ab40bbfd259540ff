"""The grants: one file and one line each."""

from typing import Any

from idp.oauth.grants.authorization_code import AuthorizationCode
from idp.oauth.grants.client_credentials import ClientCredentials
from idp.oauth.grants.device_code import DeviceCode
from idp.oauth.grants.jwt_bearer import JwtBearer
from idp.oauth.grants.refresh_token import RefreshToken
from idp.oauth.grants.token_exchange import TokenExchange
from idp.realm.schema import Realm

GRANTS: tuple[Any, ...] = (AuthorizationCode, RefreshToken, ClientCredentials, DeviceCode, TokenExchange, JwtBearer)


def offered(realm: Realm) -> tuple[Any, ...]:
    """Those that a client of the realm could use."""
    return tuple(grant for grant in GRANTS if grant is not JwtBearer or realm.trusted_issuers)
