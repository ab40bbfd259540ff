"""The grants that are offered: one file and one line each."""

from typing import Any

from idp.oauth.grants.authorization_code import AuthorizationCode
from idp.oauth.grants.client_credentials import ClientCredentials
from idp.oauth.grants.refresh_token import RefreshToken

GRANTS: tuple[Any, ...] = (AuthorizationCode, RefreshToken, ClientCredentials)
