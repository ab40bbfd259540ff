"""Proofs, the kinds that they are of, and the `amr` values that name them (RFC 8176)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

FIRST_FACTORS = ("password",)
AMR = {"password": "pwd", "totp": "otp", "recovery-codes": "recovery"}


class Kind(Enum):
    """What a proof shows: something known, or something had."""

    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"


@dataclass(frozen=True, slots=True)
class Proof:
    """A factor proven at a time (seconds since the epoch), by the credential of that identifier."""

    factor: str
    at: int
    credential: str = ""

    @property
    def kind(self) -> Kind:
        """A recovery code is something had: the sheet that it stands on."""
        return Kind.KNOWLEDGE if self.factor == "password" else Kind.POSSESSION


def kinds(proofs: Iterable[Proof]) -> frozenset[Kind]:
    """The different kinds among the proofs."""
    return frozenset(p.kind for p in proofs)


def amr(proofs: Iterable[Proof]) -> tuple[str, ...]:
    """The methods of the proofs in the order they were given, and `mfa` where two kinds are there.

    A recovery code is not `otp`: an API could not tell it from an authenticator. RFC 8176 has no value for it.
    """
    ordered = sorted(proofs, key=lambda p: p.at)
    methods = list(dict.fromkeys(AMR[p.factor] for p in ordered))
    return (*methods, "mfa") if len(kinds(ordered)) > 1 else tuple(methods)
