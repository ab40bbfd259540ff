"""`idp check` prints a line for each problem and exits with 1 when there is one."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.cli import check
from tests.realm.files import DEMO, ROOT, demo

Check = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Check:
    monkeypatch.chdir(ROOT)

    def run(*arguments: object) -> tuple[int, list[str], str]:
        parser = argparse.ArgumentParser()
        check.add_parser(parser.add_subparsers(required=True))
        args = parser.parse_args(["check", *map(str, arguments)])
        code = args.run(args)
        printed = capsys.readouterr()
        return code, printed.out.splitlines(), printed.err

    return run


def test_the_demonstration_is_good(run: Check) -> None:
    assert run() == (0, [], "1 file, 0 problems, 0 warnings\n")


def test_a_warning_is_printed_and_is_no_error(run: Check) -> None:
    code, lines, summary = run(DEMO)
    assert code == 0
    assert [line.split("'")[0] for line in lines] == [f"{DEMO}:82:12: warning: the rule "]
    assert summary == "1 file, 0 problems, 1 warning\n"


def test_a_password_too_short_to_stand_alone_is_warned_of(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(demo("min_length_alone: 15", "min_length_alone: 14"), encoding="utf-8")
    code, lines, _ = run(file)
    assert code == 0
    assert f"{file}:25:53: warning: a password that is the only proof should have at least 15 characters" in lines


def test_every_problem_is_a_line_with_its_place(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(demo("client_id: portal", "clinet_id: portal").replace("idle: 1h", "idle: 1"), encoding="utf-8")
    code, lines, _ = run(file)
    assert code == 1
    assert lines == [
        f"{file}:14:18: 'idle': a duration is a whole number with its unit: 90s, 5m, 1h or 30d, not the number 1",
        f"{file}:59:5: unknown key 'clinet_id', did you mean 'client_id'?",
    ]


def test_the_form_does_not_depend_on_the_environment(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(demo(", default: portal-secret-for-demos-only", ""), encoding="utf-8")
    assert run(file)[0] == 0


def test_a_file_can_be_checked_as_a_production_server_would(run: Check) -> None:
    code, lines, _ = run("--production", DEMO)
    assert code == 1
    assert len(lines) == 4
    assert "PORTAL_CLIENT_SECRET" in lines[0]


def test_a_path_that_is_not_there_is_a_problem(run: Check) -> None:
    assert run("nowhere")[:2] == (1, ["nowhere:1:1: cannot be read: No such file or directory"])


def test_a_directory_without_realm_files_is_a_problem(run: Check, tmp_path: Path) -> None:
    assert run(tmp_path)[:2] == (1, [f"{tmp_path}:1:1: no realm file (*.yaml) is in this directory"])


def test_two_files_of_a_directory_cannot_be_one_realm(run: Check, tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yml"):
        (tmp_path / name).write_text("realm: x\n", encoding="utf-8")
    assert run(tmp_path)[:2] == (1, [f"{tmp_path}/b.yml:1:8: the realm 'x' is already in {tmp_path}/a.yaml"])


def test_two_versions_of_a_file_can_be_checked_together(run: Check, tmp_path: Path) -> None:
    for name in ("old.yaml", "new.yaml"):
        (tmp_path / name).write_text("realm: x\n", encoding="utf-8")
    assert run(tmp_path / "old.yaml", tmp_path / "new.yaml")[0] == 0


def test_the_schema_can_be_written_anew(run: Check, tmp_path: Path) -> None:
    assert run("--write-schema", tmp_path / "s.json") == (0, [], "")
    assert (tmp_path / "s.json").read_bytes() == (ROOT / "realm-config" / "realm.schema.json").read_bytes()


def test_an_expectation_that_does_not_hold_is_an_error_with_its_place(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    expectation = "expect:\n  - who: {roles: [admin]}\n    at: portal\n    asks: []\n    never: [totp]\n"
    file.write_text(demo() + expectation, encoding="utf-8")
    line = len(demo().splitlines())

    code, lines, _ = run(file)

    assert code == 1
    assert lines[:2] == [
        f"{file}:{line + 2}:5: expected to ask for nothing at 'portal', and it asks for totp",
        f"{file}:{line + 5}:12: expected never to ask for totp at 'portal', and totp would do",
    ]


def test_a_rule_that_can_never_match_is_a_warning(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(demo("when: {clients: [billing]}", "when: {clients: [nightly-report]}"), encoding="utf-8")

    code, lines, _ = run(file)

    assert code == 0
    assert any("the rule 'the billing portal' can never match: none of its clients signs people in" in x for x in lines)
