"""A running server takes changed files up whole, keeps the old one when the new one is broken, and says so."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.realm.loading import Mode, RealmFileError
from idp.realm.schema import Realm
from idp.realm.watching import FileStatus, Realms
from tests.realm.directory import Directory, text


def test_each_file_of_the_directory_is_a_realm(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    for file, realm in (("b.yml", "beta"), ("a.yaml", "alpha"), (".hidden.yaml", "hidden"), ("c.yaml~", "backup")):
        directory.write(file, text(realm))
    directory.realms.load()
    assert list(directory.titles()) == ["alpha", "beta"]
    assert directory.told == [("realm_loaded", "a.yaml", "alpha"), ("realm_loaded", "b.yml", "beta")]
    assert directory.realms.status()[0] == FileStatus(str(tmp_path / "a.yaml"), realm="alpha", loaded_at=1000)


def test_a_realm_is_got_by_its_name(directory: Directory) -> None:
    realm = directory.realms.get("alpha")
    assert realm is not None
    assert realm.name == "alpha"
    assert directory.realms.get("beta") is None


def test_a_server_does_not_start_with_a_broken_file(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.write("a.yaml", text("alpha") + "thema: x\n")
    directory.write("b.yaml", "realm: [\n")
    directory.write("c.yaml", text("gamma"))
    with pytest.raises(RealmFileError) as caught:
        directory.realms.load()
    assert [str(p).removeprefix(f"{tmp_path}/") for p in caught.value.problems] == [
        "a.yaml:3:1: unknown key 'thema', did you mean 'theme'?",
        "b.yaml:1:8: the bracket that opens here is never closed",
    ]
    assert directory.realms.all() == ()


def test_a_server_does_not_start_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(RealmFileError, match=r"no realm file \(\*.yaml\) is in this directory"):
        Directory(tmp_path).realms.load()


def test_a_server_does_not_start_without_its_directory(tmp_path: Path) -> None:
    with pytest.raises(RealmFileError, match="the directory cannot be read"):
        Directory(tmp_path / "none").realms.load()


def test_a_file_in_the_place_of_a_directory_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text("alpha"))
    with pytest.raises(RealmFileError, match="this is a file: name its directory"):
        Directory(tmp_path / "a.yaml").realms.load()


def test_a_server_does_not_start_with_one_realm_in_two_files(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.write("a.yaml", text("alpha"))
    directory.write("b.yaml", "# the same\n" + text("alpha"))
    with pytest.raises(RealmFileError) as caught:
        directory.realms.load()
    assert str(caught.value) == f"{tmp_path}/b.yaml:2:8: the realm 'alpha' is already in {tmp_path}/a.yaml"


def test_a_dangling_link_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("nowhere")
    with pytest.raises(RealmFileError, match=r"a\.yaml:1:1: the file is missing"):
        Directory(tmp_path).realms.load()


def test_a_changed_file_is_taken_up(directory: Directory) -> None:
    directory.write("a.yaml", text("alpha", "second"))
    assert directory.poll() == {"alpha": "second"}
    assert directory.told == [("realm_loaded", "a.yaml", "alpha")]
    assert directory.realms.status()[0].loaded_at == 2000


def test_a_file_replaced_by_renaming_is_taken_up(directory: Directory) -> None:
    directory.replace("a.yaml", text("alpha", "second"))
    assert directory.poll() == {"alpha": "second"}


def test_contents_of_the_same_size_and_time_are_noticed(directory: Directory) -> None:
    before = (directory.path / "a.yaml").stat()
    directory.write("a.yaml", text("alpha", "FIRST"))
    os.utime(directory.path / "a.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert directory.poll() == {"alpha": "FIRST"}


def test_a_swapped_link_is_taken_up(tmp_path: Path) -> None:
    for version in ("first", "second"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "a.yaml").write_text(text("alpha", version), encoding="utf-8")
    (tmp_path / "..data").symlink_to("..first")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    directory = Directory(tmp_path)
    directory.realms.load()
    (tmp_path / "..next").symlink_to("..second")
    (tmp_path / "..next").replace(tmp_path / "..data")
    assert directory.poll() == {"alpha": "second"}


def test_nothing_is_told_while_nothing_changes(directory: Directory) -> None:
    realm = directory.realms.get("alpha")
    directory.write("a.yaml", text("alpha"))
    directory.poll(3)
    assert directory.told == []
    assert directory.realms.get("alpha") is realm


BROKEN = {
    "CF-01 a misspelt key": (
        "realm: alpha\nsecond_facter: {}\n",
        "2:1: unknown key 'second_facter', did you mean 'second_factor'?",
    ),
    "CF-04 a type": (
        "realm: alpha\nlevels: {two: {factors: 2.0}}\n",
        "2:25: 'factors' must be 1 or 2, not the number 2.0",
    ),
    "CF-04 a key twice": (
        "realm: alpha\nrealm: alpha\n",
        "2:1: the key 'realm' is here twice: it is already in line 1",
    ),
    "truncated": (
        "realm: alpha\nsessions: {idle: ",
        "2:11: the bracket that opens here is never closed",
    ),
    "emptied": ("", "1:1: the file is empty: it needs at least `realm: name`"),
}


@pytest.mark.attack
@pytest.mark.parametrize(("broken", "problem"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_keeps_the_old_realm_and_says_so(directory: Directory, broken: str, problem: str) -> None:
    realm = directory.realms.get("alpha")
    directory.write("a.yaml", broken)
    directory.poll()
    assert directory.realms.get("alpha") is realm
    assert directory.problems() == (f"a.yaml:{problem}",)
    assert directory.told == [("realm_rejected", "a.yaml", None)]
    assert directory.realms.status()[0].loaded_at == 1000


def test_a_broken_file_is_told_once_for_each_of_its_contents(directory: Directory) -> None:
    directory.write("a.yaml", "realm: alpha\nx: 1\n")
    directory.poll(3)
    assert len(directory.told) == 1
    directory.write("a.yaml", "realm: alpha\nx: 2\n")
    directory.poll(3)
    assert len(directory.told) == 1


def test_a_mended_file_is_taken_up(directory: Directory) -> None:
    directory.write("a.yaml", "realm: [\n")
    directory.poll()
    directory.write("a.yaml", text("alpha", "mended"))
    assert directory.poll() == {"alpha": "mended"}
    assert directory.problems() == ()


def test_a_new_file_is_a_new_realm(directory: Directory) -> None:
    directory.write("b.yaml", text("beta"))
    assert list(directory.poll()) == ["alpha", "beta"]


def test_a_new_file_that_is_broken_is_listed(directory: Directory) -> None:
    directory.write("b.yaml", "realm: 5\n")
    assert list(directory.poll()) == ["alpha"]
    assert directory.problems("b.yaml") == ("b.yaml:1:8: 'realm' must be text, not the number 5: put it in quotes",)


def test_a_subscriber_that_fails_hinders_nobody(directory: Directory) -> None:
    def fail(change: str, status: FileStatus, realm: Realm | None) -> None:
        raise LookupError

    directory.realms.subscribe(fail)
    directory.realms.subscribe(directory._note)
    directory.write("a.yaml", text("alpha", "second"))
    assert directory.poll() == {"alpha": "second"}
    assert len(directory.told) == 2


def test_a_file_that_is_still_being_written_is_left_for_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text("alpha"), encoding="utf-8")
    realms = Realms(tmp_path, mode=Mode.PRODUCTION, environ={}, settle=0)
    realms.load()
    lengths = iter(range(1000))
    growing = True
    pause: Callable[[], None] = realms._pause

    def write_on() -> None:
        pause()
        if growing:
            path.write_text(text("alpha", "x" * next(lengths)), encoding="utf-8")

    realms._pause = write_on  # type: ignore[method-assign]
    path.write_text("realm: al", encoding="utf-8")
    realms.poll()
    assert [(r.title, s.problems) for r, s in zip(realms.all(), realms.status(), strict=True)] == [("first", ())]
    growing = False
    realms.poll()
    assert realms.all()[0].title.startswith("x")


def test_a_thread_takes_changes_up_until_it_is_stopped(directory: Directory) -> None:
    taken = threading.Event()
    directory.realms.subscribe(lambda *_: taken.set())
    directory.realms.start(interval=0.01)
    directory.write("a.yaml", text("alpha", "second"))
    assert taken.wait(10)
    directory.realms.stop()
    assert directory.titles() == {"alpha": "second"}
    assert not any(thread.name == "realm-files" for thread in threading.enumerate())


def test_readers_see_one_whole_realm_or_the_other(directory: Directory) -> None:
    titles: set[str | None] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            realm = directory.realms.get("alpha")
            titles.add(realm.title if realm else None)

    reader = threading.Thread(target=read)
    reader.start()
    for turn in range(50):
        directory.replace("a.yaml", text("alpha", f"turn {turn % 2}"))
        directory.poll()
    done.set()
    reader.join()
    assert titles <= {"first", "turn 0", "turn 1"}
