"""Realms, people and proofs for the tables of cases, written as a realm file writes them."""

from collections.abc import Mapping
from typing import Any

from idp.policy.decide import Demand, decide
from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person, Request, Session
from idp.realm.client_sections import Client
from idp.realm.schema import Realm

NOW = 1_000_000
MINUTE, HOUR = 60, 3600
FIRST = ("password",)
UNMET = "unmet_authentication_requirements"

FACTORS: dict[str, Any] = {"totp": {}, "recovery-codes": {}}
ALL: dict[str, Any] = {
    "webauthn": {},
    "totp": {},
    "sms": {"sender": "console", "countries": ("US",)},
    "email": {},
    "recovery-codes": {},
}
LEVELS: dict[str, Any] = {
    "password": {"factors": 1},
    "two-factor": {"factors": 2},
    "app": {"factors": 2, "accept": ["totp"]},
}
TWO_FACTOR = {"level": "two-factor"}
APP = {"level": "two-factor", "accept": ["totp"]}
SHEET = {"level": "two-factor", "accept": ["recovery-codes"]}

PHONE = Credential("phone", "totp")
CODES = Credential("recovery-codes", "recovery-codes")
KEY, NUMBER, MAILBOX = Credential("key", "webauthn"), Credential("number", "sms"), Credential("mailbox", "email")


def realm(
    *rules: Mapping[str, Any],
    levels: Mapping[str, Any] = LEVELS,
    factors: Mapping[str, Any] = FACTORS,
    **client: Any,
) -> Realm:
    """A realm with these rules, named `rule 0` and so on, and one client."""
    named = [{"name": f"rule {place}", **rule} for place, rule in enumerate(rules)]
    registered = {"client_id": "portal", "scope": "openid payments", "grant_types": ("authorization_code",), **client}
    return Realm.model_validate(
        {
            "realm": "r",
            "roles": {"admin": {}},
            "levels": {name: _tuples(level) for name, level in levels.items()},
            "factors": dict(factors),
            "second_factor": {"rules": tuple(_tuples(rule) for rule in named)},
            "clients": (_tuples(registered),),
        }
    )


def _tuples(section: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: tuple(value) if isinstance(value, list) else _tuples(value) if isinstance(value, Mapping) else value
        for key, value in section.items()
    }


def person(*credentials: Credential, roles: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> Person:
    return Person(frozenset(roles), frozenset(groups), credentials)


def shut(credential: Credential) -> Credential:
    """After a hundred wrong guesses."""
    return Credential(credential.id, credential.factor, usable=False)


NOBODY = person()
OWNER = person(PHONE, CODES)


def password(ago: int = 0) -> Proof:
    return Proof("password", NOW - ago)


def totp(ago: int = 0) -> Proof:
    return Proof("totp", NOW - ago, "phone")


def code(ago: int = 0) -> Proof:
    return Proof("recovery-codes", NOW - ago, "recovery-codes")


def passkey(ago: int = 0, *, verified: bool = True, synced: bool = False) -> Proof:
    return Proof("webauthn", NOW - ago, "key", verified, synced)


def touched(ago: int = 0) -> Proof:
    """A passkey whose owner the device did not verify."""
    return passkey(ago, verified=False)


def sms(ago: int = 0) -> Proof:
    return Proof("sms", NOW - ago, "number")


def mail(ago: int = 0) -> Proof:
    return Proof("email", NOW - ago, "mailbox")


def asking(*prompt: str, scopes: tuple[str, ...] = ("openid",), **demands: Any) -> Request:
    """A request with that `prompt` and those demands."""
    return Request(scopes=frozenset(scopes), prompt=frozenset(prompt), **demands)


def session(*earlier: Proof, given: tuple[Proof, ...] = (), **more: Any) -> Session:
    return Session(earlier, given, **more)


def demand(
    realm: Realm,
    who: Person | None,
    *earlier: Proof,
    given: tuple[Proof, ...] = (),
    request: Request | None = None,
    client: Client | None = None,
    **more: Any,
) -> Demand:
    """What is asked of this person now, at the realm's client; `more` of the session."""
    of = client or realm.clients[0]
    return decide(realm, who, of, request or asking(), session(*earlier, given=given, **more), NOW)


def acr(found: Demand) -> str | None:
    """The acr of an outcome; it must be one."""
    assert found.outcome is not None, found
    return found.outcome.acr


def in_short(found: Demand) -> str:
    """A demand in one line, for tables: `ask totp`, `enrol totp`, `blocked`, the error, or `in as` an acr."""
    if found.outcome:
        return f"in as {found.outcome.acr}"
    if found.error:
        return found.error
    if found.blocked:
        return "blocked"
    return f"ask {' or '.join(found.ask)}" if found.ask else f"enrol {' or '.join(found.enrol)}"
