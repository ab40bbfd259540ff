"""What is promised, who is asked for more, and what must stay true: sections of a realm file."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from idp.realm.document import Path
from idp.realm.factor_sections import SecondFactor
from idp.realm.section import Names, Section
from idp.realm.words import (
    Day,
    Duration,
    Network,
    Text,
    whole,
)


class Level(Section):
    """What an acr value promises: how many kinds of proof, and which factors may be the second."""

    factors: Annotated[Literal[1, 2], BeforeValidator(whole)]
    """How many different kinds of proof: 2 is a password and something that the person has."""
    accept: tuple[SecondFactor, ...] | None = Field(default=None, min_length=1)
    """Which factors may be the second; left out, all that the realm has."""


class When(Section):
    """Whom a rule binds: keys are joined by and, the values of one key by or; nothing given, everyone."""

    roles: Names | None = Field(default=None, min_length=1)
    """People with any of these roles, their own or through a group."""
    groups: Names | None = Field(default=None, min_length=1)
    """People in any of these groups."""
    clients: Names | None = Field(default=None, min_length=1)
    """Signing in to any of these clients."""
    scopes: Names | None = Field(default=None, min_length=1)
    """When any of these scopes is granted."""
    networks: tuple[Network, ...] | None = Field(default=None, min_length=1)
    """Coming from any of these networks."""
    not_networks: tuple[Network, ...] | None = Field(default=None, min_length=1)
    """Coming from none of these networks."""


class Rule(Section):
    """A demand for a level, optionally by fewer factors and no older than `max_age`."""

    name: Text
    """Shown as the reason by `idp explain`, and to the people who are asked because of it."""
    when: When = When()
    """Whom it binds; left out, everyone."""
    level: str
    """The level that must be reached."""
    accept: tuple[SecondFactor, ...] | None = Field(default=None, min_length=1)
    """Only these of the level's factors; left out, all of them."""
    max_age: Duration | None = None
    """A second factor older than this is asked for again."""
    trusted_browser: Annotated[Duration, Field(le=90 * 86400)] | None = None
    """For so long, a browser that its owner trusted is not asked. At most 90d."""
    from_: Day | None = Field(default=None, alias="from")
    """The day from which it binds; until then it invites."""

    def __hash__(self) -> int:
        return hash(self.name)


class Encourage(Section):
    """Who is invited to set up a second factor, and when the invitation becomes a duty."""

    when: When = When()
    """Whom it is for; left out, everyone."""
    level: str
    """The level that people are invited to be able to reach, and later must reach."""
    snoozes: Annotated[int, Field(ge=0, le=100)] | None = None
    """How often somebody may say later."""
    until: Day | None = None
    """The day from which nobody may say later."""


class SecondFactorPolicy(Section):
    """Who is asked for a second factor, and which. Every rule that matches must be met."""

    rules: tuple[Rule, ...] = ()
    """Every rule that matches must be met, each by itself."""
    encourage: Encourage | None = None
    """People whom no rule obliges are invited to set up a factor."""

    @property
    def whens(self) -> tuple[tuple[Path, When], ...]:
        """Whom each rule binds, then whom `encourage` is for, with where that is said in this section."""
        rules = tuple((("rules", index, "when"), rule.when) for index, rule in enumerate(self.rules))
        return rules if self.encourage is None else (*rules, (("encourage", "when"), self.encourage.when))


class Who(Section):
    """A person, made up, that an expectation is about."""

    roles: Names = ()
    """Their roles."""
    groups: Names = ()
    """Their groups."""


class Expectation(Section):
    """What must stay true of the rules, tried by `idp check`."""

    who: Who = Who()
    """Whom."""
    at: str
    """At which client."""
    scopes: Names | None = None
    """With which scopes; left out, all that the client registered."""
    network: Network | None = None
    """From where; left out, from a network that no rule names."""
    asks: tuple[SecondFactor, ...] | None = None
    """Which second factors would do; empty, none is asked for; left out, whatever is asked for is right."""
    never: tuple[SecondFactor, ...] = ()
    """Which never do."""
