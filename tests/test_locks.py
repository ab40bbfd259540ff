"""The lock files: what the project needs, nothing with a known hole, from no particular registry."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-build.lock", "requirements-runtime.lock")

# Each floor is a fixed vulnerability. Some of these may come along with another package.
FLOORS = {
    "authlib": "1.8",
    "joserfc": "1.7.4",
    "starlette": "1.3.0",
    "h11": "0.16",
    "jinja2": "3.1.6",
    "pyjwt": "2.14",
    "python-multipart": "0.0.31",
}


def read(lock: str) -> str:
    return (ROOT / lock).read_text()


def pins(lock: str) -> dict[str, Version]:
    return {name: Version(version) for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", read(lock), re.MULTILINE)}


def declared() -> dict[str, list[Requirement]]:
    file = tomllib.loads(read("pyproject.toml"))
    run = [Requirement(line) for line in file["project"]["dependencies"]]
    build = [Requirement(line) for line in file["dependency-groups"]["build"]]
    test = [Requirement(line) for line in file["dependency-groups"]["test"] if isinstance(line, str)]
    return {
        "requirements.lock": run + build + test,
        "requirements-build.lock": build,
        "requirements-runtime.lock": run,
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_declared_is_locked(lock: str) -> None:
    locked = pins(lock)
    unmet = [
        str(requirement)
        for requirement in declared()[lock]
        if locked.get(canonicalize_name(requirement.name), Version("0")) not in requirement.specifier
    ]
    assert unmet == []


@pytest.mark.parametrize("lock", LOCKS)
def test_what_is_installed_is_what_was_tested(lock: str) -> None:
    assert pins(lock).items() <= pins("requirements.lock").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_version_has_a_hash(lock: str) -> None:
    blocks = re.split(r"^(?=[a-z0-9-]+==)", read(lock), flags=re.MULTILINE)[1:]
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_registry_is_written_down(lock: str) -> None:
    assert not re.search(r"://|--index-url|--extra-index-url|--find-links", read(lock))


@pytest.mark.parametrize("lock", LOCKS)
def test_versions_with_known_holes_are_excluded(lock: str) -> None:
    assert [name for name, version in pins(lock).items() if name in FLOORS and version < Version(FLOORS[name])] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_abandoned_jose_library_does_not_come_along(lock: str) -> None:
    assert "python-jose" not in pins(lock)
