"""The JSON Schema for editors is the models' own."""

import re

from idp.realm.json_schema import realm_schema, written_schema
from tests.realm.files import DEMO, ROOT

SCHEMA = ROOT / "realm-config" / "realm.schema.json"


def test_the_committed_schema_is_the_generated_one() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == written_schema(), f"run: idp check --write-schema {SCHEMA}"


def test_the_demonstration_names_the_schema_in_its_first_line() -> None:
    assert DEMO.read_text(encoding="utf-8").splitlines()[0] == "# yaml-language-server: $schema=./realm.schema.json"


def test_every_key_has_a_description() -> None:
    schema = realm_schema()
    sections = {"Realm": schema, **schema["$defs"]}
    missing = [f"{n}.{k}" for n, s in sections.items() for k, f in s["properties"].items() if not f.get("description")]
    assert missing == []


def test_durations_are_written_with_their_unit() -> None:
    idle = realm_schema()["$defs"]["Sessions"]["properties"]["idle"]
    assert (idle["type"], idle["default"]) == ("string", "1h")
    assert re.fullmatch(idle["pattern"], "90s")
    assert not re.fullmatch(idle["pattern"], "90")


def test_a_secret_is_text_or_a_reference() -> None:
    text, reference = realm_schema()["$defs"]["Client"]["properties"]["client_secret"]["anyOf"]
    assert text == {"type": "string", "minLength": 16}
    assert set(reference["properties"]) == {"env", "default"}
    assert reference["additionalProperties"] is False


def test_recovery_codes_are_spelt_as_in_the_file() -> None:
    assert set(realm_schema()["$defs"]["Factors"]["properties"]) == {
        "password", "totp", "recovery-codes", "webauthn", "email", "sms",
    }  # fmt: skip


def test_no_key_may_be_null() -> None:
    assert '"null"' not in written_schema()
