"""What must fit together within a client, and which redirect URIs there may be."""

import pytest

from idp.realm.loading import Mode
from tests.realm.files import demo, examined, only, problems

EDITS = {
    "a public client with a secret": (
        "token_endpoint_auth_method: none ",
        "token_endpoint_auth_method: none\n    client_secret: a-secret-of-the-client #",
        "75:5: a public client (token_endpoint_auth_method: none) has no secret: remove 'client_secret' or the method",
    ),
    "a public client without PKCE": (
        "token_endpoint_auth_method: none ",
        "token_endpoint_auth_method: none\n    require_pkce: false #",
        "75:5: a public client (token_endpoint_auth_method: none) must use PKCE: remove 'require_pkce'",
    ),
    "a public client that would introspect": (
        "token_endpoint_auth_method: none ",
        "token_endpoint_auth_method: none\n    resource_server_for: [http://localhost:8083] #",
        (
            "75:5: a public client (token_endpoint_auth_method: none) cannot introspect: "
            "remove 'resource_server_for' or the method"
        ),
    ),
    "a public client with client credentials": (
        "[authorization_code, refresh_token]\n    scope: openid profile payments",
        "[authorization_code, client_credentials]\n    scope: openid profile",
        "76:39: a public client (token_endpoint_auth_method: none) cannot use client_credentials: it needs a secret",
    ),
    "a confidential client without a secret": (
        "token_endpoint_auth_method: none ",
        "#",
        (
            "72:5: the key 'client_secret' is missing in 'cli': "
            "add it, or `token_endpoint_auth_method: none` for an application that cannot keep one"
        ),
    ),
    "a code without redirect URIs": (
        "    redirect_uris: [http://localhost:8082/callback]\n",
        "",
        "66:5: 'billing' uses authorization_code and needs 'redirect_uris'",
    ),
    "an empty list of redirect URIs": (
        "[http://localhost:8082/callback]",
        "[]",
        "69:20: 'billing' uses authorization_code and needs 'redirect_uris'",
    ),
    "refresh alone": (
        "[authorization_code, refresh_token]",
        "[refresh_token]",
        "64:19: 'refresh_token' needs 'authorization_code' beside it",
    ),
    "an encryption to no key": (
        "client_name: Developer portal",
        "id_token_encrypted_response_enc: A256GCM",
        "60:5: 'id_token_encrypted_response_enc' encrypts nothing without 'id_token_encrypted_response_alg'",
    ),
    "a default scope that the client has not": (
        "    scope: openid profile email payments",
        "    scope: openid profile email payments\n    default_scopes: [profile, emial]",
        "72:31: 'emial' is not in the 'scope' of 'billing', did you mean 'email'?",
    ),
    "no grant type": (
        "[authorization_code, refresh_token]",
        "[]",
        "64:18: 'grant_types' is empty: name one, or 'resource_server_for' for an API that introspects",
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), EDITS.values(), ids=EDITS.keys())
def test_a_contradiction_in_a_client_is_refused(old: str, new: str, expected: str) -> None:
    assert only(demo(old, new)) == expected


def test_an_api_that_only_introspects_needs_no_grant_type() -> None:
    api = "    grant_types: []\n    resource_server_for: [http://localhost:8083]"
    assert problems(demo("    grant_types: [client_credentials]", api)) == []

    said = only(demo("    grant_types: [client_credentials]", api.replace("[http://localhost:8083]", "[]")))
    assert "'grant_types' is empty: name one, or 'resource_server_for'" in said


def test_opaque_tokens_that_no_api_can_read_are_warned_of() -> None:
    opaque = demo("profile email payments\n", "profile email payments\n    access_token_format: opaque\n")
    api = "  - {client_id: api, client_secret: the secret of the API, grant_types: [client_credentials], "

    def warnings(text: str) -> list[str]:
        return [w.message for w in examined(text).warnings if "opaque" in w.message]

    (warning,) = warnings(opaque)
    assert warning.startswith("nobody can read the opaque tokens for 'http://localhost:8083'")
    known = opaque.replace("clients:\n", f"clients:\n{api}resource_server_for: [http://localhost:8083]}}\n", 1)
    assert (problems(known), warnings(known)) == ([], [])


DANGEROUS = ("javascript:alert(1)", "JaVaScRiPt:x", "java%0ascript:x", "data:text/html,x", "vbscript:x", "blob:https://rp.test/1",
             "FILE:///etc/passwd", "view-source:https://rp.test/")  # fmt: skip
WILD = ("*", "https://rp.test/*", "https://*.rp.test/cb", "https://rp.test*")
WRONG = (
    "/callback", "//rp.test/cb", "rp.test/cb", "https:rp.test", "https:///cb", "https://user@rp.test/cb", "https://a:b@rp.test/cb",
    "https://rp.test/cb#", "https://rp.test/cb#x", "https://rp.test:99999/", "https://rp.test:0/",
    "https://rp.test/ cb",
    "https://rp.test\\\\@evil.test/", "https://rp。test/cb", "https://[::1/cb", "https://rp.test%2f.evil.test/", "myapp://cb",
    "com.example.app:/cb", "https://rp.test/cb?code=1", "https://rp.test/?a=b&state=1", "https://rp.test/?iss",
    "https://rp.test/?error=x", "https://rp.test/?%63ode=x", "https://rp.test/?" + "a&" * 60, "",
)  # fmt: skip
GOOD = ("https://rp.test/cb", "https://rp.test", "https://rp.test:8443/cb?tenant=a", "http://localhost:1/cb", "http://127.0.0.1/",
        "http://[::1]:9/cb", "https://RP.test/%C3%A4")  # fmt: skip


@pytest.mark.attack
@pytest.mark.parametrize("uri", DANGEROUS)
@pytest.mark.parametrize(
    ("old", "at"), [("http://localhost:8081/callback", "62:21"), ("http://localhost:8081/]", "63:33")]
)
def test_ru_05_a_dangerous_scheme_cannot_be_registered(uri: str, old: str, at: str) -> None:
    assert only(demo(old, f'"{uri}"' + old[len(old.rstrip("]")) :])).startswith(f"{at}: the ")


@pytest.mark.attack
@pytest.mark.parametrize("uri", WILD)
def test_ru_06_a_wildcard_cannot_be_registered(uri: str) -> None:
    assert only(demo("http://localhost:8081/callback", f'"{uri}"')) == (
        f"62:21: the redirect URI '{uri}' has a wildcard: "
        "write every address out, they are compared character by character"
    )


@pytest.mark.attack
def test_ru_06_an_unquoted_wildcard_is_refused() -> None:
    assert only(demo("http://localhost:8081/callback", "*")) == "62:21: a value that begins with * must stand in quotes"


@pytest.mark.parametrize("uri", WRONG, ids=[uri or "empty" for uri in WRONG])
def test_a_redirect_uri_that_could_lead_elsewhere_is_refused(uri: str) -> None:
    assert only(demo("http://localhost:8081/callback", f'"{uri}"')).startswith("62:21: the redirect URI '")


@pytest.mark.parametrize("uri", GOOD)
def test_an_exact_redirect_uri_is_taken(uri: str) -> None:
    assert problems(demo("http://localhost:8081/callback", f'"{uri}"')) == []


def test_a_public_client_may_have_a_private_scheme_with_a_domain_name() -> None:
    assert problems(demo("http://127.0.0.1/callback", "com.example.app:/callback")) == []


SINGLE = ("backchannel_logout_uri", "frontchannel_logout_uri", "sector_identifier_uri")


@pytest.mark.attack
@pytest.mark.parametrize("key", SINGLE)
def test_an_address_that_is_fetched_or_framed_is_checked_as_every_other(key: str) -> None:
    old = "    post_logout_redirect_uris: [http://localhost:8081/]\n"
    for uri in (*DANGEROUS, *WILD, *WRONG, "com.example.app:/out", "ftp://rp.test/"):
        written = uri.replace("\\\\", "\\")
        found = problems(demo(old, f"{old}    {key}: '{written}'\n"))
        assert len(found) == 1, (uri, found)
        assert found[0].startswith("64:"), (uri, found)
    good = ("http://localhost:8081/out?tenant=1", *(("https://rp.test/out",) if key != SINGLE[1] else ()))
    for uri in good:
        assert problems(demo(old, f"{old}    {key}: '{uri}'\n")) == []


@pytest.mark.attack
def test_a_page_that_is_framed_is_the_clients_own() -> None:
    """Front-Channel Logout section 2: scheme, host and port of a redirect URI."""
    back, key = "[http://localhost:8081/callback, 'https://Shop.Test:443/back']", "frontchannel_logout_uri"

    def framing(uri: str, redirect_uris: str = back) -> str:
        return demo("[http://localhost:8081/callback]", f"{redirect_uris}\n    {key}: '{uri}'")

    for uri in ("https://evil.test/", "http://localhost:8082/", "https://localhost:8081/", "https://shop.test:8443/"):
        assert only(framing(uri)).endswith(
            f"the front-channel logout URI '{uri}' has not the scheme, host and port of a redirect URI"
        )
    for uri in ("https://shop.test/out", "HTTPS://shop.test:443/out?tenant=1", "http://localhost:8081/"):
        assert problems(framing(uri)) == [], uri
    assert "'sid', which is ours" in only(framing("https://shop.test/?sid=1"))
    assert "redirect URI 'https://rp.test:99999/'" in only(framing("https://rp.test/", "['https://rp.test:99999/']"))


def test_the_sector_of_an_address_that_is_none_is_not_looked_for() -> None:
    text = demo("    redirect_uris: [http", "    subject_type: pairwise\n    redirect_uris: ['https://[a', http")
    assert only(text).endswith("has a host or a port that cannot be")


def test_a_pairwise_client_of_several_hosts_needs_a_sector() -> None:
    old = "    post_logout_redirect_uris: [http://localhost:8081/]\n"
    two = demo("[http://localhost:8081/callback]", "[https://a.test/, https://b.test/]")
    pairwise = "    subject_type: pairwise\n"

    assert only(two.replace(old, pairwise)) == (
        "63:5: a pairwise client needs 'sector_identifier_uri', unless all its redirect URIs have one host"
    )
    assert problems(two.replace(old, f"{pairwise}    sector_identifier_uri: https://a.test/uris\n")) == []
    assert problems(demo(old, pairwise)) == []


def test_what_clients_may_register_must_be_scopes_of_the_realm() -> None:
    text = demo() + "\nregistration: {scopes: [openid, payment]}\n"

    assert only(text).endswith("no scope 'payment' is defined in 'scopes', did you mean 'payments'?")


CLEAR = "http://portal.test/callback"


def test_http_to_another_machine_is_for_development() -> None:
    assert problems(demo("http://localhost:8081/callback", CLEAR), mode=Mode.DEVELOPMENT) == []


def test_http_to_another_machine_is_refused_in_production() -> None:
    assert (
        f"62:21: the redirect URI '{CLEAR}' is http: use https (http is for this machine, and for development)"
        in problems(demo("http://localhost:8081/callback", CLEAR), mode=Mode.PRODUCTION)
    )


@pytest.mark.attack
@pytest.mark.parametrize("key", [*SINGLE, "jwks_uri", "post_logout_redirect_uris"])
def test_so_is_that_of_every_other_address(key: str) -> None:
    old = "post_logout_redirect_uris: [http://localhost:8081/]"
    new = f"{key}: ['{CLEAR}']" if key.endswith("s") else f"{key}: '{CLEAR}'"
    found = [
        problem for problem in problems(demo(old, new), mode=Mode.PRODUCTION) if f"'{CLEAR}' is http: use" in problem
    ]

    assert len(found) == 1
    assert found[0].startswith("63:")


def test_http_to_another_machine_is_warned_of_when_only_the_form_is_checked() -> None:
    warnings = examined(demo("http://localhost:8081/callback", CLEAR), mode=Mode.CHECK).warnings
    assert (warnings[0].line, warnings[0].column) == (62, 21)
    assert warnings[0].message.startswith(f"the redirect URI '{CLEAR}' is http")


def test_a_portal_at_which_nobody_can_sign_in_is_warned_of() -> None:
    text = demo("[authorization_code, refresh_token]", "[client_credentials]")
    (told,) = [w for w in examined(text, mode=Mode.CHECK).warnings if "redirect URIs" in w.message]
    assert (told.line, told.column) == (62, 5)
    assert told.message == (
        "nobody is sent to the redirect URIs of 'portal': its 'grant_types' have no authorization_code, "
        "by which people sign in"
    )
