"""Every audit event, with the fields that it may carry. A field that is not named here cannot be logged."""

from dataclasses import dataclass
from enum import Enum

_WHO = ("realm", "user_id", "username", "client_id", "session_id")


@dataclass(frozen=True, slots=True)
class Kind:
    """The name of an event on the log line and on the metric, its level, and its fields."""

    name: str
    fields: tuple[str, ...] = ()
    level: str = "info"


class Event(Enum):
    """The catalogue. Names are `subject.what_happened`; levels are those of `logging`."""

    PASSWORD_ACCEPTED = Kind("password.accepted", _WHO)
    PASSWORD_REFUSED = Kind("password.refused", (*_WHO, "reason"), "warning")
    FACTOR_ACCEPTED = Kind("factor.accepted", (*_WHO, "factor", "credential_id"))
    FACTOR_REFUSED = Kind("factor.refused", (*_WHO, "factor", "reason"), "warning")
    FACTOR_ENROLLED = Kind("factor.enrolled", (*_WHO, "factor", "credential_id"))
    FACTOR_RENAMED = Kind("factor.renamed", (*_WHO, "factor", "credential_id"))
    FACTOR_REMOVED = Kind("factor.removed", (*_WHO, "factor", "credential_id", "by"))
    FACTORS_SHUT = Kind("factors.shut", _WHO, "error")
    FACTORS_RESET = Kind("factors.reset", (*_WHO, "by"))
    RECOVERY_CODES_MADE = Kind("recovery_codes.made", (*_WHO, "count"))
    SIGNED_IN = Kind("session.signed_in", (*_WHO, "acr", "amr"))
    BROWSER_TRUSTED = Kind("browser.trusted", _WHO)
    BROWSER_FORGOTTEN = Kind("browser.forgotten", (*_WHO, "by"))
    STEPPED_UP = Kind("session.stepped_up", (*_WHO, "acr", "amr"))
    SIGNED_OUT = Kind("session.signed_out", (*_WHO, "by"))
    LOGOUT_REFUSED = Kind("logout.refused", ("realm", "error", "description", "redirect_uri"), "warning")
    LOGOUT_TOLD = Kind("logout.told", (*_WHO, "attempt"))
    LOGOUT_NOT_TOLD = Kind("logout.not_told", (*_WHO, "attempt", "status", "given_up"), "warning")
    CONSENT_GIVEN = Kind("consent.given", (*_WHO, "scope", "types"))
    CONSENT_WITHDRAWN = Kind("consent.withdrawn", (*_WHO, "scope", "types"))
    CLIENT_REFUSED = Kind("client.refused", ("realm", "client_id", "reason"), "warning")
    CLIENT_REGISTERED = Kind("client.registered", ("realm", "client_id", "by"))
    CLIENT_UPDATED = Kind("client.updated", ("realm", "client_id", "by"))
    CLIENT_REMOVED = Kind("client.removed", ("realm", "client_id", "by"), "warning")
    REGISTRATION_REFUSED = Kind("client.registration_refused", ("realm", "error", "description"), "warning")
    AUTHORIZED = Kind("authorization.granted", (*_WHO, "scope", "acr", "amr"))
    AUTHORIZATION_REFUSED = Kind("authorization.refused", (*_WHO, "error", "description", "redirect_uri"), "warning")
    TOKEN_ISSUED = Kind("token.issued", (*_WHO, "grant_type", "scope"))
    TOKEN_REFUSED = Kind("token.refused", (*_WHO, "grant_type", "error", "description"), "warning")
    TOKEN_REUSED = Kind("token.reused", (*_WHO, "what"), "error")
    TOKEN_REVOKED = Kind("token.revoked", _WHO)
    ACCESS_WITHDRAWN = Kind("access.withdrawn", _WHO)
    GRANTS_ENDED = Kind("grants.ended", ("realm", "count"))
    USER_CREATED = Kind("user.created", (*_WHO, "by"))
    USER_DELETED = Kind("user.deleted", (*_WHO, "by"))
    USER_ENABLED = Kind("user.enabled", (*_WHO, "by"))
    USER_DISABLED = Kind("user.disabled", (*_WHO, "by"))
    USER_PASSWORD_SET = Kind("user.password_set", (*_WHO, "by"))
    USER_ROLES_SET = Kind("user.roles_set", (*_WHO, "by", "roles", "groups"))
    USER_CLAIMS_SET = Kind("user.claims_set", (*_WHO, "by", "claims"))
    USER_UNLOCKED = Kind("user.unlocked", (*_WHO, "by"))
    EMAIL_VERIFIED = Kind("user.email_verified", (*_WHO, "by"))
    LINK_MADE = Kind("link.made", (*_WHO, "purpose", "by"))
    LINK_REFUSED = Kind("link.refused", (*_WHO, "purpose", "reason"), "warning")
    MESSAGE_HANDED_OVER = Kind("message.handed_over", (*_WHO, "kind", "message_id"))
    MESSAGE_FAILED = Kind(
        "message.failed",
        (*_WHO, "kind", "message_id", "failure", "provider_error", "attempt", "given_up"),
        "warning",
    )
    MESSAGE_HELD = Kind("message.held", (*_WHO, "kind", "limit"), "warning")
    MESSAGE_REPORTED = Kind("message.reported", (*_WHO, "kind", "message_id", "status", "failure"))
    REALM_LOADED = Kind("realm.loaded", ("realm", "path"))
    REALM_REJECTED = Kind("realm.rejected", ("realm", "path", "problems"), "error")
    REALM_REMOVED = Kind("realm.removed", ("realm", "path"), "warning")
    KEY_CREATED = Kind("key.created", ("realm", "kid", "alg"))
    KEY_RETIRED = Kind("key.retired", ("realm", "kid", "alg"), "warning")
    REQUEST = Kind("http.request", ("method", "route", "status", "milliseconds"), "debug")
    UNAVAILABLE = Kind("http.unavailable", ("reason",), "error")
    BUG = Kind("http.bug", ("error", "trace"), "error")
