"""The shape of a realm file: one frozen model per section, durations in seconds.

What a model cannot see by itself (a name that another section must define) is checked in `references.py`.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr

from idp.realm.algorithms import SigningAlgorithm
from idp.realm.claim_sections import Claims
from idp.realm.client_sections import Client, Registration, TrustedIssuer
from idp.realm.factor_sections import RECOVERY, SECOND_FACTORS, Factors, Mail
from idp.realm.policy_sections import Expectation, Level, Rule, SecondFactorPolicy
from idp.realm.section import Names, Section
from idp.realm.words import (
    BASE32,
    MAIL_ADDRESS,
    PEM_CERTIFICATE,
    SUPPORT,
    Audience,
    Duration,
    Label,
    Locale,
    Name,
    Text,
    Word,
    Words,
    as_json,
    whole,
)


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
    pushed_request: Annotated[Duration, Field(ge=5, le=600)] = 60
    """A pushed authorization request, until a browser comes with it. At most 10m."""


class Keys(Section):
    """Signing keys: their RSA size in bits, and how often a new one takes over."""

    rsa_bits: Annotated[Literal[2048, 3072, 4096], BeforeValidator(whole)] = 3072
    """The size of RSA keys."""
    algorithms: tuple[SigningAlgorithm, ...] = Field(default=("RS256", "ES256"), min_length=1)
    """By which the realm can sign: there are keys for each."""
    rotate: Annotated[Duration, Field(ge=3600)] = 90 * 86400
    """A new key signs after so long; the old one stays published until what it signed has expired."""


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

    description: Words = Field(default={})
    """What it allows, in words: people read it where they are asked for their consent."""
    audience: tuple[Audience, ...] = ()
    """The APIs that the scope is for: their URIs or names, or the client_ids of those that introspect their tokens."""


class AuthorizationDetail(Section):
    """A type of authorization details (RFC 9396): what it looks like, and the words for it where people are asked."""

    title: Words = Field(default={})
    """What it allows, in words; left out, the type."""
    description: Words = Field(default={})
    """What people should know about it besides."""
    fields: Mapping[Word, Words] = {}
    """What its members are called, at any depth; left out, as they are."""
    json_schema: Annotated[Mapping[str, Any], BeforeValidator(as_json)] = Field(default={}, alias="schema")
    """What a detail of the type looks like, with its `type`: JSON Schema (2020-12); left out, anything goes."""


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
    claims: Claims = Claims()
    """What else is known of the person."""
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
    support_url: Annotated[str, Field(pattern=SUPPORT)] | None = None
    """Where people who cannot sign in get help: an https address, or `mailto:` and an e-mail address."""
    theme: Name = "base"
    """The look of the pages."""
    locales: tuple[Locale, ...] = Field(default=("en",), min_length=1)
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
    mail: Mail | None = None
    """How mail is sent."""
    second_factor: SecondFactorPolicy = SecondFactorPolicy()
    """Who is asked for more than the password."""
    expect: tuple[Expectation, ...] = ()
    """What must stay true of the rules."""
    roles: Mapping[Label, Role] = {}
    """The roles that people may have."""
    groups: Mapping[Label, Group] = {}
    """The groups that people may be in."""
    scopes: Mapping[Word, Scope] = {}
    """Scopes beside the standard ones."""
    authorization_details: Mapping[Word, AuthorizationDetail] = {}
    """The words for types of authorization details."""
    client_certificate_authorities: tuple[Annotated[str, Field(pattern=PEM_CERTIFICATE)], ...] = ()
    """Certificates in PEM that those of tls_client_auth must descend from, directly."""
    clients: tuple[Client, ...] = ()
    """The portals, APIs and programs that people sign in to."""
    trusted_issuers: tuple[TrustedIssuer, ...] = ()
    """Whose assertions say who a person is: tokens for people who are not there."""
    registration: Registration = Registration()
    """What clients may register by themselves."""
    users: tuple[SeedUser, ...] = ()
    """Demonstration accounts: refused in production."""

    _find_registered: Callable[[str], Client | None] | None = PrivateAttr(default=None)
    _has_registered_page: Callable[[str], bool] | None = PrivateAttr(default=None)

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
        """The enabled client of that identifier: of the file, else one that registered itself."""
        found = self.enabled_clients.get(client_id)
        return self._find_registered(client_id) if found is None and self._find_registered else found

    def has_page_at(self, origin: str) -> bool:
        """Whether a public client's pages are there: one's of the file, or one's that registered itself."""
        return origin in self._origins or (self._has_registered_page is not None and self._has_registered_page(origin))

    def look_up_registered(self, find: Callable[[str], Client | None], has_page_at: Callable[[str], bool]) -> None:
        """Have it asked for those that are not in the file: they come and go while the file stays as it is."""
        self._find_registered, self._has_registered_page = find, has_page_at

    @cached_property
    def _origins(self) -> frozenset[str]:
        return frozenset(origin for client in self.enabled_clients.values() for origin in client.origins)

    @cached_property
    def enabled_clients(self) -> dict[str, Client]:
        """The enabled clients of the file by their identifier."""
        return {client.client_id: client for client in self.clients if client.enabled}

    def trusted_issuer(self, issuer: str) -> TrustedIssuer | None:
        """The one of that name."""
        return next((trusted for trusted in self.trusted_issuers if trusted.issuer == issuer), None)

    @cached_property
    def second_factors(self) -> tuple[str, ...]:
        """The second factors that exist in this realm, strongest first."""
        present = {**dict(self.factors), RECOVERY: self.factors.recovery_codes}
        return tuple(name for name in SECOND_FACTORS if present.get(name) is not None)

    def accepted(self, level: Level, rule: Rule | None = None) -> frozenset[str]:
        """The second factors of this realm that a level, and a rule for it, take."""
        taken = frozenset(self.second_factors)
        for accept in (level.accept, rule.accept if rule else None):
            taken = taken if accept is None else taken & frozenset(accept)
        return taken
