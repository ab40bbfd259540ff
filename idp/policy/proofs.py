"""Proofs, the kinds that they are of, and the `amr` values that name them (RFC 8176)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

_AMR = {"password": "pwd", "totp": "otp", "sms": "sms", "email": "email", "recovery-codes": "recovery"}


class Kind(Enum):
    """What a proof shows: something known, or something had. A verified passkey shows both."""

    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"


# Made once: the hash of a member of an enumeration is computed in Python.
_KNOWN, _HAD, _BOTH = frozenset({Kind.KNOWLEDGE}), frozenset({Kind.POSSESSION}), frozenset(Kind)


@dataclass(frozen=True, slots=True)
class Proof:
    """A factor proven at a time (seconds since the epoch), by the credential of that identifier.

    Of a passkey: `verified`, whether the device verified its owner; `synced`, whether its key may leave the device.
    """

    factor: str
    at: int
    credential: str = ""
    verified: bool = False
    synced: bool = False

    @property
    def kinds(self) -> frozenset[Kind]:
        """A recovery code is something had: the sheet that it stands on."""
        if self.factor == "password":
            return _KNOWN
        return _BOTH if self.factor == "webauthn" and self.verified else _HAD

    @property
    def is_first(self) -> bool:
        """Whether a sign-in can begin with it: it shows something known."""
        return self.kinds >= _KNOWN

    @property
    def methods(self) -> tuple[str, ...]:
        """Its `amr` values. RFC 8176 has none for a recovery code, and as `otp` an API would take it for an app."""
        if self.factor != "webauthn":
            return (_AMR[self.factor],)
        return ("swk" if self.synced else "hwk", *(("user",) if self.verified else ()))


def kinds(proofs: Iterable[Proof]) -> frozenset[Kind]:
    """The different kinds among the proofs."""
    return frozenset[Kind]().union(*(proof.kinds for proof in proofs))


def newest(proofs: Iterable[Proof]) -> tuple[Proof, ...]:
    """The newest of each factor.

    A passkey that was only touched does not take the place of one that was verified: it shows less.
    """
    return tuple({(p.factor, p.is_first): p for p in sorted(proofs, key=lambda p: p.at)}.values())


def amr(proofs: Iterable[Proof]) -> tuple[str, ...]:
    """The methods of the proofs in the order they were given, and `mfa` where two kinds are there."""
    ordered = sorted(proofs, key=lambda p: p.at)
    methods = tuple(dict.fromkeys(method for proof in ordered for method in proof.methods))
    return (*methods, "mfa") if len(kinds(ordered)) > 1 else methods
