from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from idp.demo.portal import Sibling, portal
from tests.demo.provider import Provider
from tests.resource_server.serving import serving

BASE = "http://localhost:8081"


class Browser(httpx.Client):
    """Follows redirects between the portal, known as BASE, and the provider, as a browser would."""

    def __init__(self, portal_url: str) -> None:
        super().__init__(trust_env=False)
        self._portal_url = portal_url

    def open(self, url: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> httpx.Response:
        response = self.request(method, url.replace(BASE, self._portal_url), headers=headers)
        while response.is_redirect:
            response = self.get(response.headers["location"].replace(BASE, self._portal_url))
        return response

    def post(self, url: str, *, origin: str | None = BASE) -> httpx.Response:  # type: ignore[override]
        return self.open(url, method="POST", headers={"Origin": origin} if origin else None)


@pytest.fixture
def browser(provider: Provider) -> Iterator[Browser]:
    app = portal(
        title="Developer portal",
        issuer=provider.url,
        client_id="portal",
        client_secret="a secret for this test",
        base_url=BASE,
        sibling=Sibling(title="Billing portal", base_url="http://localhost:8082"),
    )
    with serving(app) as url, Browser(url) as opened:
        yield opened


def test_a_stranger_is_offered_to_sign_in(browser: Browser, provider: Provider) -> None:
    page = browser.open(BASE + "/")
    assert page.status_code == 200
    assert 'href="/login"' in page.text
    assert provider.requests == []


def test_the_request_has_pkce_state_and_nonce(browser: Browser, provider: Provider) -> None:
    browser.open(BASE + "/login")
    (asked,) = provider.requests
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == BASE + "/callback"
    assert asked["scope"] == "openid profile email"
    assert min(len(asked["state"]), len(asked["nonce"]), len(asked["code_challenge"])) >= 20


def test_who_has_signed_in_is_shown_with_what_was_proven(browser: Browser) -> None:
    page = browser.open(BASE + "/login")
    assert page.status_code == 200
    assert "Alice &lt;Developer&gt;" in page.text
    assert "Alice <Developer>" not in page.text
    assert '<span class="badge">password</span>' in page.text
    assert "just now" in page.text
    assert "alice@example.com" in page.text


def test_tokens_do_not_reach_the_browser(browser: Browser) -> None:
    page = browser.open(BASE + "/login")
    kept = page.text + str(list(browser.cookies.jar))
    assert "eyJ" not in page.text
    assert "refresh_token" not in str(list(browser.cookies.jar))
    assert len(kept) > 0


@pytest.mark.parametrize("name", ["prompt", "acr_values", "max_age"])
def test_a_link_may_ask_for_more(browser: Browser, provider: Provider, name: str) -> None:
    value = {"prompt": "login", "acr_values": "two-factor", "max_age": "60"}[name]
    browser.open(f"{BASE}/login?{name}={value}&scope=admin&redirect_uri=https://evil.example")
    (asked,) = provider.requests
    assert asked[name] == value
    assert asked["scope"] == "openid profile email"
    assert asked["redirect_uri"] == BASE + "/callback"


def test_after_a_step_up_the_new_level_is_shown(browser: Browser) -> None:
    browser.open(BASE + "/login")
    page = browser.open(BASE + "/login?acr_values=two-factor")
    assert '<span class="badge">two-factor</span>' in page.text
    assert '<span class="chip">otp</span>' in page.text


@pytest.mark.attack
def test_a_step_up_that_was_taken_out_of_the_request_is_noticed(browser: Browser, provider: Provider) -> None:
    provider.reachable = ()
    page = browser.open(BASE + "/login?acr_values=two-factor")
    assert page.status_code == 400
    assert "Asked for two-factor, got password." in page.text


@pytest.mark.attack
@pytest.mark.parametrize("asked", ["prompt=login", "max_age=60"])
def test_an_old_sign_in_in_place_of_a_new_one_is_noticed(browser: Browser, provider: Provider, asked: str) -> None:
    provider.auth_time = 1_700_000_000
    page = browser.open(f"{BASE}/login?{asked}")
    assert page.status_code == 400
    assert "sign_in_too_old" in page.text


def test_an_error_response_without_words_gets_some(browser: Browser, provider: Provider) -> None:
    provider.bend_response = {"code": None, "error": "login_required"}
    page = browser.open(BASE + "/login?prompt=none")
    assert "Nobody is signed in at the identity provider." in page.text
    assert "<dd>login_required</dd>" in page.text


def test_an_error_response_is_shown_with_its_words(browser: Browser, provider: Provider) -> None:
    provider.bend_response = {"code": None, "error": "access_denied", "error_description": "<b>No</b> thanks"}
    page = browser.open(BASE + "/login")
    assert page.status_code == 400
    assert "access_denied" in page.text
    assert "&lt;b&gt;No&lt;/b&gt; thanks" in page.text
    assert provider.url in page.text


@pytest.mark.attack
@pytest.mark.parametrize("iss", [None, "https://evil.example", ""], ids=repr)
def test_a_response_of_another_provider_is_refused(browser: Browser, provider: Provider, iss: str | None) -> None:
    provider.bend_response = {"iss": iss}
    page = browser.open(BASE + "/login")
    assert page.status_code == 400
    assert "invalid_issuer" in page.text
    assert provider.token_requests == []


@pytest.mark.attack
@pytest.mark.parametrize("state", ["forged", "", None], ids=repr)
def test_a_response_with_a_foreign_state_is_refused(browser: Browser, provider: Provider, state: str | None) -> None:
    provider.bend_response = {"state": state}
    page = browser.open(BASE + "/login")
    assert page.status_code == 400
    assert provider.token_requests == []


@pytest.mark.attack
def test_a_response_brought_by_another_browser_is_refused(browser: Browser, provider: Provider) -> None:
    started = browser.get(browser._portal_url + "/login")
    answered = browser.get(started.headers["location"]).headers["location"]
    browser.cookies.clear()
    assert browser.open(answered).status_code == 400
    assert provider.token_requests == []


@pytest.mark.attack
def test_a_parameter_that_comes_twice_is_refused(browser: Browser, provider: Provider) -> None:
    started = browser.get(browser._portal_url + "/login")
    answered = browser.get(started.headers["location"]).headers["location"]
    page = browser.open(answered + "&code=another")
    assert page.status_code == 400
    assert "twice" in page.text
    assert provider.token_requests == []


@pytest.mark.attack
@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"aud": "billing"},
        {"aud": "billing", "azp": "portal"},
        {"nonce": "x"},
        {"exp": 1},
    ],
    ids=repr,
)
def test_an_id_token_for_another_sign_in_is_refused(
    browser: Browser, provider: Provider, change: dict[str, object]
) -> None:
    provider.bend_id_token = change
    page = browser.open(BASE + "/login")
    assert page.status_code == 502
    assert "could not be verified" in page.text
    assert 'href="/login"' in browser.open(BASE + "/").text


def test_refreshing_shows_the_same_sign_in(browser: Browser, provider: Provider) -> None:
    browser.open(BASE + "/login")
    page = browser.post(BASE + "/refresh")
    assert "Tokens refreshed" in page.text
    assert '<span class="badge">password</span>' in page.text
    assert [sent["grant_type"] for sent in provider.token_requests] == ["authorization_code", "refresh_token"]
    assert browser.post(BASE + "/refresh").status_code == 200


def test_a_refused_refresh_says_why(browser: Browser, provider: Provider) -> None:
    browser.open(BASE + "/login")
    provider._refresh_tokens.clear()
    page = browser.post(BASE + "/refresh")
    assert page.status_code == 400
    assert "invalid_grant" in page.text


@pytest.mark.attack
def test_a_refreshed_id_token_of_somebody_else_is_refused(browser: Browser, provider: Provider) -> None:
    browser.open(BASE + "/login")
    provider.bend_id_token = {"sub": "u-2"}
    assert browser.post(BASE + "/refresh").status_code == 400


def test_signing_out_ends_here_and_goes_to_the_provider(browser: Browser, provider: Provider) -> None:
    browser.open(BASE + "/login")
    response = browser.request("POST", browser._portal_url + "/logout", headers={"Origin": BASE})
    target = urlsplit(response.headers["location"])
    sent = parse_qs(target.query)
    assert f"{target.scheme}://{target.netloc}{target.path}" == provider.url + "/logout"
    assert sent["id_token_hint"][0].startswith("eyJ")
    assert sent["post_logout_redirect_uri"] == [BASE + "/"]
    assert sent["client_id"] == ["portal"]
    home = browser.open(f"{BASE}/?state={sent['state'][0]}")
    assert "You have signed out." in home.text
    assert home.url.query == b""


@pytest.mark.attack
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:8082", None], ids=repr)
@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_a_form_of_another_site_does_nothing(browser: Browser, origin: str | None, path: str) -> None:
    browser.open(BASE + "/login")
    assert browser.post(BASE + path, origin=origin).status_code == 403
    assert "Alice" in browser.open(BASE + "/").text


@pytest.mark.attack
@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_a_link_signs_nobody_out(browser: Browser, path: str) -> None:
    browser.open(BASE + "/login")
    assert browser.open(BASE + path).status_code == 405
    assert "Alice" in browser.open(BASE + "/").text


def test_a_provider_that_does_not_answer_is_no_stack_trace() -> None:
    app = portal(
        title="Developer portal",
        issuer="http://127.0.0.1:9",
        client_id="portal",
        client_secret="a secret for this test",
        base_url=BASE,
        sibling=Sibling(title="Billing portal", base_url="http://localhost:8082"),
    )
    with serving(app) as url, Browser(url) as opened:
        page = opened.open(BASE + "/login")
    assert page.status_code == 502
    assert "does not answer" in page.text


def test_two_portals_on_one_host_have_two_cookies(browser: Browser) -> None:
    browser.open(BASE + "/login")
    (cookie,) = browser.cookies.jar
    assert cookie.name == "demo-portal"
    assert cookie.has_nonstandard_attr("httponly")


def test_pages_load_nothing_from_elsewhere_and_are_not_kept(browser: Browser, provider: Provider) -> None:
    for path in ("/", "/callback", "/login"):
        page = browser.open(BASE + path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert f"form-action 'self' {provider.url}" in policy
        assert page.headers["cache-control"] == "no-store"


def test_the_style_sheet_and_the_icons_are_there(browser: Browser) -> None:
    for name in ("portal.css", "icon-blue.svg", "icon-violet.svg"):
        assert browser.open(f"{BASE}/static/{name}").status_code == 200
