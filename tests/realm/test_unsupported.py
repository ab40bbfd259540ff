"""What the realm file will have one day is refused, never accepted and ignored."""

import pytest

from tests.realm.files import demo, only, problems

KEYS = {
    "sms": ("  totp:  ", "  sms: {sender: twilio, auth_token: {env: X}}\n  totp:  ", "26:3"),
    "webauthn": ("  totp:  ", "  webauthn: {}\n  totp:  ", "26:3"),
    "email": ("  totp:  ", "  email:\n  totp:  ", "26:3"),
    "mail": ("theme: base", "mail: {from: a@b, server: {host: x}}", "10:1"),
    "expect": ("theme: base", "expect: [{who: {roles: [admin]}}]", "10:1"),
    "trusted_browser": ("max_age: 8h", "trusted_browser: 30d", "38:7"),
    "from": ("max_age: 8h", "from: 2027-01-01", "38:7"),
    "encourage": ("  rules:\n", "  encourage: {level: two-factor}\n  rules:\n", "33:3"),
    "networks": ("{roles: [admin]}", "{networks: [10.0.0.0/8]}", "35:14"),
    "not_networks": ("{roles: [admin]}", "{not_networks: [10.0.0.0/8]}", "35:14"),
}


@pytest.mark.parametrize(("word", "edit"), KEYS.items(), ids=KEYS.keys())
def test_a_key_of_a_later_version_is_not_supported_yet(word: str, edit: tuple[str, str, str]) -> None:
    old, new, at = edit
    assert only(demo(old, new)) == f"{at}: '{word}' is not supported yet: remove it"


@pytest.mark.parametrize("factor", ["sms", "email", "webauthn"])
def test_a_rule_cannot_accept_a_factor_of_a_later_version(factor: str) -> None:
    assert only(demo("accept: [totp]  ", f"accept: [totp, {factor}]  ")) == (
        f"37:22: '{factor}' is not supported yet: remove it"
    )


@pytest.mark.parametrize("factor", ["sms", "email", "webauthn"])
def test_a_level_cannot_accept_a_factor_of_a_later_version(factor: str) -> None:
    assert only(demo("{factors: 2}", f"{{factors: 2, accept: [{factor}]}}")) == (
        f"21:37: '{factor}' is not supported yet: remove it"
    )


def test_an_application_may_be_named_like_a_factor() -> None:
    assert problems(demo("groups:\n", "groups:\n  sms: {}\n  mail: {}\n")) == []
