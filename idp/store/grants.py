"""What people allowed clients, and the code that it begins with, consumed by one conditional update."""

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update

from idp.policy.decide import Outcome
from idp.policy.proofs import Proof
from idp.realm.claim_sections import SCOPE_OF_CLAIM
from idp.store import proofs as proofs_json
from idp.store.database import Transaction
from idp.store.tables import grants, sessions, users
from idp.tokens.bearer import digest


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for besides scopes, as JSON can say it.

    `claims`: by member (`id_token`, `userinfo`) the claims asked for by name, with the values that are welcome or None.
    `resources` (RFC 8707) narrow what its access tokens are for; `authorization_details` are those of RFC 9396.
    """

    claims: Mapping[str, Mapping[str, list[Any] | None]] = field(default_factory=dict)
    resources: Sequence[str] = ()
    authorization_details: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant that is alive. `acr`, `amr`, `auth_time` and the person's `address` were fixed when it was made.

    One that rests on somebody else's word (RFC 7523) has no `session_id`, no proofs and no `auth_time`.
    """

    id: str
    realm: str
    client_id: str
    user_id: str
    session_id: str | None
    trusted_browser_id: str | None
    scope: str
    proofs: tuple[Proof, ...]
    acr: str | None
    amr: tuple[str, ...]
    auth_time: int | None
    nonce: str | None
    redirect_uri: str
    address: str
    code_challenge: str | None
    asked: Asked
    cnf: Mapping[str, str] | None
    created_at: int
    expires_at: int

    @property
    def scopes(self) -> tuple[str, ...]:
        """Those granted, then those whose claims were asked for by name beside them."""
        by_name = (SCOPE_OF_CLAIM[name] for claims in self.asked.claims.values() for name in claims)
        return tuple(dict.fromkeys((*self.scope.split(), *by_name)))


def add(
    tx: Transaction,
    *,
    realm: str,
    client_id: str,
    user_id: str,
    epoch: int,
    scope: str,
    asked: Asked,
    now: int,
    expires_at: int,
    session_id: str | None = None,
    trusted_browser_id: str | None = None,
    outcome: Outcome | None = None,
    nonce: str | None = None,
    code: str | None = None,
    code_expires_at: int | None = None,
    redirect_uri: str = "",
    address: str = "",
    code_challenge: str | None = None,
    offline: bool = False,
    cnf: Mapping[str, str] | None = None,
    redeemed_at: int | None = None,
) -> str:
    """A grant, to be redeemed once: by its code, if it has one. `offline`: it outlives signing out.

    `session_id`, `outcome`: of the sign-in that it rests on, if it does.
    """
    grant_id = str(uuid.uuid4())
    values = {
        "id": grant_id,
        "realm": realm,
        "client_id": client_id,
        "user_id": user_id,
        "session_id": session_id,
        "trusted_browser_id": trusted_browser_id,
        "epoch": epoch,
        "scope": scope,
        "proofs": proofs_json.dump(outcome.proofs if outcome else ()),
        "acr": outcome.acr if outcome else None,
        "amr": list(outcome.amr) if outcome else [],
        "auth_time": outcome.auth_time if outcome else None,
        "offline": offline,
        "nonce": nonce,
        "code_digest": digest(code) if code else None,
        "code_expires_at": code_expires_at,
        "redeemed_at": redeemed_at,
        "redirect_uri": redirect_uri,
        "address": address,
        "code_challenge": code_challenge,
        "asked": asdict(asked),
        "cnf": cnf,
        "created_at": now,
        "expires_at": expires_at,
    }
    tx.execute(_ADD, values)
    return grant_id


_ADD = insert(grants)
_with_code = (
    grants.c.code_digest == bindparam("of_code"),
    grants.c.realm == bindparam("in_realm"),
    grants.c.client_id == bindparam("of_client"),
)
_CONSUME_CODE = (
    update(grants)
    .where(*_with_code, grants.c.redeemed_at.is_(None), grants.c.code_expires_at > bindparam("now"))
    .values(redeemed_at=bindparam("now"))
    .returning(grants.c.id)
)
_REDEEM = update(grants).where(grants.c.id == bindparam("grant_id")).values(redeemed_at=bindparam("now"))
_END_OF_USED_CODE = (
    update(grants)
    .where(*_with_code, grants.c.redeemed_at.is_not(None), grants.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
    .returning(grants.c.id)
)


def consume_code(tx: Transaction, realm: str, *, client_id: str, code: str, now: int) -> str | None:
    """The identifier of the grant whose code this is, which no other request will get."""
    values = {"of_code": digest(code), "in_realm": realm, "of_client": client_id, "now": now}
    return tx.execute(_CONSUME_CODE, values).scalar_one_or_none()


def redeem(tx: Transaction, grant_id: str, now: int) -> None:
    """One without a code, for which something else was used up."""
    tx.execute(_REDEEM, {"grant_id": grant_id, "now": now})


def end_of_used_code(tx: Transaction, realm: str, *, client_id: str, code: str, now: int) -> str | None:
    """End what was made from a code that is presented again (RFC 6749 section 4.1.2); the grant's identifier."""
    values = {"of_code": digest(code), "in_realm": realm, "of_client": client_id, "now": now}
    return tx.execute(_END_OF_USED_CODE, values).scalar_one_or_none()


_alive = (
    select(grants)
    .join(users, users.c.id == grants.c.user_id)
    .outerjoin(sessions, sessions.c.id == grants.c.session_id)
    .where(
        grants.c.ended_at.is_(None),
        # A session that is not kept any more has ended long ago, whatever the grant of it says.
        or_(grants.c.session_id.is_(None), sessions.c.id.is_not(None)),
        sessions.c.ended_at.is_(None) | grants.c.offline,
        users.c.enabled,
        users.c.epoch == grants.c.epoch,
        grants.c.realm == bindparam("in_realm"),
        grants.c.expires_at > bindparam("now"),
    )
)
_BIND = update(grants).where(grants.c.id == bindparam("grant_id")).values(cnf=bindparam("to", type_=grants.c.cnf.type))
_ALIVE = _alive.where(grants.c.id == bindparam("grant_id"))
_ALIVE_OF = _alive.where(grants.c.user_id == bindparam("of_user"), grants.c.redeemed_at.is_not(None)).order_by(
    grants.c.created_at
)
_END = (
    update(grants)
    .where(grants.c.id == bindparam("grant_id"), grants.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)


def alive(tx: Transaction, realm: str, *, grant_id: str, now: int) -> Grant | None:
    """The grant, unless it, its session or what its person had when it was made has ended."""
    row = tx.execute(_ALIVE, {"grant_id": grant_id, "in_realm": realm, "now": now}).first()
    return None if row is None else _as_grant(row)


def bind(tx: Transaction, grant_id: str, cnf: Mapping[str, str]) -> None:
    """To the key that its code was redeemed with."""
    tx.execute(_BIND, {"grant_id": grant_id, "to": dict(cnf)})


def alive_of(tx: Transaction, realm: str, *, user_id: str, now: int) -> list[Grant]:
    """What a person's clients have of them now, the oldest first."""
    rows = tx.execute(_ALIVE_OF, {"of_user": user_id, "in_realm": realm, "now": now})
    return [_as_grant(row) for row in rows]


def end(tx: Transaction, grant_id: str, now: int) -> bool:
    """With every token made from it."""
    return tx.execute(_END, {"grant_id": grant_id, "now": now}).rowcount == 1


_not_ended = (
    grants.c.user_id == bindparam("of_user"),
    grants.c.client_id == bindparam("of_client"),
    grants.c.ended_at.is_(None),
)
_NOT_ENDED = select(grants).where(*_not_ended)
_END_OF_CLIENT = update(grants).where(*_not_ended).values(ended_at=bindparam("now"))
_END_CODES = (
    update(grants)
    .where(grants.c.session_id == bindparam("of_session"), grants.c.redeemed_at.is_(None), grants.c.ended_at.is_(None))
    .values(ended_at=bindparam("now"))
)


def end_of_client(tx: Transaction, *, user_id: str, client_id: str, now: int) -> None:
    """End what one person allowed one client."""
    tx.execute(_END_OF_CLIENT, {"of_user": user_id, "of_client": client_id, "now": now})


def end_resting_on(
    tx: Transaction, *, user_id: str, client_id: str, is_gone: Callable[[Grant], bool], now: int
) -> None:
    """End, of what one person allowed one client, each grant that the question is true of, redeemed or not."""
    for row in tx.execute(_NOT_ENDED, {"of_user": user_id, "of_client": client_id}).all():
        if is_gone(_as_grant(row)):
            end(tx, row.id, now)


def end_of_every_person(tx: Transaction, realm: str, *, client_id: str, now: int) -> None:
    """End what everybody allowed one client."""
    where = (grants.c.realm == realm, grants.c.client_id == client_id, grants.c.ended_at.is_(None))
    tx.execute(update(grants).where(*where).values(ended_at=now))


def end_codes(tx: Transaction, session_id: str, now: int) -> None:
    """End what a session was to become and has not: what nobody has redeemed, also of what would outlive it."""
    tx.execute(_END_CODES, {"of_session": session_id, "now": now})


def end_of_other_clients(tx: Transaction, realm: str, *, client_ids: Collection[str], now: int) -> int:
    """End the grants of clients that the realm does not have (any more); how many there were."""
    has = select(grants.c.client_id).where(grants.c.realm == realm, grants.c.ended_at.is_(None)).distinct()
    gone = sorted(set(tx.execute(has).scalars()) - set(client_ids))
    if not gone:
        return 0
    where = (grants.c.realm == realm, grants.c.ended_at.is_(None), grants.c.client_id.in_(gone))
    return tx.execute(update(grants).where(*where).values(ended_at=now)).rowcount


_CLIENTS_OF_SESSION = (
    select(grants.c.client_id).where(grants.c.session_id == bindparam("of_session")).distinct().order_by("client_id")
)


def clients_of_session(tx: Transaction, session_id: str) -> tuple[str, ...]:
    """The clients that somebody went to from this session, whatever became of their grants."""
    return tuple(tx.execute(_CLIENTS_OF_SESSION, {"of_session": session_id}).scalars())


def _as_grant(row: Any) -> Grant:
    return Grant(
        id=row.id,
        realm=row.realm,
        client_id=row.client_id,
        user_id=row.user_id,
        session_id=row.session_id,
        trusted_browser_id=row.trusted_browser_id,
        scope=row.scope,
        proofs=proofs_json.load(row.proofs),
        acr=row.acr,
        amr=tuple(row.amr),
        auth_time=row.auth_time,
        nonce=row.nonce,
        redirect_uri=row.redirect_uri,
        address=row.address,
        code_challenge=row.code_challenge,
        asked=Asked(**row.asked),
        cnf=row.cnf,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
