"""The tables, on one page because they refer to each other.

Times are seconds since the epoch; bearer values are SHA-256 digests; secrets are sealed.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_ID = String(64)
_REALM = String(64)
_DIGEST = LargeBinary(32)
LONGEST_ORIGIN = 300

# `epoch` grows when everything that rests on the person must end: a new password, disabling, a reset of the factors.
# `snoozed`: how often an invitation to set up a factor was put off.
# `claims`: what operators noted beside name and e-mail address. `updated_at`: when that, name or address last changed.
# `username_key` and `email_key` are what sign-in compares: NFKC, case folded.
users = Table(
    "users",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("username", String(100), nullable=False),
    Column("username_key", String(200), nullable=False),
    Column("email", String(255)),
    Column("email_key", String(400)),
    Column("email_verified", Boolean, nullable=False),
    Column("name", String(200)),
    Column("roles", JSON, nullable=False),
    Column("groups", JSON, nullable=False),
    Column("claims", JSON, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("epoch", Integer, nullable=False),
    Column("snoozed", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("realm", "username_key"),
    UniqueConstraint("realm", "email_key"),
)

# Second factors with a sealed secret. `counter` only ever grows: the newest TOTP step accepted (RFC 6238 section 5.2),
# or a passkey's signature counter. `handle`: what a passkey is called by the browser that holds it.
credentials = Table(
    "credentials",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("factor", String(32), nullable=False),
    Column("label", String(100), nullable=False),
    Column("secret", Text, nullable=False),
    Column("handle", LargeBinary, unique=True),
    Column("counter", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Index(None, "user_id"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("used_at", BigInteger),
    Index(None, "user_id"),
)

# Guesses, counted before they are evaluated. `subject` says whose: a person over all second factors, or a person (or
# an unknown name) from one network.
guesses = Table(
    "guesses",
    metadata,
    Column("subject", String(100), primary_key=True),
    Column("wrong", Integer, nullable=False),
    Column("blocked_until", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Index(None, "last_at"),
)

# A sign-in under way, after its first proof. `state` is sealed.
transactions = Table(
    "transactions",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("browser", _DIGEST, nullable=False),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("state", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "browser"),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("digest", _DIGEST, nullable=False, unique=True),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("proofs", JSON, nullable=False),
    Column("address", String(64), nullable=False),
    Column("agent", String(200), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index(None, "user_id"),
    Index(None, "used_at"),
)

# Browsers that their owners trusted. Each is of one person; of one browser's secret there may be several.
trusted_browsers = Table(
    "trusted_browsers",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("digest", _DIGEST, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("agent", String(200), nullable=False),
    Column("proofs", JSON, nullable=False),
    Column("trusted_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    UniqueConstraint("user_id", "digest"),
    Index(None, "trusted_at"),
)

# What a person said that a client may have, until they take it back.
consents = Table(
    "consents",
    metadata,
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", String(100), primary_key=True),
    Column("scope", String(100), primary_key=True),
    Column("given_at", BigInteger, nullable=False),
)

# The authorization details (RFC 9396) that go with them: those of the newest request that was allowed, and no others.
consented_details = Table(
    "consented_details",
    metadata,
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("client_id", String(100), primary_key=True),
    Column("details", JSON, nullable=False),
    Column("given_at", BigInteger, nullable=False),
)

# Requests that clients have pushed (RFC 9126). `parameters` are sealed; `used_at`: when a code was issued for it;
# `asked_by`: with whose it is counted.
pushed_requests = Table(
    "pushed_requests",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("client_id", String(100), nullable=False),
    Column("asked_by", String(150), nullable=False),
    Column("parameters", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index(None, "realm", "asked_by"),
    Index(None, "expires_at"),
)

# What a person allowed a client: the authorization code, and everything that was made from it. `cnf` (RFC 7800): the
# key that its code, and a public client's refresh tokens, are bound to. `asked`: what else the request asked for.
# `offline`: it outlives the session (OpenID Connect Core section 11). `redeemed_at`: when tokens were first made from
# it. One that a device waits for has no code; one that rests on a trusted issuer's word has no session either.
grants = Table(
    "grants",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("client_id", String(100), nullable=False),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("session_id", _ID),
    Column("trusted_browser_id", _ID),
    Column("epoch", Integer, nullable=False),
    Column("scope", Text, nullable=False),
    Column("proofs", JSON, nullable=False),
    Column("acr", String(100)),
    Column("amr", JSON, nullable=False),
    Column("auth_time", BigInteger),
    Column("offline", Boolean, nullable=False),
    Column("nonce", Text),
    Column("code_digest", _DIGEST, unique=True),
    Column("code_expires_at", BigInteger),
    Column("redeemed_at", BigInteger),
    Column("redirect_uri", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("code_challenge", String(128)),
    Column("asked", JSON, nullable=False),
    Column("cnf", JSON(none_as_null=True)),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index(None, "session_id"),
    Index(None, "trusted_browser_id"),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("grant_id", _ID, ForeignKey("grants.id", ondelete="CASCADE"), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index(None, "grant_id"),
    Index(None, "expires_at"),
)

# Access tokens that were revoked before they expired: exchanged ones, and those without a grant.
revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("jti", _ID, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
)

# Devices that wait for a person's approval, until they fetch what it made. Codes are digests. `asked_by`: with whose it
# is counted.
device_codes = Table(
    "device_codes",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("client_id", String(100), nullable=False),
    Column("asked_by", String(150), nullable=False),
    Column("scope", Text, nullable=False),
    Column("digest", _DIGEST, nullable=False, unique=True),
    Column("user_code", _DIGEST, nullable=False, unique=True),
    Column("grant_id", _ID),
    Column("denied", Boolean, nullable=False),
    Column("interval", Integer, nullable=False),
    Column("polled_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "realm", "asked_by"),
    Index(None, "expires_at"),
)

# What may be seen once, until then: client assertions, DPoP proofs, challenges.
used_identifiers = Table(
    "used_identifiers",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
)

# Whom to tell that a session has ended: written with its end, taken out when it was told (or cannot be).
# `due_at`: not before; whoever tells it moves that into the future first, so that no other process does too.
logout_notices = Table(
    "logout_notices",
    metadata,
    Column("session_id", _ID, primary_key=True),
    Column("client_id", String(100), primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("user_id", _ID, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index(None, "due_at"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", _ID, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("alg", String(16), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("private", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("active_at", BigInteger, nullable=False),
    UniqueConstraint("realm", "alg", "generation"),
)

# Links that people get by mail: one for a person and a purpose, so that a newer one takes the place of the older.
# `email_key`: of the address that it was sent to, which following it proves; none for one that was handed over
# otherwise. `came_from`: the sealed request of the portal that the person was on the way to.
links = Table(
    "links",
    metadata,
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("purpose", String(32), primary_key=True),
    Column("digest", _DIGEST, nullable=False, unique=True),
    Column("epoch", Integer, nullable=False),
    Column("email_key", String(400)),
    Column("came_from", Text),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index(None, "expires_at"),
)

# What the subjects of pairwise clients are made with, sealed: made once, and never replaced, as they must never change.
subject_keys = Table(
    "subject_keys",
    metadata,
    Column("realm", _REALM, primary_key=True),
    Column("key", Text, nullable=False),
)

# Clients that registered themselves (RFC 7591). `registered` is what they said of themselves, checked.
registered_clients = Table(
    "registered_clients",
    metadata,
    Column("client_id", String(100), primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("registered", JSON, nullable=False),
    Column("secret_digest", _DIGEST),
    Column("token_digest", _DIGEST, nullable=False, unique=True),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "realm"),
)

# The origins of the redirect URIs of clients that registered themselves: whose pages may read answers.
registered_origins = Table(
    "registered_origins",
    metadata,
    Column("client_id", String(100), ForeignKey("registered_clients.client_id", ondelete="CASCADE"), primary_key=True),
    Column("origin", String(LONGEST_ORIGIN), primary_key=True),
    Index(None, "origin"),
)

# Initial access tokens: who has one may register so many clients until then.
registration_tokens = Table(
    "registration_tokens",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

# Which demonstration accounts were created, so that one that was deleted does not come back.
seeded_users = Table(
    "seeded_users",
    metadata,
    Column("realm", _REALM, primary_key=True),
    Column("username_key", String(200), primary_key=True),
)

# What may happen so often in a time: messages by number, person, network, block of numbers, country and realm.
limits = Table(
    "limits",
    metadata,
    Column("subject", String(200), primary_key=True),
    Column("taken", Integer, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index(None, "expires_at"),
)

# Letters that are still to be handed in; `sealed` is where to and what.
letters = Table(
    "letters",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("user_id", _ID, nullable=False),
    Column("username", String(255), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("sealed", Text, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index(None, "due_at"),
)

# Messages to people, without number, address and content. `provider_id`: what the provider calls it; `rank`: how far it
# has come, only ever forward, because reports on it arrive twice and out of order.
messages = Table(
    "messages",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("credential_id", _ID),
    Column("kind", String(32), nullable=False),
    Column("provider_id", String(100), unique=True),
    Column("status", String(20), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("failure", String(32)),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "user_id"),
    Index(None, "created_at"),
)
