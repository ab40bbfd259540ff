"""Proofs as JSON columns keep them."""

from collections.abc import Iterable, Sequence
from typing import Any

from idp.policy.proofs import Proof


def dump(proofs: Iterable[Proof]) -> list[list[Any]]:
    """Lists of factor, time, credential."""
    return [[p.factor, p.at, p.credential] for p in proofs]


def load(rows: Sequence[Sequence[Any]]) -> tuple[Proof, ...]:
    """The opposite of `dump`."""
    return tuple(Proof(factor, at, credential) for factor, at, credential in rows)
