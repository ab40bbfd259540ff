"""The pages in docs/conformance say what is demanded and by which test it is proved: each of those tests exists."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from idp.realm.loading import examine
from idp.realm.mode import Mode
from idp.realm.points import standing

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "conformance").glob("*.md"))
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
TEST = re.compile(r"(tests/[\w/]+\.py)::(test_\w+)")
REALM_FILE = re.compile(r"^```yaml\n(realm: .*?)^```$", flags=re.MULTILINE | re.DOTALL)


@cache
def in_file(file: str) -> frozenset[str]:
    """The names of the tests in a file; none where there is no file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def rows(page: Path) -> Iterator[list[str]]:
    """The cells of every row of a table, without its head; the last one says what proves it."""
    is_body = False
    for line in page.read_text("utf-8").splitlines():
        if not line.startswith("|"):
            is_body = False
        elif set(line) <= set("|-: "):
            is_body = True
        elif is_body:
            yield [cell.strip() for cell in line.strip("|").split("|")]


def named(page: Path) -> list[str]:
    """What the page names as a test, well or badly."""
    return [span for span in CODE.findall(page.read_text("utf-8")) if "::" in span]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_test_that_a_page_names_exists(page: Path) -> None:
    found = {name: TEST.fullmatch(name) for name in named(page)}

    assert found
    assert [name for name, test in found.items() if not test or test[2] not in in_file(test[1])] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_demand_has_a_test_or_a_reason_to_have_none(page: Path) -> None:
    demands = list(rows(page))

    assert demands
    assert [row for row in demands if not row[-1]] == []


def test_the_clients_that_are_shown_for_the_suite_meet_the_profiles() -> None:
    text = (ROOT / "docs" / "conformance" / "basic.md").read_text("utf-8")
    (file,) = REALM_FILE.findall(text)

    examined = examine(file.encode(), path="suite.yaml", mode=Mode.CHECK, environ={})

    assert examined.problems == ()
    assert examined.realm
    assert len(examined.realm.clients) == 3
    for client in examined.realm.clients:
        met = {point.id for point in standing(examined.realm, client).met}
        assert met >= {"Basic OP", "Form Post OP"}, client.client_id
