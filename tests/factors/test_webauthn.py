"""What passkeys are asked for, and what is made of an answer that is none."""

import json
from typing import Any

import cbor2
import pytest

from idp.factors import webauthn
from idp.factors.answers import Proven, Wrong
from idp.factors.webauthn import NewPasskey, Party, Passkey
from tests.authenticator import AlreadyThere, Authenticator, bytes_of, text_of

PARTY = Party("login.example.com", "https://login.example.com", "Example")
CHALLENGE = b"c" * 32


@pytest.fixture
def device() -> Authenticator:
    return Authenticator(PARTY.origin)


def made(device: Authenticator) -> NewPasskey:
    options = webauthn.creation_options(
        PARTY, user_handle=b"alice", username="alice", challenge=CHALLENGE, existing=[key.id for key in device.keys]
    )
    new = webauthn.verify_new(device.create(options), PARTY, challenge=CHALLENGE)
    assert isinstance(new, NewPasskey)
    return new


def asked(device: Authenticator) -> str:
    return device.get(webauthn.request_options(PARTY, challenge=CHALLENGE, allowed=[], must_verify=True))


def test_a_device_that_has_one_makes_no_second(device: Authenticator) -> None:
    made(device)

    with pytest.raises(AlreadyThere):
        made(device)


def test_what_was_made_answers(device: Authenticator) -> None:
    new = made(device)
    passkey = Passkey("1", new.handle, new.public_key, new.counter)

    answer = webauthn.verify(asked(device), PARTY, passkey, challenge=CHALLENGE, must_verify=True)

    assert isinstance(answer, Proven)
    assert answer.verified


@pytest.mark.attack
def test_a_damaged_answer_is_wrong_and_nothing_worse(device: Authenticator) -> None:
    """Every byte counts: whatever is changed, cut off or put in, nothing is proven and nothing breaks."""
    new = made(device)
    passkey = Passkey("1", new.handle, new.public_key, new.counter)
    created = Authenticator(PARTY.origin).create(
        webauthn.creation_options(PARTY, user_handle=b"a", username="a", challenge=CHALLENGE, existing=[])
    )
    for answer in (asked(device), created):
        for at in range(len(answer)):
            put_in = ("", "A", "_", "{", '"', "\0", "é")[at % 7]
            for other in (answer[:at], answer[:at] + put_in + answer[at + 1 :]):
                shown = webauthn.verify(other, PARTY, passkey, challenge=CHALLENGE, must_verify=True)
                assert isinstance(shown, Wrong) or says_the_same(other, answer)
                webauthn.verify_new(other, PARTY, challenge=CHALLENGE)
                webauthn.handle_of(other)
                webauthn.user_handle_of(other)


@pytest.mark.attack
@pytest.mark.parametrize("response", ["text", b"W10.W10.x"])
def test_an_attestation_of_no_known_shape_is_wrong_and_nothing_worse(device: Authenticator, response: Any) -> None:
    answer = json.loads(
        device.create(
            webauthn.creation_options(PARTY, user_handle=b"a", username="a", challenge=CHALLENGE, existing=[])
        )
    )
    said = cbor2.loads(bytes_of(answer["response"]["attestationObject"]))["authData"]
    statement = {"ver": "1", "response": response}
    made_up = cbor2.dumps({"fmt": "android-safetynet", "attStmt": statement, "authData": said})
    answer["response"]["attestationObject"] = text_of(made_up)

    assert isinstance(webauthn.verify_new(json.dumps(answer), PARTY, challenge=CHALLENGE), Wrong)


def says_the_same(other: str, answer: str) -> bool:
    """Whether only what nobody signs was changed."""
    signed = ("clientDataJSON", "authenticatorData", "signature")
    one, two = json.loads(other)["response"], json.loads(answer)["response"]
    return all(bytes_of(one[name]) == bytes_of(two[name]) for name in signed)
