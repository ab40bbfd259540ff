from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from idp.demo.api import api
from idp.demo.client import main
from tests.demo.provider import API, Provider
from tests.resource_server.serving import serving


@dataclass
class Person:
    """Opens what the client shows, as a browser does, and remembers where it ended."""

    before_returning: Callable[[str], object] = lambda _: None
    seen: list[dict[str, list[str]]] = field(default_factory=list)
    pages: list[httpx.Response] = field(default_factory=list)

    def open(self, url: str) -> None:
        self.seen.append(parse_qs(urlsplit(url).query))
        answer = httpx.get(url, trust_env=False).headers["location"]
        self.before_returning(answer)
        self.pages.append(httpx.get(answer, trust_env=False))


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def bank(provider: Provider) -> Iterator[str]:
    with serving(api(issuer=provider.url, audience=API)) as url:
        yield url


def run(provider: Provider, bank: str, person: Person, *more: str) -> int:
    return main(["--issuer", provider.url, "--api", bank, "--patience", "20", *more], open_url=person.open)


def test_the_client_steps_up_once_and_is_let_in(
    provider: Provider, bank: str, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(provider, bank, person) == 0
    first, second = person.seen
    assert "acr_values" not in first
    assert second["acr_values"] == ["two-factor"]
    assert second["max_age"] == ["300"]
    said = capsys.readouterr().out
    assert "401" in said
    assert '201 {"paid": "12.50"' in said
    assert "acr two-factor, amr pwd otp mfa" in said


def test_the_request_is_that_of_a_native_application(provider: Provider, bank: str, person: Person) -> None:
    run(provider, bank, person)
    for asked in person.seen:
        redirect = urlsplit(asked["redirect_uri"][0])
        assert (redirect.scheme, redirect.hostname, redirect.path) == ("http", "127.0.0.1", "/callback")
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["client_id"] == ["cli"]
    assert len({asked["state"][0] for asked in person.seen}) == 2
    assert len({asked["code_challenge"][0] for asked in person.seen}) == 2
    assert all("client_secret" not in sent for sent in provider.token_requests)


def test_nobody_is_asked_twice_who_has_proven_enough(provider: Provider, bank: str, person: Person) -> None:
    provider.acr = "two-factor"
    assert run(provider, bank, person) == 0
    assert len(person.seen) == 1


def test_the_person_is_sent_back_to_the_terminal(provider: Provider, bank: str, person: Person) -> None:
    run(provider, bank, person)
    assert all(page.status_code == 200 and "Back to the terminal" in page.text for page in person.pages)


def failed(code: int, capsys: pytest.CaptureFixture[str]) -> str:
    assert code == 1
    return capsys.readouterr().err


def test_a_provider_that_cannot_step_up_is_asked_once(
    provider: Provider, bank: str, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.reachable = ()
    assert "ended with password" in failed(run(provider, bank, person), capsys)
    assert len(person.seen) == 2


def test_an_api_that_is_never_satisfied_is_called_twice(
    provider: Provider, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    challenge = {"WWW-Authenticate": 'Bearer error="insufficient_user_authentication", acr_values="two-factor"'}
    app = Starlette(routes=[Route("/balance", lambda _: JSONResponse({}, 401, headers=challenge))])
    with serving(app) as url:
        assert "again" in failed(run(provider, url, person), capsys)
    assert len(person.seen) == 2


def test_an_old_sign_in_is_renewed_only_once(
    provider: Provider, bank: str, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.acr, provider.auth_time = "two-factor", 1_700_000_000
    assert "again" in failed(run(provider, bank, person), capsys)
    assert len(person.seen) == 2


@pytest.mark.attack
def test_somebody_else_does_not_step_up(
    provider: Provider, bank: str, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    person.before_returning = lambda _: setattr(provider, "subject", "u-2")
    assert "somebody else" in failed(run(provider, bank, person), capsys)


@pytest.mark.attack
@pytest.mark.parametrize("iss", [None, "https://evil.example"], ids=repr)
def test_an_answer_of_another_provider_is_refused(
    provider: Provider, bank: str, person: Person, capsys: pytest.CaptureFixture[str], iss: str | None
) -> None:
    provider.bend_response = {"iss": iss}
    assert "another provider" in failed(run(provider, bank, person), capsys)
    assert provider.token_requests == []


def test_an_error_of_the_provider_is_told(
    provider: Provider, bank: str, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.bend_response = {"code": None, "error": "access_denied", "error_description": "cancelled\x1b[31m"}
    said = failed(run(provider, bank, person), capsys)
    assert "access_denied: cancelled?[31m" in said
    assert "\x1b" not in said


@pytest.mark.attack
def test_what_comes_with_a_foreign_state_is_not_listened_to(provider: Provider, bank: str, person: Person) -> None:
    refused: list[int] = []

    def attack(answer: str) -> None:
        base = answer.partition("?")[0]
        forged = [f"{base}?{query}" for query in ("code=evil&state=guess", "code=evil", "")]
        for url in (*forged, answer + "&code=evil", base.replace("callback", "elsewhere")):
            refused.append(httpx.get(url, trust_env=False).status_code)  # noqa: PERF401 - one after the other

    person.before_returning = attack
    assert run(provider, bank, person) == 0
    assert set(refused) == {400}


@pytest.mark.attack
@pytest.mark.parametrize(
    "change",
    [{"iss": "https://evil.example"}, {"aud": "portal"}, {"azp": "portal"}, {"nonce": "x"}, {"exp": 1}, {"sub": None}],
    ids=repr,
)
def test_an_id_token_for_another_sign_in_is_refused(
    provider: Provider, bank: str, person: Person, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    provider.bend_id_token = change
    assert "ID token" in failed(run(provider, bank, person), capsys)


def test_nobody_coming_back_ends_the_wait(provider: Provider, bank: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--issuer", provider.url, "--api", bank, "--patience", "0"], open_url=lambda _: None)
    assert "nobody came back" in failed(code, capsys)


def test_an_unreachable_provider_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--issuer", "http://127.0.0.1:9/realms/demo"], open_url=lambda _: None)
    assert "does not answer" in failed(code, capsys)


def test_an_unreachable_api_is_told(provider: Provider, person: Person, capsys: pytest.CaptureFixture[str]) -> None:
    assert "http://127.0.0.1:9 does not answer" in failed(run(provider, "http://127.0.0.1:9", person), capsys)


def test_without_a_browser_the_address_is_printed(
    provider: Provider, bank: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--issuer", provider.url, "--api", bank, "--no-browser", "--patience", "0"]) == 1
    assert f"  {provider.url}/auth?response_type=code" in capsys.readouterr().out


def test_no_token_and_no_code_is_printed(
    provider: Provider, bank: str, person: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    run(provider, bank, person)
    said = "".join(capsys.readouterr())
    assert "eyJ" not in said
    assert all(sent["code"] not in said for sent in provider.token_requests)
