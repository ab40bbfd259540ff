"""`idp user set-claims`: what operators note of a person is told at once, is on record by name, and is checked."""

import json

import pytest

from tests.cli.conftest import Done, User, audited
from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.running import RunningServer, demo_realm
from tests.visitor import Visitor

ADDRESS = '{"locality": "Paris", "street_address": "Rue 1"}'


@pytest.fixture
def server(start: Start) -> RunningServer:
    realm = demo_realm()
    realm["clients"][0]["scope"] += " address phone"
    return start(realm)


def claims_of(user: User, username: str = "alice") -> dict[str, object]:
    claims: dict[str, object] = json.loads(user("show", username, "--json").out)["claims"]
    return claims


def test_what_is_set_is_told_at_once_with_its_time(user: User, portal: Portal, visitor: Visitor, clock: Clock) -> None:
    tokens = portal.sign_in(visitor, scope="openid profile address")
    before = portal.userinfo(tokens.access).json()
    clock.advance(60)

    assert user("set-claims", "alice", "--claim", "given_name=Ada", "--claim", f"address={ADDRESS}").status == 0

    told = portal.userinfo(tokens.access).json()
    assert told == before | {"given_name": "Ada", "address": json.loads(ADDRESS), "updated_at": clock()}
    assert portal.refresh(tokens.refresh).id_claims["given_name"] == "Ada"


def test_the_others_stay_and_an_empty_value_forgets(user: User) -> None:
    user("set-claims", "alice", "--claim", "given_name=Ada", "--claim", "nickname=A=B", "--claim", f"address={ADDRESS}")
    user("set-claims", "alice", "--claim", "given_name=", "--claim", "locale=en-GB")
    assert claims_of(user) == {"nickname": "A=B", "locale": "en-GB", "address": json.loads(ADDRESS)}

    user("set-claims", "alice", "--claim", "address=", "--claim", "nickname=")
    assert claims_of(user) == {"locale": "en-GB"}


def test_a_new_person_may_have_some_from_the_start(user: User) -> None:
    done = user("add", "bob", "--claim", "given_name=Bob", "--claim", "birthdate=1990", given="their own long words")

    assert (done.status, claims_of(user, "bob")) == (0, {"given_name": "Bob", "birthdate": "1990"})


def test_they_are_shown(user: User) -> None:
    assert "claims: none" in user("show", "alice").out.splitlines()

    user("set-claims", "alice", "--claim", "given_name=Ada", "--claim", 'address={"formatted": "Rue 1\\nParis"}')

    assert 'claims: given_name=Ada, address={"formatted": "Rue 1\\nParis"}' in user("show", "alice").out.splitlines()


def test_the_record_names_what_was_set_and_says_none_of_it(user: User) -> None:
    done = user("set-claims", "alice", "--claim", "nickname=Countess", "--claim", "birthdate=1815-12-10")

    who = {"realm": "demo", "username": "alice", "by": "command line"}
    assert audited(done) == [{"event": "user.claims_set", **who, "claims": ["birthdate", "nickname"]}]
    assert user("set-claims", "alice", "--claim", "nickname=Countess").err == ""


WRONG = {
    "": "say which: --claim NAME=VALUE, or --claim NAME= to forget it",
    "Ada": "a claim is written NAME=VALUE, not 'Ada'",
    "givenname=Ada": "unknown key 'givenname', did you mean 'given_name'?",
    "locality=Paris": "unknown key 'locality', did you mean 'locale' or 'locality' under 'address'?",
    "phone_number_verified=true": "unknown key 'phone_number_verified', did you mean 'phone_number'?",
    "birthdate=2001-02-29": "'birthdate': there is no such day",
    "phone_number=555": "'phone_number' must be a number in its international form, such as +15005550006",
    "website=javascript:alert(1)": "'website' must be the address of a page, such as https://example.com/me",
    "nickname=two\nlines": "'nickname' must be one line",
    "address=Paris": """an address is written in JSON: address='{"locality": "Paris"}'""",
    "address=[]": "'address' must be a section with keys of its own",
    'address={"locality": 5}': "'locality' must be text",
    'address={"town": "Paris"}': "unknown key 'town' (known: formatted, street_address, locality, region, postal_code, "
    "country)",
}


def refused(user: User, claim: str) -> Done:
    return user("set-claims", "alice", *(["--claim", claim] if claim else []))


@pytest.mark.parametrize("claim", WRONG)
def test_what_is_wrong_is_told_and_changes_nothing(user: User, claim: str) -> None:
    done = refused(user, claim)

    assert (done.status, done.err) == (1, f"idp: {WRONG[claim]}\n")
    assert claims_of(user) == {}


@pytest.mark.attack
def test_text_that_no_database_stores_is_refused(user: User) -> None:
    for escape in ("\\ud800", "\\u0000", "\\u001b[2J"):
        assert refused(user, f'address={{"locality": "{escape}"}}').status == 1, escape

    assert claims_of(user) == {}
