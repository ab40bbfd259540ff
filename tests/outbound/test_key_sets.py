"""The keys at clients' addresses: looked up now and then, whatever comes back."""

import json

import pytest

from idp.outbound.fetch import Answer, Unreachable
from idp.outbound.key_sets import KeySets
from tests.clock import Clock

URL = "https://client.test/keys"
KEY = {"kty": "OKP", "crv": "Ed25519", "x": "x"}


class Address:
    """What a client's address says, and how often it was asked."""

    def __init__(self) -> None:
        self.answer: Answer | None = said({"keys": [KEY]})
        self.asked = 0

    def __call__(self, url: str) -> Answer:
        assert url == URL
        self.asked += 1
        if self.answer is None:
            raise Unreachable
        return self.answer


def said(body: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(body).encode())


def looked_up(key_sets: KeySets) -> list[object]:
    key_sets.fetch(URL)
    return list(key_sets.known(URL))


def test_nothing_is_known_before_it_was_fetched() -> None:
    address = Address()

    assert KeySets(address, Clock()).known(URL) == ()
    assert address.asked == 0


def test_an_address_is_asked_once_a_minute(clock: Clock) -> None:
    address = Address()
    key_sets = KeySets(address, clock)

    assert [looked_up(key_sets) for _ in range(3)] == [[KEY]] * 3
    clock.advance(59)
    looked_up(key_sets)
    assert address.asked == 1

    clock.advance(1)
    address.answer = said({"keys": []})
    assert looked_up(key_sets) == []
    assert address.asked == 2


@pytest.mark.attack
def test_an_address_that_does_not_answer_is_not_asked_for_every_request(clock: Clock) -> None:
    address = Address()
    address.answer = None
    key_sets = KeySets(address, clock)

    assert [looked_up(key_sets) for _ in range(3)] == [[], [], []]
    assert address.asked == 1


def test_keys_are_remembered_for_an_hour_while_their_address_is_away(clock: Clock) -> None:
    address = Address()
    key_sets = KeySets(address, clock)
    looked_up(key_sets)
    address.answer = None

    clock.advance(3600)
    assert looked_up(key_sets) == [KEY]
    clock.advance(1)
    assert looked_up(key_sets) == []


WRONG = {
    "an error": said({"keys": [KEY]}, 500),
    "a redirect": said({"keys": [KEY]}, 302),
    "no JSON": Answer(200, b"<html>"),
    "no UTF-8": Answer(200, b"\xff\xfe{"),
    "a list": said([KEY]),
    "no keys": said({"key": [KEY]}),
    "keys that are text": said({"keys": "x"}),
    "a key that is text": said({"keys": ["x"]}),
    "deep": Answer(200, b"[" * 100_000),
}


@pytest.mark.attack
@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_key_set_has_no_keys(clock: Clock, case: str) -> None:
    address = Address()
    address.answer = WRONG[case]

    assert looked_up(KeySets(address, clock)) == []


@pytest.mark.attack
def test_of_very_many_keys_few_are_taken(clock: Clock) -> None:
    address = Address()
    address.answer = said({"keys": [KEY] * 1000})

    assert len(looked_up(KeySets(address, clock))) == 20


def test_of_very_many_addresses_the_oldest_are_forgotten(clock: Clock) -> None:
    key_sets = KeySets(lambda _: said({"keys": [KEY]}), clock)

    for number in range(3000):
        clock.advance(1)
        key_sets.fetch(f"{URL}/{number}")

    assert len(key_sets._found) <= 1001
    assert key_sets.known(f"{URL}/2999") == (KEY,)
    assert key_sets.known(f"{URL}/0") == ()
