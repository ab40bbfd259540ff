"""The command `idp`."""

import argparse
import sys
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

import idp
from idp.cli import check, demo, explain, migrate, serve, user
from idp.errors import Overloaded, SettingsError
from idp.realm.problems import RealmFileError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; what cannot work is told in a sentence on standard error, with exit status 1."""
    parser = argparse.ArgumentParser(prog="idp", description=idp.__doc__)
    parser.add_argument("--version", action="version", version=f"idp {idp.__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (serve, demo, check, explain, user, migrate):
        command.add_parser(subparsers)
    args = parser.parse_args(arguments)
    try:
        status: int = args.run(args)
    except RealmFileError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return 1
    except SettingsError as error:
        print(f"idp: {error}", file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        # The text of the error may repeat the URL with its password.
        print(f"idp: the database cannot be used: {type(error).__name__}", file=sys.stderr)
        return 1
    except Overloaded as error:
        print(f"idp: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
