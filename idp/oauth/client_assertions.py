"""client_secret_jwt and private_key_jwt (OpenID Connect Core section 9, RFC 7523 section 2.2).

Authlib's class for it reads the clock of the machine, knows no greatest age and takes any algorithm of the key's type.
"""

from authlib.oauth2.rfc7523 import JWTBearerClientAssertion

from idp.oauth import endpoints
from idp.oauth.client_keys import public_keys_of
from idp.oauth.request import Context
from idp.realm.algorithms import FAPI2, MAC, SIGNING
from idp.realm.client_sections import Client
from idp.store import used_identifiers
from idp.tokens import assertions, jose
from idp.tokens.jose import BadToken

ASSERTION_TYPE: str = JWTBearerClientAssertion.CLIENT_ASSERTION_TYPE
METHODS = {"client_secret_jwt": MAC, "private_key_jwt": SIGNING}


def verify(client: Client, assertion: str, context: Context) -> None:
    """See that the client made it, for this server, by its method (one of METHODS), for the first time.

    Raises BadToken.
    """
    method, registered = client.token_endpoint_auth_method, client.token_endpoint_auth_signing_alg
    issuer, is_fapi = context.issuer, client.profile == "fapi2"
    allowed = (registered,) if registered else FAPI2 if is_fapi else METHODS[method]
    by_secret = method == "client_secret_jwt"
    keys = [jose.secret_key(s.value) for s in client.secrets] if by_secret else public_keys_of(client, context)
    # FAPI 2.0 Security Profile section 5.3.2.1: what is meant for an address of ours may be meant for a stranger's.
    audiences = (issuer,) if is_fapi else (issuer, endpoints.url(issuer, "token"))
    _, claims = jose.verify_foreign(assertion, keys, algorithms=[a for a in allowed if a in METHODS[method]])
    said = assertions.check(
        claims, issuer=client.client_id, audiences=audiences, single_audience=is_fapi, now=context.now
    )
    if said.subject != client.client_id:
        raise BadToken("another subject")
    whose = ("client assertion", context.realm.name, client.client_id, said.identifier)
    if not used_identifiers.is_first_use(context.tx, *whose, expires_at=said.expires_at):
        raise BadToken("its jti was used before")
