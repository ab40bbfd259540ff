"""What is no YAML, or YAML that a realm file must not use, is refused with its place."""

import pytest

from tests.realm.files import only, problems

BROKEN: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "1:1: the file is empty: it needs at least `realm: name`"),
    "only a comment": ("# soon\n", "1:1: the file is empty: it needs at least `realm: name`"),
    "a list": ("- a\n", "1:1: a realm file is a list of keys with their values, beginning with `realm: name`"),
    "no name": ("theme: base\n", "1:1: the key 'realm' is missing here: a realm file begins with `realm: name`"),
    "a key twice": ("realm: x\ntheme: a\ntheme: b\n", "3:1: the key 'theme' is here twice: it is already in line 2"),
    "a tab": ("realm: x\nroles:\n\ta: {}\n", "3:1: a tab stands in the indentation: use spaces"),
    "an open list": (
        "realm: x\nlocales: [en\n",
        "2:10: the list that begins with [ here is not closed with ], or lacks a comma",
    ),
    "an open section": (
        "realm: x\nsessions: {idle: 1h\ntheme: y\n",
        "2:11: the section that begins with { here is not closed with }, or lacks a comma or quotes",
    ),
    "a colon in a value of a section": (
        "realm: x\nroles:\n  a: {description: b: c}\n",
        "3:6: the section that begins with { here is not closed with }, or lacks a comma or quotes",
    ),
    "a list that breaks off": ("realm: x\nlocales: [en,\n", "2:10: the bracket that opens here is never closed"),
    "two commas": ("realm: x\nlocales: [en,, de]\n", "2:14: a value is missing here"),
    "an open quote": ('realm: x\ntheme: "base\n', "2:8: the quotation mark here is never closed"),
    "a colon in a value": (
        "realm: x\ndisplay_name: a: b\n",
        "2:16: a colon is not expected here: is the line indented wrongly, or does the value need quotes?",
    ),
    "no blank behind a colon": ("realm:x\nlocales: [en]\n", "1:6: a blank is missing behind the colon here"),
    "no blank behind a colon among others": (
        "realm: x\ndisplay_name:Our portal\nlocales: [en]\n",
        "2:13: a blank is missing behind the colon here",
    ),
    "a blank of another kind": (
        "realm: x\nsessions:\n  idle: 1h\n\u00a0 max: 2h\n",
        "4:1: a blank of another kind stands in the indentation: use spaces",
    ),
    "a blank of another kind before the first key": (
        "realm: x\nsessions:\n\u00a0 idle: 1h\n",
        "3:1: a blank of another kind stands in the indentation: use spaces",
    ),
    "a blank of another kind that makes two lines one": (
        "realm: x\nroles: {}\n\u00a0 theme: base\nlocales: [en]\n",
        "3:1: a blank of another kind stands in the indentation: use spaces",
    ),
    "a blank of another kind that ends a section": (
        "realm: x\nsessions:\n  idle: 1h\n\u00a0 max: 2h\n  x: 1\n",
        "4:1: a blank of another kind stands in the indentation: use spaces",
    ),
    "text behind a quote": (
        'realm: x\ndisplay_name: "Corp" Inc\n',
        "2:22: text stands behind the closing quotation mark: put all of it in quotes",
    ),
    "no colon": ("realm: x\ntheme\nroles: {}\n", "2:1: a colon is missing after the key that begins here"),
    "an at sign": ("realm: x\ntheme: @base\n", "2:8: '@' at the beginning of a value: put the value in quotes"),
    "an escape": ('realm: x\ntheme: "a\\q"\n', "2:10: not an escape: write \\\\ for a backslash, or use single quotes"),
    "an anchor": ("realm: &a x\n", "1:8: an anchor (&) is not supported: remove it, or put the value in quotes"),
    "a tag": (
        "realm: !!python/name:os.system x\n",
        "1:8: a tag (!) is not supported: remove it, or put the value in quotes",
    ),
    "a merge": ("realm: x\n<<: {theme: y}\n", "2:1: merging with << is not supported: write the keys out"),
    "a number for a key": ("realm: x\nlevels: {1: {factors: 1}}\n", "2:10: a key must be text: write '1' with quotes"),
    "a list for a key": ("realm: x\n? [a]\n: b\n", "2:3: a key must be text"),
    "a second document": ("realm: x\n---\nrealm: y\n", "2:1: a second document begins here: one file is one realm"),
    "too deep": ("a: " + "[" * 100_000, "1:28: the file is nested deeper than 24 levels"),
    "too large": ("realm: x\n#" + "x" * 2**21, "1:1: the file is larger than 2048 KiB"),
    "Latin-1": (
        "realm: x\ndisplay_name: Größe\n".encode("latin-1"),
        "2:17: the file is not text in UTF-8: save it in that encoding",
    ),
    "a NUL": ("realm: x\ntheme: \0\n", "2:8: a control character is not allowed in the file"),
    "an escaped NUL": ('realm: x\ntheme: "\\0"\n', "2:8: a control character is not allowed here"),
}


@pytest.mark.parametrize(("text", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_text_is_named_with_its_place(text: str | bytes, expected: str) -> None:
    assert only(text) == expected


@pytest.mark.attack
def test_aliases_cannot_multiply() -> None:
    laughs = "realm: x\na: &a [1, 2]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert [p.split(": ")[0] for p in problems(laughs)] == ["2:4", "3:4", "3:8", "3:12", "4:5", "4:9"]


@pytest.mark.attack
def test_an_alias_cannot_recur() -> None:
    assert problems("realm: x\nroles: &a {b: *a}\n")[1] == (
        "2:15: an alias (*) is not supported: write the value out, or put it in quotes"
    )


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert problems("\ufeffrealm: x\n") == []


def test_quoted_words_stay_text() -> None:
    assert problems("realm: x\ndisplay_name: '5'\nroles: {'true': {description: \"null\"}}\n") == []
