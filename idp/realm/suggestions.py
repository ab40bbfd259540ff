"""What was probably meant by a word that is not known."""

import difflib
from collections.abc import Iterable
from itertools import islice

LIKENESS = 0.6
FEW = 12
SHOWN = 60
CANDIDATES = 500  # comparing with all names of a large realm for every misspelt one would take minutes


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like it, whatever the case and the dashes."""
    folded = {_fold(candidate): candidate for candidate in islice(known, CANDIDATES)}
    matches = difflib.get_close_matches(_fold(word[:200]), folded, n=1, cutoff=LIKENESS)
    return folded[matches[0]] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`, did you mean 'x'?` to end a sentence with, or the known words when they are few, or nothing."""
    words = tuple(dict.fromkeys(known))
    if match := nearest(word, words):
        return f", did you mean '{match}'?"
    return f" (known: {', '.join(words)})" if 0 < len(words) <= FEW else ""


def either(words: Iterable[object]) -> str:
    """`a, b or c`."""
    *most, last = map(str, words)
    return f"{', '.join(most)} or {last}" if most else last


def shortened(text: str) -> str:
    """A word of the file as a message repeats it: on one line, and not at any length."""
    one_line = " ".join(text.split()) or text.strip()
    return one_line if len(one_line) <= SHOWN else f"{one_line[:SHOWN]}…"


def _fold(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")
