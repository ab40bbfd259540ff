"""The grants that are offered: one file and one line each."""

from typing import Any

from idp.oauth.grants.authorization_code import AuthorizationCode
from idp.oauth.grants.client_credentials import ClientCredentials
from idp.oauth.grants.device_code import DeviceCode
from idp.oauth.grants.refresh_token import RefreshToken
from idp.oauth.grants.token_exchange import TokenExchange

GRANTS: tuple[Any, ...] = (AuthorizationCode, RefreshToken, ClientCredentials, DeviceCode, TokenExchange)
