"""What a whole sign-in leaves behind in the log and in the database: nothing that would let anybody in."""

import base64
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, select

from idp.events.log import configure
from idp.store.tables import metadata
from tests.conftest import Log, Start
from tests.portal import VERIFIER, Portal
from tests.protocol.sign_in.conftest import Stored
from tests.running import RunningServer
from tests.visitor import ADA_SECRET, PASSWORD, Visitor

pytestmark = pytest.mark.attack


@pytest.fixture
def everything(log: Log) -> Iterator[Log]:
    """The log of a server that was told to write everything down."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    others = [logging.getLogger(name) for name in ("authlib", "sqlalchemy", "httpx", "httpcore", "alembic")]
    before = [(logger, logger.level) for logger in others]
    configure("DEBUG")
    root.handlers = [log]
    yield log
    root.handlers = handlers
    root.setLevel(level)
    for logger, was in before:
        logger.setLevel(was)


class Secrets:
    """Every secret value of a sign-in, as it goes along."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {"password": PASSWORD, "ada's secret": ADA_SECRET, "verifier": VERIFIER}

    def note(self, name: str, value: str) -> None:
        assert len(value) >= 6, name
        self.values[name] = value

    def found_in(self, text: str) -> list[str]:
        return [name for name, value in self.values.items() if value in text]


def whole_way(server: RunningServer, portal: Portal, visitor: Visitor) -> Secrets:
    """Wrong and right answers, an enrolment, tokens, a recovery code; every secret is noted."""
    secrets = Secrets()
    secrets.note("client secret", portal.secret or "")
    page = visitor.submit(portal.send(visitor), username="alice", password="Tr0ub4dor&3-wrong")
    secrets.note("wrong password", "Tr0ub4dor&3-wrong")
    secrets.note("first handle", page.form.fields["transaction"])
    secrets.note("csrf token of the first page", page.form.fields["csrf_token"])
    secrets.note("first browser cookie", visitor.cookies()["idp-browser-demo"])
    page = visitor.submit(page, username="alice", password=PASSWORD)
    secrets.note("handle", page.form.fields["transaction"])
    secrets.note("csrf token", page.form.fields["csrf_token"])
    secrets.note("second browser cookie", visitor.cookies()["idp-browser-demo"])
    secrets.note("totp secret", page.totp_secret)
    secrets.note("totp secret in hexadecimal", base64.b32decode(page.totp_secret).hex())
    visitor.secrets["alice"] = page.totp_secret
    page = visitor.submit(page, code="000000")
    page = visitor.submit(page, code=visitor.code("alice"), label="My phone")
    for number, code in enumerate(page.recovery_codes):
        secrets.note(f"recovery code {number}", code)
        secrets.note(f"recovery code {number} without dashes", code.replace("-", ""))
        secrets.note(f"recovery code {number} in capitals", code.replace("-", "").upper())
    codes = page.recovery_codes
    arrived = visitor.submit(page)
    note_arrival(secrets, portal, visitor, arrived.parameters()["code"], "first")
    server.clock.advance(30)
    page = visitor.submit(portal.send(visitor, prompt="login"), password=PASSWORD)
    page = visitor.get(next(link for link in page.links if "recovery-codes" in link))
    page = visitor.submit(page, recovery_code=codes[9])
    note_arrival(secrets, portal, visitor, page.parameters()["code"], "second")
    return secrets


def note_arrival(secrets: Secrets, portal: Portal, visitor: Visitor, code: str, which: str) -> None:
    secrets.note(f"{which} code", code)
    tokens = portal.redeem(code)
    for kind in ("access_token", "refresh_token", "id_token"):
        secrets.note(f"{which} {kind}", tokens.body[kind])
        secrets.note(f"signature of the {which} {kind}", tokens.body[kind].split(".")[2])
    secrets.note(f"refreshed after the {which}", portal.refresh(tokens.refresh).access)
    portal.userinfo(tokens.access)
    portal.introspect(tokens.access)
    for kind in ("session", "browser", "known"):
        secrets.note(f"{which} {kind} cookie", visitor.cookies()[f"idp-{kind}-demo"])


def test_no_log_line_holds_a_secret_even_when_everything_is_logged(
    everything: Log, start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(environ={})
    secrets = whole_way(server, register(server, "billing"), visit(server))
    secrets.note("address of the database", server.settings.database)
    text = "\n".join(everything.lines)

    assert {line.get("event") for line in map(json.loads, everything.lines)} >= {
        "password.refused",
        "password.accepted",
        "factor.enrolled",
        "factor.accepted",
        "session.signed_in",
        "session.stepped_up",
        "authorization.granted",
        "token.issued",
    }
    assert secrets.found_in(text) == []
    assert secrets.found_in(text.replace("\\n", "").replace("\\", "")) == []


def test_a_database_that_fails_puts_nothing_into_the_log_either(
    everything: Log, start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], stored: Stored
) -> None:
    server = start()
    portal, visitor = register(server, "portal"), visit(server)
    page = portal.send(visitor)
    half_way = visit(server)
    totp = half_way.submit(portal.send(half_way), username="ada", password=PASSWORD)
    code = half_way.code("ada")
    stored("ALTER TABLE sessions RENAME TO sessions_away")
    stored("ALTER TABLE guesses RENAME TO guesses_away")

    answers = [visitor.submit(page, username="alice", password=PASSWORD), half_way.submit(totp, code=code)]
    answers.append(portal.send(half_way))

    stored("ALTER TABLE sessions_away RENAME TO sessions")
    stored("ALTER TABLE guesses_away RENAME TO guesses")
    assert {answer.status for answer in answers[:2]} <= {500, 503}
    for answer in answers[:2]:
        assert "SELECT" not in answer.html
        assert "guesses" not in answer.html
    text = "\n".join(everything.lines)
    for secret in (PASSWORD, code, totp.form.fields["transaction"], server.settings.database):
        assert secret not in text
    assert "code" in half_way.submit(totp, code=code).parameters()


@pytest.mark.parametrize(
    "hostile", ['bob\r\n{"event": "forged"}', "bob\x1b[2Jgone", "bob\u2028forged", "bob\x85forged", "bob\x7f\b\b\b"]
)
def test_nobody_writes_a_log_line_of_his_own(
    everything: Log, start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], hostile: str
) -> None:
    server = start()
    visitor, portal = visit(server), register(server, "portal")
    visitor.http.headers["user-agent"] = (
        hostile.encode("ascii", "ignore")
        .decode()
        .replace("\r", "")
        .replace("\n", "")
        .translate(dict.fromkeys(range(32)) | {127: None})
    )
    visitor.submit(portal.send(visitor, state=hostile, login_hint=hostile), username=hostile, password=hostile)
    visitor.get(f"{server.issuer()}/login-actions/authenticate", params={"transaction": hostile, "factor": hostile})
    visitor.get(portal.url(prompt=hostile, scope=hostile))

    assert everything.lines
    for line in everything.lines:
        assert line.isascii()
        assert line.isprintable()
        assert "forged" not in str(json.loads(line).get("event"))


def test_the_database_alone_lets_nobody_in(
    server: RunningServer, billing: Portal, visitor: Visitor, visit: Callable[..., Visitor], database_url: str
) -> None:
    secrets = whole_way(server, billing, visitor)

    dump = "\n".join(_dump(database_url))

    # What is open: who, when and by which factors. The codes stand in the log of this test alone.
    assert "two-factor" in dump
    assert secrets.found_in(dump) == []
    session = visitor.cookies()["idp-session-demo"]
    for value in _bytes(database_url):
        for spelt in (value.hex(), base64.urlsafe_b64encode(value).rstrip(b"=").decode()):
            assert spelt != session
            thief = visit(server)
            thief.http.cookies.set("idp-session-demo", spelt, domain="localhost.local", path="/")
            assert billing.send(thief, prompt="none").parameters()["error"] == "login_required"


def test_the_password_is_kept_nowhere_while_the_second_factor_is_asked(
    portal: Portal, visitor: Visitor, database_url: str
) -> None:
    visitor.submit(portal.send(visitor), username="ada", password=PASSWORD)

    assert PASSWORD not in "\n".join(_dump(database_url))
    assert PASSWORD not in json.dumps(visitor.cookies())


def test_the_secrets_of_two_people_cannot_be_exchanged(
    billing: Portal, visit: Callable[..., Visitor], stored: Stored
) -> None:
    alice, ada = visit(billing.server), visit(billing.server)
    billing.sign_in(alice)
    billing.server.clock.advance(30)
    mine, hers = stored(
        "SELECT id, secret FROM credentials WHERE user_id IN (SELECT id FROM users WHERE realm = 'demo')"
    )
    for row, secret in ((mine, hers["secret"]), (hers, mine["secret"])):
        stored("UPDATE credentials SET secret = :secret WHERE id = :id", secret=secret, id=row["id"])

    page = ada.submit(billing.send(ada), username="ada", password=PASSWORD)
    answer = ada.submit(page, code=alice.code("alice"))

    assert answer.location is None
    assert "idp-session-demo" not in ada.cookies()


def _rows(url: str) -> Iterator[dict[str, Any]]:
    engine = create_engine(url)
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                yield dict(row)
    engine.dispose()


def _dump(url: str) -> Iterator[str]:
    for row in _rows(url):
        for value in row.values():
            yield value.hex() if isinstance(value, bytes) else json.dumps(value, default=str, ensure_ascii=False)


def _bytes(url: str) -> list[bytes]:
    rows = [value for row in _rows(url) for value in row.values() if isinstance(value, bytes)]
    return rows[:4]
