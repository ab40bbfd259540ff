"""Programs that the tests start beside the server, and end again."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.operations.serving import PATIENCE, eventually

HERE = Path(__file__).parent


@contextmanager
def running(words: Sequence[str], *, url: str, log: Path) -> Iterator[None]:
    """The program, from the time that it answers at that address."""
    program = shutil.which(words[0])
    assert program, f"these tests need {words[0]}: see tests/run"
    with log.open("wb") as output:
        process = subprocess.Popen([program, *words[1:]], stdout=output, stderr=output, cwd=HERE)

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            return False
        return True

    try:
        eventually(answers, f"{words[0]} did not start")
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)
