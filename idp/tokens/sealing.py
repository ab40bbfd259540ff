"""Authenticated encryption (AES-256-GCM) for what the database or a browser keeps for the server."""

import base64
import binascii
import hashlib
import hmac
import json
import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_ID = 4
_NONCE = 12


class NotSealedHere(Exception):
    """The value was not made by one of this server's keys for this purpose and owner."""


class Sealer:
    """Seals and opens values by the keys of the settings: the first seals, every one opens.

    `context` is authenticated with the value: a value that belongs to one owner and purpose opens for no other.
    """

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        derived = [_derive(key, b"idp sealing") for key in keys]
        self._keys = {hashlib.sha256(key).digest()[:_KEY_ID]: AESGCM(key) for key in derived}
        self._first = next(iter(self._keys))
        self._mac = _derive(keys[0], b"idp mac")

    def seal(self, value: bytes, context: str) -> str:
        """Encrypt, with the identifier of the key in front."""
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self._first].encrypt(nonce, value, context.encode())
        return base64.urlsafe_b64encode(self._first + nonce + sealed).rstrip(b"=").decode()

    def open(self, sealed: str, context: str) -> bytes:
        """Decrypt; raises NotSealedHere for anything that `seal` did not make for this context."""
        try:
            raw = base64.b64decode(sealed + "=" * (-len(sealed) % 4), altchars=b"-_", validate=True)
            key = self._keys[raw[:_KEY_ID]]
            return key.decrypt(raw[_KEY_ID : _KEY_ID + _NONCE], raw[_KEY_ID + _NONCE :], context.encode())
        except (binascii.Error, ValueError, KeyError, InvalidTag):
            raise NotSealedHere from None

    def again(self, sealed: str, context: str) -> str:
        """Seal by the first key what any of them opens; raises NotSealedHere like `open`."""
        return self.seal(self.open(sealed, context), context)

    def seal_json(self, value: Any, context: str) -> str:
        """`seal` for what JSON can say."""
        return self.seal(json.dumps(value, separators=(",", ":")).encode(), context)

    def open_json(self, sealed: str, context: str) -> Any:
        """The opposite of `seal_json`."""
        return json.loads(self.open(sealed, context))

    def mac(self, purpose: str, message: str) -> str:
        """HMAC-SHA-256 of a message for a purpose, 128 bits, URL-safe."""
        tag = hmac.digest(self._mac, f"{purpose}\0{message}".encode(), "sha256")
        return base64.urlsafe_b64encode(tag[:16]).rstrip(b"=").decode()

    def is_mac(self, tag: str, purpose: str, message: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(tag.encode(), self.mac(purpose, message).encode())


def _derive(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)
