"""Passkeys and security keys (W3C Web Authentication Level 3), verified by py_webauthn.

Every result is looked at: a signature that is not checked, or a flag that is not required, is how others were broken.
"""

import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from idp.factors.answers import Answer, ConsumeCounter, Proven, Wrong

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

CHALLENGE_BYTES = 32
# A passkey's answer is below 2 KiB; attestation objects, which we do not ask for, would be larger.
LONGEST_ANSWER = 16384
_TIMEOUT_MS = 120_000


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks: the host that passkeys are bound to, and the origin that their answers must name."""

    rp_id: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A registered key. `handle` is its raw identifier, `counter` the newest signature counter."""

    credential_id: str
    handle: bytes
    public_key: bytes = field(repr=False)
    counter: int


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A key that has just been made for a person."""

    handle: bytes
    public_key: bytes = field(repr=False)
    counter: int
    verified: bool
    synced: bool


def new_challenge() -> bytes:
    """256 random bits, for one ceremony."""
    return secrets.token_bytes(CHALLENGE_BYTES)


def creation_options(
    party: Party, *, user_handle: bytes, username: str, challenge: bytes, existing: Iterable[bytes]
) -> dict[str, Any]:
    """What `navigator.credentials.create` is called with (section 5.4)."""
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    options = generate_registration_options(
        rp_id=party.rp_id,
        rp_name=party.name,
        user_id=user_handle,
        user_name=username,
        challenge=challenge,
        timeout=_TIMEOUT_MS,
        exclude_credentials=_descriptors(existing),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
    )
    loaded: dict[str, Any] = json.loads(options_to_json(options))
    return loaded


def request_options(party: Party, *, challenge: bytes, allowed: Iterable[bytes], must_verify: bool) -> dict[str, Any]:
    """What `navigator.credentials.get` is called with (section 5.5). Nothing allowed: any passkey of this host."""
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import UserVerificationRequirement

    wanted = UserVerificationRequirement.REQUIRED if must_verify else UserVerificationRequirement.PREFERRED
    options = generate_authentication_options(
        rp_id=party.rp_id,
        challenge=challenge,
        timeout=_TIMEOUT_MS,
        allow_credentials=_descriptors(allowed),
        user_verification=wanted,
    )
    loaded: dict[str, Any] = json.loads(options_to_json(options))
    return loaded


def handle_of(answer: str) -> bytes | None:
    """The raw identifier of the key that an answer names, unverified: by it the key is looked up."""
    if len(answer) > LONGEST_ANSWER:
        return None
    try:
        named = json.loads(answer)["rawId"]
        return urlsafe_b64decode(named + "=" * (-len(named) % 4))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def user_handle_of(answer: str) -> bytes | None:
    """Whom the key says it was made for, unverified; None where it does not say."""
    try:
        named = json.loads(answer)["response"].get("userHandle")
        return None if named is None else urlsafe_b64decode(named + "=" * (-len(named) % 4))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def verify_new(answer: str, party: Party, *, challenge: bytes) -> NewPasskey | Wrong:
    """Section 7.1. Attestation is not asked for: whose product it is does not matter here."""
    from webauthn import verify_registration_response
    from webauthn.helpers.structs import CredentialDeviceType

    if len(answer) > LONGEST_ANSWER:
        return Wrong("error.passkey")
    try:
        made = verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=party.rp_id, expected_origin=party.origin
        )
    except Exception:  # noqa: BLE001  # what its parsers raise at a stranger's bytes, the library lets through
        return Wrong("error.passkey")
    if not _is_answer_to(answer, challenge):
        return Wrong("error.passkey")
    return NewPasskey(
        handle=made.credential_id,
        public_key=made.credential_public_key,
        counter=made.sign_count,
        verified=made.user_verified,
        synced=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def verify(answer: str, party: Party, passkey: Passkey, *, challenge: bytes, must_verify: bool) -> Answer:
    """Section 7.2. A counter that does not grow means that the key was copied: it is refused, and told."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.structs import CredentialDeviceType

    if len(answer) > LONGEST_ANSWER or handle_of(answer) != passkey.handle:
        return Wrong("error.passkey")
    try:
        shown = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.rp_id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            # The library would compare with what was read before; the database compares when the key is used up.
            credential_current_sign_count=0,
            require_user_verification=must_verify,
        )
    except Exception:  # noqa: BLE001  # the same
        return Wrong("error.passkey")
    if not _is_answer_to(answer, challenge):
        return Wrong("error.passkey")
    return Proven(
        passkey.credential_id,
        ConsumeCounter(passkey.credential_id, shown.new_sign_count),
        verified=shown.user_verified,
        synced=shown.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def _is_answer_to(answer: str, challenge: bytes) -> bool:
    """Whether the browser was asked exactly this (section 7.2, step 12), by no page that has ours in a frame (13.4.9).

    The library reads the challenge in other spellings too, and does not mind the frame.
    """
    from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

    said = json.loads(base64url_to_bytes(json.loads(answer)["response"]["clientDataJSON"]))
    return said["challenge"] == bytes_to_base64url(challenge) and not said.get("crossOrigin")


def _descriptors(handles: Iterable[bytes]) -> "list[PublicKeyCredentialDescriptor]":
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=handle) for handle in handles]
