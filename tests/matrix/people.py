"""People in every state, made in the store: what they own, what they have proven, and what befell them since."""

import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import insert

from idp.factors import recovery_codes
from idp.factors.password import Passwords
from idp.login.handles import Handles
from idp.login.request import AuthorizationRequest
from idp.login.second_factor import secret_context
from idp.login.state import Enrolling, SignIn
from idp.policy.decide import Outcome
from idp.policy.lockout import SECOND_FACTOR_SHUT_AT, second_factor_wait
from idp.policy.proofs import Proof, amr
from idp.policy.question import Request
from idp.realm.factor_sections import SECOND_FACTORS
from idp.settings import secret_keys
from idp.store import (
    consents,
    device_codes,
    factors,
    grants,
    guesses,
    refresh_tokens,
    sessions,
    tables,
    trusted_browsers,
    users,
)
from idp.store.database import Database, Transaction
from idp.tokens.bearer import new_bearer
from idp.tokens.sealing import Sealer
from tests.matrix.table import LEVELS
from tests.portal import Portal, challenge
from tests.protocol.signer import Signer
from tests.running import RunningServer, every_factor
from tests.visitor import ADA_SECRET, PASSWORD, Visitor

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# Somebody whom the realm trusts to say who people are.
SIGNER = Signer("ES256")
TRUSTED = {"issuer": "https://issuer.example", "jwks": SIGNER.jwks, "signing_alg": "ES256", "subject": "username"}
# Clients for which people are asked for their consent.
ASKING = "asking-"
AGENT = "Mozilla/5.0"


def realm() -> dict[str, Any]:
    """A client for each level, by the level's name, which a rule asks of it; and each again, asking for consent."""
    clients = [_client(prefix + level, require_consent=bool(prefix)) for prefix in ("", ASKING) for level in LEVELS]
    job = {
        "client_id": "job",
        "client_secret": "the secret of the job",
        "grant_types": ["client_credentials"],
        "scope": "act",
    }
    rules = [
        {"name": level, "when": {"clients": [level, ASKING + level]}, "level": level, "trusted_browser": "30d"}
        for level in LEVELS[1:]
    ]
    del rules[1]["trusted_browser"]
    encourage = {"when": {"roles": ["invited"]}, "level": "two-factor", "snoozes": 3}
    return every_factor(
        second_factor={"rules": rules, "encourage": encourage},
        roles={"invited": {"description": "Is invited"}},
        groups={},
        users=[],
        scopes={"act": {"description": "Anything", "audience": [c["client_id"] for c in clients]}},
        clients=[*clients, job | {"scope": "act"}],
        trusted_issuers=[TRUSTED | {"clients": list(LEVELS)}],
    )


def _client(client_id: str, **fields: Any) -> dict[str, Any]:
    without_consent = () if fields["require_consent"] else (JWT_BEARER,)
    return {
        "client_id": client_id,
        "client_secret": f"the secret of {client_id}",
        "redirect_uris": [f"https://{client_id}.example/callback"],
        "grant_types": ["authorization_code", "refresh_token", DEVICE, EXCHANGE, *without_consent],
        "scope": "openid act",
        **fields,
    }


@dataclass(frozen=True)
class World:
    """A server, its database, and one browser and one portal of each client that all cases share."""

    server: RunningServer
    database: Database
    browser: Visitor
    portals: dict[str, Portal]
    password_hash: str
    sealer: Sealer
    number: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def on(cls, server: RunningServer) -> "World":
        described = realm()["clients"]
        return cls(
            server,
            Database(server.settings.database),
            Visitor(server),
            {client["client_id"]: Portal(server, client) for client in described},
            Passwords().hash(PASSWORD),
            Sealer(secret_keys({}, dev=True)),
        )

    def close(self) -> None:
        self.browser.close()
        for portal in self.portals.values():
            portal.close()
        self.database.close()


@dataclass
class Case:
    """A person in a state, with what they hold. `credentials`: their own, by factor; the second of each is a spare.

    `session`, `other_session`, `trusted`: identifiers. `code`, `refresh`, `device_code`, `access`: what was made for
    the client of the level; where nothing was, something else that the person holds. `handle`: the sign-in half done.
    """

    world: World
    level: str
    prefix: str
    username: str
    user_id: str
    secret: str
    credentials: dict[str, list[str]]
    session: str = ""
    session_secret: str = ""
    other_session: str = ""
    trusted: str = ""
    other_trusted: str = ""
    handle: str = ""
    code: str = ""
    refresh: str = ""
    device_code: str = ""
    access: str = ""

    @property
    def portal(self) -> Portal:
        """The client that asks for the level."""
        return self.world.portals[self.prefix + self.level]

    @property
    def plain(self) -> Portal:
        """The client that asks for no more than a password."""
        return self.world.portals[self.prefix + LEVELS[0]]


Befall = Callable[[Transaction, Case, int], Any]


@dataclass(frozen=True)
class State:
    """How a person comes to be in a state.

    `given`: what the session and the grants rest on, `ago` seconds old; nothing: there is neither. `half`: what a
    sign-in half done rests on, with what else it holds in `holds`. `then`: what befalls the person after all that.
    """

    owns: tuple[str, ...] = ("totp",)
    given: tuple[str, ...] = ()
    half: tuple[str, ...] = ()
    holds: dict[str, Any] = field(default_factory=dict)
    then: Befall | None = None
    ago: int = 0
    trusts: bool = False
    has_password: bool = True
    asks_consent: bool = False
    has_consented: bool = False
    roles: tuple[str, ...] = ()


def _throttle(tx: Transaction, case: Case, now: int) -> None:
    for _ in range(3):
        guesses.count(tx, guesses.second_factor_subject(case.user_id), now=now, wait=second_factor_wait)


def _shut(tx: Transaction, case: Case, now: int) -> None:
    subject = guesses.second_factor_subject(case.user_id)
    values = {"subject": subject, "wrong": SECOND_FACTOR_SHUT_AT, "blocked_until": 0, "last_at": now}
    tx.execute(insert(tables.guesses).values(values))


def _disable(tx: Transaction, case: Case, now: int) -> None:
    users.set_enabled(tx, case.user_id, False)


def _disable_for_a_moment(tx: Transaction, case: Case, now: int) -> None:
    _disable(tx, case, now)
    users.set_enabled(tx, case.user_id, True)


def _choose_a_password(tx: Transaction, case: Case, now: int) -> None:
    users.set_password(tx, case.user_id, "$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHQ$bm9ib2R5IGtub3dzIGl0IGF0IGFsbA")


def _reset(tx: Transaction, case: Case, now: int) -> None:
    factors.reset(tx, case.user_id)


def _delete(tx: Transaction, case: Case, now: int) -> None:
    users.remove(tx, case.user_id)


def _remove_the_app(tx: Transaction, case: Case, now: int) -> None:
    factors.remove(tx, case.user_id, credential_id=case.credentials["totp"][0])


def _take_trust_back(tx: Transaction, case: Case, now: int) -> None:
    trusted_browsers.forget(tx, case.user_id, browser_id=case.trusted, now=now)


def _sign_out(tx: Transaction, case: Case, now: int) -> None:
    sessions.end(tx, case.session, now)


def _withdraw(tx: Transaction, case: Case, now: int) -> None:
    for level in LEVELS:
        consents.withdraw(tx, user_id=case.user_id, client_id=case.prefix + level, now=now)


_APP = ("password", "totp")
_WITH_APP = State(given=_APP)
_HALF = State(half=("password",))
_PASSKEY = State(owns=("webauthn",), given=("verified webauthn",), has_password=False)
STATES: dict[str, State] = {
    "a stranger": State(),
    "no factor": State(owns=(), given=("password",)),
    "enrolled, and only the password proven": State(given=("password",)),
    "an app proven": _WITH_APP,
    "an app proven ten minutes ago": replace(_WITH_APP, ago=600),
    "a recovery code proven": State(given=("password", "recovery-codes")),
    "an unverified passkey after the password": State(owns=("webauthn",), given=("password", "webauthn")),
    "a passkey and no password": _PASSKEY,
    "a trusted browser": State(given=("password",), trusts=True),
    "a trust that was taken back": State(given=("password",), trusts=True, then=_take_trust_back),
    "throttled": State(given=("password",), then=_throttle),
    "throttled after proving an app": replace(_WITH_APP, then=_throttle),
    "shut": State(given=("password",), then=_shut),
    "shut after proving an app": replace(_WITH_APP, then=_shut),
    "the app removed since": replace(_WITH_APP, then=_remove_the_app),
    "disabled": replace(_WITH_APP, then=_disable),
    "disabled and enabled again": replace(_WITH_APP, then=_disable_for_a_moment),
    "a password chosen since": replace(_WITH_APP, then=_choose_a_password),
    "the factors reset since": replace(_WITH_APP, then=_reset),
    "deleted": replace(_WITH_APP, then=_delete),
    "signed out": replace(_WITH_APP, then=_sign_out),
    "half done: the app is asked for": _HALF,
    "half done and throttled": replace(_HALF, then=_throttle),
    "half done and shut": replace(_HALF, then=_shut),
    "half done and disabled": replace(_HALF, then=_disable),
    "half done and a password chosen since": replace(_HALF, then=_choose_a_password),
    "half done: setting up an app": State(
        owns=(), half=("password",), holds={"enrolling": Enrolling("totp", "new app", ADA_SECRET)}
    ),
    "half done: new recovery codes are shown": State(half=_APP, holds={"notice": ("a-code", "another")}),
    "half done: few recovery codes are left": State(half=("password", "recovery-codes"), holds={"notice": 2}),
    "half done: invited": State(owns=(), half=("password",), roles=("invited",)),
    "half done: asked for consent": replace(_PASSKEY, asks_consent=True),
    "consent withdrawn": replace(_PASSKEY, asks_consent=True, has_consented=True, then=_withdraw),
}


def arrive(world: World, name: str, level: str, *, has_grants: bool = True, has_token: bool = True) -> Case:
    """Somebody new in that state, at the shared browser, which has forgotten everybody else.

    `has_grants`, `has_token`: whether what was made for clients is wanted, where the state has it.
    """
    state, now = STATES[name], world.server.clock()
    code = new_bearer() if has_token else ""
    with world.database.write() as tx:
        case = _person(tx, world, state, level, now)
        if state.given:
            _sign_in(tx, case, state, now - state.ago)
            if not state.asks_consent or state.has_consented:
                _hand_over(tx, case, _proofs(case, state.given, now - state.ago), has_grants=has_grants, code=code)
        if state.half:
            _begin(tx, case, state, now)
        if state.then is not None and not has_token:
            state.then(tx, case, now)
    _hold(case)
    if has_token:
        if case.session and (not state.asks_consent or state.has_consented):
            case.access = case.plain.redeem(code).access
        if state.then is not None:
            with world.database.write() as tx:
                state.then(tx, case, now)
    anything = case.handle or case.session_secret or case.user_id
    for slot in ("code", "refresh", "device_code", "access"):
        setattr(case, slot, getattr(case, slot) or anything)
    return case


def _person(tx: Transaction, world: World, state: State, level: str, now: int) -> Case:
    username, secret = f"person{next(world.number)}", ADA_SECRET
    user_id = users.add(
        tx,
        "demo",
        username=username,
        password_hash=world.password_hash if state.has_password else None,
        email=f"{username}@example.com",
        now=now,
        roles=state.roles,
    )
    credentials: dict[str, list[str]] = {}
    for factor, label in itertools.product(state.owns, ("first", "spare")):
        credential_id = f"{username} {factor} {label}"
        credentials.setdefault(factor, []).append(credential_id)
        factors.add(
            tx,
            user_id,
            credential_id=credential_id,
            factor=factor,
            label=label,
            secret=world.sealer.seal(secret.encode(), secret_context(user_id, credential_id)),
            counter=0,
            handle=secrets.token_bytes(16) if factor == "webauthn" else None,
            now=now,
        )
    if state.owns:
        digests = [recovery_codes.stored(code, user_id=user_id) for code in recovery_codes.new_codes(3)]
        factors.replace_recovery_codes(tx, user_id, digests)
    trusted_browsers.trust(tx, user_id, epoch=0, secret=new_bearer(), agent=AGENT, by=_every(now), now=now)
    other = sessions.start(
        tx,
        "demo",
        user_id=user_id,
        epoch=0,
        secret=new_bearer(),
        given=[Proof("password", now)],
        address="127.0.0.1",
        agent=AGENT,
        now=now,
    )
    return Case(
        world,
        level,
        ASKING if state.asks_consent else "",
        username,
        user_id,
        secret,
        credentials,
        other_session=other,
        other_trusted=trusted_browsers.listed(tx, user_id)[0].id,
    )


def _every(at: int) -> list[Proof]:
    return [Proof(factor, at) for factor in SECOND_FACTORS]


def _proofs(case: Case, named: tuple[str, ...], at: int) -> tuple[Proof, ...]:
    found = []
    for name in named:
        factor = name.removeprefix("verified ")
        credential = {"password": "", "recovery-codes": "recovery-codes"}.get(factor)
        credential = case.credentials[factor][0] if credential is None else credential
        found.append(Proof(factor, at, credential, verified=name != factor))
    return tuple(found)


def _sign_in(tx: Transaction, case: Case, state: State, at: int) -> None:
    """The session, and what the state says of browser and clients."""
    proofs, case.session_secret = _proofs(case, state.given, at), new_bearer()
    case.session = sessions.start(
        tx,
        "demo",
        user_id=case.user_id,
        epoch=0,
        secret=case.session_secret,
        given=proofs,
        address="127.0.0.1",
        agent=AGENT,
        now=at,
    )
    if state.trusts:
        trusted_by = f"trust {case.username}"
        trusted_browsers.trust(tx, case.user_id, epoch=0, secret=trusted_by, agent=AGENT, by=_every(at), now=at)
        listed = trusted_browsers.listed(tx, case.user_id)
        case.trusted = next(b.id for b in listed if b.id != case.other_trusted)
    if state.has_consented:
        for level in LEVELS:
            client_id = case.prefix + level
            consents.give(tx, user_id=case.user_id, client_id=client_id, scopes=("openid", "act"), now=at)


def _hand_over(tx: Transaction, case: Case, proofs: tuple[Proof, ...], *, has_grants: bool, code: str) -> None:
    """A grant for each way of using one later, for the client of the level; by `code` one for the client of none."""
    if code:
        _grant(tx, case, case.plain, proofs, code)
    if not has_grants:
        return
    at = proofs[0].at
    case.code, case.refresh, case.device_code = new_bearer(), new_bearer(), new_bearer()
    _grant(tx, case, case.portal, proofs, case.code)
    refreshed = _grant(tx, case, case.portal, proofs, new_bearer())
    refresh_tokens.add(tx, refreshed, token=case.refresh, expires_at=at + 86400)
    approved = _grant(tx, case, case.portal, proofs, new_bearer())
    letters = new_bearer()
    device_codes.add(
        tx,
        realm="demo",
        client_id=case.portal.client_id,
        asked_by=f"client:{case.portal.client_id}",
        scope="openid act",
        device_code=case.device_code,
        user_code=letters,
        interval=5,
        expires_at=at + 86400,
    )
    waiting = device_codes.find(tx, "demo", case.device_code)
    assert waiting is not None
    device_codes.approve(tx, "demo", device_id=waiting.id, grant_id=approved, now=at)


def _grant(tx: Transaction, case: Case, portal: Portal, proofs: tuple[Proof, ...], code: str) -> str:
    """As it was made under the rules of another day: those of today are what a use of it must pass."""
    is_waived = bool(case.trusted) and portal.client_id != case.plain.client_id
    at = min(p.at for p in proofs)
    return grants.add(
        tx,
        realm="demo",
        client_id=portal.client_id,
        user_id=case.user_id,
        epoch=0,
        session_id=case.session,
        trusted_browser_id=case.trusted if is_waived else None,
        scope="openid act",
        outcome=Outcome("password", amr(proofs), at, proofs),
        nonce=None,
        code=code,
        code_expires_at=at + 86400,
        redirect_uri=portal.redirect_uri,
        address="127.0.0.1",
        code_challenge=challenge(),
        asked=grants.Asked(),
        offline=False,
        cnf=None,
        now=at,
        expires_at=at + 86400,
    )


def _begin(tx: Transaction, case: Case, state: State, now: int) -> None:
    """A sign-in in this browser whose first proof was given."""
    portal, browser = case.portal, f"browser {case.username}"
    wanted = AuthorizationRequest(
        portal.client_id,
        portal.redirect_uri,
        Request(scopes=frozenset({"openid", "act"})),
        portal.request(scope="openid act"),
    )
    given = _proofs(case, state.half, now)
    sign_in = SignIn(wanted, user_id=case.user_id, epoch=0, given=given, **state.holds)
    case.handle = Handles(case.world.sealer).store(tx, "demo", sign_in, browser, now).handle


def _hold(case: Case) -> None:
    """What is in the cookies of the browser."""
    browser = case.world.browser
    browser.http.cookies.clear()
    browser.secrets = {case.username: case.secret}
    for kind, value in {
        "session": case.session_secret,
        "browser": f"browser {case.username}" if case.handle else "",
        "trusted": f"trust {case.username}" if case.trusted else "",
    }.items():
        if value:
            browser.http.cookies.set(f"idp-{kind}-demo", value, domain="localhost.local", path="/")
