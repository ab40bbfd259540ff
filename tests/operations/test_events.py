"""What operators see: audit events as JSON lines, metrics from the same events, request identifiers, health."""

import ast
import json
import logging
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.events.catalogue import Event
from idp.events.log import JsonLines, emit
from tests.conftest import Log
from tests.operations.serving import ROOT
from tests.portal import Portal
from tests.running import RunningServer
from tests.visitor import PASSWORD, Visitor


def mentioned() -> Iterator[str]:
    for path in (ROOT / "idp").rglob("*.py"):
        if path.name != "catalogue.py":
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Event":
                    yield node.attr


def test_every_event_of_the_catalogue_is_emitted_somewhere() -> None:
    assert {event.name for event in Event} - set(mentioned()) == set()


def test_names_and_levels_are_as_the_catalogue_promises() -> None:
    names = [event.value.name for event in Event]
    assert len(set(names)) == len(names)
    assert all(name.count(".") == 1 and name == name.lower() for name in names)
    assert {event.value.level for event in Event} <= {"debug", "info", "warning", "error"}


def test_no_event_can_carry_a_secret() -> None:
    fields = {field for event in Event for field in event.value.fields}
    assert not {f for f in fields for word in ("password", "secret", "token", "code", "cookie", "hash") if word in f}


def test_a_field_that_the_catalogue_does_not_name_cannot_be_logged(log: Log) -> None:
    with pytest.raises(TypeError, match=r"user\.created has no field password"):
        emit(Event.USER_CREATED, realm="demo", password="x")
    assert log.lines == []


def test_every_event_of_a_sign_in_is_on_record_with_its_request(log: Log, portal: Portal, visitor: Visitor) -> None:
    page = visitor.submit(portal.send(visitor), username="ada", password="a wrong password, this")
    assert log.events("password.refused")[0]["request_id"] == page.response.headers["x-request-id"]
    portal.sign_in(visitor, "ada")
    for name in (
        "password.refused",
        "password.accepted",
        "factor.accepted",
        "session.signed_in",
        "authorization.granted",
        "token.issued",
    ):
        line = log.events(name)[0]
        assert line.keys() >= {"time", "level", "realm", "request_id", "address"}, name
        assert line["address"] == "127.0.0.1"
    assert log.events("session.signed_in")[0]["amr"] == ["pwd", "otp", "mfa"]
    assert PASSWORD not in json.dumps(log.events("password.accepted") + log.events("password.refused"))


def test_an_event_is_told_only_once_it_is_committed(log: Log, portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)
    assert portal.refresh(tokens.refresh).status == 200
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    assert [line["what"] for line in log.events("token.reused")]
    assert log.events("token.refused")[-1]["error"] == "invalid_grant"
    assert len(log.events("token.issued")) == 2


def test_a_refused_token_request_is_on_record_with_its_client_however_it_was_named(
    log: Log, server: RunningServer, portal: Portal, cli: Portal
) -> None:
    url, form = server.endpoint("token"), {"grant_type": "refresh_token", "refresh_token": "x"}
    portal.refresh("x")
    portal.http.post(url, data=form, auth=("portal", "wrong"))
    portal.http.post(url, data=form | {"client_id": "portal", "client_secret": "wrong"})
    cli.refresh("x")
    portal.http.post(url, data=form, auth=("nobody", "wrong"))

    refused = [(line["error"], line.get("client_id")) for line in log.events("token.refused")]

    assert refused == [
        ("invalid_grant", "portal"),
        *[("invalid_client", "portal")] * 2,
        ("invalid_grant", "cli"),
        ("invalid_client", None),
    ]


def formatted(message: str, *arguments: object, error: BaseException | None = None) -> str:
    info: Any = (type(error), error, error.__traceback__) if error else None
    return JsonLines().format(logging.LogRecord("idp", logging.ERROR, "", 0, message, arguments, info))


@pytest.mark.attack
def test_nobody_can_write_a_line_of_their_own() -> None:
    line = formatted("hello %s", 'x\n{"event": "user.created"}\r\u2028\u2029\x1b[2J')
    assert len(line.splitlines()) == 1
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.attack
def test_the_text_of_an_exception_is_not_logged() -> None:
    line = {}
    try:
        int(PASSWORD)
    except ValueError as error:
        line = json.loads(formatted("it failed", error=error))
    assert line["error"] == "ValueError"
    assert line["trace"][0].endswith("test_the_text_of_an_exception_is_not_logged")
    assert PASSWORD not in json.dumps(line)


def test_metrics_derive_from_the_events(server: RunningServer, portal: Portal, visitor: Visitor) -> None:
    def count(line: str) -> float:
        lines = visitor.http.get("/metrics").text.splitlines()
        return sum(float(found.rsplit(" ", 1)[1]) for found in lines if found.startswith(line))

    issued = 'idp_events_total{event="token.issued",realm="demo"}'
    route = 'route="/realms/{realm}/protocol/openid-connect/token",status="2xx"}'
    before = count(issued), count(f"idp_http_request_seconds_count{{{route}")
    portal.sign_in(visitor)
    assert (count(issued), count(f"idp_http_request_seconds_count{{{route}")) == (before[0] + 1, before[1] + 1)


def test_metrics_do_not_grow_with_what_people_send(visitor: Visitor) -> None:
    for path in ("/a", "/b", "/realms/nowhere/protocol/openid-connect/auth", "/realms/x/y"):
        visitor.http.get(path)
    text = visitor.http.get("/metrics").text
    assert 'route="none"' in text
    assert "nowhere" not in text


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/health/live", {"host": "10.1.2.3"}, 200),
        ("GET", "/health/ready", {"host": "10.1.2.3"}, 200),
        ("GET", "/metrics", {"host": "10.1.2.3"}, 200),
        ("GET", "/nowhere", {}, 404),
        ("DELETE", "/health/live", {}, 405),
        ("GET", "/realms/demo/.well-known/openid-configuration", {"host": "evil.example"}, 421),
        ("POST", "/realms/demo/protocol/openid-connect/token", {}, 400),
    ],
)
def test_every_answer_has_an_identifier_of_its_own(
    visitor: Visitor, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    answers = [visitor.http.request(method, path, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [status, status]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 2


@pytest.mark.attack
def test_an_identifier_that_somebody_sends_is_not_taken(log: Log, visitor: Visitor) -> None:
    answer = visitor.http.get("/realms/demo/protocol/openid-connect/auth", headers={"x-request-id": "mine"})
    assert answer.headers["x-request-id"] != "mine"
    assert log.events("authorization.refused")[0]["request_id"] == answer.headers["x-request-id"]


def test_an_address_that_is_not_registered_is_logged_with_its_client(log: Log, visitor: Visitor) -> None:
    visitor.http.get(
        "/realms/demo/protocol/openid-connect/auth",
        params={
            "client_id": "portal",
            "redirect_uri": "http://ada:secret@localhost:8081/callback/?code=x",
            "response_type": "code",
        },
    )
    (refused,) = log.events("authorization.refused")
    assert (refused["client_id"], refused["error"]) == ("portal", "redirect-uri")
    assert refused["redirect_uri"] == "http://localhost:8081/callback/", "without what may be a secret"


def test_a_request_that_ends_at_a_page_is_logged_with_what_is_wrong(log: Log, visitor: Visitor) -> None:
    """The page says nothing of it, but gives a reference to be told to an administrator."""
    twice = "client_id=portal&client_id=portal&response_type=code"
    answer = visitor.http.get(f"/realms/demo/protocol/openid-connect/auth?{twice}")

    (refused,) = log.events("authorization.refused")
    assert refused["error"] == "bad-request"
    assert refused["description"] == "client_id, redirect_uri or request_uri is sent twice."
    assert refused["request_id"] in answer.text


def test_health_tells_the_state_of_each_realm_file(server: RunningServer, visitor: Visitor) -> None:
    assert visitor.http.get("/health/live").json() == {"status": "up"}
    ready = visitor.http.get("/health/ready").json()
    assert (ready["status"], ready["database"]) == ("up", "up")
    assert [(Path(f["file"]).name, f["realm"], f["problems"]) for f in ready["realms"]] == [("demo.yaml", "demo", [])]


@pytest.fixture
def raw(server: RunningServer) -> Callable[[bytes], socket.socket]:
    def connect(sent: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", server.settings.port), timeout=20)
        connection.sendall(sent)
        return connection

    return connect


def post(port: int, length: int) -> bytes:
    return (
        f"POST /realms/demo/protocol/openid-connect/token HTTP/1.1\r\nHost: localhost:{port}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
    ).encode()


@pytest.mark.attack
def test_a_body_that_does_not_come_is_not_waited_for(
    server: RunningServer, raw: Callable[[bytes], socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.web.intake._BODY_WITHIN", 0.2)
    with raw(post(server.settings.port, 100) + b"grant_type=") as connection:
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")


@pytest.mark.attack
def test_many_slow_senders_do_not_keep_others_waiting(
    server: RunningServer, raw: Callable[[bytes], socket.socket], visitor: Visitor
) -> None:
    slow = [raw(post(server.settings.port, 100) + b"g") for _ in range(60)]
    slow += [raw(b"POST / HTTP/1.1\r\nHost: loc") for _ in range(60)]
    assert visitor.http.get("/realms/demo/.well-known/openid-configuration").status_code == 200
    for connection in slow:
        connection.close()
