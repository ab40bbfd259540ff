"""The inputs that are kept: by the name of their target, small and few."""

import hashlib
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"
_MOST = 7  # a target's, beside those written by hand and those that found something
_LARGEST = 1500  # bytes


def inputs_of(name: str) -> list[Path]:
    """The kept inputs of a target: `found-…` broke it once, `seed-…` was written by hand, the rest reaches far."""
    return sorted(path for path in (CORPUS / name).glob("*") if path.is_file())


def keep(name: str, reaching: Path) -> None:
    """Of inputs that reach something, the smallest in place of those that were kept for it before."""
    for path in inputs_of(name):
        if not path.name.startswith(("found-", "seed-")):
            path.unlink()
    known = {path.read_bytes() for path in inputs_of(name)}
    contents = {path.read_bytes() for path in reaching.iterdir()} - known
    usable = [each for each in sorted(contents, key=lambda each: (len(each), each)) if 0 < len(each) <= _LARGEST]
    # Spread over the sizes: the smallest of all are mostly different ways of saying nothing.
    step = max(1, len(usable) // _MOST)
    for each in usable[::step][:_MOST]:
        (CORPUS / name / named(each)).write_bytes(each)


def named(content: bytes) -> str:
    """The file of an input that has no other name."""
    return hashlib.sha256(content).hexdigest()[:12]
