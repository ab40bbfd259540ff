"""What the documentation shows of commands is what they print for the realm file that is shipped."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Command

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```console\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """A command of a file of the documentation, and what stands below it."""

    file: str
    command: str
    shown: str

    def __str__(self) -> str:
        return f"{self.file}: {self.command}"


def samples() -> Iterator[Sample]:
    """Every command of ours that something stands below."""
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for block in BLOCK.findall(file.read_text("utf-8")):
            for sample in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                command, _, shown = sample.partition("\n")
                if command.startswith("idp ") and shown.strip():
                    yield Sample(file.name, command, shown.rstrip())


SAMPLES = list(samples())


def shipped_for(sample: Sample) -> str:
    """The realm file; with the slip of the pen that the sample of `idp check` is about, where it is that one."""
    text = (ROOT / "realm-config" / "demo.yaml").read_text("utf-8")
    return text.replace("[admin]", "[admni]", 1) if "'admni'" in sample.shown else text


def changed() -> str:
    """What the sample of `idp plan` plans: a rule for both portals, a client that is disabled, nothing expected."""
    text = (ROOT / "realm-config" / "demo.yaml").read_text("utf-8")
    text = re.sub(r"^# What must stay true.*?(?=^roles:)", "", text, flags=re.MULTILINE | re.DOTALL)
    text = text.replace("clients: [billing]", "clients: [billing, portal]", 1)
    return text.replace("client_id: cli\n", "client_id: cli\n    enabled: false\n", 1)


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_a_sample_shows_what_its_command_prints(
    idp: Command, database_url: str, monkeypatch: pytest.MonkeyPatch, sample: Sample
) -> None:
    Path("realm-config/demo.yaml").write_text(shipped_for(sample), "utf-8")
    Path("changed.yaml").write_text(changed(), "utf-8")
    monkeypatch.setenv("IDP_DATABASE", database_url)

    printed = idp(*shlex.split(sample.command)[1:]).out.rstrip()

    # An ellipsis stands for what the sample leaves out.
    assert re.fullmatch(re.escape(sample.shown).replace("…", ".*"), printed, flags=re.DOTALL), printed


def test_there_are_samples_of_what_a_rule_asks_for_and_of_a_slip_of_the_pen() -> None:
    assert {sample.command.split()[1] for sample in SAMPLES} >= {"check", "explain", "plan"}
