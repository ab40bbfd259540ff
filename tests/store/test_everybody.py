"""All people of a realm at once are whom each of them is alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from idp.policy.lockout import SECOND_FACTOR_SHUT_AT
from idp.policy.question import Credential, Person
from idp.realm.loading import Mode, load
from idp.realm.schema import Realm
from idp.store import everybody, factors, people, users
from idp.store.database import Database, Transaction
from idp.store.guesses import second_factor_subject
from idp.store.tables import guesses
from tests.running import every_factor, write_realms

NOW = 1_800_000_000


@pytest.fixture
def realm(tmp_path: Path) -> Realm:
    write_realms(tmp_path, every_factor())
    return load(tmp_path / "demo.yaml", mode=Mode.CHECK, environ={})


def add(tx: Transaction, name: str, *owned: str, codes: int = 0, wrong: int = 0) -> str:
    roles, groups = ("admin",), ("partners", "unknown")
    user_id = users.add(tx, "demo", username=name, password_hash=None, now=NOW, roles=roles, groups=groups)
    for place, factor in enumerate(owned):
        factors.add(tx, user_id, credential_id=f"{name} {place}", factor=factor, label="", secret="", now=NOW)
    if codes:
        digests = [f"{name} {number}".encode().ljust(32) for number in range(codes)]
        factors.replace_recovery_codes(tx, user_id, digests)
        factors.consume_recovery_code(tx, user_id, digest=digests[0], now=NOW)
    if wrong:
        counted = {"subject": second_factor_subject(user_id), "wrong": wrong, "blocked_until": 0, "last_at": NOW}
        tx.execute(insert(guesses).values(counted))
    return user_id


def in_general(person: Person) -> Person:
    """What does not depend on which of their things it is."""
    kept = {c.factor: Credential(c.factor, c.factor, usable=c.usable) for c in person.credentials}
    return replace(person, credentials=tuple(kept[factor] for factor in sorted(kept)))


def test_people_read_together_are_as_policy_sees_each(
    database: Database, realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everybody, "_PEOPLE", everybody._PEOPLE.limit(2))
    with database.write() as tx:
        add(tx, "nothing")
        add(tx, "two apps", "totp", "totp", codes=2)
        add(tx, "used up", "webauthn", codes=1)
        add(tx, "shut", "sms", "email", codes=3, wrong=SECOND_FACTOR_SHUT_AT)
        add(tx, "nearly shut", "sms", wrong=SECOND_FACTOR_SHUT_AT - 1)
        users.snooze(tx, add(tx, "snoozed"))
        users.set_enabled(tx, add(tx, "disabled"), False)
    with database.read() as tx:
        found = dict(everybody.people(tx, "demo"))
        disabled = everybody.disabled(tx, "demo")
        known = {name: people.by_identifier(tx, "demo", name) for name in found}

    assert disabled == 1
    assert list(found) == ["ada", "alice", "nearly shut", "nothing", "shut", "snoozed", "two apps", "used up"]
    for name, traits in found.items():
        alone = known[name]
        assert alone is not None
        assert in_general(traits.person(realm)) == in_general(alone.person(realm)), name
