"""What every page of the sign-in sends along: who may frame it, where its form may lead, which cookies and how."""

import re
from collections.abc import Callable
from http.cookies import SimpleCookie

import httpx
import pytest

from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.sign_in.conftest import Identify
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page, Visitor

HOST = "login.example.test"
CANARY = "\"><img src=x onerror=alert(1)>'${7*7}{{7*7}}<!--"


def of_every_step(portal: Portal, visitor: Visitor, identify: Identify) -> list[Page]:
    """Each kind of page that a person may see on the way, and the refusals."""
    wrong = visitor.submit(portal.send(visitor), username="ada", password="a guess")
    totp = identify(portal, visitor)
    enrol = identify(portal, visitor, "alice")
    visitor.secrets["alice"] = enrol.totp_secret
    codes = visitor.submit(enrol, code=visitor.code("alice"))
    lost = visitor.submit(totp, csrf_token="x")
    expired = visitor.get(str(totp.response.url).split("=")[0] + "=x")
    return [portal.send(visitor), wrong, totp, enrol, codes, lost, expired]


def test_no_page_is_kept_framed_or_sniffed(billing: Portal, visitor: Visitor, identify: Identify) -> None:
    pages = of_every_step(billing, visitor, identify)

    assert [page.step for page in pages] == [
        "password",
        "password",
        "totp",
        "totp-enrol",
        "recovery-codes-new",
        "",
        "",
    ]
    for page in pages:
        headers = page.response.headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        # Copying and printing the codes is a script of ours; nothing else here needs one.
        is_scripted = page.step == "recovery-codes-new"
        assert ("script-src 'self';" in headers["content-security-policy"]) is is_scripted
        assert ("script-src" in headers["content-security-policy"]) is is_scripted
        assert page.html.count("<script") == page.html.count('<script src="/') == is_scripted
        assert " style=" not in page.html


@pytest.mark.attack
def test_no_page_loads_or_links_what_is_not_here(billing: Portal, visitor: Visitor, identify: Identify) -> None:
    """RFC 9700 section 4.2.4."""
    for page in of_every_step(billing, visitor, identify):
        policy = dict(p.split(" ", 1) for p in page.response.headers["content-security-policy"].split("; "))
        addresses = re.findall(r"""\b(?:href|src|action|srcset|poster)\s*=\s*["']?([^"'\s>]+)""", page.html)

        assert policy.pop("default-src") == "'none'"
        loading = {name: value for name, value in policy.items() if name.endswith("-src")}
        assert set(loading.values()) <= {"'self'", "'self' data:"}, loading
        assert len(addresses) > 2
        # `otpauth:` opens the authenticator app, and no site; the sheet of recovery codes is in its own address.
        here = (visitor.server.url, "/", "?", "#", "data:", "otpauth:")
        assert [a for a in addresses if a.startswith("//") or not a.startswith(here)] == [], page.step


@pytest.mark.parametrize(
    ("client", "changed", "source"),
    [
        ("billing", {}, "http://localhost:8082"),
        (
            "cli",
            {"redirect_uri": "http://127.0.0.1:49152/callback", "scope": "openid payments"},
            "http://127.0.0.1:49152",
        ),
    ],
    ids=["portal", "loopback"],
)
def test_the_form_of_a_page_may_lead_to_the_portal_and_nowhere_else(
    register: Callable[..., Portal], visitor: Visitor, client: str, changed: dict[str, str], source: str
) -> None:
    portal = register(visitor.server, client)
    page = visitor.submit(portal.send(visitor, **changed), username="ada", password=PASSWORD)

    policy = page.response.headers["content-security-policy"]
    assert f"form-action 'self' {source};" in policy


@pytest.mark.attack
def test_what_a_request_says_is_shown_as_text(portal: Portal, visitor: Visitor) -> None:
    page = portal.send(visitor, login_hint=CANARY, state=CANARY, ui_locales=CANARY, acr_values=CANARY, nonce=CANARY)
    answer = visitor.submit(page, username=CANARY, password="x")

    for shown in (page, answer):
        assert "<img src=x" not in shown.html
        assert "49" not in shown.form.fields["username"]
        assert shown.form.fields["username"] == CANARY


@pytest.mark.attack
@pytest.mark.parametrize(
    "hostile", ["a\r\nSet-Cookie: injected=1", "a\nLocation: https://evil.example", "a\u2028b", "a\x0bb"]
)
def test_nothing_that_is_sent_becomes_a_header(portal: Portal, visitor: Visitor, hostile: str) -> None:
    page = portal.send(visitor, state=hostile, nonce=hostile, login_hint=hostile, ui_locales=hostile)
    arrived = visitor.sign_in(page)

    assert arrived.status == 303
    assert "injected" not in arrived.response.cookies
    assert arrived.location is not None
    assert arrived.location.isascii()
    assert arrived.location.startswith(portal.redirect_uri)
    assert arrived.parameters()["state"] == hostile


def test_a_redirect_after_a_form_does_not_carry_the_form_along(portal: Portal, visitor: Visitor) -> None:
    page = portal.send(visitor)
    with_password = {**page.form.fields, "username": "ada", "password": PASSWORD}

    assert visitor.http.post(page.form.action, data=with_password).status_code == 303
    assert visitor.http.post(page.form.action, data={**page.form.fields, "action": "cancel"}).status_code in (303, 403)


class Https:
    """A browser behind a proxy that ends TLS: cookies go by hand, for they are Secure."""

    def __init__(self, server: RunningServer) -> None:
        self.http = httpx.Client(base_url=server.address, headers={"host": HOST, "accept": "text/html"})
        self.kept: dict[str, str] = {}
        self.attributes: dict[str, dict[str, str]] = {}

    def _kept(self, response: httpx.Response) -> Page:
        for header in response.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(header).items():
                self.kept[name] = morsel.value
                self.attributes[name] = {k: str(v) for k, v in morsel.items() if v}
        self.http.cookies.clear()
        return Page(response)

    def _path(self, url: str) -> str:
        return url.replace(f"https://{HOST}", "")

    def _cookies(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.kept.items())}

    def get(self, url: str) -> Page:
        return self._kept(self.http.get(self._path(url), headers=self._cookies()))

    def post(self, page: Page, **fields: str) -> Page:
        url = self._path(page.form.action)
        headers = {**self._cookies(), "origin": f"https://{HOST}", "sec-fetch-site": "same-origin"}
        return self._kept(self.http.post(url, data={**page.form.fields, **fields}, headers=headers))


def test_over_https_cookies_are_bound_to_the_host(start: Start, register: Callable[..., Portal]) -> None:
    server = start(public_url=f"https://{HOST}")
    portal, browser = register(server), Https(server)

    page = browser.get(portal.url())
    assert page.form.action.startswith(f"https://{HOST}/realms/demo/")
    assert page.response.headers["strict-transport-security"] == "max-age=31536000"
    arrived = browser.post(page, username="alice", password=PASSWORD)
    browser.http.close()

    assert arrived.parameters()["iss"] == f"https://{HOST}/realms/demo"
    names = {f"__Host-idp-{kind}-demo" for kind in ("session", "browser", "known")}
    # The one of session management is read by a script, and says nothing.
    assert browser.attributes.keys() == names | {"__Host-idp-state-demo"}
    for name in names:
        assert browser.attributes[name].keys() >= {"secure", "httponly", "samesite", "path"}
        assert browser.attributes[name]["path"] == "/"
        assert "domain" not in browser.attributes[name]
        assert len(browser.kept[name]) < 4000
    assert browser.attributes["__Host-idp-session-demo"]["samesite"] == "lax"
    assert browser.attributes["__Host-idp-known-demo"]["samesite"] == "strict"
    assert "max-age" not in browser.attributes["__Host-idp-session-demo"]


def test_over_https_a_cookie_without_the_prefix_is_none(start: Start, register: Callable[..., Portal]) -> None:
    server = start(public_url=f"https://{HOST}")
    portal, browser = register(server), Https(server)
    browser.post(browser.get(portal.url()), username="alice", password=PASSWORD)
    assert "code" in browser.get(portal.url(prompt="none")).parameters()

    browser.kept = {name.removeprefix("__Host-"): value for name, value in browser.kept.items()}

    assert browser.get(portal.url(prompt="none")).parameters()["error"] == "login_required"
    browser.http.close()


def test_over_http_cookies_have_the_realm_in_their_names(portal: Portal, visitor: Visitor) -> None:
    page = portal.send(visitor)
    arrived = Page(
        visitor.http.post(page.form.action, data={**page.form.fields, "username": "alice", "password": PASSWORD})
    )

    cookies = arrived.response.headers.get_list("set-cookie")
    sent = [header for header in cookies if not header.startswith("idp-state-demo=")]
    assert len(cookies) == len(sent) + 1
    assert sorted(header.split("=")[0] for header in sent) == ["idp-browser-demo", "idp-known-demo", "idp-session-demo"]
    for header in sent:
        assert "HttpOnly" in header
        assert "Path=/" in header
        assert "Domain" not in header
        assert "Secure" not in header
