"""What is asked of a text message provider: to carry a message, or to make and check a code by itself."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from idp.outbound.results import Failed, Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Sms:
    """A message. `to`: E.164; `lifetime`: seconds, of what the text says; `reference`: our own identifier of it."""

    to: str = field(repr=False)
    text: str = field(repr=False)
    lifetime: int
    reference: str


class SmsSender(Protocol):
    """Carries messages. Safe to use from many threads; takes as long as the provider does, up to its time-out."""

    def send(self, message: Sms) -> Outcome: ...


class Check(StrEnum):
    """What a provider says of a code that it made."""

    APPROVED = "approved"
    WRONG = "wrong"
    GONE = "gone"
    """Expired, used, cancelled or tried too often: only a new code helps."""


@runtime_checkable
class CodeService(Protocol):
    """Makes, carries, expires and checks codes by itself; `to` is E.164."""

    def start(self, to: str, *, locale: str) -> Outcome: ...

    def check(self, to: str, *, code: str) -> Check | Failed: ...
