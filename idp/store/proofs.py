"""Proofs as JSON columns keep them."""

from collections.abc import Iterable, Sequence
from typing import Any

from idp.policy.proofs import Proof


def dump(proofs: Iterable[Proof]) -> list[list[Any]]:
    """Lists of factor, time, credential; and of a passkey whether it was verified and is synced, where it is either."""
    return [[p.factor, p.at, p.credential, *((p.verified, p.synced) if p.verified or p.synced else ())] for p in proofs]


def load(rows: Sequence[Sequence[Any]]) -> tuple[Proof, ...]:
    """The opposite of `dump`."""
    return tuple(Proof(*row) for row in rows)
