"""What a realm file must say before messages can be sent, and what would give a secret away."""

from pathlib import Path

import pytest

from idp.realm.mode import Mode
from tests.realm.files import demo, examined, only, problems

SID, TOKEN = "AC" + "0" * 32, "f00dfacef00dfacef00dfacef00dface"
EXAMPLE = Path(__file__).parent / "example.yaml"
TWILIO = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN}
ENVIRONMENT = TWILIO | {
    "PORTAL_CLIENT_SECRET": "portal secret 0123456789",
    "BILLING_CLIENT_SECRET": "billing secret 0123456789",
    "REPORT_CLIENT_SECRET": "report secret 0123456789",
}
ACCOUNT = "sender: twilio, account_sid: a, auth_token: b, from: '+15005550006'"
MAIL = "mail: {from: a@b.example, server: {host: mail.example.com}}\n"


def sms(keys: str) -> str:
    return demo("  totp:  ", f"  sms: {{countries: [DE], {keys}}}\n  totp:  ")


def mail(server: str) -> str:
    return demo() + f"mail: {{from: a@b.example, server: {{host: {server}}}}}\n"


def test_a_realm_with_every_key_there_is_loads_as_it_stands() -> None:
    realm = examined(EXAMPLE.read_bytes(), environ=TWILIO).realm
    assert realm is not None
    assert realm.second_factors == ("webauthn", "totp", "sms", "email", "recovery-codes")
    assert realm.factors.sms is not None
    assert realm.factors.sms.auth_token is not None
    assert realm.factors.sms.auth_token.value == TOKEN
    assert realm.mail is not None
    assert (realm.mail.server.host, realm.mail.from_) == ("localhost", "Example portal <no-reply@example.com>")
    assert realm.second_factor.rules[1].trusted_browser == 30 * 86400


def test_without_demonstration_accounts_and_defaults_it_loads_in_production() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    text = text[: text.index("# For demonstrations and tests only")]
    for name in ("portal", "billing", "report"):
        text = text.replace(f", default: {name}-secret-for-demos-only", "")
    assert problems(text, mode=Mode.PRODUCTION, environ=ENVIRONMENT) == []


@pytest.mark.parametrize("name", TWILIO)
def test_an_account_comes_from_the_environment_and_must_be_there(name: str) -> None:
    environ = {key: value for key, value in TWILIO.items() if key != name}
    assert only(EXAMPLE.read_bytes(), environ=environ).endswith(
        f"the environment variable {name} is not set: set it before the server starts"
    )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("sender: twilio, account_sid: a, auth_token: b", "the sender 'twilio' needs the key 'from' beside it"),
        (
            "sender: twilio, auth_token: b, from: '+15005550006'",
            "the sender 'twilio' needs the key 'account_sid' beside it",
        ),
        (
            "sender: twilio-verify, account_sid: a, auth_token: b",
            "the sender 'twilio-verify' needs the key 'verify_service' beside it",
        ),
        ("sender: twillio", "unknown value 'twillio' for 'sender', did you mean 'twilio'?"),
        ("sender: console, countries: [de]", "the key 'countries' is here twice: it is already in line 26"),
        ("sender: console, from: '0170 1234567'", "must be a number such as +15005550006"),
        (f"{ACCOUNT}, api_base_url: 'http://twilio.example/'", "would get the token of the account in clear"),
        (f"{ACCOUNT}, api_base_url: 'https://['", "would get the token of the account in clear"),
        ("sender: console, account_sid: a", "26:43: 'account_sid' is for nothing with the sender 'console': remove it"),
        ("sender: console, api_base_url: 'https://a.example'", "'api_base_url' is for nothing with the sender"),
        (f"{ACCOUNT}, verify_service: VA{'0' * 32}", "'verify_service' is for nothing with the sender 'twilio'"),
        ("sender: console, lifetime: 20m", "'lifetime' must be at most 10m"),
        ("sender: console, daily_limit: 0", "'daily_limit' must be at least 1"),
        ("sender: console, auth_token: ''", "'auth_token' is empty: give it a value"),
    ],
)
def test_what_text_messages_lack_is_told_where_it_is_missing(keys: str, message: str) -> None:
    assert message in only(sms(keys))


@pytest.mark.parametrize(
    ("country", "meant"), [("UK", ", did you mean 'GB'?"), ("EL", ", did you mean 'GR'?"), ("XX", "")]
)
def test_a_country_without_telephone_numbers_is_refused(country: str, meant: str) -> None:
    told = only(demo("  totp:  ", f"  sms: {{sender: console, countries: [DE, {country}]}}\n  totp:  "))

    assert told.endswith(f": no telephone numbers are known of a country '{country}'{meant}")
    assert told.startswith("26:")


def test_countries_must_be_named() -> None:
    assert "the key 'countries' is missing" in only(demo("  totp:  ", "  sms: {sender: console}\n  totp:  "))
    assert "must be a country by its two letters" in only(sms("sender: console").replace("[DE]", "[Germany]"))


@pytest.mark.attack
def test_codes_are_printed_in_development_only() -> None:
    assert problems(sms("sender: console")) == []
    found = problems(sms("sender: console"), mode=Mode.PRODUCTION, environ=ENVIRONMENT)
    assert any("the sender 'console' prints codes and is for development only" in problem for problem in found)


@pytest.mark.attack
@pytest.mark.parametrize("key", ["account_sid", "auth_token"])
def test_a_token_in_the_wrong_place_is_not_repeated(key: str) -> None:
    for value in (f"[{TOKEN}]", f"{{env: {TOKEN}-}}", f"{{env: X, default: [{TOKEN}]}}", f"{{evn: {TOKEN}}}"):
        assert TOKEN not in "".join(problems(sms(f"sender: console, {key}: {value}")))


def test_codes_by_mail_need_mail() -> None:
    text = demo("  totp:  ", "  email: {}\n  totp:  ")
    assert only(text) == "26:3: codes by mail need the section 'mail', which says how mail is sent"
    assert problems(text + MAIL) == []


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ("mail.example.com, username: a, starttls: true", "'username' needs 'password' beside it"),
        ("mail.example.com, password: a, starttls: true", "'password' needs 'username' beside it"),
        ("mail.example.com, username: a, password: b", "the password would cross the network in clear"),
        ("'a b'", "must be the name or the address of a server"),
        ("localhost, port: 0", "'port' must be at least 1"),
    ],
)
def test_what_mail_lacks_or_gives_away_is_told(server: str, message: str) -> None:
    assert message in only(mail(server))


@pytest.mark.parametrize("address", ["a..b@c.example", "Demo <.a@c.example>", "a@b..example", "ä@c.example"])
def test_an_address_that_no_mail_can_come_from_is_told(address: str) -> None:
    text = mail("localhost").replace("from: a@b.example", f"from: {address}")
    assert f"mail cannot come from '{address}'" in only(text)


def test_a_password_for_mail_has_the_length_that_its_owner_gave_it() -> None:
    assert problems(mail("localhost, username: a, password: b")) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("accept: [totp]  ", "accept: [totp, sms]  "),
        ("{factors: 2}", "{factors: 2, accept: [totp, sms]}"),
        ("groups:\n", "expect: [{at: portal, never: [sms]}]\ngroups:\n"),
        ("groups:\n", "expect: [{at: portal, asks: [sms]}]\ngroups:\n"),
    ],
    ids=["rule", "level", "never", "asks"],
)
def test_a_factor_that_the_realm_does_not_have_cannot_be_named(old: str, new: str) -> None:
    assert "the realm has no second factor 'sms' in 'factors'" in only(demo(old, new))


def test_a_browser_is_trusted_for_ninety_days_at_most() -> None:
    assert "'trusted_browser' must be at most 90d" in only(demo("max_age: 8h", "trusted_browser: 91d"))
