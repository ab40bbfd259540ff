"""`python -m tests.bench`: every figure, on both databases, on loopback and for a bounded time."""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import subjects
from tests.bench.cores import stay_away
from tests.bench.databases import ENGINES, opened
from tests.bench.figures import Options, sentence


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--database", choices=(*ENGINES, "both"), default="both")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="whose median is taken (default: 3)")
    parser.add_argument("--logins", type=int, default=10_000, help="before memory is measured (default: 10000)")
    parser.add_argument("--users", type=int, default=1_000_000, help="of the large database (default: 1000000)")
    parser.add_argument(
        "--pairs", type=int, default=2000, help="of requests that are to be answered alike (default: 2000)"
    )
    parser.add_argument("--only", choices=subjects.NAMES, action="append", help="may be repeated (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file too")
    args = parser.parse_args()
    stay_away()
    options = Options(seconds=args.seconds, rounds=args.rounds, logins=args.logins, users=args.users, pairs=args.pairs)
    found: list[dict[str, Any]] = []
    for engine in ENGINES if args.database == "both" else (args.database,):
        found += [{"database": engine, **figure} for figure in _measured(engine, options, args.only or subjects.NAMES)]
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")


def _measured(engine: str, options: Options, names: list[str]) -> list[dict[str, Any]]:
    print(f"\n{engine}", flush=True)
    found: list[dict[str, Any]] = []

    def tell(figure: dict[str, Any]) -> None:
        print(f"  {sentence(figure)}", flush=True)
        found.append(figure)

    with tempfile.TemporaryDirectory(prefix="idp-bench-") as folder, opened(engine, Path(folder)) as new_database:
        measure(Path(folder), new_database, options, names=names, tell=tell)
    return found


def measure(
    folder: Path,
    new_database: Callable[[], str],
    options: Options,
    *,
    names: list[str],
    tell: Callable[[dict[str, Any]], None],
) -> None:
    """Tell each of the named figures as soon as it is known."""
    for name in names:
        for figure in subjects.MEASURES[name](folder, new_database, options):
            tell({"name": name, **figure})


if __name__ == "__main__":
    main()
