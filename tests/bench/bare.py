"""The web server with nothing behind it: what an answer costs at the least. `python -m tests.bench.bare PORT`."""

import sys
import tempfile
from pathlib import Path

import uvicorn
from starlette.types import Receive, Scope, Send

from tests.bench.http import get
from tests.bench.limits import Limit
from tests.bench.load import run_round
from tests.bench.process import Process
from tests.bench.scenarios import Repeated

_LENGTH = 2000  # about that of a discovery document
_START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % _LENGTH)],
}


def measured(seconds: float) -> Limit:
    """Answers a second, measured now by the same load as everything else."""
    with tempfile.TemporaryDirectory(prefix="idp-bench-") as folder:
        process = Process(Path(folder), "-m", "tests.bench.bare", "{port}", path="/", environ={})
        try:
            done = run_round(process, Repeated("bare answer", get(process.port, "/"), b"200 OK"), seconds)
        finally:
            process.stop()
    return Limit(done.per_second, done.each)


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    await send(_START)
    await send({"type": "http.response.body", "body": b" " * _LENGTH})


if __name__ == "__main__":
    uvicorn.run(_answer, port=int(sys.argv[1]), lifespan="off", log_config=None, access_log=False)
