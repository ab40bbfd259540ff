"""`idp check` prints a line for each problem and exits with 1 when there is one."""

import argparse
import json
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path

import pytest

from idp.cli import check
from idp.errors import SettingsError
from tests.protocol.party import Party, Says
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


def test_a_theme_must_be_there(run: Check, tmp_path: Path) -> None:
    file, own = tmp_path / "r.yaml", tmp_path / "themes" / "ours"
    file.write_text(demo("theme: base", "theme: bass"), encoding="utf-8")
    own.mkdir(parents=True)

    assert run(file)[:2] == (1, [f"{file}:10:8: no theme 'bass', did you mean 'base'?"])
    file.write_text(demo("theme: base", "theme: ours"), encoding="utf-8")
    known = "(known: base, example); your own are where --themes says"
    assert run(file)[:2] == (1, [f"{file}:10:8: no theme 'ours' {known}"])
    assert run(file, "--themes", own.parent)[0] == 0


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


ADMINS = "people with the role 'admin'"


def test_an_expectation_that_does_not_hold_is_an_error_with_its_place(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    expectation = "expect:\n  - who: {roles: [admin]}\n    at: portal\n    asks: []\n    never: [totp]\n"
    file.write_text(demo() + expectation, encoding="utf-8")
    line = len(demo().splitlines())

    code, lines, _ = run(file)

    assert code == 1
    assert lines[:2] == [
        f"{file}:{line + 4}:11: expected to ask {ADMINS} for nothing at 'portal', and it asks for totp",
        f"{file}:{line + 5}:12: expected never to ask {ADMINS} for totp at 'portal', and totp would do",
    ]


def test_who_an_expectation_is_about_is_told(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    who = "who: {roles: [admin, developer], groups: [partners]}, "
    file.write_text(demo() + f"expect: [{{{who}at: portal, asks: []}}, {{at: portal, asks: [totp]}}]\n", "utf-8")

    _, lines, _ = run(file)

    assert "ask people with the role 'admin' and the role 'developer' and the group 'partners' for nothing" in lines[0]
    assert "ask people without a role or a group for totp at 'portal'" in lines[1]


DEFAULT = "client_id: portal\n    default_acr_values: [two-factor]"


def test_a_level_that_only_a_default_asks_for_is_a_warning(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(demo("client_id: portal", DEFAULT), encoding="utf-8")

    code, lines, _ = run(file)

    assert code == 0
    assert (
        f"{file}:60:25: warning: 'portal' asks for 'two-factor' by default only: a request that names another level "
        "gets in with the password alone; a rule would bind it"
    ) in lines


WEAKEST = "the weakest way in, for people without a role, in no network that a rule names"


def test_the_weakest_way_into_each_client_is_told_when_asked_for(run: Check) -> None:
    assert run("--ways") == (
        0,
        [
            f"realm demo (realm-config/demo.yaml): {WEAKEST}",
            "  portal: the password alone, acr password",
            "  billing: password and recovery-codes, acr two-factor",
            "  cli: the password alone, acr password",
            "  account: the password alone, acr password",
            "",
        ],
        "1 file, 0 problems, 0 warnings\n",
    )


def test_the_weakest_way_into_one_client_is_told(run: Check) -> None:
    assert [line.split(":")[0] for line in run("--ways", "--client", "account")[1][1:]] == ["  account", ""]
    with pytest.raises(SettingsError, match="there is no client 'acount', did you mean 'account'"):
        run("--ways", "--client", "acount")


def test_the_way_in_is_by_what_the_rules_take(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    text = demo("when: {clients: [billing]}\n      level: two-factor", "level: two-factor\n      accept: [sms]")
    file.write_text(text.replace("  totp:  ", "  sms: {sender: console, countries: [DE]}\n  totp:  "), "utf-8")

    assert "  portal: password and sms, acr two-factor" in run("--ways", file)[1]


def test_a_rule_that_can_never_match_is_a_warning(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    text = demo("when: {clients: [billing]}", "when: {clients: [nightly-report]}")
    api = "grant_types: []\n    resource_server_for: [http://localhost:8083]"
    for without_people in (text, text.replace("grant_types: [client_credentials]", api)):
        file.write_text(without_people, encoding="utf-8")

        code, lines, _ = run(file)

        assert code == 0
        expected = "the rule 'the billing portal' can never match: none of its clients is for people"
        assert any(expected in line for line in lines)


@pytest.mark.parametrize(
    ("key", "named", "other"), [("networks", "0.0.0.0/0", "::/0"), ("not_networks", "::/0", "0.0.0.0/0")]
)
def test_every_network_of_one_kind_is_a_warning(run: Check, tmp_path: Path, key: str, named: str, other: str) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(demo("when: {clients: [billing]}", f"when: {{{key}: ['{named}']}}"), encoding="utf-8")

    code, lines, _ = run(file)

    assert code == 0
    expected = f"warning: this is every network of one kind only: add '{other}', or say which"
    assert any(line.endswith(expected) for line in lines)


def of_client(lines: list[str], client_id: str) -> list[str]:
    """What the report says of one client."""
    begin = next(index for index, line in enumerate(lines) if line.split(" ")[0] == client_id)
    return list(takewhile(bool, lines[begin + 1 :]))


def test_the_report_says_what_a_client_meets_and_misses_and_what_would_mend_it(run: Check) -> None:
    code, lines, summary = run("--profiles")

    assert (code, summary) == (0, "1 file, 0 problems, 0 warnings\n")
    assert lines[0] == "realm demo (realm-config/demo.yaml)"
    assert lines[1].startswith("  always met: Config OP, Session Management OP; RFC 9700 2.1, 2.1.1: support, 2.1.2, ")
    assert lines[1].endswith("; ASVS 5.0 10.4.2-10.4.5, 10.4.7-10.4.10, 10.6.1-10.6.2, 10.7.3")
    assert lines[2] == (
        "  never met: RFC 9700 4.11.2, a faulty request goes back to its client before anybody signs in; "
        "RFC 9700 4.16: frames, no page opens in a frame, whoever the client is"
    )
    assert "ASVS 5.0 10.3.1-10.3.5 (the APIs)" in lines[3]
    assert of_client(lines, "nightly-report") == [
        "  met: RFC 9700 2.3, 4.10.2",
        "  missed: RFC 9700 2.2.1, 2.5, 4.9.3, 4.10.1; ASVS 5.0 10.4.14, 10.4.16",
        "    dpop_bound_access_tokens: true",
        (
            "      an access token that leaks is of use to whoever has it: "
            "RFC 9700 2.2.1, 4.9.3, 4.10.1 (should); ASVS 5.0 10.4.14 (L3)"
        ),
        "    token_endpoint_auth_method: private_key_jwt, with jwks",
        (
            "      a secret is known at both ends and can be replayed, and a public client proves nothing; "
            "a key stays where it is: RFC 9700 2.5 (should); ASVS 5.0 10.4.16 (L3)"
        ),
    ]
    portal = of_client(lines, "portal")
    assert portal[0].startswith("  met: RP-Initiated Logout OP; RFC 9700 2.1.1, ")
    assert portal[portal.index("    backchannel_logout_uri") + 1] == (
        "      the application is not told by the server that a session has ended: Back-Channel Logout OP"
    )


def test_the_report_can_be_of_one_client(run: Check) -> None:
    _, lines, _ = run("--profiles", "--client", "billing")

    assert [line for line in lines if line and not line.startswith(" ")] == [lines[0], "billing (Billing portal)"]
    with pytest.raises(SettingsError, match="there is no client 'biling', did you mean 'billing'"):
        run("--profiles", "--client", "biling")


def test_the_report_can_be_read_by_programs(run: Check, tmp_path: Path) -> None:
    broken, good = tmp_path / "a.yaml", tmp_path / "b.yaml"
    broken.write_text("realm: a\nclients: [{}]\n", encoding="utf-8")
    good.write_text(DEMO.read_text(encoding="utf-8"), encoding="utf-8")

    code, lines, _ = run("--profiles", "--json", "--client", "portal", broken, good)

    told = json.loads("\n".join(lines))
    assert code == 1
    assert told["problems"] == [f"{broken}:2:11: the key 'client_id' is missing here"]
    assert [warning.split(":")[3] for warning in told["warnings"]] == [" warning"]
    (realm,) = told["realms"]
    assert (realm["realm"], realm["path"]) == ("demo", str(good))
    (portal,) = realm["clients"]
    assert {
        "source": "RFC 9700",
        "id": "2.1.1",
        "grade": "should",
        "says": "codes are bound to who asked for them",
    } in (portal["meets"])
    pushed = next(m for m in portal["misses"] if m["set"] == ["require_pushed_authorization_requests: true"])
    assert [point["id"] for point in pushed["points"]] == ["10.4.13"]
    assert pushed["why"]


def test_a_report_changes_nothing_about_the_lines_and_the_status(run: Check, tmp_path: Path) -> None:
    file = tmp_path / "r.yaml"
    file.write_text(demo("client_id: portal", "clinet_id: portal"), encoding="utf-8")

    assert run("--profiles", file) == run(file)
    with_warning = run(DEMO)
    report = run("--profiles", DEMO)
    assert (report[0], report[1][:1], report[2]) == with_warning


def test_an_option_that_belongs_to_another_is_refused_without_it(run: Check) -> None:
    for options in (("--json",), ("--ways", "--profiles", "--json")):
        with pytest.raises(SettingsError, match="--json belongs to --profiles alone"):
            run(*options)
    with pytest.raises(SettingsError, match="--reachable-network belongs to --fetch"):
        run("--reachable-network", "10.0.0.0/8")
    with pytest.raises(SettingsError, match="--client belongs to --profiles or --ways"):
        run("--client", "portal")


@pytest.fixture
def party() -> Iterator[Party]:
    party = Party()
    yield party
    party.close()


def test_sectors_are_looked_up_on_request_only(run: Check, tmp_path: Path, party: Party) -> None:
    at, file = f"{party.address}/sector", tmp_path / "r.yaml"
    pairwise = f"    subject_type: pairwise\n    sector_identifier_uri: {at}\n    redirect_uris: [http://localhost:8081"
    file.write_text(demo("    redirect_uris: [http://localhost:8081", pairwise), encoding="utf-8")
    line = next(n for n, text in enumerate(file.read_text("utf-8").splitlines(), 1) if "sector_identifier" in text)
    fetch = ("--fetch", "--reachable-network", "127.0.0.1/32", file)
    problem = f"{file}:{line}:28: the list at this address does not name http://localhost:8081/callback"

    assert run(file)[0] == 0
    assert party.heard_nothing()
    for body, code in ((b'["http://localhost:8081/callback"]', 0), (b"[]", 1), (b'{"a": 1}', 1), (b"[" * 100_000, 1)):
        party.says["/sector"] = Says(body=body)
        answer = run(*fetch)
        assert (answer[0], problem in answer[1]) == (code, code == 1), body
    party.says["/sector"] = Says(404, b'["http://localhost:8081/callback"]')
    assert problem in run(*fetch)[1]


@pytest.mark.attack
def test_looking_up_leads_into_no_private_network_by_itself(run: Check, tmp_path: Path, party: Party) -> None:
    file = tmp_path / "r.yaml"
    text = demo("    redirect_uris: [http", f"    sector_identifier_uri: {party.address}/\n    redirect_uris: [http")
    file.write_text(text, encoding="utf-8")

    code, lines, _ = run("--fetch", file)

    assert code == 1
    assert lines[0].endswith("this address cannot be fetched (private ones are, with --reachable-network)")
    assert party.heard_nothing()
