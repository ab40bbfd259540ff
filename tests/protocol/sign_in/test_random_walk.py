"""People and thieves wander through all pages of the sign-in and the account in any order: nothing is gained unproven.

Whatever the walk does, every session rests on proofs that somebody has given, every code on proofs that the browser
which got it has given or stolen, no grant is there or goes on that the rules would not allow, and nothing of an account
changes but in a browser where its owner has proven who they are. IDP_WALK_EXAMPLES makes the walk longer, and random.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from idp.factors import totp
from idp.store.tables import credentials, grants, recovery_codes, sessions, trusted_browsers, users
from idp.tokens.bearer import digest
from idp.web.account_changes import CHANGES
from tests.databases import Databases
from tests.portal import Portal, Tokens
from tests.protocol.sign_in.walked import NEW_PASSWORD, PASSWORDS, Walker, World, realm
from tests.running import demo_client, running
from tests.visitor import Page, Visitor

EXAMPLES = int(os.environ.get("IDP_WALK_EXAMPLES", "0"))
STEPS = (
    *("password", "webauthn", "totp", "sms", "recovery-codes", "enrol-choice", "webauthn-enrol", "totp-enrol"),
    *("sms-enrol", "recovery-codes-new", "recovery-codes-low", "invitation", "consent", ""),
)
CLIENTS = ("portal", "billing", "desk", "payments")
LIES: list[dict[str, Any]] = [{}, {}, {}, {"verified": False}, {"counter": 1}, {"origin": "https://evil.example"}]
FRESH = 300
ENROL_WITHIN = 900

# A person's identifier, a factor, a time.
Given = tuple[str, str, int]


@pytest.fixture(scope="module")
def world(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(databases, tmp_path_factory.mktemp("walked"), realm()) as server, closing(World.on(server)) as made:
        yield made


@dataclass
class Wanderer:
    """A browser with its tabs, and the proofs that were given in it or came with a stolen cookie."""

    visitor: Visitor
    tabs: list[Page] = field(default_factory=list)
    given: set[Given] = field(default_factory=set)


pick = st.integers(0, 9)
factors_ = st.sampled_from(["sms", "webauthn", "totp", "recovery-codes"])
browsers, whose = st.integers(0, 1), st.sampled_from(list(PASSWORDS))
demands: st.SearchStrategy[dict[str, str]] = st.sampled_from(
    [
        {},
        {},
        {"prompt": "login"},
        {"prompt": "select_account"},
        {"max_age": "60"},
        {"prompt": "none"},
        {"acr_values": "password"},
        {"acr_values": "two-factor"},
        {"acr_values": "phishing-resistant"},
    ]
)


class Walk(RuleBasedStateMachine):
    """Two browsers, two people, as many tabs as it takes."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world, self.clock = world, world.server.clock
        self.people = {kind: world.person(kind) for kind in PASSWORDS}
        self.used, self.posts = "000000", 0
        self.browsers = [Wanderer(Visitor(world.server)), Wanderer(Visitor(world.server))]
        self.portals = {name: Portal(world.server, demo_client("portal") | {"client_id": name}) for name in CLIENTS[:3]}
        self.portals["billing"] = Portal(world.server, "billing")
        self.tokens: list[tuple[str, Tokens]] = []
        self.accounts = {walker.user_id: self._account(walker) for walker in self.people.values()}

    def teardown(self) -> None:
        for browser in self.browsers:
            browser.visitor.close()
        for portal in self.portals.values():
            portal.close()

    @rule(browser=browsers, client=st.sampled_from(CLIENTS), changed=demands)
    def open(self, browser: int, client: str, changed: dict[str, str]) -> None:
        self._see(browser, self._send(browser, client, **changed))

    @rule(browser=browsers, tab=pick, who=whose, lies=st.sampled_from(LIES), trust=st.booleans())
    def answer_as_asked(self, browser: int, tab: int, who: str, lies: dict[str, Any], trust: bool) -> None:
        if page := self._tab(browser, tab):
            self._post(browser, page, who, {"trust": "yes"} if trust else {}, lies)

    @rule(browser=browsers, client=st.sampled_from(CLIENTS), who=whose, answers=st.integers(1, 5), trust=st.booleans())
    def go_along(self, *, browser: int, client: str, who: str, answers: int, trust: bool) -> None:
        self._see(browser, self._send(browser, client))
        self._answer(browser, who, answers, {"trust": "yes"} if trust else {})

    @rule(browser=browsers, client=st.sampled_from(CLIENTS), who=whose, factor=factors_, trust=st.booleans())
    def go_along_by(self, *, browser: int, client: str, who: str, factor: str, trust: bool) -> None:
        """In by a password and a factor of one's choice, and out again: what is left is the trust."""
        self._see(browser, self._send(browser, client, prompt="login"))
        self._answer(browser, who, 1, {"credential": None})
        page = self._tab(browser, -1)
        if page and page.step and "transaction" in page.form.fields:
            self._look(browser, page.form.fields["transaction"], factor)
            self._answer(browser, who, 2, {"trust": "yes"} if trust else {})
        if trust:
            self.sign_out(browser)
            self._see(browser, self._send(browser, client))
            self._answer(browser, who, 1, {})

    @rule(browser=browsers, tab=pick, who=whose, factor=factors_)
    def another_way(self, browser: int, tab: int, who: str, factor: str) -> None:
        """By the link of the page; a code is sent first where one is to be typed."""
        page = self._tab(browser, tab)
        if page is None or "transaction" not in page.form.fields:
            return
        self._look(browser, page.form.fields["transaction"], factor)
        self._answer(browser, who, 2, {})

    @rule(
        browser=browsers,
        poster=browsers,
        tab=pick,
        who=whose,
        step=st.sampled_from((None, *STEPS)),
        token_of=st.none() | pick,
        wrong=st.sets(st.sampled_from(["password", "code", "recovery_code", "credential"])),
        dropped=st.sampled_from([None, None, "csrf_token", "transaction", "code", "password", "username"]),
        action=st.sampled_from([None, None, None, "cancel", "go", "later"]),
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
        self._post(poster, page, who, changed, {})

    @rule(browser=browsers, viewer=browsers, tab=pick, choice=st.sampled_from(STEPS))
    def look(self, browser: int, viewer: int, tab: int, choice: str) -> None:
        page = self._tab(browser, tab)
        if page and "transaction" in page.form.fields:
            self._look(viewer, page.form.fields["transaction"], choice)

    @rule(browser=browsers, who=whose, name=st.sampled_from([*CHANGES, "add", ""]), of=whose, answers=st.integers(0, 3))
    def visit_the_account(self, *, browser: int, who: str, name: str, of: str, answers: int) -> None:
        """Its pages and changes, one's own and somebody else's, as far as the sign-in before them lets one."""
        path = self._path(name, self.people[of])
        self._see(browser, self.browsers[browser].visitor.get(f"{self.world.server.issuer()}/account{path}"))
        self._answer(browser, who, answers, {})

    @rule(browser=browsers, of=whose, name=st.sampled_from(list(CHANGES)))
    def change_without_the_page(self, browser: int, of: str, name: str) -> None:
        visitor = self.browsers[browser].visitor
        session = visitor.cookies().get("idp-session-demo", "")
        form = {"csrf_token": self.world.sealer.mac("account form", session), "label": f"label {self.clock()}"}
        form |= {"new_password": PASSWORDS[of], "repeated": PASSWORDS[of]}
        path = f"{self.world.server.issuer()}/account{self._path(name, self.people[of])}"
        self._see(browser, visitor.post(path, form))

    @rule(browser=browsers, who=whose)
    def follow_a_link(self, browser: int, who: str) -> None:
        """It sets a password and lets nobody in."""
        walker, visitor = self.people[who], self.browsers[browser].visitor
        before = visitor.cookies().get("idp-session-demo")
        walker.password = NEW_PASSWORD if walker.password != NEW_PASSWORD else PASSWORDS[who]
        form = {"key": self.world.reset_link(walker), "password": walker.password, "repeated": walker.password}
        page = visitor.post(f"{self.world.server.issuer()}/login-actions/action-token", form)
        assert (page.status, visitor.cookies().get("idp-session-demo")) == (200, before)
        self.accounts[walker.user_id] = self._account(walker)

    @rule(which=pick)
    def refresh(self, which: int) -> None:
        """A grant goes on only while all that it rests on is there."""
        if not self.tokens:
            return
        client, tokens = self.tokens[-1 - which % len(self.tokens)]
        fresh = self.portals[client].refresh(tokens.refresh)
        if fresh.status != 200:
            return
        self.tokens[-1 - which % len(self.tokens)] = (client, fresh)
        with self.world.database.read() as tx:
            row = tx.execute(select(grants).where(grants.c.id == fresh.access_claims["gid"])).one()
            user = tx.execute(select(users).where(users.c.id == row.user_id)).one()
            session = tx.execute(select(sessions).where(sessions.c.id == row.session_id)).one()
        self._holds(row)
        assert (user.epoch, session.ended_at) == (row.epoch, None)

    @rule(seconds=st.sampled_from([1, 30, 60, 301, 901]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(browser=browsers)
    def sign_out(self, browser: int) -> None:
        visitor = self.browsers[browser].visitor
        page = visitor.get(self.world.server.endpoint("logout"))
        if "csrf_token" in page.html:
            visitor.submit(page)

    @rule(victim=browsers, kind=st.sampled_from(["session", "session", "browser", "known", "trusted"]))
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
                    thief.given |= {(row.user_id, proof[0], proof[1]) for proof in row.proofs}
            self._see(1 - victim, self._send(1 - victim, "billing"))
        if kind == "browser":
            # Who has this one too is the browser: whatever is given in either is given in both.
            both = self.browsers[0].given | self.browsers[1].given
            self.browsers[0].given = self.browsers[1].given = both

    @invariant()
    def every_session_rests_on_proofs_that_were_given(self) -> None:
        given = self.browsers[0].given | self.browsers[1].given
        for row in self._rows(sessions):
            proofs = {(row.user_id, proof[0], proof[1]) for proof in row.proofs}
            assert proofs <= given
            assert any(_is_first(proof) for proof in row.proofs)

    @invariant()
    def no_code_is_there_that_the_rules_would_not_allow(self) -> None:
        for row in self._rows(grants):
            proven, kinds = {proof[0] for proof in row.proofs}, _kinds(row.proofs)
            assert any(_is_first(proof) for proof in row.proofs)
            seconds = [p[1] for p in row.proofs if p[0] != "password"]
            if row.user_id == self.people["owner"].user_id:
                assert proven & {"totp", "webauthn"}
            if row.client_id == "billing":
                assert len(kinds) > 1
                assert max(seconds) >= row.created_at - 300
            if "payments" in row.scope.split():
                assert max(p[1] for p in row.proofs if p[0] == "webauthn") >= row.created_at - 300
            if row.client_id == "desk":
                assert len(kinds) > 1 or row.trusted_browser_id
            assert ("mfa" in row.amr) == (len(kinds) > 1)
            assert row.acr != "two-factor" or len(kinds) > 1
            assert row.acr != "phishing-resistant" or ("webauthn" in proven and len(kinds) > 1)
            assert row.auth_time == min(p[1] for p in row.proofs)

    def _rows(self, table: Any) -> list[Any]:
        ids = [walker.user_id for walker in self.people.values()]
        with self.world.database.read() as tx:
            return list(tx.execute(select(table).where(table.c.user_id.in_(ids))))

    def _account(self, walker: Walker) -> dict[str, Any]:
        """All that nobody else may change."""
        named: tuple[Any, ...] = (credentials.c.id, recovery_codes.c.digest, trusted_browsers.c.id)
        with self.world.database.read() as tx:
            found: dict[str, Any] = {c.table.name: _all(tx, c, walker.user_id) for c in named}
            found["labels"] = _all(tx, credentials.c.label, walker.user_id)
            found["factors"] = _all(tx, credentials.c.factor, walker.user_id)
            found["password"] = tx.execute(select(users.c.password_hash).where(users.c.id == walker.user_id)).scalar()
        return found

    def _unchanged_but_by_its_owner(self, browser: int) -> None:
        """After each request: what is another now was changed in a browser with the proofs that it takes."""
        now, given = self.clock(), self.browsers[browser].given
        for walker in self.people.values():
            before, after = self.accounts[walker.user_id], self._account(walker)
            self.accounts[walker.user_id] = after
            if before == after:
                continue
            owned, adds = set(before["factors"]), len(after["factors"]) > len(before["factors"])
            keys = owned or {"password"}
            within = ENROL_WITHIN if adds else FRESH
            young = {factor for user_id, factor, at in given if user_id == walker.user_id and at >= now - within}
            # A browser is trusted along with any proof of a second factor, one that was just set up among them.
            is_trust = {**before, "trusted_browsers": ()} == {**after, "trusted_browsers": ()}
            assert young & (keys | set(after["factors"]) if is_trust else keys), (walker.kind, before, after)

    def _holds(self, row: Any) -> None:
        """Every proof of a grant was given by something that its person still has."""
        with self.world.database.read() as tx:
            has = set(tx.execute(select(credentials.c.id).where(credentials.c.user_id == row.user_id)).scalars())
        assert {proof[2] for proof in row.proofs} <= has | {"", "recovery-codes"}

    def _send(self, browser: int, client: str, **changed: str) -> Page:
        if client == "payments":
            return self.portals["billing"].send(self.browsers[browser].visitor, scope="openid payments", **changed)
        return self.portals[client].send(self.browsers[browser].visitor, **changed)

    def _look(self, browser: int, handle: str, choice: str) -> None:
        url = f"{self.world.server.issuer()}/login-actions/authenticate"
        query = {"transaction": handle, "factor": choice}
        self._see(browser, self.browsers[browser].visitor.get(url, params=query))

    def _answer(self, browser: int, who: str, answers: int, changed: dict[str, str | None]) -> None:
        for _ in range(answers):
            if page := self._tab(browser, -1):
                self._post(browser, page, who, changed, {})
            self.clock.advance(30)

    def _path(self, name: str, of: Walker) -> str:
        if name in ("", "add"):
            return "/add/totp" if name else ""
        ids = {"rename": credentials, "remove": credentials, "forget-browser": trusted_browsers, "sign-out": sessions}
        found = [row.id for row in self._rows(ids[name]) if row.user_id == of.user_id] if name in ids else ["desk"]
        return CHANGES[name].replace("{of}", found[-1] if found else "none")

    def _tab(self, browser: int, tab: int) -> Page | None:
        tabs = self.browsers[browser].tabs
        return tabs[tab % len(tabs)] if tabs else None

    def _see(self, browser: int, page: Page) -> None:
        assert page.status < 500, page.html
        if "csrf_token" in page.html:
            self.browsers[browser].tabs.append(page)
            del self.browsers[browser].tabs[:-5]
        if page.step == "recovery-codes-new" or 'id="recovery-codes"' in page.html:
            self._reader(browser).codes = page.recovery_codes
        self._unchanged_but_by_its_owner(browser)
        if page.location and "code" in page.parameters():
            self._arrived(browser, page)

    def _reader(self, browser: int) -> Walker:
        """Whose new codes are on the page: of the one whose sheet has just changed."""
        for walker in self.people.values():
            if self._account(walker)["recovery_codes"] != self.accounts[walker.user_id]["recovery_codes"]:
                return walker
        return next(iter(self.people.values()))

    def _arrived(self, browser: int, page: Page) -> None:
        code = page.parameters()["code"]
        with self.world.database.read() as tx:
            row = tx.execute(select(grants).where(grants.c.code_digest == digest(code))).one()
            trusts = tx.execute(select(trusted_browsers).where(trusted_browsers.c.id == row.trusted_browser_id)).first()
        assert {(row.user_id, proof[0], proof[1]) for proof in row.proofs} <= self.browsers[browser].given
        self._holds(row)
        if row.trusted_browser_id:
            assert trusts is not None
            cookie = self.browsers[browser].visitor.cookies().get("idp-trusted-demo", "")
            assert (trusts.user_id, trusts.digest) == (row.user_id, digest(cookie))
        tokens = self.portals[row.client_id].redeem(code)
        if tokens.status == 200:
            self.tokens.append((row.client_id, tokens))

    def _post(self, browser: int, page: Page, who: str, changed: dict[str, str | None], lies: dict[str, Any]) -> None:
        right = self.world.answers(page, self.people[who], lies=lies)
        self.posts += 1
        if page.step in ("sms", "sms-enrol") and right["code"] == "000000":
            targets = [b["value"] for b in page.form.buttons if b.get("name") == "send"]
            right |= {"send": targets[0]} if targets else {}
        if page.step == "enrol-choice":
            right["factor"] = ("sms", "totp", "webauthn")[self.posts % 3]
        if not page.step:
            right |= {"new_password": PASSWORDS[who], "repeated": PASSWORDS[who], "label": f"label {self.clock()}"}
        form = page.passkey_form if page.step.startswith("webauthn") else page.form
        fields = {**form.fields, **right, **changed}
        sent = {name: value for name, value in fields.items() if value is not None}
        self._note(browser, page, sent)
        if sent.get("step") in ("totp", "totp-enrol"):
            self.used = sent.get("code", self.used)
        action = urljoin(str(page.response.url), form.action)
        if urlsplit(action).path.endswith("/account/password"):
            self.people[who].password = PASSWORDS[who]
        self._see(browser, self.browsers[browser].visitor.post(action, sent))

    def _note(self, browser: int, page: Page, sent: dict[str, str]) -> None:
        """What was given, if the form was looked at at all."""
        now, given = self.clock(), self.browsers[browser].given
        code, reader = self.world.sent_code(sent.get("transaction", ""))
        if code and sent.get("code") == code:
            given.add((reader, "sms", now))
        if sent.get("credential", "wrong") != "wrong":
            # Any device may make a key of any account.
            makes, handle = page.step == "webauthn-enrol", sent.get("transaction", "")
            owners = self.world.person_of(handle) if makes else self.world.owner_of_key(sent["credential"])
            given |= {(user_id, "webauthn", now) for user_id in owners}
        for walker in self.people.values():
            if sent.get("password") in {walker.password, PASSWORDS[walker.kind], NEW_PASSWORD}:
                given.add((walker.user_id, "password", now))
            if page.step == "totp-enrol":
                walker.secrets.add(page.totp_secret)
            near = {totp.code_at(s, now + 30 * step) for s in walker.secrets for step in (-1, 0, 1)}
            if sent.get("code") in near:
                given.add((walker.user_id, "totp", now))
            if sent.get("recovery_code") in walker.codes:
                given.add((walker.user_id, "recovery-codes", now))


def _all(tx: Any, column: Any, user_id: str) -> list[str]:
    return sorted(map(str, tx.execute(select(column).where(column.table.c.user_id == user_id)).scalars()))


def _is_first(proof: list[Any]) -> bool:
    return proof[0] == "password" or (proof[0] == "webauthn" and len(proof) > 3 and proof[3])


def _kinds(proofs: list[list[Any]]) -> set[str]:
    """Something known, and something had."""
    had = {"had" for proof in proofs if proof[0] != "password"}
    return had | {"known" for proof in proofs if _is_first(proof)}


@pytest.mark.attack
def test_whatever_is_done_to_the_pages_nothing_is_gained_that_was_not_proven(world: World) -> None:
    bounded = settings(
        max_examples=EXAMPLES or 12,
        stateful_step_count=25,
        deadline=None,
        derandomize=not EXAMPLES,
        database=None,
        suppress_health_check=list(HealthCheck),
    )

    class Here(Walk):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(Here, settings=bounded)
