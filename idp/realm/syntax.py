"""Errors of the YAML parser in words for people who do not write parsers."""

import re
from typing import Any

UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# A blank as word processors and pages of the web have it, which YAML takes for a letter.
OTHER_BLANK = re.compile(r"[ ]*(?=[^\S \t\r\n])")
BLANK = "a blank of another kind stands in the indentation: use spaces"
NO_BLANK = re.compile(r"(?P<key>[ ]*(?:- )?[a-z_]+:)(?!//)[^\s:][^:]*")
TAB = "a tab stands in the indentation: use spaces"

# (part of the parser's context, part of its problem, what to tell, whether the mistake is where the context began)
SENTENCES = (
    ("", "found a tab", TAB, False),
    ("flow sequence", "", "the list that begins with [ here is not closed with ], or lacks a comma", True),
    (
        "flow mapping",
        "",
        "the section that begins with {{ here is not closed with }}, or lacks a comma or quotes",
        True,
    ),
    ("quoted scalar", "unexpected end", "the quotation mark here is never closed", True),
    ("quoted scalar", "escape", "not an escape: write \\\\ for a backslash, or use single quotes", False),
    ("flow node", "", "a value is missing here", False),
    ("alias", "", "a value that begins with * must stand in quotes", True),
    ("anchor", "", "a value that begins with & must stand in quotes", True),
    ("tag", "", "a value that begins with ! must stand in quotes", True),
    ("directive", "", "a line that begins with % must stand in quotes", True),
    ("block scalar", "", "text after | or > begins on the next line, indented", True),
    ("simple key", "", "a colon is missing after the key that begins here", True),
    ("", "cannot start any token", "'{found}' at the beginning of a value: put the value in quotes", False),
    (
        "",
        "mapping values are not allowed",
        "a colon is not expected here: is the line indented wrongly, or does the value need quotes?",
        False,
    ),
    ("block mapping", "", "not a key of the section above: is it indented as the other keys are?", False),
    ("block collection", "", "not an item of the list above: is it indented as they are, with a dash?", False),
)


def explain_syntax(error: Any, text: str, opened: tuple[int, int] | None) -> tuple[int, int, str]:
    """Line, column (from 1) and a sentence for an error of PyYAML's scanner, parser or reader.

    `opened`: where the innermost list or section begins that is not yet closed.
    """
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        line, column = _place(text, getattr(error, "position", 0))
        return line, column, "a control character is not allowed in the file"
    context, problem = str(getattr(error, "context", "") or ""), str(getattr(error, "problem", "") or "")
    if "flow node" in context and opened is not None and not _rest(text, mark.line, mark.column):
        return *opened, "the bracket that opens here is never closed"
    if noticed_late := _before(error, text, mark):
        return noticed_late
    for in_context, in_problem, sentence, at_context in SENTENCES:
        if in_context in context and in_problem in problem:
            where = error.context_mark if at_context and error.context_mark else mark
            found = _character(text, where.line, where.column)
            told = TAB if found == "\t" else sentence.format(found=found)
            return where.line + 1, where.column + 1, told
    return mark.line + 1, mark.column + 1, f"not YAML: {problem or 'the text breaks off'}"


def _before(error: Any, text: str, mark: Any) -> tuple[int, int, str] | None:
    """Mistakes that the parser notices late, or for something else."""
    lines = text.splitlines()[: mark.line + 1]
    for number, line in enumerate(lines, start=1):
        if indented := OTHER_BLANK.match(line):
            return number, indented.end() + 1, BLANK
    number = error.context_mark.line + 1 if "simple key" in (error.context or "") else mark.line
    is_of_colon = "mapping values are not allowed" in (error.problem or "") or "simple key" in (error.context or "")
    if is_of_colon and number and (joined := NO_BLANK.fullmatch(lines[number - 1].rstrip())):
        return number, joined.end("key"), "a blank is missing behind the colon here"
    left = lines[mark.line][: mark.column].rstrip() if mark.line < len(lines) else ""
    if "block mapping" in (error.context or "") and ": " in left and left.endswith(('"', "'")):
        return mark.line + 1, mark.column + 1, "text stands behind the closing quotation mark: put all of it in quotes"
    return None


def _place(text: str, index: int) -> tuple[int, int]:
    """The pure parser counts characters and libyaml bytes; the first bad character is what both mean."""
    if bad := UNPRINTABLE.search(text):
        index = bad.start()
    before = text[:index]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _rest(text: str, line: int, column: int) -> str:
    return "\n".join([_line(text, line)[column:], *text.splitlines()[line + 1 :]]).strip()


def _line(text: str, line: int) -> str:
    return next(iter(text.splitlines()[line : line + 1]), "")


def _character(text: str, line: int, column: int) -> str:
    return _line(text, line)[column : column + 1]
