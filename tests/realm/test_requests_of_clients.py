"""What a client's keys about its requests need beside them."""

import pytest

from tests.realm.test_client_authentication import SECRET, sentences

CLIENT = {"client_secret": SECRET, "redirect_uris": ["https://a.test/"], "grant_types": ["authorization_code"]}
KEYS = {"require_signed_request_object": True, "request_object_signing_alg": "ES256"}


@pytest.mark.parametrize("key", KEYS)
def test_signed_requests_need_keys_to_verify_them_with(key: str) -> None:
    client = CLIENT | {key: KEYS[key]}

    assert sentences(client) == [f"'{key}' needs the client's public keys: add 'jwks' or 'jwks_uri'"]
    assert sentences(client | {"jwks_uri": "https://a.test/keys"}) == []


@pytest.mark.parametrize(("lifetime", "is_good"), [("5s", True), ("10m", True), ("4s", False), ("11m", False)])
def test_a_pushed_request_waits_for_ten_minutes_at_the_most(lifetime: str, is_good: bool) -> None:
    assert (sentences(CLIENT, tokens={"pushed_request": lifetime}) == []) == is_good


@pytest.mark.parametrize(("lifetime", "is_good"), [("5s", True), ("60s", True), ("61s", False), ("2m", False)])
def test_a_code_waits_for_a_minute_at_the_most(lifetime: str, is_good: bool) -> None:
    assert (sentences(CLIENT, tokens={"code": lifetime}) == []) == is_good
