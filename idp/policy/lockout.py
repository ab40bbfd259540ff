"""How long the next guess waits after wrong ones, in seconds (see docs/policy.md)."""

SECOND_FACTOR_SHUT_AT = 100
_SECOND_FACTOR_FREE = 2
_PASSWORD_FREE = 5
_SECRET_FREE = 20
_MINUTE = 60
_HOUR = 3600
_QUARTER_HOUR = 900


def second_factor_wait(wrong: int) -> int:
    """From the 3rd wrong code on 1 minute, doubling to 1 hour."""
    return _doubling(wrong - _SECOND_FACTOR_FREE, first=_MINUTE, most=_HOUR)


def password_wait(wrong: int) -> int:
    """From the 6th wrong password of one person from one network on 1 second, doubling to 15 minutes; never shut."""
    return _doubling(wrong - _PASSWORD_FREE, first=1, most=_QUARTER_HOUR)


def secret_wait(wrong: int) -> int:
    """From the 21st wrong secret of one client from one network on 1 second, doubling to 1 minute; never shut.

    They are long and random, and an instance that still has the old one stands beside those that have the new one.
    """
    return _doubling(wrong - _SECRET_FREE, first=1, most=_MINUTE)


def _doubling(over: int, *, first: int, most: int) -> int:
    """After so many guesses above those that are free; nobody bounds how many that are."""
    return 0 if over <= 0 else min(first * 2 ** min(over - 1, 16), most)
