"""Forms of the sign-in, filled in as no browser would: the same page again or one that says what to do, no more."""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from idp.login.handles import ENROLMENT_LASTS, FIRST_PAGE_LASTS, SIGN_IN_ENDS, SIGN_IN_LASTS
from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.sign_in.conftest import Identify, Stored
from tests.running import RunningServer, demo_client, demo_realm, every_factor
from tests.visitor import PASSWORD, Page, Visitor

LONG = 1025 * "x"
SESSION = "idp-session-demo"


@pytest.fixture
def half_way(standing: RunningServer, standing_portal: Portal) -> Iterator[tuple[Visitor, Page]]:
    """Ada after her password; nobody of this module goes on from there."""
    visitor = Visitor(standing)
    yield visitor, visitor.submit(standing_portal.send(visitor), username="ada", password=PASSWORD)
    visitor.close()


def post(visitor: Visitor, page: Page, fields: list[tuple[str, str]]) -> Page:
    """The very fields, in that order, doubled ones too."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Page(visitor.http.post(page.form.action, content=urlencode(fields), headers=headers))


def is_harmless(visitor: Visitor, page: Page) -> bool:
    """No session, no code, no stack trace."""
    assert page.status < 500, page.html
    assert "Traceback" not in page.html
    return SESSION not in visitor.cookies() and page.location is None


@pytest.mark.parametrize("field", ["transaction", "csrf_token", "step"])
@pytest.mark.parametrize("value", [None, "", "x", "first.", "first.x", "..", 3000 * "x", "\u0661", "%00", "é\r\nx"])
def test_a_hidden_field_that_was_touched_proves_nothing(
    standing: RunningServer, standing_portal: Portal, passer_by: Visitor, field: str, value: str | None
) -> None:
    page = standing_portal.send(passer_by)
    fields = {**page.form.fields, "username": "ada", "password": PASSWORD}
    fields.pop(field)
    if value is not None:
        fields[field] = value

    answer = post(passer_by, page, list(fields.items()))

    assert is_harmless(passer_by, answer)
    assert answer.status == {"transaction": 400, "csrf_token": 403, "step": 200}[field]
    if field == "step":
        assert "out of date" in answer.alert


@pytest.mark.parametrize("field", ["transaction", "csrf_token", "step"])
@pytest.mark.parametrize("value", [None, "", "x", "first.x", 3000 * "x", "\u0661"])
def test_the_same_holds_after_the_first_proof(half_way: tuple[Visitor, Page], field: str, value: str | None) -> None:
    visitor, page = half_way
    fields = {**page.form.fields, "code": "123456"}
    fields.pop(field)
    if value is not None:
        fields[field] = value

    answer = post(visitor, page, list(fields.items()))

    assert is_harmless(visitor, answer)
    assert answer.status == {"transaction": 400, "csrf_token": 403, "step": 200}[field]


@pytest.mark.parametrize(
    ("username", "password"),
    [
        (None, None),
        ("", ""),
        ("alice", None),
        ("alice", ""),
        (None, PASSWORD),
        ("", PASSWORD),
        ("   ", PASSWORD),
        (256 * "a", PASSWORD),
        ("alice", LONG),
        ("alice", 513 * "é"),
        ("alice", f"{PASSWORD} "),
        ("alice", PASSWORD.upper()),
        ("alice\u200b", PASSWORD),
        ("alice' OR '1'='1", PASSWORD),
        ("alice@example.com@example.com", PASSWORD),
        ("ali%", PASSWORD),
        ("{{7*7}}", "{{7*7}}"),
        ("\U0001f600", "\U0001f600"),
        ("alice\r\nSet-Cookie: a=b", "x\r\n\r\n"),
    ],
)
def test_what_is_not_a_name_and_its_password_gets_the_form_again(
    standing_portal: Portal, passer_by: Visitor, username: str | None, password: str | None
) -> None:
    page = standing_portal.send(passer_by)
    given = [(n, v) for n, v in (("username", username), ("password", password)) if v is not None]
    hidden = [(n, v) for n, v in page.form.fields.items() if n not in ("username", "password")]

    answer = post(passer_by, page, [*hidden, *given])

    assert is_harmless(passer_by, answer)
    assert (answer.status, answer.step, bool(answer.alert)) == (200, "password", True)
    assert PASSWORD not in answer.html
    assert "a" not in answer.response.cookies


@pytest.mark.parametrize(
    "code",
    [None, "", "   ", "0", "12345", "1234567", "abcdef", "12 34", 101 * "1", "-12345", "1e5", "0x1234", "١٢٣٤٥٦"],
)
def test_what_is_not_six_digits_gets_the_form_again(half_way: tuple[Visitor, Page], code: str | None) -> None:
    visitor, page = half_way
    fields = {n: v for n, v in page.form.fields.items() if n != "code"} | ({} if code is None else {"code": code})

    answer = post(visitor, page, list(fields.items()))

    assert is_harmless(visitor, answer)
    assert (answer.status, answer.step, bool(answer.alert)) == (200, "totp", True)


@pytest.mark.parametrize("field", ["transaction", "csrf_token", "step", "username", "password", "action"])
def test_a_field_that_is_sent_twice_is_refused(standing_portal: Portal, passer_by: Visitor, field: str) -> None:
    page = standing_portal.send(passer_by)
    fields = {"action": "go on", **page.form.fields, "username": "alice", "password": PASSWORD}

    answer = post(passer_by, page, [(field, fields[field]), *fields.items()])

    assert is_harmless(passer_by, answer)
    assert answer.status == 400


@pytest.mark.parametrize("size", [65537, 1_000_000])
def test_a_password_of_a_megabyte_is_not_even_read(standing_portal: Portal, passer_by: Visitor, size: int) -> None:
    page = standing_portal.send(passer_by)

    answer = passer_by.submit(page, username="alice", password=size * "x")

    assert (answer.status, SESSION in passer_by.cookies()) == (413, False)
    assert "too much data" in answer.text


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b'{"username":"alice"}', 415),
        ("text/plain", b"username=alice", 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("", b"username=alice", 415),
        ("application/x-www-form-urlencoded", b"username=%ff%fe", 400),
        ("application/x-www-form-urlencoded", b"username=%00", 400),
        ("application/x-www-form-urlencoded", b"\xff\xfe", 400),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=" % n for n in range(101)), 400),
        ("application/x-www-form-urlencoded", b"", 400),
    ],
    ids=["json", "text", "multipart", "none", "no-utf-8", "nul", "bytes", "fields", "empty"],
)
def test_a_body_that_is_no_form_is_refused(
    standing: RunningServer, passer_by: Visitor, content_type: str, body: bytes, status: int
) -> None:
    url = f"{standing.issuer()}/login-actions/authenticate"

    answer = passer_by.http.post(url, content=body, headers={"content-type": content_type})

    assert answer.status_code == status
    assert "<h1>" in answer.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_verbs_are_none(standing: RunningServer, passer_by: Visitor, method: str) -> None:
    answer = passer_by.http.request(method, f"{standing.issuer()}/login-actions/authenticate")

    assert answer.status_code == 405


@pytest.mark.parametrize(
    "query", ["", "?transaction=", "?transaction=x", "?transaction=first.x", "?transaction=x&transaction=y"]
)
def test_a_page_of_no_sign_in_says_what_to_do(standing: RunningServer, passer_by: Visitor, query: str) -> None:
    page = passer_by.get(f"{standing.issuer()}/login-actions/authenticate{query}")

    assert page.status == 400
    assert "start again" in page.text or "try again" in page.text


def test_the_token_of_another_sign_in_does_not_fit(portal: Portal, visitor: Visitor, identify: Identify) -> None:
    one, two = portal.send(visitor), portal.send(visitor)
    crossed = {**one.form.fields, "csrf_token": two.form.fields["csrf_token"]}
    refused = visitor.post(one.form.action, {**crossed, "username": "ada", "password": PASSWORD})
    assert (refused.status, SESSION in visitor.cookies()) == (403, False)

    half_way, other = identify(portal, visitor), portal.send(visitor)
    for token in (other.form.fields["csrf_token"], two.form.fields["csrf_token"]):
        fields = {**half_way.form.fields, "csrf_token": token, "code": visitor.code("ada")}
        assert visitor.post(half_way.form.action, fields).status == 403
    assert "code" in visitor.submit(half_way, code=visitor.code("ada")).parameters()


def test_a_form_posted_twice_makes_one_code(
    portal: Portal, visitor: Visitor, identify: Identify, stored: Stored
) -> None:
    page = identify(portal, visitor)
    assert "code" in visitor.submit(page, code=visitor.code("ada")).parameters()

    again = visitor.submit(page, code=visitor.code("ada"))

    assert again.status == 400
    assert len(stored("SELECT id FROM grants")) == 1
    # Whoever reloads is signed in: the way on is one click.
    assert "code" in visitor.get(next(link for link in again.links if "/auth?" in link)).parameters()


def test_a_step_out_of_order_is_not_taken(portal: Portal, visitor: Visitor, identify: Identify, stored: Stored) -> None:
    first = portal.send(visitor)
    for step in ("totp", "recovery-codes", "totp-enrol", "recovery-codes-new", "recovery-codes-low", "blocked"):
        fields = {
            **first.form.fields,
            "step": step,
            "username": "ada",
            "password": PASSWORD,
            "code": visitor.code("ada"),
        }
        answer = visitor.post(first.form.action, fields)
        assert (answer.status, answer.step) == (200, "password")
    page = identify(portal, visitor)
    for step in ("password", "totp-enrol", "recovery-codes-new", "recovery-codes-low", "recovery-codes", "blocked"):
        fields = {
            **page.form.fields,
            "step": step,
            "username": "ada",
            "password": PASSWORD,
            "code": visitor.code("ada"),
        }
        answer = visitor.post(page.form.action, fields)
        assert (answer.status, answer.step) == (200, "totp")
    assert stored("SELECT id FROM sessions") == stored("SELECT id FROM grants") == []


def test_an_empty_form_skips_no_step(portal: Portal, visitor: Visitor, identify: Identify) -> None:
    page = identify(portal, visitor)

    for fields in ({}, {"code": ""}, {"action": "go"}, {"action": ""}):
        hidden = {name: page.form.fields[name] for name in ("transaction", "csrf_token", "step")}
        answer = visitor.post(page.form.action, {**hidden, **fields})
        assert (answer.status, answer.step, answer.alert) == (
            200,
            "totp",
            "Something is missing. Please fill in every field.",
        )


def test_the_codes_page_cannot_be_skipped_into_nothing(billing: Portal, visitor: Visitor, identify: Identify) -> None:
    page = identify(billing, visitor, "alice")
    visitor.secrets["alice"] = page.totp_secret
    codes = visitor.submit(page, code=visitor.code("alice"))
    assert codes.step == "recovery-codes-new"

    again = visitor.get(str(codes.response.url))
    assert again.recovery_codes == codes.recovery_codes
    assert "code" in visitor.submit(again).parameters()
    assert visitor.get(str(codes.response.url)).status == 400


@pytest.mark.parametrize(
    ("step", "lasts"), [("password", FIRST_PAGE_LASTS), ("totp", SIGN_IN_LASTS), ("totp-enrol", ENROLMENT_LASTS)]
)
def test_a_page_that_was_left_too_long_says_so_and_lets_its_person_begin_again(
    billing: Portal, visit: Callable[..., Visitor], identify: Identify, step: str, lasts: int
) -> None:
    in_time, late = visit(billing.server), visit(billing.server)
    username = "alice" if step == "totp-enrol" else "ada"
    pages = [billing.send(v) if step == "password" else identify(billing, v, username) for v in (in_time, late)]
    assert [page.step for page in pages] == [step, step]
    billing.server.clock.advance(lasts - 1)
    answer = in_time.submit(pages[0], username=username, password="wrong", code="000000")
    assert (answer.status, answer.step) == (200, step)
    billing.server.clock.advance(1)

    refused = late.submit(pages[1], username=username, password=PASSWORD, code=late.code("ada"))

    assert refused.status == 400
    assert "It took too long, or it was ended" in refused.text
    assert late.get(next(link for link in refused.links if "/auth?" in link)).step == "password"


def test_a_wrong_answer_does_not_lengthen_the_sign_in(
    portal: Portal, visitor: Visitor, identify: Identify, clock: Clock
) -> None:
    page = identify(portal, visitor)
    clock.advance(200)
    assert visitor.submit(page, code="000000").step == "totp"
    clock.advance(100)

    assert visitor.submit(page, code=visitor.code("ada")).status == 400


def test_a_busy_sign_in_ends_too(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], identify: Identify, clock: Clock
) -> None:
    """Else whoever typed the password on a foreign machine would have it count there for ever."""
    server = start(every_factor())
    visitor, step = visit(server), ENROLMENT_LASTS - 1
    page = visitor.submit(identify(register(server, "billing"), visitor, "alice"), factor="totp")
    for _ in range(SIGN_IN_ENDS // step):
        clock.advance(step)
        page = visitor.submit(visitor.another_way(page, "enrol-choice"), factor="totp")
        if page.step == "password":
            page = visitor.submit(page, username="alice", password=PASSWORD)
        assert (page.status, page.step) == (200, "totp-enrol")
    clock.advance(SIGN_IN_ENDS % step)

    assert visitor.get(str(page.response.url)).status == 400


def test_a_person_who_is_deleted_half_way_is_gone(
    portal: Portal, visitor: Visitor, identify: Identify, administrator: Administrator
) -> None:
    page = identify(portal, visitor)
    administrator.delete("ada")

    answer = visitor.submit(page, code=visitor.code("ada"))

    assert (answer.status, SESSION in visitor.cookies()) == (400, False)


@pytest.mark.parametrize("changed", ["removed", "disabled", "redirect_uris", "scope", "grant_types"])
def test_a_client_that_is_changed_half_way_gets_no_code(
    portal: Portal, visitor: Visitor, identify: Identify, stored: Stored, changed: str
) -> None:
    page = identify(portal, visitor)
    clients = {c: demo_client(c) for c in ("portal", "billing", "cli", "nightly-report")}
    match changed:
        case "removed":
            clients["portal"]["client_id"] = "another"
        case "disabled":
            clients["portal"]["enabled"] = False
        case "redirect_uris":
            clients["portal"]["redirect_uris"] = ["http://localhost:9999/elsewhere"]
        case "scope":
            clients["portal"]["scope"] = "openid"
        case "grant_types":
            clients["portal"] |= {"grant_types": ["client_credentials"], "redirect_uris": []}
            clients["portal"].pop("post_logout_redirect_uris")
    portal.server.reload(demo_realm(clients=list(clients.values())))

    answer = visitor.submit(page, code=visitor.code("ada"))

    assert answer.status == 400
    assert answer.location is None
    assert stored("SELECT id FROM grants") == stored("SELECT id FROM sessions") == []


def test_nobody_is_sent_to_an_address_that_was_taken_off_the_list(
    server: RunningServer, visitor: Visitor, portal: Portal
) -> None:
    page = portal.send(visitor)
    clients = [demo_client(c) for c in ("portal", "billing", "cli", "nightly-report")]
    clients[0]["redirect_uris"] = ["http://localhost:9999/elsewhere"]
    server.reload(demo_realm(clients=clients))

    answer = visitor.submit(page, action="cancel")

    assert (answer.status, answer.location) == (400, None)
