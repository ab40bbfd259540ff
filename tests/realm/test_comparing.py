"""What differs between two versions of a realm is told by name and key, and no secret with it."""

import pytest

from idp.realm.comparing import Change, Difference, compare
from idp.realm.schema import Realm
from tests.realm.files import demo, examined


def read(old: str = "", new: str = "") -> Realm:
    realm = examined(demo(old, new)).realm
    assert realm is not None
    return realm


def changed(section: str, name: str, key: str, *values: object) -> list[Change]:
    return [Change(section, name, "changed", (Difference(key, (values[0], values[1]) if values else None),))]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("# ", "# An older ", []),
        ("max_age: 8h ", "max_age: 480m ", []),
        ("max_age: 8h ", "max_age: 1h ", changed("rules", "administrators", "max_age", 28800, 3600)),
        ("sessions: {idle: 1h", "sessions: {idle: 2h", changed("sessions", "", "idle", 3600, 7200)),
        ("display_name: Example", "display_name: Another", [Change("display_name", "", "changed")]),
        ("window: 1}", "window: 2}", changed("factors", "totp", "window")),
        ("default: portal-secret", "default: another-secret", changed("clients", "portal", "client_secret")),
        (
            "    scope: openid profile email\n",
            "    scope: openid\n",
            changed("clients", "portal", "scope", "openid profile email", "openid"),
        ),
        (
            "    - name: the billing portal\n",
            "    - name: billing\n",
            [Change("rules", "the billing portal", "removed"), Change("rules", "billing", "added")],
        ),
        (
            "\nroles:\n",
            "\nroles:\n  auditor: {description: Reads}\n",
            [Change("roles", "auditor", "added")],
        ),
    ],
)
def test_a_change_of_the_file_is_told(old: str, new: str, expected: list[Change]) -> None:
    assert list(compare(read(), read(old, new))) == expected


def test_what_is_told_repeats_no_secret() -> None:
    told = str(compare(read(), read("default: portal-secret", "default: another-secret")))

    assert "client_secret" in told
    assert "another-secret" not in told
    assert "portal-secret" not in told


def test_an_invitation_that_begins_is_told() -> None:
    inviting = read("\nroles:\n", "\n  encourage: {level: two-factor}\nroles:\n")

    assert compare(read(), inviting) == (Change("encourage", "", "added"),)
    assert compare(inviting, read()) == (Change("encourage", "", "removed"),)
