"""Every way to a token or a higher session, tried over HTTP by somebody in some state."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select

from idp.store import links, tables, users
from idp.tokens.bearer import new_bearer
from tests.matrix.people import DEVICE, EXCHANGE, JWT_BEARER, SIGNER, TRUSTED, Case
from tests.matrix.table import ADDED, LEVELS, LINKS, STEPS, ways
from tests.visitor import PASSWORD, Page

NEW_PASSWORD = "an entirely different phrase"
JUNK = {
    "username": "nobody",
    "password": "wrong",
    "code": "000000",
    "recovery_code": "aaaaa-aaaaa-aaaaa-aaaaa-aaaaaa",
    "credential": "{}",
    "factor": "totp",
    "trust": "yes",
    "user_id": "1",
    "acr": "phishing-resistant",
}
Way = Callable[[Case], bool]


def is_token(page: Page) -> bool:
    """Whether somebody is sent back to the client with a code."""
    return bool(page.location) and "code" in page.parameters()


def redeemed(case: Case, page: Page) -> bool:
    """A code is worth what comes for it; both come or neither does."""
    if not is_token(page):
        return False
    assert case.portal.client_id in (page.location or "")
    return case.portal.redeem(page.parameters()["code"]).status == 200


def single_sign_on(case: Case) -> bool:
    return redeemed(case, case.portal.send(case.world.browser, scope="openid act", prompt="none"))


def posted(case: Case) -> bool:
    wanted = case.portal.request(scope="openid act")
    return redeemed(case, case.world.browser.post(case.world.server.endpoint("auth"), wanted))


def demanded(case: Case) -> bool:
    """At the client of which no rule asks anything."""
    page = case.plain.send(case.world.browser, scope="openid act", prompt="none", acr_values=case.level)
    return _at_the_level(case, page)


def essential(case: Case) -> bool:
    claims = json.dumps({"id_token": {"acr": {"essential": True, "value": case.level}}})
    return _at_the_level(case, case.plain.send(case.world.browser, scope="openid act", prompt="none", claims=claims))


def _at_the_level(case: Case, page: Page) -> bool:
    if not is_token(page):
        return False
    tokens = case.plain.redeem(page.parameters()["code"])
    assert tokens.id_claims["acr"] == tokens.access_claims["acr"] == case.level
    return True


def pushed(case: Case) -> bool:
    wanted = case.portal.request(scope="openid act", prompt="none")
    made = case.portal.call("ext/par/request", **wanted)
    assert made.status_code == 201
    named = {"client_id": case.portal.client_id, "request_uri": made.json()["request_uri"]}
    return redeemed(case, case.world.browser.get(case.world.server.endpoint("auth"), params=named))


def _begin(case: Case) -> Page:
    """The sign-in half done, or a new one."""
    if not case.handle:
        return case.portal.send(case.world.browser, scope="openid act")
    return _show(case, case.handle)


def _show(case: Case, handle: str, **query: str) -> Page:
    url = f"{case.world.server.issuer()}/login-actions/authenticate"
    return case.world.browser.get(url, params={"transaction": handle, **query})


def look(case: Case) -> bool:
    return redeemed(case, _begin(case))


def choose(case: Case) -> bool:
    """By the address of each page: what was visited does not count."""
    page = _begin(case)
    for step in (*STEPS, "another"):
        if not page.step:
            break
        page = _show(case, page.form.fields["transaction"], factor=step)
    return redeemed(case, page)


def empty(case: Case) -> bool:
    """The form with nothing in it, with no step, and with the button of another page."""
    page = _begin(case)
    for dropped, changed in (((), {}), (("step",), {}), ((), {"step": ""}), ((), {"action": "go"}), ((), {"acr": "1"})):
        if not page.step or _needs_no_secret(page):
            break
        fields = {name: value for name, value in page.form.fields.items() if name not in dropped} | changed
        page = case.world.browser.post(page.form.action, fields | dict.fromkeys(JUNK.keys() & fields.keys(), ""))
    return redeemed(case, page)


def out_of_turn(case: Case) -> bool:
    """Every step but the one that is shown, with an answer to each."""
    page = _begin(case)
    for step in STEPS:
        if page.step and step != page.step:
            page = case.world.browser.post(page.form.action, {**page.form.fields, **JUNK, "step": step})
    return redeemed(case, page)


def _needs_no_secret(page: Page) -> bool:
    """Pages that are left by a button: who presses it has answered."""
    return page.step in ("recovery-codes-new", "recovery-codes-low", "invitation", "consent")


def finish(case: Case) -> bool:
    """As the person would, whose only device shows the codes of an app; a passkey's owner is signed in already."""
    page, browser = _begin(case), case.world.browser
    for _ in range(8):
        match page.step:
            case "":
                break
            case "invitation":
                page = browser.submit(page, action="later")
            case "enrol-choice" if "totp" in page.html:
                page = browser.submit(page, factor="totp")
            case "consent" | "recovery-codes-low":
                page = browser.submit(page)
            case _:
                page = browser.sign_in(page, case.username)
        if page.alert:
            break
    return redeemed(case, page)


def code(case: Case) -> bool:
    return case.portal.redeem(case.code).status == 200


def refresh(case: Case) -> bool:
    return case.portal.refresh(case.refresh).status == 200


def poll(case: Case) -> bool:
    return case.portal.token(grant_type=DEVICE, device_code=case.device_code).status == 200


def exchange(case: Case) -> bool:
    named = {"subject_token": case.access, "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}
    return case.portal.token(grant_type=EXCHANGE, scope="act", **named).status == 200


def named(case: Case) -> bool:
    """By an issuer that is trusted, while the person is somewhere else."""
    server = case.world.server
    said = {"iss": TRUSTED["issuer"], "sub": case.username, "aud": server.issuer(), "exp": server.clock() + 60}
    assertion = SIGNER.sign(said | {"jti": f"for {case.username} at {case.level}"})
    tokens = case.portal.token(grant_type=JWT_BEARER, assertion=assertion, scope="act")
    if tokens.status == 200:
        assert not tokens.access_claims.keys() & {"acr", "amr", "auth_time", "sid"}
        assert tokens.body.keys().isdisjoint({"refresh_token", "id_token"})
    return tokens.status == 200


def approve(case: Case) -> bool:
    """On the page where the code of a device is entered, with what this browser is signed in by."""
    browser, issuer = case.world.browser, case.world.server.issuer()
    made = case.portal.call("auth/device", scope="openid act").json()
    asked = browser.post(f"{issuer}/device", {"user_code": made["user_code"]})
    hidden = re.search(r'name="device" value="([^"]+)"', asked.html)
    assert hidden, asked.html
    after = browser.post(f"{issuer}/device", {"device": hidden[1]})
    is_done = "done=approved" in str(after.response.url)
    polled = case.portal.token(grant_type=DEVICE, device_code=made["device_code"])
    assert is_done == (polled.status == 200), polled.body
    return is_done


def who_it_is(case: Case) -> bool:
    return case.plain.userinfo(case.access).status_code == 200


def worth(case: Case) -> bool:
    return bool(case.plain.introspect(case.access)["active"])


def register(case: Case) -> bool:
    """What a person has opens no client, neither a new one nor one that is there."""
    url, http = f"{case.world.server.issuer()}/clients-registrations/openid-connect", case.plain.http
    headers, body = {"authorization": f"Bearer {case.access}"}, {"redirect_uris": ["https://evil.example/"]}
    own = f"{url}/{case.plain.client_id}"
    asked = (("POST", url), ("GET", own), ("PUT", own), ("DELETE", own))
    answers = [http.request(method, address, headers=headers, json=body) for method, address in asked]
    return any(answer.status_code != 401 for answer in answers)


def open_the_account(case: Case) -> bool:
    """All of its pages, or none of them."""
    paths = ("", "/devices", "/applications")
    pages = [case.world.browser.get(f"{case.world.server.issuer()}/account{path}") for path in paths]
    opened = {page.status == 200 and not page.step and "login-actions" not in str(page.response.url) for page in pages}
    assert len(opened) == 1
    return opened.pop()


def add(case: Case) -> bool:
    """Each factor that could be added; the first page of whichever, or the first page of none."""
    reached = set()
    for factor in ADDED:
        page = case.world.browser.get(f"{case.world.server.issuer()}/account/add/{factor}")
        reached.add(page.step == f"{factor}-enrol")
    assert len(reached) == 1
    return reached.pop()


def change(name: str) -> Way:
    """The form of a change, with the token that it would have: whether anything of the account is another after it."""

    def way(case: Case) -> bool:
        of = {
            "forget-browser": case.other_trusted,
            "sign-out": case.other_session,
            "withdraw": case.portal.client_id,
            "withdraw-parts": case.portal.client_id,
        }.get(name, next(iter(case.credentials.values()), ["none"])[-1])
        path = PATHS[name].replace("{of}", of)
        form = {"csrf_token": case.world.sealer.mac("account form", case.session_secret), "label": "Another name"}
        before = _account(case)
        posted = {
            **form,
            "new_password": NEW_PASSWORD,
            "repeated": NEW_PASSWORD,
            "password": PASSWORD,
            "scope:act": "yes",
        }
        case.world.browser.http.post(f"{case.world.server.issuer()}/account{path}", data=posted)
        return _account(case) != before

    return way


PATHS = {
    "rename": "/factors/{of}/rename",
    "remove": "/factors/{of}/remove",
    "recovery-codes": "/recovery-codes",
    "password": "/password",
    "forget-browser": "/browsers/{of}/forget",
    "forget-browsers": "/forget-browsers",
    "sign-out": "/sessions/{of}/sign-out",
    "sign-out-others": "/sign-out-others",
    "withdraw": "/applications/{of}/withdraw",
    "withdraw-parts": "/applications/{of}/withdraw-parts",
}


def _account(case: Case) -> list[str]:
    """All that a change changes."""
    t = tables
    columns: tuple[tuple[Any, ...], ...] = (
        (t.credentials.c.id, t.credentials.c.label),
        (t.recovery_codes.c.digest,),
        (t.trusted_browsers.c.id,),
        (t.sessions.c.id, t.sessions.c.ended_at),
        (t.grants.c.id, t.grants.c.ended_at),
        (t.consents.c.client_id,),
        (t.consented_details.c.client_id,),
    )
    with case.world.database.read() as tx:
        rows = [
            *tx.execute(select(t.users.c.password_hash, t.users.c.epoch).where(t.users.c.id == case.user_id)),
            *(row for named in columns for row in tx.execute(_of(case, named))),
        ]
    return sorted(map(str, rows))


def _of(case: Case, named: tuple[Any, ...]) -> Any:
    return select(*named).where(named[0].table.c.user_id == case.user_id)


def follow(case: Case) -> bool:
    """Asked for and followed, it signs nobody in: no code, no session, and none that was there goes on."""
    browser, issuer = case.world.browser, case.world.server.issuer()
    sessions_before = _sessions(case)
    browser.post(f"{issuer}/login-actions/reset-credentials", {"username": case.username})
    gained = False
    for purpose, key in _links(case):
        url = f"{issuer}/login-actions/action-token"
        for page in (
            browser.get(url, params={"key": key}),
            browser.post(url, {"key": key, "password": NEW_PASSWORD, "repeated": NEW_PASSWORD}),
        ):
            gained |= is_token(page) or "idp-session" in page.response.headers.get("set-cookie", "")
        if purpose != "verify":
            gained |= single_sign_on(case) or code(case) or refresh(case)
    return gained or _sessions(case) != sessions_before


def _links(case: Case) -> Iterator[tuple[str, str]]:
    """One of each purpose, of somebody who is still there."""
    for purpose in LINKS:
        key = new_bearer()
        with case.world.database.write() as tx:
            user = users.by_id(tx, "demo", case.user_id)
            if user is None:
                return
            until = case.world.server.clock() + 600
            email = users.identifier_key(user.email or "")
            links.put(
                tx,
                key=key,
                user_id=user.id,
                purpose=purpose,
                epoch=user.epoch,
                email_key=email,
                came_from=None,
                expires_at=until,
            )
        yield purpose, key


def _sessions(case: Case) -> int:
    with case.world.database.read() as tx:
        return len(tx.execute(select(tables.sessions.c.id).where(tables.sessions.c.user_id == case.user_id)).all())


WAYS: dict[str, Way] = {
    "single sign-on": single_sign_on,
    "single sign-on, posted": posted,
    "single sign-on, an acr demanded": demanded,
    "single sign-on, an essential acr": essential,
    "single sign-on, pushed": pushed,
    "look at the sign-in": look,
    "choose every other factor": choose,
    "empty forms": empty,
    "every step out of turn": out_of_turn,
    "finish": finish,
    "authorization_code": code,
    "refresh_token": refresh,
    DEVICE: poll,
    EXCHANGE: exchange,
    JWT_BEARER: named,
    "approve a device": approve,
    "ask who it is": who_it_is,
    "ask what a token is worth": worth,
    "follow a link": follow,
    "register a client": register,
    "open the account": open_the_account,
    "add a factor": add,
    **{f"change: {name}": change(name) for name in PATHS},
}
# What is used later, and what is shown to an API.
WITH_GRANTS = frozenset(
    {"authorization_code", "refresh_token", DEVICE, "follow a link", "change: withdraw", "change: withdraw-parts"}
)
WITH_TOKEN = frozenset(
    {
        EXCHANGE,
        "change: withdraw",
        "change: withdraw-parts",
        "register a client",
        "ask who it is",
        "ask what a token is worth",
    }
)
# Where the level of the client makes no difference.
ONE_LEVEL = frozenset(
    way
    for way in ways()
    if way.startswith("change: ")
    or way in ("follow a link", "register a client", "open the account", "add a factor")
    or way in ("ask who it is", "ask what a token is worth")
)


def levels_of(way: str) -> tuple[str, ...]:
    """Those that it is tried with."""
    return LEVELS[:1] if way in ONE_LEVEL else LEVELS
