"""Clients, in the vocabulary of RFC 7591 and OpenID Connect Registration, and what they may register by themselves."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from idp.realm.algorithms import ContentEncryption, KeyEncryption, MacAlgorithm, SigningAlgorithm
from idp.realm.fapi import with_defaults
from idp.realm.origins import origin_of
from idp.realm.secrets import SECRET_SCHEMA, Secret
from idp.realm.section import Names, Section
from idp.realm.words import (
    BASE64,
    BASE64URL,
    CLIENT_ID,
    Audience,
    Duration,
    Text,
    Word,
    number_of_seconds,
)

GrantType = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
]
OF_PEOPLE: tuple[GrantType, ...] = ("authorization_code", "urn:ietf:params:oauth:grant-type:device_code")
"""The grants that begin with somebody signing in."""
AuthMethod = Literal[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "none",
]
ResponseMode = Literal["query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"]
Base64Url = Annotated[str, Field(max_length=4096, pattern=BASE64URL)]


class JsonWebKey(Section):
    """A public key (RFC 7517). The private members are unknown here: they belong to the client alone."""

    kty: Literal["RSA", "EC", "OKP"]
    """The family of the key."""
    kid: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """By which the client's tokens name the key."""
    use: Literal["sig", "enc"] | None = None
    """`sig` for what the client signs, `enc` for what is encrypted to it; left out, both."""
    alg: Annotated[str, Field(max_length=40)] | None = None
    """The only algorithm that the key is used with; left out, every one of its family."""
    n: Base64Url | None = None
    """RSA: the modulus, at least 2048 bits."""
    e: Base64Url | None = None
    """RSA: the exponent."""
    crv: Literal["P-256", "P-384", "P-521", "Ed25519", "X25519"] | None = None
    """EC and OKP: the curve."""
    x: Base64Url | None = None
    """EC and OKP: the x coordinate, or the whole key."""
    y: Base64Url | None = None
    """EC: the y coordinate."""
    x5c: tuple[Annotated[str, Field(max_length=8192, pattern=BASE64)], ...] | None = None
    """The certificate of the key, for documentation: what counts is the key."""


class JsonWebKeySet(Section):
    """Public keys of somebody (RFC 7517 section 5)."""

    keys: tuple[JsonWebKey, ...] = Field(min_length=1, max_length=20)
    """The keys. While one replaces another, both stand here."""


class Client(Section):
    """A client, in the vocabulary of RFC 7591 section 2."""

    client_id: Annotated[str, Field(pattern=CLIENT_ID)]
    """The identifier that the application sends."""
    client_name: Text | None = None
    """What people see; left out, the client_id."""
    enabled: bool = True
    """`false` shuts the client and ends its grants."""
    client_secret: Annotated[Secret, WithJsonSchema(SECRET_SCHEMA)] | None = None
    """At least 16 characters, written out or taken from the environment."""
    client_secret_previous: Annotated[Secret, WithJsonSchema(SECRET_SCHEMA)] | None = None
    """The secret that `client_secret` replaces: it is good too, until it is removed here."""
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    """How the client proves itself; `none` for applications that cannot keep a secret."""
    token_endpoint_auth_signing_alg: Literal[SigningAlgorithm, MacAlgorithm] | None = None
    """The only algorithm of the client's assertions; left out, every one that fits its method."""
    jwks: JsonWebKeySet | None = None
    """The client's public keys: for private_key_jwt, self_signed_tls_client_auth and what is encrypted to it."""
    jwks_uri: Annotated[str, Field(max_length=500)] | None = None
    """Where the client publishes its keys; either this or `jwks`."""
    tls_client_auth_subject_dn: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """tls_client_auth: the subject of the client's certificate, such as CN=client,O=Example."""
    tls_client_auth_san_dns: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """tls_client_auth: a DNS name of the client's certificate."""
    tls_client_auth_san_uri: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    """tls_client_auth: a URI of the client's certificate."""
    tls_client_auth_san_ip: Annotated[str, Field(min_length=1, max_length=45)] | None = None
    """tls_client_auth: an IP address of the client's certificate."""
    tls_client_auth_san_email: Annotated[str, Field(min_length=1, max_length=320)] | None = None
    """tls_client_auth: an e-mail address of the client's certificate."""
    redirect_uris: Names = ()
    """Where people may be sent back to, compared character by character (on a loopback address any port)."""
    post_logout_redirect_uris: Names = ()
    """Where people may be sent after signing out."""
    backchannel_logout_uri: str | None = None
    """Where the server tells that somebody's session has ended (OpenID Connect Back-Channel Logout)."""
    backchannel_logout_session_required: bool = False
    """The client needs to be told which session; it always is."""
    frontchannel_logout_uri: str | None = None
    """A page of the client that is opened in a frame when somebody signs out (Front-Channel Logout)."""
    frontchannel_logout_session_required: bool = False
    """The page needs to be told which session; it always is."""
    grant_types: tuple[GrantType, ...] = ("authorization_code",)
    """What the client may ask the token endpoint for; empty for an API that only introspects."""
    scope: str = "openid"
    """All scopes that the client may have, with spaces between."""
    default_scopes: Names = ()
    """Those among them that are added where the `scope` of a request lacks them."""
    require_consent: bool = False
    """Whether people are asked before the client learns who they are: for clients that somebody else runs."""
    require_pkce: bool = True
    """Whether S256 is demanded of a client with a secret; of one without it always is."""
    subject_type: Literal["public", "pairwise"] = "public"
    """`pairwise`: the client knows people by a `sub` that no client of another sector does."""
    sector_identifier_uri: str | None = None
    """Its host is the sector of a pairwise client; left out, that of the redirect URIs, if they have one only."""
    authorization_details_types: tuple[Word, ...] = ()
    """The types of authorization details that the client may ask for (RFC 9396)."""
    require_pushed_authorization_requests: bool = False
    """Whether every authorization request must be pushed before a browser comes with it (RFC 9126)."""
    require_signed_request_object: bool = False
    """Whether every authorization request must be signed with one of the client's keys (RFC 9101)."""
    request_object_signing_alg: SigningAlgorithm | None = None
    """The only algorithm of the client's signed requests; left out, every one that its keys are for."""
    response_modes: tuple[ResponseMode, ...] | None = Field(default=None, min_length=1)
    """How the client may have its answers (FAPI 2.0 Message Signing section 5.3.3); left out, every way."""
    profile: Literal["fapi2"] | None = None
    """`fapi2`: all that the FAPI 2.0 Security Profile demands, and nothing that it forbids."""
    dpop_bound_access_tokens: bool = False
    """Whether the client gets no tokens but such as are bound to its key (RFC 9449)."""
    tls_client_certificate_bound_access_tokens: bool = False
    """Whether the client's tokens are bound to the certificate of its connection (RFC 8705)."""
    access_token_format: Literal["jwt", "opaque"] = "jwt"
    """`opaque`: APIs ask the server what a token says (RFC 7662), and nobody else can read it."""
    resource_server_for: tuple[Audience, ...] = ()
    """The `audience` of scopes for which the client is the API: it may introspect and exchange their tokens."""
    id_token_signed_response_alg: SigningAlgorithm = "RS256"
    """How ID tokens are signed: one of the realm's `keys.algorithms`."""
    id_token_encrypted_response_alg: KeyEncryption | None = None
    """How the key of encrypted ID tokens is encrypted, to a key of the client; left out, they are not encrypted."""
    id_token_encrypted_response_enc: ContentEncryption = "A128CBC-HS256"
    """How encrypted ID tokens are encrypted."""
    userinfo_signed_response_alg: SigningAlgorithm | None = None
    """How UserInfo is signed; left out, it is JSON."""
    userinfo_encrypted_response_alg: KeyEncryption | None = None
    """How the key of encrypted UserInfo is encrypted, to a key of the client; left out, it is not encrypted."""
    userinfo_encrypted_response_enc: ContentEncryption = "A128CBC-HS256"
    """How encrypted UserInfo is encrypted."""
    introspection_signed_response_alg: SigningAlgorithm = "RS256"
    """How the answers to introspection are signed where the client accepts a JWT (RFC 9701)."""
    introspection_encrypted_response_alg: KeyEncryption | None = None
    """How the key of such an answer is encrypted, to a key of the client; left out, it is not encrypted."""
    introspection_encrypted_response_enc: ContentEncryption = "A128CBC-HS256"
    """How it is encrypted."""
    authorization_signed_response_alg: SigningAlgorithm = "RS256"
    """How authorization responses are signed where the response_mode asks for a JWT."""
    default_acr_values: Names = ()
    """The levels that a sign-in asks for when the request names none."""
    default_max_age: Annotated[int, Field(ge=0, le=366 * 86400), BeforeValidator(number_of_seconds)] | None = None
    """In seconds: where a request has no `max_age`, older proofs do not count."""

    @model_validator(mode="before")
    @classmethod
    def _of_profile(cls, section: Any) -> Any:
        return with_defaults(section) if isinstance(section, Mapping) and section.get("profile") == "fapi2" else section

    def __hash__(self) -> int:
        return hash(self.client_id)

    @property
    def name(self) -> str:
        """What people see."""
        return self.client_name or self.client_id

    @cached_property
    def scopes(self) -> tuple[str, ...]:
        """The registered scopes, in the order of the file."""
        return tuple(self.scope.split())

    def requested(self, names: Iterable[str]) -> tuple[str, ...]:
        """The scopes of a request that names these: with the default ones that it lacks, each once."""
        return tuple(dict.fromkeys((*names, *self.default_scopes)))

    @property
    def sector(self) -> str | None:
        """The host by which pairwise subjects are told apart (OpenID Connect Core section 8.1); None without one."""
        uris = (self.sector_identifier_uri,) if self.sector_identifier_uri else self.redirect_uris
        hosts = {urlsplit(uri).hostname for uri in uris}
        return hosts.pop() if len(hosts) == 1 else None

    @property
    def audiences(self) -> tuple[str, ...]:
        """What the `aud` of a token may call the client: its client_id, and the APIs that it is."""
        return (self.client_id, *self.resource_server_for)

    @property
    def is_public(self) -> bool:
        """Whether the client cannot keep a secret (RFC 6749 section 2.1)."""
        return self.token_endpoint_auth_method == "none"

    @property
    def origins(self) -> frozenset[str]:
        """Where a public client's pages are: those of its redirect URIs. A confidential one asks from its server."""
        found = (origin_of(uri) for uri in self.redirect_uris) if self.is_public else ()
        return frozenset(origin for origin in found if origin)

    @property
    def access_token_signed_response_alg(self) -> SigningAlgorithm:
        """RS256, which every API understands; FAPI 2.0 (section 5.4.1) allows only better ones."""
        return self.id_token_signed_response_alg if self.profile == "fapi2" else "RS256"

    @property
    def is_sender_constrained(self) -> bool:
        """Whether it never gets a bearer token."""
        return self.dpop_bound_access_tokens or self.tls_client_certificate_bound_access_tokens

    @property
    def outlives_sessions(self) -> bool:
        """Whether `offline_access` is of any use to it (OpenID Connect Core section 11)."""
        return "refresh_token" in self.grant_types

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Those that are good now, the newest first."""
        return tuple(s for s in (self.client_secret, self.client_secret_previous) if s is not None)


class TrustedIssuer(Section):
    """Somebody else whose assertions say who a person is, in place of the first proof (RFC 7523 section 2.1)."""

    issuer: Text
    """The `iss` of the assertions, compared character by character."""
    jwks: JsonWebKeySet | None = None
    """The issuer's public keys."""
    jwks_uri: Annotated[str, Field(max_length=500)] | None = None
    """Where the issuer publishes its keys; either this or `jwks`."""
    signing_alg: SigningAlgorithm
    """The only algorithm of its assertions."""
    subject: Literal["username", "email"]
    """What the `sub` of an assertion is: somebody's user name here, or their address if they have verified it."""
    clients: Names = Field(min_length=1)
    """The clients that may present its assertions."""
    max_lifetime: Annotated[Duration, Field(le=3600)] = 300
    """The furthest that the `exp` of an assertion may lie ahead. At most 1h."""


class StatementIssuer(Section):
    """Somebody whose software statements are believed (RFC 7591 section 2.3)."""

    issuer: Text
    """The `iss` of the statements."""
    keys: tuple[Mapping[str, str], ...] = Field(min_length=1)
    """Its public keys, each a JWK."""


class Registration(Section):
    """What clients may register that hold a token made by `idp client token`. Without a token nobody may."""

    scopes: Names = ("openid", "profile", "email")
    """The scopes that such a client may have."""
    software_statements: tuple[StatementIssuer, ...] = ()
    """Whose software statements are believed."""
