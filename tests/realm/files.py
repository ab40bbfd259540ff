"""Realm files for tests: a sample, and what loading says about an edited one."""

from collections.abc import Mapping
from pathlib import Path

from idp.realm.loading import Examination, Mode, examine

ROOT = Path(__file__).parents[2]
DEMO = Path(__file__).parent / "sample.yaml"
SMALL = "realm: {}\nfactors:\n  totp: {{}}\n"


def demo(old: str = "", new: str = "") -> str:
    """The sample, with one place edited."""
    text = DEMO.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new, 1)


def examined(
    text: str | bytes, *, mode: Mode = Mode.DEVELOPMENT, environ: Mapping[str, str] | None = None
) -> Examination:
    """What there is to say about a text, as the file `r.yaml`."""
    data = text if isinstance(text, bytes) else text.encode()
    return examine(data, path="r.yaml", mode=mode, environ=environ or {})


def problems(
    text: str | bytes, *, mode: Mode = Mode.DEVELOPMENT, environ: Mapping[str, str] | None = None
) -> list[str]:
    """The problems as `line:column: message`."""
    return [str(p).removeprefix("r.yaml:") for p in examined(text, mode=mode, environ=environ).problems]


def only(text: str | bytes, *, mode: Mode = Mode.DEVELOPMENT, environ: Mapping[str, str] | None = None) -> str:
    """The one problem."""
    (problem,) = problems(text, mode=mode, environ=environ)
    return problem
