"""The command `idp`."""

import argparse
import os
import re
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from sqlalchemy.exc import SQLAlchemyError

import idp
from idp.cli.collecting import undisturbed
from idp.errors import Overloaded, SettingsError
from idp.realm.problems import RealmFileError
from idp.store.database import reason

# A URL with a password may stand where argparse does not expect one, and argparse repeats what it does not understand.
_PASSWORD = re.compile(r"(?<=//)[^/@\s]*:\S*(?=@)|(?<=password=)[^&\s]+")

COMMANDS = ("serve", "demo", "check", "explain", "plan", "user", "client", "keys", "migrate", "reseal", "breached")


class Parser(argparse.ArgumentParser):
    """Never repeats a password, and takes no half of an option for it; sub-parsers are of this class too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """A command says itself what it does not know, with its own usage; the library leaves that to `idp`.

        Options are named, other words are not: one may be the password that was expected on standard input.
        """
        found, unknown = super().parse_known_args(args, namespace)
        if options := [word.partition("=")[0] for word in unknown if word.startswith("-")]:
            self.error(f"unrecognized options: {' '.join(options)}")
        if unknown:
            self.error("there are more words than the command takes")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Exit with status 2."""
        super().error(_PASSWORD.sub("…", message))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; what cannot work is told in a sentence on standard error, with exit status 1."""
    parser = Parser(prog="idp", description=idp.__doc__)
    parser.add_argument("--version", action="version", version=f"idp {idp.__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    words = sys.argv[1:] if arguments is None else list(arguments)
    with undisturbed():
        # A server does not start later for what the other commands import.
        for command in [word for word in words[:1] if word in COMMANDS] or COMMANDS:
            import_module(f"idp.cli.{command}").add_parser(subparsers)
    if not all(_is_text(word) for word in words):
        parser.error("an argument is not UTF-8")
    args = parser.parse_args(words)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except RealmFileError as error:
        print(*error.problems, sep="\n", file=sys.stderr)
    except (SettingsError, Overloaded) as error:
        print(f"idp: {error}", file=sys.stderr)
    except SQLAlchemyError as error:
        print(f"idp: the database cannot be used: {reason(error)}", file=sys.stderr)
    except BrokenPipeError:
        # Whoever read the output has enough. Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    else:
        return status
    return 1


def _is_text(word: str) -> bool:
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
