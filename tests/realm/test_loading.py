"""Each broken file is answered with the line, the column, what is wrong and what was probably meant."""

import pytest

from idp.realm.loading import Mode, RealmFileError, load
from tests.realm.files import DEMO, demo, examined, only, problems

REGULAR = {
    "a misspelt key": (
        "client_id: portal",
        "clinet_id: portal",
        "59:5: unknown key 'clinet_id', did you mean 'client_id'?",
    ),
    "camel case": ("client_id: portal", "clientId: portal", "59:5: unknown key 'clientId', did you mean 'client_id'?"),
    "a setting of Keycloak": (
        "client_id: portal",
        "client_id: portal\n    publicClient: true",
        "60:5: unknown key 'publicClient': write `token_endpoint_auth_method: none`",
    ),
    "a dash": ("max_age: 8h", "max-age: 8h", "38:7: unknown key 'max-age', did you mean 'max_age'?"),
    "singular": ("when: {roles:", "when: {role:", "35:14: unknown key 'role', did you mean 'roles'?"),
    "a misspelt section": ("sessions:", "session:", "14:1: unknown key 'session', did you mean 'sessions'?"),
    "a misspelt factor": ("  totp:   ", "  toptp:  ", "26:3: unknown key 'toptp', did you mean 'totp'?"),
    "the wrong place": (
        "theme: base",
        "rules: []",
        "10:1: unknown key 'rules', did you mean 'roles' or 'rules' under 'second_factor'?",
    ),
    "like nothing": (
        "{description: Runs the portal}",
        "{colour: red}",
        "48:15: unknown key 'colour' (known: description)",
    ),
    "seconds without unit": (
        "idle: 1h",
        "idle: 3600",
        "14:18: 'idle': a duration is a whole number with its unit: 90s, 5m, 1h or 30d, not the number 3600",
    ),
    "a date": (
        "max_age: 8h",
        "max_age: 2027-01-01",
        "38:16: 'max_age': a duration is a whole number with its unit: 90s, 5m, 1h or 30d, not the text '2027-01-01'",
    ),
    "minutes and seconds": (
        "max_age: 8h",
        "max_age: 1:30",
        "38:16: 'max_age': a duration is a whole number with its unit: 90s, 5m, 1h or 30d, not the text '1:30'",
    ),
    "too long": ("code: 60s", "code: 10m", "15:64: 'code' must be at most 1m, not the text '10m'"),
    "three factors": ("{factors: 2}", "{factors: 3}", "21:25: 'factors' must be 1 or 2, not the number 3"),
    "a level that is called as a secret is": (
        "password:   {factors: 1}",
        "password:   {factors: 3}",
        "20:25: 'factors' must be 1 or 2, not the number 3",
    ),
    "a float": ("{factors: 2}", "{factors: 2.0}", "21:25: 'factors' must be 1 or 2, not the number 2.0"),
    "true for 1": ("{factors: 2}", "{factors: true}", "21:25: 'factors' must be 1 or 2, not true"),
    "a required key": ("{factors: 2}", "{}", "21:3: the key 'factors' is missing in 'two-factor'"),
    "a required key of a rule": (
        "      level: two-factor\n      max_age",
        "      max_age",
        "42:7: the key 'level' is missing in 'payments'",
    ),
    "an empty section": (
        "{issuer: Example, window: 1}",
        "",
        "26:3: 'totp' has no value: write {} for its defaults, or remove the key",
    ),
    "an empty value": ("theme: base", "theme:", "10:1: 'theme' has no value: write one, or remove the key"),
    "an empty level": (
        "{factors: 2}",
        "",
        "21:3: 'two-factor' has no value: write its keys below it, or remove the key",
    ),
    "an empty list": ("[admin]}", "[]}", "35:21: 'roles' is empty: put something in it, or remove the key"),
    "no list": (
        "{roles: [admin]}",
        "{roles: admin}",
        "35:21: 'roles' must be a list, not the text 'admin': write [admin]",
    ),
    "a list for text": (
        "scope: openid profile email",
        "scope: [openid]",
        "65:12: 'scope' must be text, not a list: write openid",
    ),
    "a factor that is switched on": (
        "totp:           {issuer: Example, window: 1}",
        "totp: true",
        "26:9: 'totp' must be a section with keys of its own, not true: write {} for its defaults",
    ),
    "a factor without settings that is switched on": (
        "totp:           {issuer: Example, window: 1}",
        "webauthn: true",
        "26:13: 'webauthn' must be a section with keys of its own, not true: write {} for its defaults",
    ),
    "an empty factor without settings": (
        "totp:           {issuer: Example, window: 1}",
        "webauthn:",
        "26:3: 'webauthn' has no value: write {} for its defaults, or remove the key",
    ),
    "the name of the name": ("realm: demo", "relm: demo", "8:1: unknown key 'relm', did you mean 'realm'?"),
    "an empty name": ("realm: demo", "realm:", "8:1: 'realm' has no value: write one, or remove the key"),
    "no blank behind a colon": (
        "idle: 1h",
        "idle:1h",
        "14:12: a blank is missing behind the colon of 'idle'",
    ),
    "a number for text": (
        "client_name: Developer portal",
        "client_name: 5",
        "60:18: 'client_name' must be text, not the number 5: put it in quotes",
    ),
    "text for a number": (
        "window: 1",
        'window: "1"',
        "26:45: 'window' must be a whole number, not the text '1': remove the quotes",
    ),
    "a duration for seconds": (
        "client_name: Developer portal",
        "default_max_age: 1h",
        "60:22: 'default_max_age': a number of seconds is needed, here 3600, not the text '1h'",
    ),
    "words for seconds": (
        "client_name: Developer portal",
        "default_max_age: an hour",
        "60:22: 'default_max_age': a number of seconds is needed, not the text 'an hour'",
    ),
    "too little": ("min_length: 8", "min_length: 4", "25:32: 'min_length' must be at least 8, not the number 4"),
    "a misspelt grant type": (
        "[authorization_code, refresh_token]",
        "[authorisation_code, refresh_token]",
        "64:19: unknown value 'authorisation_code' for an item of 'grant_types', did you mean 'authorization_code'?",
    ),
    "a grant type that there is not": (
        "[authorization_code, refresh_token]",
        "[implicit]",
        (
            "64:19: unknown value 'implicit' for an item of 'grant_types'"
            " (known: authorization_code, refresh_token, client_credentials, "
            "urn:ietf:params:oauth:grant-type:device_code, urn:ietf:params:oauth:grant-type:token-exchange, "
            "urn:ietf:params:oauth:grant-type:jwt-bearer)"
        ),
    ),
    "a language": ("[en, de]", "[en, fr]", "11:15: unknown value 'fr' for an item of 'locales' (known: en, de)"),
    "a section for a list": (
        "clients:\n",
        "clients: {}\nclient: \n",
        "58:10: 'clients' must be a list, not a section with keys",
    ),
    "an upper-case name": (
        "realm: demo",
        "realm: Demo",
        "8:8: 'realm' must be lower-case letters, digits and dashes, at most 63, beginning with a letter or digit",
    ),
    "a scope of two words": (
        "payments: {desc",
        '"pay ments": {desc',
        "55:3: 'pay ments' must be one word of printable ASCII characters, without quotation marks and backslashes",
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), REGULAR.values(), ids=REGULAR.keys())
def test_a_mistake_is_named_with_its_place(old: str, new: str, expected: str) -> None:
    assert expected in problems(demo(old, new))


SINGLE = (
    "the name of the name",
    "an empty name",
    "no blank behind a colon",
    "a misspelt key",
    "a misspelt section",
    "a float",
    "a required key",
    "an empty list",
    "a grant type that there is not",
)


@pytest.mark.parametrize("name", SINGLE)
def test_one_mistake_is_told_once(name: str) -> None:
    old, new, expected = REGULAR[name]
    assert problems(demo(old, new)) == [expected]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("yes", "true"), ("on", "true"), ("Yes", "true"), ("no", "false"), ("OFF", "false"), ('"no"', "false")],
)
def test_words_for_true_and_false_of_old_yaml_are_refused(written: str, meant: str) -> None:
    word = written.strip('"')
    assert (
        only(demo("client_name: Developer portal", f"require_pkce: {written}"))
        == f"60:19: 'require_pkce' must be true or false, not the text '{word}', did you mean {meant}?"
    )


def test_all_problems_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = demo("idle: 1h", "idle: 1").replace("[admin]}", "[admn]}", 1).replace("client_id: cli", "clientid: cli")
    text = text.replace("default: report-secret-for-demos-only", "default: short").replace(
        "groups:\n", "groups:\n  partners: {}\n"
    )
    assert [p.split(": ", 1)[0] for p in problems(text)] == ["14:18", "35:22", "52:3", "73:5", "81:57"]


def test_a_refused_section_makes_no_false_report_of_names_that_it_may_define() -> None:
    assert only(demo("client_id: billing", "client_id: bill ing")).startswith("66:16: 'client_id' must be letters")


def test_a_section_of_the_wrong_kind_makes_no_further_reports() -> None:
    text = demo().split("roles:\n  admin")[0] + "roles: 5\n"
    assert "no role" not in "\n".join(problems(text))


def test_a_thousand_problems_are_cut_short() -> None:
    found = problems("realm: x\n" + "".join(f"key{i}: 1\n" for i in range(1000)))
    assert len(found) == 200
    assert found[-1].endswith(": there are more problems than these: mend them first")


def test_a_message_is_one_line_whatever_the_file_has() -> None:
    told = problems('realm: x\n"a\\nb": 1\n"a\\nb": 2\nclients: [{client_id: "c\\nd", scope: 5}]\n')
    assert len(told) == 4
    assert not any("\n" in line for line in told)


def test_passwords_and_secrets_are_not_repeated_in_messages() -> None:
    text = demo("password: correct horse battery staple", "password: 123456789")
    text = text.replace("default: portal-secret-for-demos-only", "default: hush-hush").replace(
        "GEZDGNBVGY3TQOJQ", "19", 1
    )
    told = "\n".join(problems(text))
    assert len(told.splitlines()) == 3
    assert not any(secret in told for secret in ("123456789", "hush", "19GEZD"))


def test_a_file_that_is_not_there_is_reported_by_its_name() -> None:
    with pytest.raises(RealmFileError) as caught:
        load(DEMO.with_name("none.yaml"), mode=Mode.CHECK, environ={})
    assert str(caught.value).endswith("none.yaml:1:1: cannot be read: No such file or directory")


def test_the_demonstration_loads_in_development() -> None:
    realm = load(DEMO, mode=Mode.DEVELOPMENT, environ={})
    assert realm.name == "demo"
    assert [client.client_id for client in realm.clients] == ["portal", "billing", "cli", "nightly-report"]
    assert realm.second_factors == ("totp", "recovery-codes")
    assert (realm.sessions.idle, realm.tokens.code, realm.second_factor.rules[0].max_age) == (3600, 60, 28800)


def test_the_demonstration_has_the_one_warning_that_it_is_to_show() -> None:
    (warning,) = examined(demo(), mode=Mode.CHECK).warnings
    assert (warning.line, warning.column) == (82, 12)
    assert "'payments' guards the scope 'payments' and does not bind 'nightly-report'" in warning.message


def test_a_client_is_found_by_its_identifier_and_a_disabled_one_is_not() -> None:
    realm = examined(demo("client_name: Billing portal", "enabled: false")).realm
    assert realm is not None
    assert realm.client("portal") is realm.clients[0]
    assert realm.client("billing") is None
    assert realm.client("nobody") is None


def test_realms_of_the_same_contents_are_equal_and_others_are_not() -> None:
    realm, same, other = (examined(text).realm for text in (demo(), demo(), demo("idle: 1h", "idle: 2h")))
    assert realm == same
    assert hash(realm) == hash(same)
    assert realm != other


def test_a_realm_does_not_show_its_secrets() -> None:
    shown = repr(examined(demo()).realm)
    assert not any(s in shown for s in ("portal-secret", "correct horse", "GEZDGNBV"))
