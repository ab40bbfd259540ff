"""Where the endpoints for clients are, below the issuer, as Keycloak lays them out."""

PATHS = {
    "authorization": "auth",
    "pushed_authorization_request": "ext/par/request",
    "token": "token",
    "device_authorization": "auth/device",
    "userinfo": "userinfo",
    "introspection": "token/introspect",
    "revocation": "revoke",
    "end_session": "logout",
    "jwks": "certs",
}


def url(issuer: str, name: str) -> str:
    """The address of an endpoint."""
    return f"{issuer}/protocol/openid-connect/{PATHS[name]}"
