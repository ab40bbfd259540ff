"""Whether a password is in a list is looked up in the file, by digest."""

import hashlib
import re
from pathlib import Path

import pytest

from idp.errors import SettingsError
from idp.factors.breached import HEADER, WIDTH, Breached, of_hashes, of_passwords

LISTED = ("mortadella1", "straßenbahn", "Zürich2026")


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Breached:
    file = tmp_path_factory.mktemp("breached") / "list.bin"
    file.write_bytes(HEADER + b"".join(of_passwords((*LISTED, "short"))))
    return Breached(file)


def hashes(*seen: tuple[str, int]) -> list[str]:
    """As Have I Been Pwned publishes them."""
    digests = [(hashlib.sha1(password.encode(), usedforsecurity=False), count) for password, count in seen]
    return sorted(f"{digest.hexdigest().upper()}:{count}\r\n" for digest, count in digests)


@pytest.mark.attack
@pytest.mark.parametrize(
    "password",
    [*LISTED, "MortaDella1", "ｍｏｒｔａｄｅｌｌａ１", "STRASSENBAHN", "zu\u0308rich2026"],
)
def test_a_listed_password_is_found_however_it_is_spelt(listed: Breached, password: str) -> None:
    assert listed.has(password)


@pytest.mark.parametrize("password", ["strasse", "straßenbahn ", "short", "", "a" * 100])
def test_another_password_is_not(listed: Breached, password: str) -> None:
    assert not listed.has(password)


def test_each_password_of_a_list_is_found() -> None:
    passwords = [f"password-{number}" for number in range(300)]
    digests = list(of_passwords(passwords))
    assert digests == sorted(set(digests))
    assert len(digests) == len(passwords)
    assert {len(digest) for digest in digests} == {WIDTH}


@pytest.mark.parametrize("password", ["password1", "Trustno1", "1234567890", "qwertyuiop", "iloveyou2", "1qaz2wsx"])
def test_what_everybody_tries_first_is_in_the_list_that_is_shipped(password: str) -> None:
    assert Breached().has(password)


def test_what_the_demonstration_uses_is_not() -> None:
    assert not Breached().has("correct horse battery staple")


def test_published_hashes_are_taken_as_often_as_they_were_seen(tmp_path: Path) -> None:
    file = tmp_path / "list.bin"
    lines = hashes(("Seen often", 90), ("Seen rarely", 9), ("Seen enough", 10))
    file.write_bytes(HEADER + b"".join(of_hashes(lines, seen=10)))
    found = Breached(file)
    assert [found.has(password) for password in ("Seen often", "Seen rarely", "Seen enough")] == [True, False, True]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["password1"], "line 1 is not a SHA-1"),
        (list(reversed(hashes(("one", 1), ("two", 1)))), "line 2 is not in order"),
        (list(reversed(hashes(("one", 1), ("two", 2)))), "line 2 is not in order"),
    ],
    ids=["in clear", "out of order", "out of order, though left out"],
)
def test_lines_that_would_make_a_list_with_holes_are_refused(lines: list[str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        list(of_hashes(lines, seen=3))


@pytest.mark.attack
@pytest.mark.parametrize(
    "content", [b"", HEADER, HEADER + b"1234567", b"password1\npassword2\nabcd", b"breached" + b"\0" * 7]
)
def test_a_file_that_is_no_list_lets_nothing_pass(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "list.bin"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=re.escape(f"{file} is no list of breached passwords")):
        Breached(file).has("a new one")


@pytest.mark.attack
def test_a_list_that_is_missing_lets_nothing_pass(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        Breached(tmp_path / "list.bin").has("a new one")
