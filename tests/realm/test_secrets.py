"""Secrets by reference, and what a production server does not take."""

import pytest

from idp.realm.loading import Mode
from idp.realm.secrets import Secret
from tests.realm.files import demo, examined, only, problems

REFERENCE = "{env: PORTAL_CLIENT_SECRET, default: portal-secret-for-demos-only}"
PRODUCTION = """realm: x
clients:
  - client_id: api
    client_secret: {env: API_SECRET}
    grant_types: [client_credentials]
"""


def secret_of(text: str, *, mode: Mode = Mode.DEVELOPMENT, environ: dict[str, str] | None = None) -> str:
    realm = examined(text, mode=mode, environ=environ).realm
    assert realm is not None
    assert realm.clients[0].client_secret is not None
    return realm.clients[0].client_secret.value


def test_a_variable_is_read_from_the_environment() -> None:
    assert secret_of(demo(), environ={"PORTAL_CLIENT_SECRET": "s" * 40}) == "s" * 40


def test_the_default_stands_in_for_an_unset_variable_in_development() -> None:
    assert secret_of(demo()) == "portal-secret-for-demos-only"


def test_a_secret_may_be_written_out() -> None:
    assert secret_of(demo(REFERENCE, "written-out-at-length")) == "written-out-at-length"


def test_a_secret_is_compared_and_not_shown() -> None:
    secret = Secret("portal-secret-for-demos-only")
    assert secret.matches("portal-secret-for-demos-only")
    assert not secret.matches("portal-secret-for-demos-onlY")
    assert not secret.matches("")
    assert "portal" not in repr(secret)


WRONG = {
    "short": ("short", "61:20: 'client_secret' must have at least 16 characters: it has 5"),
    "a number": ("12345678901234567", "61:20: 'client_secret' must be text: put it in quotes"),
    "not ASCII": ("'geheimnis-geheimnis-ü'", "61:20: 'client_secret' must be printable ASCII characters"),
    "a variable as a shell writes it": (
        "${PORTAL_CLIENT_SECRET}",
        "61:20: 'client_secret' is a variable in another notation, which nothing replaces here: write {env: NAME}",
    ),
    "a variable without braces": (
        "$SECRET",
        "61:20: 'client_secret' is a variable in another notation, which nothing replaces here: write {env: NAME}",
    ),
    "the vault of another server": (
        "${vault.portal-secret}",
        "61:20: 'client_secret' is a variable in another notation, which nothing replaces here: write {env: NAME}",
    ),
    "a variable as a default": (
        '{env: A, default: "${PORTAL_CLIENT_SECRET}"}',
        "61:38: 'default' is a variable in another notation, which nothing replaces here: write {env: NAME}",
    ),
    "a short default": ("{env: A, default: short}", "61:38: 'default' must have at least 16 characters: it has 5"),
    "no variable": (
        "{default: portal-secret-for-demos-only}",
        "61:20: the key 'env' is missing here: a secret is text, or {env: NAME} from the environment",
    ),
    "a key of its own": ("{file: /run/secrets/portal}", "61:21: unknown key 'file' (known: env, default)"),
    "a misspelt key": ("{env: A, defualt: x}", "61:29: unknown key 'defualt', did you mean 'default'?"),
    "a bad name": ("{env: A-B}", "61:26: 'env' must be the name of an environment variable: letters, digits and _"),
    "unset": ("{env: A}", "61:26: the environment variable A is not set: set it before the server starts"),
    "empty": (
        "{env: EMPTY, default: portal-secret-for-demos-only}",
        "61:26: the environment variable EMPTY is empty: give it a value",
    ),
    "short in the environment": (
        "{env: SHORT}",
        "61:26: the environment variable SHORT must have at least 16 characters: it has 3",
    ),
}


@pytest.mark.parametrize(("written", "expected"), WRONG.values(), ids=WRONG.keys())
def test_an_unusable_secret_is_refused(written: str, expected: str) -> None:
    assert only(demo(REFERENCE, written), environ={"EMPTY": "", "SHORT": "abc"}) == expected


def test_the_form_alone_is_checked_without_the_environment() -> None:
    assert problems(PRODUCTION, mode=Mode.CHECK, environ={"API_SECRET": "short"}) == []


@pytest.mark.attack
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("clients:\n  - {client_id: a, client_secrt:KEY}\n", "blank is missing behind the colon of 'client_secrt'"),
        ("clients:\n  - client_secret:KEY\n", "blank is missing behind the colon of 'client_secret'"),
        ("clients:\n  client_secret:KEY\n", "blank is missing behind the colon of 'client_secret'"),
        ("mail:\n  smtp_password:KEY\n", "blank is missing behind the colon of 'smtp_password'"),
        ("mail: smtps://idp:KEY@mail.example\n", "'mail' must be a section with keys of its own"),
    ],
)
def test_a_secret_that_stands_where_none_is_expected_is_not_repeated(written: str, expected: str) -> None:
    """What is wrong with a file that is reloaded is in the log."""
    found = only(f"realm: demo\n{written}".replace("KEY", "my-own-key"))
    assert expected in found
    assert "my-own-key" not in found


@pytest.mark.attack
def test_cf_03_production_refuses_users_and_defaults_and_says_how_to_mend_it() -> None:
    remove = "a 'default' of a secret is for development only: remove it and set the environment variable"
    assert problems(demo(), mode=Mode.PRODUCTION) == [
        f"61:48: {remove} PORTAL_CLIENT_SECRET",
        f"68:49: {remove} BILLING_CLIENT_SECRET",
        f"80:48: {remove} REPORT_CLIENT_SECRET",
        "86:1: 'users' is for development only: remove it, and make people with `idp user add`",
    ]


@pytest.mark.attack
@pytest.mark.parametrize("mode", [Mode.PRODUCTION, Mode.DEVELOPMENT], ids=lambda mode: mode.value)
def test_cf_03_an_unset_variable_is_refused(mode: Mode) -> None:
    assert only(PRODUCTION, mode=mode) == (
        "4:26: the environment variable API_SECRET is not set: set it before the server starts"
    )


@pytest.mark.attack
def test_cf_03_production_refuses_the_published_secrets() -> None:
    environ = {"API_SECRET": "portal-secret-for-demos-only"}
    assert only(PRODUCTION, mode=Mode.PRODUCTION, environ=environ) == (
        "4:26: the environment variable API_SECRET is a published example: generate one of your own"
    )


def test_production_takes_a_secret_from_the_environment() -> None:
    assert secret_of(PRODUCTION, mode=Mode.PRODUCTION, environ={"API_SECRET": "k" * 32}) == "k" * 32


def test_a_secret_that_only_begins_like_a_variable_is_one() -> None:
    for secret in ("$3cret-of-the-portal", "${half-a-placeholder", "a${PORTAL_CLIENT_SECRET}"):
        assert secret_of(demo(REFERENCE, f"'{secret}'")) == secret
