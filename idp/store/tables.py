"""The tables. Times are seconds since the epoch; bearer values are SHA-256 digests; secrets are sealed."""

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

# `epoch` grows when everything that rests on the person must end: a new password, disabling, a reset of the factors.
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
    Column("enabled", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("epoch", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("realm", "username_key"),
    UniqueConstraint("realm", "email_key"),
)

# Second factors with a sealed secret. `last_step`: the newest TOTP step accepted, only ever forward (RFC 6238 5.2).
credentials = Table(
    "credentials",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("factor", String(32), nullable=False),
    Column("label", String(100), nullable=False),
    Column("secret", Text, nullable=False),
    Column("last_step", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Index(None, "user_id"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("digest", _DIGEST, primary_key=True),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("batch", _ID, nullable=False),
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
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index(None, "user_id"),
    Index(None, "used_at"),
)

# What a person allowed a client: the authorization code, and everything that was made from it.
grants = Table(
    "grants",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("realm", _REALM, nullable=False),
    Column("client_id", String(100), nullable=False),
    Column("user_id", _ID, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("session_id", _ID, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("scope", Text, nullable=False),
    Column("proofs", JSON, nullable=False),
    Column("acr", String(100)),
    Column("amr", JSON, nullable=False),
    Column("auth_time", BigInteger, nullable=False),
    Column("nonce", Text),
    Column("code_digest", _DIGEST, nullable=False, unique=True),
    Column("code_expires_at", BigInteger, nullable=False),
    Column("code_used_at", BigInteger),
    Column("redirect_uri", Text, nullable=False),
    Column("code_challenge", String(128)),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index(None, "session_id"),
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

# Access tokens without a grant (client credentials) that were revoked before they expired.
revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("jti", _ID, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
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

# Which demonstration accounts were created, so that one that was deleted does not come back.
seeded_users = Table(
    "seeded_users",
    metadata,
    Column("realm", _REALM, primary_key=True),
    Column("username_key", String(200), primary_key=True),
)
