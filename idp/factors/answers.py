"""What a factor says of an answer: proven, with what must be used up before it counts, or wrong."""

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
class Proven:
    """The answer is right, if what it names could still be used up."""

    credential_id: str
    consume: ConsumeStep | ConsumeRecoveryCode


@dataclass(frozen=True, slots=True)
class Wrong:
    """The answer is wrong; `message` is the key of what the person is told."""

    message: str


Answer = Proven | Wrong
