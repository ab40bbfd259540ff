"""What a realm file is read for."""

from enum import Enum


class Mode(Enum):
    """DEVELOPMENT admits `users:`, defaults of secrets and http addresses; PRODUCTION none of them.

    CHECK looks at the form alone: no variable needs to be set.
    """

    DEVELOPMENT = "development"
    PRODUCTION = "production"
    CHECK = "check"
