"""Which realm is in service when files vanish, are renamed, want the same name, or cannot be prepared."""

from pathlib import Path

import pytest

from idp.errors import SettingsError
from idp.realm.schema import Realm
from tests.realm.directory import Directory, text


def test_a_file_missing_at_one_look_keeps_its_realm(directory: Directory) -> None:
    directory.remove("a.yaml")
    assert directory.poll() == {"alpha": "first"}
    assert directory.problems() == ("a.yaml:1:1: the file is missing: its realm goes when it stays away",)
    directory.write("a.yaml", text("alpha"))
    assert directory.poll() == {"alpha": "first"}
    assert directory.problems() == ()


def test_a_file_missing_at_two_looks_takes_its_realm_away(directory: Directory) -> None:
    directory.write("b.yaml", text("beta"))
    directory.poll()
    directory.remove("a.yaml")
    assert list(directory.poll(2)) == ["beta"]
    assert directory.told == [("realm_removed", "a.yaml", "alpha")]
    assert [s.realm for s in directory.realms.status()] == ["beta"]


def test_a_directory_that_cannot_be_listed_takes_no_realm_away(directory: Directory) -> None:
    away = directory.path.with_name("away")
    directory.path.rename(away)
    assert directory.poll(3) == {"alpha": "first"}
    assert [change for change, _, _ in directory.told] == ["realm_rejected"]
    assert "the directory cannot be read" in directory.realms.status()[0].problems[0]
    away.rename(directory.path)
    directory.poll()
    assert [s.problems for s in directory.realms.status()] == [()]


def test_a_file_may_be_renamed_without_its_realm_being_away(directory: Directory) -> None:
    (directory.path / "a.yaml").rename(directory.path / "z.yaml")
    assert directory.poll() == {"alpha": "first"}
    assert [s.path for s in directory.realms.status()] == [str(directory.path / "z.yaml")]
    directory.poll(3)
    assert directory.told == []


def test_a_file_may_rename_its_realm(directory: Directory) -> None:
    directory.write("a.yaml", text("omega"))
    assert directory.poll() == {"omega": "first"}
    assert directory.told == [("realm_loaded", "a.yaml", "omega"), ("realm_removed", "a.yaml", "alpha")]


def test_a_second_file_cannot_take_a_realm_over(directory: Directory) -> None:
    directory.write("0.yaml", text("alpha", "usurper"))
    assert directory.poll() == {"alpha": "first"}
    assert directory.problems("0.yaml") == (f"0.yaml:1:8: the realm 'alpha' is already in {directory.path}/a.yaml",)


def test_a_name_that_becomes_free_is_given_to_the_file_that_waits(directory: Directory) -> None:
    directory.write("b.yaml", text("alpha", "waiting"))
    directory.poll()
    directory.write("a.yaml", text("omega"))
    assert directory.poll() == {"alpha": "waiting", "omega": "first"}
    assert directory.problems("b.yaml") == ()


def test_two_files_may_swap_their_realms(directory: Directory) -> None:
    directory.write("b.yaml", text("beta", "second"))
    directory.poll()
    directory.write("a.yaml", text("beta", "of a"))
    directory.write("b.yaml", text("alpha", "of b"))
    assert directory.poll() == {"alpha": "of b", "beta": "of a"}
    assert [change for change, _, _ in directory.told] == ["realm_loaded", "realm_loaded"]


def test_an_unreadable_file_keeps_its_realm(directory: Directory) -> None:
    directory.remove("a.yaml")
    (directory.path / "a.yaml").mkdir()
    assert directory.poll() == {"alpha": "first"}
    assert directory.problems() == ("a.yaml:1:1: cannot be read: Is a directory",)


def test_a_realm_is_prepared_before_it_is_visible(directory: Directory) -> None:
    seen: list[tuple[str, str]] = []
    directory.realms.before_swap(lambda realm: seen.append((realm.title, directory.titles()["alpha"])))
    directory.write("a.yaml", text("alpha", "second"))
    directory.poll()
    assert seen == [("second", "first")]


def test_a_realm_that_cannot_be_prepared_keeps_the_old_one_and_is_tried_again(directory: Directory) -> None:
    ready = False

    def prepare(realm: Realm) -> None:
        if not ready:
            raise ConnectionError("postgresql://user:password@db")

    directory.realms.before_swap(prepare)
    directory.write("a.yaml", text("alpha", "second"))
    assert directory.poll(2) == {"alpha": "first"}
    assert directory.problems() == ("a.yaml:1:8: the realm could not be prepared (ConnectionError)",)
    assert len(directory.told) == 1
    ready = True
    assert directory.poll() == {"alpha": "second"}
    assert directory.problems() == ()


def test_what_the_server_says_of_a_realm_that_it_cannot_serve_is_told(directory: Directory) -> None:
    def prepare(realm: Realm) -> None:
        raise SettingsError("there is no theme 'glow'")

    directory.realms.before_swap(prepare)
    directory.write("a.yaml", text("alpha", "second"))
    assert directory.poll() == {"alpha": "first"}
    assert directory.problems() == ("a.yaml:1:8: there is no theme 'glow'",)


def test_a_server_does_not_start_when_a_realm_cannot_be_prepared(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.write("a.yaml", text("alpha"))

    def prepare(realm: Realm) -> None:
        raise ConnectionError

    directory.realms.before_swap(prepare)
    with pytest.raises(ConnectionError):
        directory.realms.load()
    assert directory.realms.all() == ()
