import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from joserfc.jwk import OctKey, RSAKey

from idp.resource_server import InvalidToken, KeysUnavailable, TokenVerifier
from idp.resource_server.keys import KEEP, KEEP_WITHOUT_ISSUER, MAX_DOCUMENT, PAUSE, PAUSE_AFTER_FAILURE
from tests.resource_server.issuer import AUDIENCE, EC, NOW, OTHER_RSA, RSA, Issuer

LATER = NOW + 10**6


def test_keys_are_fetched_once_and_kept(issuer: Issuer, verifier: TokenVerifier) -> None:
    for second in range(5):
        verifier.verify(issuer.token(key=EC), now=NOW + second)
    assert issuer.asked == ["/realms/demo/.well-known/openid-configuration", "/realms/demo/certs"]


def test_a_new_key_is_found_when_its_first_token_comes(issuer: Issuer, verifier: TokenVerifier) -> None:
    verifier.verify(issuer.token(), now=NOW)
    issuer.keys.append(OTHER_RSA.as_dict(private=False))
    assert verifier.verify(issuer.token(key=OTHER_RSA), now=NOW + PAUSE).subject == "u-1"


def test_made_up_kids_do_not_make_the_api_ask_again_and_again(issuer: Issuer, verifier: TokenVerifier) -> None:
    for number in range(50):
        with pytest.raises(InvalidToken):
            verifier.verify(issuer.token(header={"kid": f"made-up-{number}"}), now=NOW + number % PAUSE)
    assert len(issuer.asked) == 2


def test_a_withdrawn_key_is_refused_after_the_keys_were_kept(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = issuer.token(exp=LATER)
    verifier.verify(token, now=NOW)
    issuer.keys = [EC.as_dict(private=False)]
    with pytest.raises(InvalidToken):
        verifier.verify(token, now=NOW + KEEP + 1)


def test_while_the_issuer_does_not_answer_its_keys_are_used_for_a_while(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    token = issuer.token(exp=LATER)
    verifier.verify(token, now=NOW)
    issuer.status = 503
    assert verifier.verify(token, now=NOW + KEEP_WITHOUT_ISSUER).subject == "u-1"
    with pytest.raises(KeysUnavailable):
        verifier.verify(token, now=NOW + KEEP_WITHOUT_ISSUER + 1)


def test_without_keys_nobody_is_let_in_and_nobody_is_blamed(issuer: Issuer, verifier: TokenVerifier) -> None:
    issuer.status = 500
    with pytest.raises(KeysUnavailable) as caught:
        verifier.verify(issuer.token(), now=NOW)
    assert caught.value.status == 503
    assert "WWW-Authenticate" not in caught.value.headers()
    assert caught.value.headers()["Retry-After"] == "5"


def test_an_issuer_that_starts_after_the_api_is_found(issuer: Issuer, verifier: TokenVerifier) -> None:
    issuer.status = 500
    with pytest.raises(KeysUnavailable):
        verifier.verify(issuer.token(), now=NOW)
    issuer.status = 200
    with pytest.raises(KeysUnavailable):
        verifier.verify(issuer.token(), now=NOW)
    assert verifier.verify(issuer.token(), now=NOW + PAUSE_AFTER_FAILURE).subject == "u-1"


def test_nothing_listening_is_the_same_as_no_answer() -> None:
    closed = Issuer()
    token = closed.token()
    verifier = TokenVerifier(issuer=closed.url, audience=AUDIENCE)
    closed.close()
    with pytest.raises(KeysUnavailable):
        verifier.verify(token, now=NOW)


@pytest.mark.attack
@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"jwks_uri": None},
        {"jwks_uri": 7},
        {"jwks_uri": "http://evil.example/certs"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "https://[::1"},
    ],
    ids=repr,
)
def test_a_discovery_document_that_does_not_fit_is_not_followed(
    issuer: Issuer, verifier: TokenVerifier, changes: dict[str, object]
) -> None:
    issuer.discovery_changes = changes
    with pytest.raises(KeysUnavailable):
        verifier.verify(issuer.token(), now=NOW)
    assert len(issuer.asked) == 1


@pytest.mark.attack
@pytest.mark.parametrize(
    "jwks",
    [b"", b"[]", b"null", b'{"keys": {}}', b"\xff\xfe", b"[" * 100_000, b'{"a": "' + b"a" * MAX_DOCUMENT + b'"}'],
    ids=["empty", "list", "null", "keys no list", "not text", "nested", "too large"],
)
def test_a_jwks_that_is_none_is_no_crash(issuer: Issuer, verifier: TokenVerifier, jwks: bytes) -> None:
    issuer.raw_jwks = jwks
    with pytest.raises(KeysUnavailable):
        verifier.verify(issuer.token(), now=NOW)


@pytest.mark.attack
def test_an_issuer_that_drips_byte_by_byte_is_given_up(
    issuer: Issuer, verifier: TokenVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.resource_server.keys.TIMEOUT", 0.05)
    issuer.delay_between_bytes = 0.01
    with pytest.raises(KeysUnavailable) as caught:
        verifier.verify(issuer.token(), now=NOW)
    assert "took more than" in caught.value.reason


@pytest.mark.attack
@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_not_followed(issuer: Issuer, verifier: TokenVerifier, status: int) -> None:
    issuer.status = status
    with pytest.raises(KeysUnavailable):
        verifier.verify(issuer.token(), now=NOW)
    assert len(issuer.asked) == 1


@pytest.mark.attack
def test_entries_that_are_no_signature_keys_are_ignored_and_the_others_work(
    issuer: Issuer, verifier: TokenVerifier
) -> None:
    weak = RSAKey.import_key(RSA.as_dict(private=False)).as_dict(private=False) | {"n": "AQAB", "kid": "weak"}
    issuer.keys = [
        None,
        "key",
        {},
        {"kty": "RSA", "kid": 7},
        {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
        {"kty": "unheard-of", "kid": "later"},
        OctKey.generate_key(256, {"kid": "rsa-1"}).as_dict(private=True),
        OTHER_RSA.as_dict(private=False) | {"use": "enc", "kid": "rsa-1"},
        weak,
        RSA.as_dict(private=False),
    ]
    assert verifier.verify(issuer.token(), now=NOW).subject == "u-1"
    with pytest.raises(InvalidToken):
        verifier.verify(issuer.token(header={"kid": "weak"}), now=NOW)


def test_many_first_tokens_at_once_fetch_the_keys_once(issuer: Issuer, verifier: TokenVerifier) -> None:
    token, start = issuer.token(), threading.Barrier(16)

    def first(_: int) -> str:
        start.wait()
        return verifier.verify(token, now=NOW).subject

    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(first, range(16))) == ["u-1"] * 16
    assert len(issuer.asked) == 2


def test_a_clock_that_was_set_back_fetches_the_keys_again(issuer: Issuer, verifier: TokenVerifier) -> None:
    verifier.verify(issuer.token(), now=NOW)
    verifier.verify(issuer.token(), now=NOW - 5)
    assert len(issuer.asked) == 4
