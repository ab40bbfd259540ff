"""What holds for every command: help that can be read, errors that are sentences, and no password in either."""

import argparse
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.cli import serve
from idp.settings import DEFAULT_DATABASE
from tests.cli.conftest import Command
from tests.operations.serving import IDP, environment, free_port

USER = ("add", "list", "show", "set-password", "set-roles", "reset-factors", "enable", "disable", "delete")
COMMANDS = [
    (),
    ("serve",),
    ("demo",),
    ("check",),
    ("explain",),
    ("plan",),
    ("migrate",),
    ("reseal",),
    ("user",),
    ("breached",),
    *(("user", c) for c in USER),
]
PASSWORD = "hush-hush"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_help_tells_what_the_command_and_each_option_is_for(idp: Command, command: tuple[str, ...]) -> None:
    done = idp(*command, "--help")
    assert done.status == 0
    assert done.out.startswith(f"usage: {' '.join(('idp', *command))}")
    assert re.match(r"[A-Za-z]", done.out.split("\n\n")[1])
    assert not re.search(r"^  -\S+( [A-Z]+)?\n  -", done.out, re.MULTILINE), "an option without a word"


def test_the_defaults_are_those_that_other_programs_rely_on() -> None:
    class Keep:
        def add_parser(self, *_: Any, **__: Any) -> argparse.ArgumentParser:
            return parser

    parser = argparse.ArgumentParser()
    serve.add_parser(Keep())
    found = vars(parser.parse_args([]))
    assert found["config"] == Path("realm-config")
    assert found["database"] == DEFAULT_DATABASE == "sqlite:///idp.db"
    assert (found["host"], found["port"], found["public_url"], found["workers"]) == ("127.0.0.1", 8080, None, 1)
    assert (found["trusted_proxy"], found["dev"]) == ([], False)


def urls() -> Iterator[str]:
    port = free_port()
    yield f"postgresql+psycopg://idp:{PASSWORD}@127.0.0.1:{port}/idp"
    yield f"postgresql+psycopg://idp@127.0.0.1:{port}/idp?password={PASSWORD}&nonsense=1"
    yield f"postgresql://idp:{PASSWORD}@127.0.0.1:{port}/idp"
    yield f"mysql+nothing://idp:{PASSWORD}@127.0.0.1/idp"
    yield f"//idp:{PASSWORD}@127.0.0.1"
    yield f"postgresql+psycopg://idp:{PASSWORD}@127.0.0.1:x/idp"


@pytest.mark.attack
@pytest.mark.parametrize(
    "command", [("migrate",), ("user", "list", "--realm", "demo"), ("serve", "--dev")], ids=" ".join
)
def test_a_password_of_the_database_is_never_repeated(idp: Command, command: tuple[str, ...]) -> None:
    for url in urls():
        for option in ("--database", "--databse", "--port"):
            more = ("--port", free_port()) if command[0] == "serve" and option != "--port" else ()
            done = idp(*command, *more, option, url)
            assert done.status in (1, 2)
            assert done.err.strip(), url
            assert PASSWORD not in done.out + done.err, url
            assert "Traceback" not in done.err, url


def test_a_database_that_does_not_answer_is_told(idp: Command) -> None:
    done = idp("migrate", "--database", f"postgresql+psycopg://idp@127.0.0.1:{free_port()}/idp")
    assert done.status == 1
    assert done.err.startswith("idp: the database cannot be used: ")
    assert "Connection refused" in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:////nowhere/at/all/idp.db", "idp.db", ""])
def test_a_database_that_cannot_be_is_told(idp: Command, url: str) -> None:
    done = idp("migrate", "--database", url)
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert done.err.startswith("idp: ")


LONG = "a" * 300  # no file system has such a name


@pytest.mark.parametrize(
    "command",
    [
        ("check", LONG),
        ("check", "--write-schema", "nowhere/at/all.json"),
        ("plan", LONG),
        ("user", "list", "--realm", "demo", "--database", f"sqlite:///{LONG}"),
        ("breached", "."),
        ("breached", "nowhere/at/all.bin"),
    ],
    ids=lambda command: " ".join(command)[:40],
)
def test_a_file_that_cannot_be_is_told(idp: Command, command: tuple[str, ...]) -> None:
    done = idp(*command)
    assert (done.status, "Traceback" in done.err) == (1, False)
    assert done.out + done.err


def test_a_list_that_could_not_be_made_leaves_nothing_behind(idp: Command, tmp_path: Path) -> None:
    assert idp("breached", tmp_path / "list.bin", given="no hash\n").status == 1
    assert list(tmp_path.glob("list.bin*")) == []


def test_whoever_makes_a_list_is_told_how_long_it_is(idp: Command, tmp_path: Path) -> None:
    lists = ("our product\n", "our product\nour town\n")
    told = [idp("breached", "--clear", tmp_path / "list.bin", given=words).err for words in lists]
    assert told == ["1 password\n", "2 passwords\n"]


@pytest.mark.parametrize(
    "command", [("check", "--produc"), ("user", "list", "--realm", "demo", "--data", "x")], ids=" ".join
)
def test_half_an_option_is_none(idp: Command, command: tuple[str, ...]) -> None:
    """Nobody gets published keys by `serve --de`, and a new option changes nothing that a script says."""
    assert idp(*command).status == 2


@pytest.mark.parametrize(
    "command", [("check",), ("user", "list", "--realm", "demo"), ("keys", "list", "--realm", "demo")], ids=" ".join
)
def test_an_unknown_option_is_answered_with_what_that_command_knows(idp: Command, command: tuple[str, ...]) -> None:
    done = idp(*command, "--colour", "blue")
    assert done.status == 2
    words = [word for word in command if word not in ("--realm", "demo")]
    assert done.err.startswith(f"usage: {' '.join(('idp', *words))} [-h]")
    assert done.err.endswith(": error: unrecognized options: --colour\n")


def test_a_password_that_is_no_argument_is_not_repeated(idp: Command) -> None:
    for words in (("alice", PASSWORD), ("alice", "--password", PASSWORD), ("alice", f"--password={PASSWORD}")):
        done = idp("user", "set-password", "--realm", "demo", *words)
        assert done.status == 2
        assert PASSWORD not in done.err


def test_the_version_is_told(idp: Command) -> None:
    assert re.fullmatch(r"idp \d+\.\d+\S*\n", idp("--version").out)


def test_check_exits_with_1_for_a_broken_file_and_names_the_place(idp: Command, tmp_path: Path) -> None:
    assert idp("check").status == 0
    (tmp_path / "realm-config" / "demo.yaml").write_text("realm: demo\nclint: []\n")
    done = idp("check")
    assert done.status == 1
    assert done.out == "realm-config/demo.yaml:2:1: unknown key 'clint', did you mean 'clients'?\n"


def test_the_realm_files_may_be_named_once_for_every_command(
    idp: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "realm-config").rename(tmp_path / "elsewhere")
    monkeypatch.setenv("IDP_CONFIG", str(tmp_path / "elsewhere"))
    assert idp("check").err == "1 file, 0 problems, 0 warnings\n"
    assert idp("migrate").status == 0
    assert idp("user", "list", "--realm", "demo").status == 0


def test_an_argument_that_is_no_text_is_told(idp: Command) -> None:
    done = idp("user", "show", "--realm", "demo", "\udcff")
    assert (done.status, done.err.splitlines()[-1]) == (2, "idp: error: an argument is not UTF-8")


def test_whoever_has_read_enough_of_a_list_may_go(tmp_path: Path) -> None:
    words = [*IDP, "--help"]
    reader = subprocess.Popen(words, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path)
    assert reader.stdout is not None
    assert reader.stderr is not None
    reader.stdout.close()
    told = reader.stderr.read()
    reader.stderr.close()
    reader.wait()
    assert b"Traceback" not in told
