"""What a factor says of an answer: proven, with what must be used up before it counts, wrong, or nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConsumeStep:
    """The TOTP step of a credential is to be used up."""

    credential_id: str
    step: int


@dataclass(frozen=True, slots=True)
class ConsumeRecoveryCode:
    """The recovery code of this digest is to be used up."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class ConsumeCounter:
    """The signature counter of a passkey moves on; one that stays at 0 counts nothing (WebAuthn section 6.1.1)."""

    credential_id: str
    counter: int


@dataclass(frozen=True, slots=True)
class ConsumeChallenge:
    """The sign-in's own challenge is used up, with its state."""


Consume = ConsumeStep | ConsumeRecoveryCode | ConsumeCounter | ConsumeChallenge


@dataclass(frozen=True, slots=True)
class Proven:
    """The answer is right, if what it names could still be used up. The flags are those of a passkey's proof."""

    credential_id: str
    consume: Consume
    verified: bool = False
    synced: bool = False


@dataclass(frozen=True, slots=True)
class Wrong:
    """The answer is wrong; `message` is the key of what the person is told."""

    message: str


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Whoever could say is away, so that nothing was guessed; `message` as in `Wrong`."""

    message: str


Answer = Proven | Wrong | Unchecked
