"""What `idp plan` has found out about one realm."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from idp.policy.lasting import Ending
from idp.policy.plan import Asking, Plan
from idp.policy.requirements import Requirement
from idp.realm.comparing import Change
from idp.realm.loading import Examination
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class Version:
    """A realm as one file has it. `is_gone`: the file that should have it has none."""

    path: str
    realm: Realm
    examined: Examination
    is_gone: bool = False

    @classmethod
    def of(cls, path: Path, examined: Examination) -> "Version":
        """Of a file without errors."""
        if examined.realm is None:
            raise AssertionError("a file with errors has no realm")
        return cls(str(path), examined.realm, examined)

    def line_of(self, requirement: Requirement) -> int | None:
        """Where the file says so; None for what no file does."""
        names = [rule.name for rule in self.realm.second_factor.rules]
        if requirement.source == "rule":
            place: tuple[str | int, ...] = ("second_factor", "rules", names.index(requirement.rule or ""))
        elif requirement.source == "encourage":
            place = ("second_factor", "encourage")
        else:
            return None
        return self.examined.root.position(place, key=True).line if self.examined.root else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """All that was found out about one realm.

    `clients`: those that people sign in to, now or then; `registered`: those that registered themselves. `ending`:
    refresh tokens, by client; `signed_out`: sessions that end.
    """

    before: Version
    after: Version
    asking: Asking
    clients: tuple[str, ...]
    registered: frozenset[str]
    changes: tuple[Change, ...]
    plan: Plan
    people: int
    disabled: int
    ending: Mapping[str, Ending]
    signed_out: int
