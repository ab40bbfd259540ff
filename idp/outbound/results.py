"""How an attempt to reach somebody ended: values, because a provider that fails is an everyday thing."""

from dataclasses import dataclass
from enum import StrEnum


class Failure(StrEnum):
    """The few classes of failure that change what happens next."""

    CREDENTIALS = "credentials"
    """The provider does not know us: an operator must act, nobody can be reached this way."""
    THROTTLED = "throttled"
    """Too much for the provider or its fraud guard: later, or by another factor."""
    NUMBER = "number"
    """This number cannot be reached by text message."""
    ADDRESS = "address"
    """This mail address cannot be reached."""
    REGION = "region"
    """The provider may not send to this country."""
    OPTED_OUT = "opted_out"
    """The owner of the number told the provider to stop."""
    TRANSIENT = "transient"
    """Nothing was sent; the same may work soon."""
    UNKNOWN_OUTCOME = "unknown_outcome"
    """It may have been sent. Nothing sends it again by itself: that would be a second message, and a second bill."""
    CONFIGURATION = "configuration"
    """The request itself is refused: an operator must act."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Handed over. `provider_id`: what the provider calls the message, unique to it."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Not handed over, or not known to be. `code`: the provider's own, for the operator's log only."""

    kind: Failure
    code: int | None = None


Outcome = Sent | Failed
