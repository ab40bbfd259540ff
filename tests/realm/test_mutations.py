"""Whatever an editor leaves behind, loading answers with a realm or with problems that have a place."""

from hypothesis import given, settings
from hypothesis import strategies as st

from idp.realm.loading import Mode, examine
from tests.realm.files import demo

DEMO_TEXT = demo()
LINES = DEMO_TEXT.splitlines(keepends=True)
SNIPPETS = (
    "", "null", "~", "[]", "{}", "{", "[", "]", "}", ": ", "- ", "\t", "\n", "  ", "#", "'", '"', "*a", "&a ", "!!x ",
    "<<: ", "? ", "true", "1", "2.0", "-1", "1e999", ".nan", "0x10", "99999999999999999999", "9d", "999999d", "yes",
    "*", "%", "@", "\0", "\x85", "\u2028", "\ufeff", "\\", "…", "password", "env", "totp", "realm: x\n",
    "x: {a: [b, {c: d}]}\n", "--- ", "... ", "| ", "> ",
)  # fmt: skip

edits = st.lists(
    st.tuples(st.integers(0, len(DEMO_TEXT)), st.integers(0, 40), st.sampled_from(SNIPPETS)), min_size=1, max_size=4
)
moves = st.lists(
    st.tuples(st.integers(0, len(LINES) - 1), st.sampled_from(["drop", "twice", "indent", "dedent"])), max_size=4
)


def edited(text: str, changes: list[tuple[int, int, str]]) -> str:
    for start, length, snippet in changes:
        text = text[:start] + snippet + text[start + length :]
    return text


def moved(changes: list[tuple[int, str]]) -> str:
    lines = list(LINES)
    for index, change in changes:
        line = lines[index]
        lines[index] = {"drop": "", "twice": line + line, "indent": "  " + line, "dedent": line.removeprefix("  ")}[
            change
        ]
    return "".join(lines)


def has_a_verdict(data: bytes, mode: Mode) -> None:
    found = examine(data, path="r.yaml", mode=mode, environ={})
    assert (found.realm is None) == bool(found.problems)
    lines = data.count(b"\n") + data.count(b"\r") + data.decode("utf-8", "replace").count("\x85") + 2
    for problem in found.problems:
        assert 1 <= problem.line <= lines + data.decode("utf-8", "replace").count("\u2028")
        assert problem.column >= 1
        assert problem.message.strip()
        assert "\n" not in problem.message


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(changes=edits, mode=st.sampled_from(Mode))
def test_an_edited_file_has_a_verdict(changes: list[tuple[int, int, str]], mode: Mode) -> None:
    has_a_verdict(edited(DEMO_TEXT, changes).encode(), mode)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(changes=moves, more=edits)
def test_a_file_with_lines_moved_has_a_verdict(
    changes: list[tuple[int, str]], more: list[tuple[int, int, str]]
) -> None:
    has_a_verdict(edited(moved(changes), more[:1]).encode(), Mode.CHECK)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(data=st.binary(max_size=200))
def test_bytes_have_a_verdict(data: bytes) -> None:
    has_a_verdict(data, Mode.DEVELOPMENT)


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(end=st.integers(0, len(DEMO_TEXT)))
def test_a_truncated_file_has_a_verdict(end: int) -> None:
    has_a_verdict(DEMO_TEXT[:end].encode(), Mode.DEVELOPMENT)
