"""`idp breached`: the list of passwords that nobody may choose, made from one that others publish."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from idp.errors import SettingsError
from idp.factors import breached


def add_parser(subparsers: Any) -> None:
    """Add the command to the sub-parsers of argparse."""
    parser = subparsers.add_parser(
        "breached",
        help="make a list of breached passwords",
        description="Make a list for --breached-passwords of what standard input has: lines of a SHA-1 in hexadecimal, "
        "a colon and a count, in order of the hash, as Have I Been Pwned publishes them.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="the list to write")
    parser.add_argument(
        "--seen", type=int, default=1, metavar="N", help="leave out what was seen less often (default: 1)"
    )
    parser.add_argument("--clear", action="store_true", help="the lines are passwords in clear, in any order")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """0; raises SettingsError. A list that is in use is replaced by a whole one, or stays."""
    new = Path(f"{args.file}.new")
    try:
        with new.open("wb") as file:
            file.write(breached.HEADER)
            count = sum(file.write(digest) for digest in _digests(args)) // breached.WIDTH
        new.replace(args.file)
    except (OSError, ValueError) as error:
        with suppress(OSError):
            new.unlink()
        raise SettingsError(f"no list was made: {error}") from None
    print(f"{count} password{'' if count == 1 else 's'}", file=sys.stderr)
    return 0


def _digests(args: argparse.Namespace) -> Iterator[bytes]:
    lines = (line.rstrip("\r\n") for line in sys.stdin)
    return breached.of_passwords(lines) if args.clear else breached.of_hashes(lines, seen=args.seen)
