"""The shape of a realm file: one frozen model per section, durations in seconds.

Field names of a client are those of RFC 7591 and OpenID Connect Registration, so that there is one vocabulary to learn.
What a model cannot see by itself (a name that another section must define) is checked in `references.py`.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from idp.realm.secrets import SECRET_SCHEMA, Secret
from idp.realm.words import (
    AUDIENCE,
    BASE32,
    CLIENT_ID,
    ISSUER,
    MAIL_ADDRESS,
    Duration,
    Label,
    Name,
    Text,
    Word,
    whole,
)

SecondFactor = Literal["totp", "recovery-codes"]
RECOVERY: SecondFactor = "recovery-codes"  # made with another factor, never enrolled by themselves
Names = tuple[str, ...]


class Section(BaseModel):
    """What every section shares: unknown keys and wrong types are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


class Sessions(Section):
    """How long a single sign-on session lasts without use, and at the most."""

    idle: Duration = 3600
    """Without use for so long, a session ends."""
    max: Annotated[Duration, Field(le=366 * 86400)] = 12 * 3600
    """Whatever its use, a session ends after so long."""


class Tokens(Section):
    """Lifetimes of what is issued."""

    access: Annotated[Duration, Field(le=86400)] = 300
    """An access token: APIs that do not ask the server believe it for so long. At most 1d."""
    refresh_idle: Duration = 8 * 3600
    """A refresh token that is not used for so long ends."""
    refresh_max: Annotated[Duration, Field(le=366 * 86400)] = 30 * 86400
    """However often it is renewed, a grant ends after so long."""
    code: Annotated[Duration, Field(le=60)] = 60
    """An authorization code. At most 60s."""


class Keys(Section):
    """Signing keys: their RSA size in bits, and how often a new one takes over."""

    rsa_bits: Annotated[Literal[2048, 3072, 4096], BeforeValidator(whole)] = 3072
    """The size of RSA keys."""
    rotate: Annotated[Duration, Field(ge=3600)] = 90 * 86400
    """A new key signs after so long; the old one stays published until what it signed has expired."""


class Level(Section):
    """What an acr value promises: how many kinds of proof, and which factors may be the second."""

    factors: Annotated[Literal[1, 2], BeforeValidator(whole)]
    """How many different kinds of proof: 2 is a password and something that the person has."""
    accept: tuple[SecondFactor, ...] | None = Field(default=None, min_length=1)
    """Which factors may be the second; left out, all that the realm has."""


class Password(Section):
    """Minimum lengths: `min_length_alone` where the password alone opens some client."""

    min_length: Annotated[int, Field(ge=8, le=64)] = 8
    """The fewest characters of a new password."""
    min_length_alone: Annotated[int, Field(ge=8, le=64)] = 15
    """The fewest characters for people whose password opens some client all by itself."""


class Totp(Section):
    """RFC 6238: the issuer shown in the app, and the steps of 30 s accepted on either side."""

    issuer: Annotated[str, Field(min_length=1, max_length=64, pattern=ISSUER)] | None = None
    """The name that the authenticator app shows; left out, the realm's display_name."""
    window: Annotated[int, Field(ge=0, le=2)] = 1
    """How many steps of 30 s before and after the present one are accepted."""


class RecoveryCodes(Section):
    """How many codes a person gets, and at how many left they are warned."""

    count: Annotated[int, Field(ge=5, le=20)] = 10
    """How many codes a person gets."""
    warn_at: Annotated[int, Field(ge=0, le=19)] = 3
    """At so many codes left, the person is told."""


class Factors(Section):
    """The ways of proving who you are; one that is not listed does not exist in this realm."""

    password: Password = Password()
    """The first factor of everybody."""
    totp: Totp | None = None
    """Authenticator apps."""
    recovery_codes: RecoveryCodes | None = Field(default=None, alias="recovery-codes")
    """Codes on paper that stand in for the other second factor, each once."""


class When(Section):
    """Whom a rule binds: keys are joined by and, the values of one key by or; nothing given, everyone."""

    roles: Names | None = Field(default=None, min_length=1)
    """People with any of these roles, their own or through a group."""
    groups: Names | None = Field(default=None, min_length=1)
    """People in any of these groups."""
    clients: Names | None = Field(default=None, min_length=1)
    """Signing in to any of these clients."""
    scopes: Names | None = Field(default=None, min_length=1)
    """When any of these scopes is granted."""


class Rule(Section):
    """A demand for a level, optionally by fewer factors and no older than `max_age`."""

    name: Text
    """Shown as the reason by `idp explain`, and to the people who are asked because of it."""
    when: When = When()
    """Whom it binds; left out, everyone."""
    level: str
    """The level that must be reached."""
    accept: tuple[SecondFactor, ...] | None = Field(default=None, min_length=1)
    """Only these of the level's factors; left out, all of them."""
    max_age: Duration | None = None
    """A second factor older than this is asked for again."""

    def __hash__(self) -> int:
        return hash(self.name)


class SecondFactorPolicy(Section):
    """Who is asked for a second factor, and which. Every rule that matches must be met."""

    rules: tuple[Rule, ...] = ()
    """Every rule that matches must be met, each by itself."""


class Role(Section):
    """A role that people may have."""

    description: str = ""
    """For administrators."""


class Group(Section):
    """A group, and the roles that its members have by it."""

    description: str = ""
    """For administrators."""
    roles: Names = ()
    """The roles that every member has."""


class Scope(Section):
    """A scope beside the standard ones, and the `aud` that an access token with it carries (RFC 9068 section 3)."""

    description: str = ""
    """For administrators."""
    audience: tuple[Annotated[str, Field(max_length=500, pattern=AUDIENCE)], ...] = ()
    """The APIs that the scope is for: their URIs, or the client_ids of those that introspect their tokens."""


GrantType = Literal["authorization_code", "refresh_token", "client_credentials"]
AuthMethod = Literal["client_secret_basic", "client_secret_post", "none"]


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
    token_endpoint_auth_method: AuthMethod = "client_secret_basic"
    """How the client proves itself; `none` for applications that cannot keep a secret."""
    redirect_uris: Names = ()
    """Where people may be sent back to, compared character by character (on a loopback address any port)."""
    post_logout_redirect_uris: Names = ()
    """Where people may be sent after signing out."""
    grant_types: tuple[GrantType, ...] = Field(default=("authorization_code",), min_length=1)
    """What the client may ask the token endpoint for."""
    scope: str = "openid"
    """All scopes that the client may have, with spaces between."""
    require_pkce: bool = True
    """Whether S256 is demanded of a client with a secret; of one without it always is."""
    id_token_signed_response_alg: Literal["RS256", "ES256"] = "RS256"
    """How ID tokens are signed."""
    default_acr_values: Names = ()
    """The levels that a sign-in asks for when the request names none."""
    default_max_age: Annotated[int, Field(ge=0, le=366 * 86400)] | None = None
    """In seconds: where a request has no `max_age`, older proofs do not count."""

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

    @property
    def is_public(self) -> bool:
        """Whether the client cannot keep a secret (RFC 6749 section 2.1)."""
        return self.token_endpoint_auth_method == "none"


class SeedTotp(Section):
    """An authenticator app that a demonstration account already has."""

    secret: Annotated[str, Field(pattern=BASE32, repr=False)]
    """In base32, as the authenticator app gets it."""


class SeedUser(Section):
    """A demonstration account: created once under `--dev`, never updated from the file."""

    username: Label
    """What the person signs in with."""
    name: Text | None = None
    """What is shown."""
    email: Annotated[str, Field(pattern=MAIL_ADDRESS)] | None = None
    """May be used to sign in, too."""
    password: Annotated[str, Field(min_length=1, max_length=1000, repr=False)]
    """Known to everybody who reads this file."""
    roles: Names = ()
    """The person's roles."""
    groups: Names = ()
    """The person's groups."""
    totp: SeedTotp | None = None
    """An authenticator app that is there from the start."""


class Realm(Section):
    """A whole realm file. One file is one realm."""

    realm: Name
    """The name in URLs; the people of a realm are kept under it, so a new name is a new realm."""
    display_name: Text | None = None
    """What people see."""
    theme: Name = "base"
    """The look of the pages."""
    locales: tuple[Literal["en", "de"], ...] = Field(default=("en",), min_length=1)
    """Languages of the pages; the first is the default."""
    sessions: Sessions = Sessions()
    """How long people stay signed in."""
    tokens: Tokens = Tokens()
    """How long tokens live."""
    keys: Keys = Keys()
    """Signing keys."""
    levels: Mapping[Word, Level] = Field(
        default={"password": Level(factors=1), "two-factor": Level(factors=2)}, min_length=1, max_length=30
    )
    """The acr values, weakest first, each with what it promises."""
    factors: Factors = Factors()
    """The ways of proving who you are."""
    second_factor: SecondFactorPolicy = SecondFactorPolicy()
    """Who is asked for more than the password."""
    roles: Mapping[Label, Role] = {}
    """The roles that people may have."""
    groups: Mapping[Label, Group] = {}
    """The groups that people may be in."""
    scopes: Mapping[Word, Scope] = {}
    """Scopes beside openid, profile and email."""
    clients: tuple[Client, ...] = ()
    """The portals, APIs and programs that people sign in to."""
    users: tuple[SeedUser, ...] = ()
    """Demonstration accounts: refused in production."""

    def __hash__(self) -> int:
        return hash(self.realm)

    def __eq__(self, other: object) -> bool:
        return self is other or super().__eq__(other)

    @property
    def name(self) -> str:
        """The name in URLs and in the database."""
        return self.realm

    @property
    def title(self) -> str:
        """What people see."""
        return self.display_name or self.realm

    def client(self, client_id: str) -> Client | None:
        """The enabled client of that identifier."""
        return self.enabled_clients.get(client_id)

    @cached_property
    def enabled_clients(self) -> dict[str, Client]:
        """The enabled clients by their identifier."""
        return {client.client_id: client for client in self.clients if client.enabled}

    @cached_property
    def second_factors(self) -> tuple[str, ...]:
        """The second factors that exist in this realm, strongest first."""
        present = {"totp": self.factors.totp, RECOVERY: self.factors.recovery_codes}
        return tuple(name for name, configured in present.items() if configured is not None)

    def accepted(self, level: Level, rule: Rule | None = None) -> frozenset[str]:
        """The second factors of this realm that a level, and a rule for it, take."""
        taken = frozenset(self.second_factors)
        for accept in (level.accept, rule.accept if rule else None):
            taken = taken if accept is None else taken & frozenset(accept)
        return taken
