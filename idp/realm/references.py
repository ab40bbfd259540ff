"""Names that one section uses and another must define, names that stand twice, limits that contradict each other."""

from collections.abc import Collection, Iterable, Iterator

from idp.realm.account_client import ACCOUNT
from idp.realm.client_sections import OF_PEOPLE
from idp.realm.document import Node, Path
from idp.realm.findings import Finding
from idp.realm.policy_sections import Rule, When
from idp.realm.schema import Realm
from idp.realm.suggestions import did_you_mean, nearest, shortened
from idp.realm.words import written_duration

# OpenID Connect Core sections 5.4 and 11.
STANDARD_SCOPES = ("openid", "profile", "email", "address", "phone", "offline_access")


class References:
    """The names that the realm defines; None for a section of which a part was refused, so that it may define any."""

    def __init__(self, realm: Realm, root: Node) -> None:
        def unless_lost(section: str, names: Iterable[str]) -> Collection[str] | None:
            node = root.find((section,))
            return None if (node.lost if node else root.lost) else dict.fromkeys(names)

        self._realm = realm
        self._defined = {
            "role": unless_lost("roles", realm.roles),
            "group": unless_lost("groups", realm.groups),
            "client": unless_lost("clients", (client.client_id for client in realm.clients)),
            "client or API": unless_lost("clients", (name for client in realm.clients for name in client.audiences)),
            "client or account": unless_lost("clients", (*(c.client_id for c in realm.clients), ACCOUNT.client_id)),
            "scope": unless_lost("scopes", (*STANDARD_SCOPES, *realm.scopes)),
            "audience": unless_lost("scopes", (api for scope in realm.scopes.values() for api in scope.audience)),
            "level": unless_lost("levels", realm.levels),
            "factor": unless_lost("factors", realm.second_factors),
        }

    def check(self) -> Iterator[Finding]:
        """Every name that nothing defines."""
        for index, rule in enumerate(self._realm.second_factor.rules):
            yield from self._rule(rule, ("second_factor", "rules", index))
        for name, level in self._realm.levels.items():
            yield from self._each("factor", level.accept, ("levels", name, "accept"))
        for name, group in self._realm.groups.items():
            yield from self._each("role", group.roles, ("groups", name, "roles"))
        yield from self._audiences()
        for index, client in enumerate(self._realm.clients):
            path: Path = ("clients", index)
            for scope in client.scopes:
                yield from self._one("scope", scope, (*path, "scope"))
            yield from self._each("level", client.default_acr_values, (*path, "default_acr_values"))
            yield from self._each("audience", client.resource_server_for, (*path, "resource_server_for"))
        yield from self._each("scope", self._realm.registration.scopes, ("registration", "scopes"))
        for index, trusted in enumerate(self._realm.trusted_issuers):
            yield from self._each("client", trusted.clients, ("trusted_issuers", index, "clients"))
        yield from self._encourage()
        for index, expectation in enumerate(self._realm.expect):
            path = ("expect", index)
            yield from self._one("client or account", expectation.at, (*path, "at"))
            yield from self._each("role", expectation.who.roles, (*path, "who", "roles"))
            yield from self._each("group", expectation.who.groups, (*path, "who", "groups"))
            yield from self._each("scope", expectation.scopes, (*path, "scopes"))
            yield from self._each("factor", expectation.asks, (*path, "asks"))
            yield from self._each("factor", expectation.never, (*path, "never"))
        for index, user in enumerate(self._realm.users):
            yield from self._each("role", user.roles, ("users", index, "roles"))
            yield from self._each("group", user.groups, ("users", index, "groups"))
            if user.totp and not self._may_be("factor", "totp"):
                message = "the realm's 'factors' have no 'totp': add it there, or remove it here"
                yield Finding(("users", index, "totp"), message, key=True)

    def _audiences(self) -> Iterator[Finding]:
        """One that is no URI is a client, or the name of an API that a client is."""
        for name, scope in self._realm.scopes.items():
            for place, audience in enumerate(scope.audience):
                if ":" not in audience:
                    yield from self._one("client or API", audience, ("scopes", name, "audience", place))

    def _rule(self, rule: Rule, path: Path) -> Iterator[Finding]:
        yield from self._one("level", rule.level, (*path, "level"))
        yield from self._each("factor", rule.accept, (*path, "accept"))
        yield from self._when(rule.when, (*path, "when"))

    def _encourage(self) -> Iterator[Finding]:
        encourage, path = self._realm.second_factor.encourage, ("second_factor", "encourage")
        if encourage is not None:
            yield from self._one("level", encourage.level, (*path, "level"))
            yield from self._when(encourage.when, (*path, "when"))

    def _when(self, when: When, path: Path) -> Iterator[Finding]:
        yield from self._each("role", when.roles, (*path, "roles"))
        yield from self._each("group", when.groups, (*path, "groups"))
        yield from self._each("client or account", when.clients, (*path, "clients"))
        yield from self._each("scope", when.scopes, (*path, "scopes"))

    def _each(self, kind: str, names: Iterable[str] | None, path: Path) -> Iterator[Finding]:
        for place, name in enumerate(names or ()):
            yield from self._one(kind, name, (*path, place))

    def _one(self, kind: str, name: str, path: Path) -> Iterator[Finding]:
        if not self._may_be(kind, name):
            yield Finding(
                path, f"{NOT_DEFINED[kind].format(shortened(name))}{did_you_mean(name, self._defined[kind] or ())}"
            )

    def _may_be(self, kind: str, name: str) -> bool:
        defined = self._defined[kind]
        return defined is None or name in defined


NOT_DEFINED = {
    "role": "no role '{}' is defined in 'roles'",
    "group": "no group '{}' is defined in 'groups'",
    "client": "no client '{}' is defined in 'clients'",
    "client or account": "no client '{}' is defined in 'clients'",
    "client or API": "no client '{}' is defined in 'clients'",
    "audience": "no scope in 'scopes' has the audience '{}'",
    "scope": "no scope '{}' is defined in 'scopes'",
    "level": "no level '{}' is defined in 'levels'",
    "factor": "the realm has no second factor '{}' in 'factors'",
}


def check_twice(realm: Realm) -> Iterator[Finding]:
    """Names that must be one thing's alone. People sign in by user name or address, in any case of letters."""
    rules = realm.second_factor.rules
    yield from _twice("rule", ((r.name, ("second_factor", "rules", i, "name")) for i, r in enumerate(rules)))
    yield from _twice("client", ((c.client_id, ("clients", i, "client_id")) for i, c in enumerate(realm.clients)))
    trusted = ((t.issuer, ("trusted_issuers", i, "issuer")) for i, t in enumerate(realm.trusted_issuers))
    yield from _twice("trusted issuer", trusted)
    logins: list[tuple[str, Path]] = []
    for index, user in enumerate(realm.users):
        logins.append((user.username.casefold(), ("users", index, "username")))
        if user.email and user.email.casefold() != user.username.casefold():
            logins.append((user.email.casefold(), ("users", index, "email")))
    yield from _twice("user", logins)


def check_reserved(realm: Realm) -> Iterator[Finding]:
    """The account pages are a client of their own, which rules may name."""
    for index, client in enumerate(realm.clients):
        if client.client_id == ACCOUNT.client_id:
            message = "'account' is the client of the account pages: name yours otherwise, such as 'my-account'"
            yield Finding(("clients", index, "client_id"), message)


def _twice(kind: str, names: Iterable[tuple[str, Path]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for name, path in names:
        if name in seen:
            yield Finding(path, f"there is already a {kind} '{name}'")
        seen.add(name)


def check_limits(realm: Realm) -> Iterator[Finding]:
    """Pairs of settings of which one must not exceed the other."""
    sessions, tokens, password, codes = (
        realm.sessions,
        realm.tokens,
        realm.factors.password,
        realm.factors.recovery_codes,
    )
    if sessions.idle > sessions.max:
        yield _exceeds(("sessions", "idle"), sessions.idle, "max", sessions.max)
    if tokens.refresh_idle > tokens.refresh_max:
        yield _exceeds(("tokens", "refresh_idle"), tokens.refresh_idle, "refresh_max", tokens.refresh_max)
    if tokens.access > tokens.refresh_max:
        yield _exceeds(("tokens", "access"), tokens.access, "refresh_max", tokens.refresh_max)
    if password.min_length > password.min_length_alone:
        yield Finding(
            ("factors", "password", "min_length"),
            f"'min_length' is {password.min_length} and must not exceed "
            f"'min_length_alone' ({password.min_length_alone})",
        )
    if codes and codes.warn_at >= codes.count:
        yield Finding(
            ("factors", "recovery-codes", "warn_at"),
            f"'warn_at' is {codes.warn_at} and must be less than 'count' ({codes.count}): else all are warned at once",
        )


def warn_of_unguarded(realm: Realm) -> Iterator[Finding]:
    """Client credentials are exempt from rules: such a client gets a guarded scope without a second factor."""
    for index, client in enumerate(realm.clients):
        if "client_credentials" not in client.grant_types:
            continue
        for rule in realm.second_factor.rules:
            for scope in [s for s in rule.when.scopes or () if s in client.scopes]:
                yield Finding(
                    ("clients", index, "scope"),
                    f"the rule '{rule.name}' guards the scope '{scope}' and does not bind '{client.client_id}', "
                    "which gets it by client_credentials without any person",
                )


def check_theme(realm: Realm, themes: Collection[str]) -> Iterator[Finding]:
    """Those of the program, and of the directories that it is given."""
    if realm.theme not in themes:
        own = "" if nearest(realm.theme, themes) else "; your own are where --themes says"
        yield Finding(("theme",), f"no theme '{realm.theme}'{did_you_mean(realm.theme, sorted(themes))}{own}")


def check_expected(realm: Realm, root: Node) -> Iterator[Finding]:
    """What is expected where nobody signs in would hold of every policy; wrong grants are told where they stand."""
    programs = {
        client.client_id
        for index, client in enumerate(realm.clients)
        if {*OF_PEOPLE, "refresh_token"}.isdisjoint(client.grant_types)
        and not ((grants := root.find(("clients", index, "grant_types"))) and grants.lost)
    }
    known = {*STANDARD_SCOPES, *realm.scopes}
    registered = {
        client.client_id: client.scopes
        for index, client in enumerate(realm.clients)
        if known.issuperset(client.scopes) and not ((node := root.find(("clients", index))) and node.lost)
    }
    for index, expectation in enumerate(realm.expect):
        if expectation.asks is None and not expectation.never:
            yield Finding(("expect", index), "nothing is expected here: write 'asks', 'never' or both")
        if expectation.at in programs:
            message = f"nobody signs in at '{expectation.at}': its 'grant_types' are those of a program"
            yield Finding(("expect", index, "at"), message)
        elif expectation.at in registered:
            for place, scope in enumerate(expectation.scopes or ()):
                if scope in known and scope not in registered[expectation.at]:
                    message = f"'{expectation.at}' is not registered for the scope '{scope}'"
                    yield Finding(("expect", index, "scopes", place), f"{message}: nobody signs in with it there")


def warn_of_unused_redirects(realm: Realm) -> Iterator[Finding]:
    """A portal whose grants were copied from a program: nobody can sign in at it."""
    for index, client in enumerate(realm.clients):
        if client.redirect_uris and client.grant_types == ("client_credentials",):
            yield Finding(
                ("clients", index, "redirect_uris"),
                f"nobody is sent to the redirect URIs of '{client.client_id}': its 'grant_types' have no "
                "authorization_code, by which people sign in",
                key=True,
            )


def _exceeds(path: tuple[str, str], value: int, other: str, limit: int) -> Finding:
    return Finding(
        path,
        f"'{path[1]}' is {written_duration(value)} and must not exceed '{other}' ({written_duration(limit)})",
    )
