"""`python -m tests.fuzz [--seconds 600] [--keep] [TARGET …]`: as long as one likes, all targets in turn or those named.

Each begins with its kept corpus. An input that a parser does not answer as it should ends its target; it is written to
`tests/fuzz/corpus/TARGET/found-…`, where the suite tries it from then on. `--keep` keeps, besides, a few of the inputs
that reached something new. Needs Atheris, which counts the branches that an input reaches: `pip install --group fuzz`.
"""

import argparse
import logging
import os
import sys
import tempfile
import warnings
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

try:
    import atheris
except ImportError:
    sys.exit("Atheris is not installed: pip install --group fuzz")

from tests.fuzz.corpus import CORPUS, keep, named

with (
    redirect_stderr(StringIO()),
    atheris.instrument_imports(include=["idp", "authlib", "cbor2", "joserfc", "jsonschema", "webauthn"]),
):
    import jsonschema  # noqa: F401 - our modules import it where they use it, which is too late to be counted
    import webauthn  # noqa: F401 - as well

    from tests.fuzz.targets import TARGETS, Target

_LONGEST = 4096  # bytes of an input
_SLOW = 10  # seconds for one input, on a machine that is busy besides
_WORDS = (
    *("client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt", "max_age"),
    *("acr_values", "claims", "authorization_details", "id_token_hint", "request", "request_uri", "resource"),
    *("code_challenge", "grant_type", "client_secret", "client_assertion", "token", "subject_token", "device_code"),
    *("id_token", "userinfo", "essential", "values", "keys", "jwk", "crit", "%00", "%22", "%5c", "%0d%0a", "%c3%a9"),
    *("1e999", "NaN", "-0", "null", "true", "[[[[[[[[", "127.0.0.1", "[::1]", "@", "..", "javascript:", "\\\\ud800"),
    *("authorization: ", "dpop: ", "cookie: ", "client-cert: :", "x-forwarded-for: ", "content-length: "),
)


def main() -> int:
    """The number of targets that found something."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=600, help="for all targets together (600)")
    parser.add_argument("--keep", action="store_true", help="keep some of the inputs that reached something new")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    asked = parser.parse_args()
    if unknown := set(asked.targets) - set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    targets = asked.targets or list(TARGETS)
    seconds = max(1, asked.seconds // len(targets))
    found = [name for name in targets if not _is_answered(name, seconds=seconds, keeps=asked.keep)]
    print(f"found something: {', '.join(found)}" if found else "nothing was found")
    return len(found)


def _is_answered(name: str, *, seconds: int, keeps: bool) -> bool:
    """Whether every input was answered; prints what was found."""
    kept = CORPUS / name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        new, words, log = Path(directory, "new"), Path(directory, "words"), Path(directory, "log")
        new.mkdir()
        words.write_text("".join(f'"{word}"\n' for word in _WORDS))
        limits = (f"-max_total_time={seconds}", f"-max_len={_LONGEST}", f"-timeout={_SLOW}")
        options = (*limits, f"-dict={words}", f"-artifact_prefix={kept}/found-", str(new), str(kept))
        ended = _run(name, options, log)
        said = log.read_text(errors="replace")
        if keeps:
            keep(name, new)
    if ended == 0:
        print(f"{name}: {next(line for line in reversed(said.splitlines()) if line.startswith('Done '))}", flush=True)
    else:
        telling = [line for line in said.splitlines() if not line.startswith(("#", "INFO", "WARNING"))]
        print(f"{name}: FOUND SOMETHING", *telling[-40:], sep="\n", flush=True)
    return ended == 0


def _run(name: str, options: tuple[str, ...], log: Path) -> int:
    """In a process of its own, which libFuzzer ends; its exit status."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    try:
        output = os.open(log, os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        logging.disable(logging.CRITICAL)
        # As in the suite: what libraries warn of would be a line in the log for whoever likes to write one.
        warnings.simplefilter("error")
        TARGETS[name](b"")  # what is made once, and takes its time
        atheris.Setup(["fuzz", *options], _noting(name))
        atheris.Fuzz()
    finally:
        # Nothing of the caller is cleaned up here.
        sys.stdout.flush()
        os._exit(1)


def _noting(name: str) -> Target:
    """The target, which leaves behind what it breaks on; libFuzzer does so for what takes too long."""

    def noting(data: bytes) -> None:
        try:
            TARGETS[name](data)
        except BaseException:
            (CORPUS / name / f"found-{named(data)}").write_bytes(data)
            raise

    return noting


if __name__ == "__main__":
    sys.exit(main())
