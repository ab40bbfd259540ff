"""People and thieves wander through the pages of the sign-in in any order: what is stored was really proven.

Whatever the walk does, every session rests on proofs that somebody has given, every code on proofs that the browser
which got it has given or stolen, and no code is there that the rules would not allow.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from idp.factors import totp
from idp.factors.password import Passwords
from idp.login.second_factor import secret_context
from idp.settings import secret_keys
from idp.store import factors, users
from idp.store.database import Database
from idp.store.tables import credentials, grants, sessions
from idp.tokens.bearer import digest
from idp.tokens.sealing import Sealer
from tests.clock import Clock
from tests.databases import Databases
from tests.portal import Portal
from tests.running import RunningServer, demo_realm, write_realms
from tests.visitor import ADA_SECRET, Page, Visitor

STEPS = ("password", "totp", "recovery-codes", "totp-enrol", "recovery-codes-new", "recovery-codes-low", "")
RULES = [
    {"name": "owners", "when": {"roles": ["admin"]}, "level": "two-factor", "accept": ["totp"]},
    {"name": "billing", "when": {"clients": ["billing"]}, "level": "two-factor", "max_age": "5m"},
]
PASSWORDS = {"owner": "the first of two phrases", "newcomer": "the other of two phrases"}

# A person's identifier, a factor, a time.
Given = tuple[str, str, int]


@dataclass
class World:
    """A server, and how people are made on it."""

    server: RunningServer
    database: Database
    hashes: dict[str, str]
    number: Iterator[int] = field(default_factory=itertools.count)

    def person(self, kind: str) -> str:
        """The identifier of a new person; an owner has an authenticator app, a newcomer has none."""
        number = next(self.number)
        with self.database.write() as tx:
            user_id = users.add(
                tx,
                "demo",
                username=f"{kind}{number}",
                password_hash=self.hashes[kind],
                now=self.server.clock(),
                roles=("admin",) if kind == "owner" else (),
            )
            if kind == "owner":
                sealed = Sealer(secret_keys({}, dev=True)).seal(
                    ADA_SECRET.encode(), secret_context(user_id, f"app{number}")
                )
                factors.add(
                    tx,
                    user_id,
                    credential_id=f"app{number}",
                    factor="totp",
                    label="",
                    secret=sealed,
                    last_step=0,
                    now=self.server.clock(),
                )
        return user_id


@pytest.fixture(scope="module")
def world(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = databases.fresh()
    config: Path = tmp_path_factory.mktemp("walked")
    write_realms(config, demo_realm(second_factor={"rules": RULES}))
    server = RunningServer(config=config, database=url, clock=Clock())
    database = Database(url)
    passwords = Passwords()
    yield World(server, database, {kind: passwords.hash(text) for kind, text in PASSWORDS.items()})
    database.close()
    server.stop()
    databases.drop(url)


@dataclass
class Wanderer:
    """A browser with its tabs, and the proofs that were given in it or came with a stolen cookie."""

    visitor: Visitor
    tabs: list[Page] = field(default_factory=list)
    given: set[Given] = field(default_factory=set)


pick = st.integers(0, 9)


class Walk(RuleBasedStateMachine):
    """Two browsers, two people, as many tabs as it takes."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.clock = world.server.clock
        self.ids = {kind: world.person(kind) for kind in PASSWORDS}
        with world.database.read() as tx:
            self.names = {k: u.username for k, i in self.ids.items() if (u := users.by_id(tx, "demo", i))}
        self.secrets: dict[str, set[str]] = {"owner": {ADA_SECRET}, "newcomer": set()}
        self.recovery: dict[str, list[str]] = {"owner": [], "newcomer": []}
        self.used = "000000"
        self.browsers = [Wanderer(Visitor(world.server)), Wanderer(Visitor(world.server))]
        self.portals = {name: Portal(world.server, name) for name in ("portal", "billing")}

    def teardown(self) -> None:
        for browser in self.browsers:
            browser.visitor.close()
        for portal in self.portals.values():
            portal.close()

    @rule(
        browser=st.integers(0, 1),
        client=st.sampled_from(["portal", "billing"]),
        changed=st.sampled_from(
            [
                {},
                {},
                {"prompt": "login"},
                {"prompt": "select_account"},
                {"max_age": "60"},
                {"prompt": "none"},
                {"acr_values": "password"},
                {"acr_values": "two-factor"},
            ]
        ),
    )
    def open(self, browser: int, client: str, changed: dict[str, str]) -> None:
        self._see(browser, self.portals[client].send(self.browsers[browser].visitor, **changed))

    @rule(browser=st.integers(0, 1), tab=pick, who=st.sampled_from(list(PASSWORDS)))
    def answer_as_asked(self, browser: int, tab: int, who: str) -> None:
        if page := self._tab(browser, tab):
            self._post(browser, page, who, {})

    @rule(
        browser=st.integers(0, 1),
        client=st.sampled_from(["portal", "billing"]),
        who=st.sampled_from(list(PASSWORDS)),
        answers=st.integers(1, 4),
    )
    def go_along(self, browser: int, client: str, who: str, answers: int) -> None:
        self._see(browser, self.portals[client].send(self.browsers[browser].visitor))
        for _ in range(answers):
            if page := self._tab(browser, -1):
                self._post(browser, page, who, {})
            self.clock.advance(30)

    @rule(
        browser=st.integers(0, 1),
        poster=st.integers(0, 1),
        tab=pick,
        who=st.sampled_from(list(PASSWORDS)),
        step=st.sampled_from((None, *STEPS)),
        token_of=st.none() | pick,
        wrong=st.sets(st.sampled_from(["password", "code", "recovery_code"])),
        dropped=st.sampled_from([None, None, "csrf_token", "transaction", "code", "password", "username"]),
        action=st.sampled_from([None, None, None, "cancel", "go"]),
    )
    def answer_oddly(
        self,
        *,
        browser: int,
        poster: int,
        tab: int,
        who: str,
        step: str | None,
        token_of: int | None,
        wrong: set[str],
        dropped: str | None,
        action: str | None,
    ) -> None:
        page = self._tab(browser, tab)
        if page is None:
            return
        changed: dict[str, str | None] = {name: self.used if name == "code" else "wrong" for name in wrong}
        if step is not None:
            changed["step"] = step
        if token_of is not None and (other := self._tab(browser, token_of)):
            changed["csrf_token"] = other.form.fields["csrf_token"]
        if action:
            changed["action"] = action
        if dropped:
            changed[dropped] = None
        self._post(poster, page, who, changed)

    @rule(browser=st.integers(0, 1), viewer=st.integers(0, 1), tab=pick, choice=st.sampled_from(STEPS))
    def look(self, browser: int, viewer: int, tab: int, choice: str) -> None:
        if page := self._tab(browser, tab):
            handle = page.form.fields["transaction"]
            url = f"{self.world.server.issuer()}/login-actions/authenticate"
            visitor = self.browsers[viewer].visitor
            self._see(viewer, visitor.get(url, params={"transaction": handle, "factor": choice}))

    @rule(seconds=st.sampled_from([1, 30, 60, 301, 901]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(browser=st.integers(0, 1))
    def sign_out(self, browser: int) -> None:
        visitor = self.browsers[browser].visitor
        page = visitor.get(self.world.server.endpoint("logout"))
        if "csrf_token" in page.html:
            visitor.submit(page)

    @rule(victim=st.integers(0, 1), kind=st.sampled_from(["session", "session", "browser", "known"]))
    def steal(self, victim: int, kind: str) -> None:
        name = f"idp-{kind}-demo"
        value = self.browsers[victim].visitor.cookies().get(name)
        if value is None:
            return
        thief = self.browsers[1 - victim]
        thief.visitor.http.cookies.set(name, value, domain="localhost.local", path="/")
        if kind == "session":
            with self.world.database.read() as tx:
                for row in tx.execute(select(sessions).where(sessions.c.digest == digest(value))):
                    thief.given |= {(row.user_id, factor, at) for factor, at, _ in row.proofs}
            self._see(1 - victim, self.portals["billing"].send(thief.visitor))
        if kind == "browser":
            # Who has this one too is the browser: whatever is given in either is given in both.
            both = self.browsers[0].given | self.browsers[1].given
            self.browsers[0].given = self.browsers[1].given = both

    @invariant()
    def every_session_rests_on_proofs_that_were_given(self) -> None:
        given = self.browsers[0].given | self.browsers[1].given
        for row in self._rows(sessions):
            proofs = {(row.user_id, factor, at) for factor, at, _ in row.proofs}
            assert proofs <= given
            assert any(factor == "password" for _, factor, _ in proofs)

    @invariant()
    def no_code_is_there_that_the_rules_would_not_allow(self) -> None:
        for row in self._rows(grants):
            proven = {factor for factor, _, _ in row.proofs}
            assert "password" in proven
            if row.user_id == self.ids["owner"]:
                assert "totp" in proven
            if row.client_id == "billing":
                assert proven & {"totp", "recovery-codes"}
                assert max(at for factor, at, _ in row.proofs if factor != "password") >= row.created_at - 300
            assert ("mfa" in row.amr) == (len(proven) > 1)
            assert row.acr != "two-factor" or len(proven) > 1
            assert row.auth_time == min(at for _, at, _ in row.proofs)

    @invariant()
    def nobody_has_set_up_a_second_app(self) -> None:
        found = [row.user_id for row in self._rows(credentials)]
        assert len(found) == len(set(found))

    def _rows(self, table: Any) -> list[Any]:
        with self.world.database.read() as tx:
            return list(tx.execute(select(table).where(table.c.user_id.in_(self.ids.values()))))

    def _tab(self, browser: int, tab: int) -> Page | None:
        tabs = self.browsers[browser].tabs
        return tabs[tab % len(tabs)] if tabs else None

    def _see(self, browser: int, page: Page) -> None:
        assert page.status < 500, page.html
        if page.step:
            self.browsers[browser].tabs.append(page)
            del self.browsers[browser].tabs[:-5]
        if page.step == "recovery-codes-new":
            self.recovery["newcomer"] = page.recovery_codes
        if page.location and "code" in page.parameters():
            self._arrived(browser, page.parameters()["code"])

    def _arrived(self, browser: int, code: str) -> None:
        with self.world.database.read() as tx:
            row = tx.execute(select(grants).where(grants.c.code_digest == digest(code))).one()
        assert {(row.user_id, factor, at) for factor, at, _ in row.proofs} <= self.browsers[browser].given

    def _post(self, browser: int, page: Page, who: str, changed: dict[str, str | None]) -> None:
        secret = page.totp_secret if page.step == "totp-enrol" else next(iter(self.secrets[who]), ADA_SECRET)
        right = {
            "username": self.names[who],
            "password": PASSWORDS[who],
            "code": totp.code_at(secret, self.clock()),
            "recovery_code": next(iter(self.recovery["newcomer"]), ""),
        }
        fields = {**page.form.fields, **right, **changed}
        sent = {name: value for name, value in fields.items() if value is not None}
        self._note(browser, page, sent)
        if sent.get("step") in ("totp", "totp-enrol"):
            self.used = sent.get("code", self.used)
        self._see(browser, self.browsers[browser].visitor.post(page.form.action, sent))

    def _note(self, browser: int, page: Page, sent: dict[str, str]) -> None:
        """What was given, if the form was looked at at all."""
        now, given = self.clock(), self.browsers[browser].given
        for kind, user_id in self.ids.items():
            if sent.get("password") == PASSWORDS[kind]:
                given.add((user_id, "password", now))
            if page.step == "totp-enrol" and kind == "newcomer":
                self.secrets[kind].add(page.totp_secret)
            near = {totp.code_at(s, now + 30 * step) for s in self.secrets[kind] for step in (-1, 0, 1)}
            if sent.get("code") in near:
                given.add((user_id, "totp", now))
            if sent.get("recovery_code") in self.recovery[kind]:
                given.add((user_id, "recovery-codes", now))


@pytest.mark.attack
def test_whatever_is_done_to_the_pages_nothing_is_stored_that_was_not_proven(world: World) -> None:
    bounded = settings(
        max_examples=30,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    class Here(Walk):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(Here, settings=bounded)
