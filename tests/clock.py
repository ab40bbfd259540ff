"""Time as the tests have it: it stands still until it is turned."""

START = 1_800_000_000


class Clock:
    """Seconds since the epoch. `START` is the first second of a TOTP step."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now

    def advance(self, seconds: int) -> None:
        self.now += seconds
