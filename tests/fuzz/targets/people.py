"""What people and their devices send, what providers report, and what an administrator writes."""

import base64
import hashlib
import json
import re
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from starlette.exceptions import HTTPException

from idp.factors import webauthn
from idp.factors.answers import Proven
from idp.factors.webauthn import NewPasskey, Party, Passkey
from idp.outbound.phone import Phone, Refusal, parse
from idp.outbound.twilio_callbacks import read_report
from idp.realm.loading import Mode, examine
from idp.resource_server.challenge import parse_challenge
from idp.web.intake import MAX_BODY, _pairs
from tests.authenticator import Authenticator, Key, text_of
from tests.fuzz.oracle import halves, text
from tests.fuzz.realm import ISSUER, realm
from tests.outbound.twilio_stand_in import sign

_PARTY = Party("login.example.com", "https://login.example.com", "Example")
_CHALLENGE = b"c" * 32


@cache
def _key() -> tuple[Key, Passkey]:
    device = Authenticator(_PARTY.origin)
    options = webauthn.creation_options(_PARTY, user_handle=b"u", username="u", challenge=_CHALLENGE, existing=[])
    new = webauthn.verify_new(device.create(options), _PARTY, challenge=_CHALLENGE)
    assert isinstance(new, NewPasskey)
    return device.keys[0], Passkey("1", new.handle, new.public_key, 0)


def passkey_answer(data: bytes) -> None:
    """As text: no answer that was not signed proves anything, and none breaks anything."""
    written = text(data)
    _, passkey = _key()
    webauthn.handle_of(written)
    webauthn.user_handle_of(written)
    assert not isinstance(_verified(written, passkey), Proven)
    made = webauthn.verify_new(written, _PARTY, challenge=_CHALLENGE)
    if isinstance(made, NewPasskey):
        _check_client_data(json.loads(written)["response"]["clientDataJSON"], "webauthn.create")


def signed_passkey_answer(data: bytes) -> None:
    """By the key itself, whatever its device says: the first line is the client's data, the rest the device's."""
    key, passkey = _key()
    client, said = halves(data)
    client = client.replace(b"$challenge", text_of(_CHALLENGE).encode())
    said = said.replace(b"$rp", hashlib.sha256(_PARTY.rp_id.encode()).digest())
    signature = key.private.sign(said + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
    response = {"clientDataJSON": text_of(client), "authenticatorData": text_of(said), "signature": text_of(signature)}
    named = text_of(key.id)
    answer = {"id": named, "rawId": named, "type": "public-key", "response": response}
    verified = _verified(json.dumps(answer), passkey)
    if isinstance(verified, Proven):
        _check_client_data(response["clientDataJSON"], "webauthn.get")
        assert said[:32] == hashlib.sha256(_PARTY.rp_id.encode()).digest()
        assert said[32] & 5 == 5


def new_passkey(data: bytes) -> None:
    """What a device made: the first line is the client's data, the rest the attestation object."""
    client, attestation = halves(data)
    client = client.replace(b"$challenge", text_of(_CHALLENGE).encode())
    attestation = attestation.replace(b"$rp", hashlib.sha256(_PARTY.rp_id.encode()).digest())
    response = {"clientDataJSON": text_of(client), "attestationObject": text_of(attestation)}
    answer = {"id": text_of(b"k"), "rawId": text_of(b"k"), "type": "public-key", "response": response}
    made = webauthn.verify_new(json.dumps(answer), _PARTY, challenge=_CHALLENGE)
    if isinstance(made, NewPasskey):
        _check_client_data(response["clientDataJSON"], "webauthn.create")


def _verified(answer: str, passkey: Passkey) -> object:
    return webauthn.verify(answer, _PARTY, passkey, challenge=_CHALLENGE, must_verify=True)


def _check_client_data(encoded: str, kind: str) -> None:
    said = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    assert said["type"] == kind
    assert said["origin"] == _PARTY.origin
    assert said["challenge"] == text_of(_CHALLENGE)
    assert not said.get("crossOrigin")


def phone_number(data: bytes) -> None:
    """One form of a number, in a country of the realm, or a reason."""
    found = parse(text(data), default_country="DE", countries=("DE", "US"))
    if isinstance(found, Phone):
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", found.e164, re.ASCII)
        assert found.country in ("DE", "US")
        assert parse(found.e164, default_country="US", countries=("DE", "US")) == found
    else:
        assert isinstance(found, Refusal)


def message_report(data: bytes) -> None:
    """The first line is the query, the second the signature (`$signed`: Twilio's), the third the form."""
    lines = [*data.split(b"\n", 2), b"", b""]
    try:
        parameters = dict(_pairs(lines[2], MAX_BODY))
    except HTTPException:
        return
    section = realm().factors.sms
    assert section is not None and section.auth_token is not None  # noqa: PT018
    url, signature = f"{ISSUER}/sms-status?{lines[0].decode('ascii', 'replace')}", lines[1].decode("latin-1")
    is_signed = signature == "$signed"
    if is_signed:
        signature = sign(url, parameters, token=section.auth_token.value)
    report = read_report(section, public_url=url, parameters=parameters, signature=signature)
    if report is not None:
        assert is_signed, "believed without a signature"
        assert parameters["AccountSid"] == "AC" + "0" * 32
        assert re.fullmatch(r"[a-z_-]{2,20}", report.status)


def realm_file(data: bytes) -> None:
    """A realm, or problems that have a place."""
    for mode in (Mode.DEVELOPMENT, Mode.PRODUCTION):
        found = examine(data, path="r.yaml", mode=mode, environ={})
        assert (found.realm is None) == bool(found.problems)
        for problem in found.problems:
            assert problem.line >= 1
            assert problem.column >= 1
            assert problem.message.strip()
            assert "\n" not in problem.message


def challenge(data: bytes) -> None:
    """What an API answered, as its client reads it."""
    found = parse_challenge(data.decode("latin-1"))
    if found is not None:
        assert found.scheme in ("Bearer", "DPoP")
        assert found.max_age is None or found.max_age >= 0


TARGETS = (*(passkey_answer, signed_passkey_answer, new_passkey, phone_number, message_report, realm_file, challenge),)
