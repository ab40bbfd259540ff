"""What policy sees of a stored person."""

from dataclasses import replace
from typing import Any

import pytest

from idp.policy.question import Credential, Person
from idp.realm.schema import Group, Realm, Role
from idp.store.people import Known, StoredFactor
from idp.store.users import User
from tests.policy.build import realm

PHONE = StoredFactor(
    id="phone", factor="totp", label="", secret="", handle=None, counter=0, created_at=0, last_used_at=None
)
SHEET = "recovery-codes"


def known(*factors: StoredFactor, left: int = 0, wrong: int = 0, **user: Any) -> Known:
    nobody = {"id": "1", "realm": "r", "username": "alice", "email": None, "email_verified": False, "name": None}
    state = {
        "roles": (),
        "groups": (),
        "enabled": True,
        "epoch": 0,
        "snoozed": 0,
        "created_at": 0,
        "updated_at": 0,
        "claims": {},
        "password_hash": None,
    }
    return Known(User(**{**nobody, **state, **user}), factors, left, wrong)


def with_directory(of: Realm) -> Realm:
    fields = {name: getattr(of, name) for name in Realm.model_fields}
    roles = {"admin": Role(), "developer": Role()}
    return Realm.model_construct(**{**fields, "roles": roles, "groups": {"partners": Group(roles=("developer",))}})


@pytest.mark.parametrize(
    ("who", "usable"),
    [
        pytest.param(known(), set(), id="nothing"),
        pytest.param(known(PHONE, left=3), {"totp", SHEET}, id="everything"),
        pytest.param(known(PHONE), {"totp"}, id="codes used up"),
        pytest.param(known(PHONE, left=3, wrong=99), {"totp", SHEET}, id="not yet shut"),
        pytest.param(known(PHONE, left=3, wrong=100), set(), id="shut"),
    ],
)
def test_what_can_be_asked_for(who: Known, usable: set[str]) -> None:
    assert who.person(realm()).usable == usable


@pytest.mark.parametrize(
    ("who", "owned"),
    [(known(), set()), (known(left=3), set()), (known(PHONE), {"totp"}), (known(PHONE, wrong=100), {"totp"})],
)
def test_recovery_codes_alone_are_no_factor_owned(who: Known, owned: set[str]) -> None:
    assert who.person(realm()).owned == owned


def test_what_the_last_recovery_code_has_proven_stays_proven() -> None:
    person = known(PHONE, left=0).person(realm())

    assert Credential(SHEET, SHEET, usable=False) in person.credentials


def test_a_factor_that_the_realm_does_not_have_does_not_exist() -> None:
    assert known(PHONE, left=3).person(realm(factors={})) == Person()


def test_roles_are_the_persons_own_and_those_of_the_groups() -> None:
    person = known(roles=("admin",), groups=("partners",)).person(with_directory(realm()))

    assert person.roles == {"admin", "developer"}
    assert person.groups == {"partners"}


def test_roles_and_groups_that_the_realm_does_not_define_do_not_exist() -> None:
    person = known(roles=("gone",), groups=("gone",)).person(with_directory(realm()))

    assert person == Person(credentials=person.credentials)


def test_when_a_factor_was_last_used() -> None:
    used = replace(PHONE, last_used_at=5)

    assert known(used).person(realm()).last_used("totp") == 5
    assert known(PHONE).person(realm()).last_used("totp") == 0
    assert known(used, wrong=100).person(realm()).last_used("totp") == 0
