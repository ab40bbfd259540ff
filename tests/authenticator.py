"""A security key in software (W3C Web Authentication Level 3): makes keys, signs challenges, and lies when told to."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_PRESENT, _VERIFIED, _MAY_LEAVE, _ATTESTED = 1, 4, 8, 64


class AlreadyThere(Exception):
    """The device holds one of the keys that the page does not want a second one beside."""


@dataclass
class Key:
    """A passkey. `user_handle`: whom it was made for; `counter`: how often it has signed."""

    id: bytes
    user_handle: bytes
    private: ec.EllipticCurvePrivateKey = field(repr=False)
    counter: int = 0


@dataclass
class Authenticator:
    """A device at `origin`. `verifies`: it asks for its owner's finger; `counts`: its keys count their signatures.

    What a device may say is an argument of `create` and `get`: origin, rp_id, challenge, type, cross_origin, verified,
    present, counter, user_handle, id, alg, raw_id, and `key`, another one to sign with.
    """

    origin: str
    verifies: bool = True
    is_synced: bool = False
    counts: bool = True
    keys: list[Key] = field(default_factory=list)

    def create(self, options: dict[str, Any], **lies: Any) -> str:
        """The answer of `navigator.credentials.create`, as the page posts it."""
        if {bytes_of(one["id"]) for one in options.get("excludeCredentials", [])} & {key.id for key in self.keys}:
            raise AlreadyThere
        key = Key(secrets.token_bytes(32), bytes_of(options["user"]["id"]), ec.generate_private_key(ec.SECP256R1()))
        self.keys.append(key)
        identifier = lies.get("id", key.id)
        public = key.private.public_key().public_numbers()
        cose = {1: 2, 3: lies.get("alg", -7), -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")}
        attested = bytes(16) + len(identifier).to_bytes(2, "big") + identifier + cbor2.dumps(cose)
        said = self._authenticator_data(options["rp"]["id"], key, lies, attested)
        client = self._client_data("webauthn.create", options["challenge"], lies)
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": said})
        return _posted(identifier, {"clientDataJSON": text_of(client), "attestationObject": text_of(made)})

    def get(self, options: dict[str, Any], **lies: Any) -> str:
        """The answer of `navigator.credentials.get`: by the newest key that may answer."""
        allowed = {bytes_of(one["id"]) for one in options.get("allowCredentials", [])}
        key = lies.get("key") or next(k for k in reversed(self.keys) if not allowed or k.id in allowed)
        key.counter += self.counts
        said = self._authenticator_data(options["rpId"], key, lies)
        client = self._client_data("webauthn.get", options["challenge"], lies)
        signature = key.private.sign(said + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": text_of(client),
            "authenticatorData": text_of(said),
            "signature": text_of(signature),
        }
        handle = lies.get("user_handle", key.user_handle)
        if handle is not None:
            response["userHandle"] = text_of(handle)
        return _posted(lies.get("id", key.id), response, raw_id=lies.get("raw_id"))

    def _client_data(self, kind: str, challenge: str, lies: dict[str, Any]) -> bytes:
        said = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", challenge),
            "origin": lies.get("origin", self.origin),
            "crossOrigin": lies.get("cross_origin", False),
        }
        return json.dumps(said).encode()

    def _authenticator_data(self, rp_id: str, key: Key, lies: dict[str, Any], attested: bytes = b"") -> bytes:
        flags = _PRESENT if lies.get("present", True) else 0
        flags |= _VERIFIED if lies.get("verified", self.verifies) else 0
        flags |= _MAY_LEAVE if self.is_synced else 0
        flags |= _ATTESTED if attested else 0
        counter: int = lies.get("counter", key.counter)
        host = hashlib.sha256(lies.get("rp_id", rp_id).encode()).digest()
        return host + bytes([flags]) + counter.to_bytes(4, "big") + attested


def bytes_of(text: str) -> bytes:
    """From base64url without padding."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(value: bytes) -> str:
    """As base64url without padding."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _posted(identifier: bytes, response: dict[str, str], raw_id: bytes | None = None) -> str:
    named, raw = text_of(identifier), text_of(identifier if raw_id is None else raw_id)
    return json.dumps({"id": named, "rawId": raw, "type": "public-key", "response": response})
