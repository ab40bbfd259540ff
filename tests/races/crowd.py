"""Many clients at once: each is ready before the first one goes."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

CROWD = 64
ROUNDS = int(os.environ.get("IDP_RACE_ROUNDS", "1"))


def served(http: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:
    """A server that is too busy is asked again."""
    while (answer := http.request(method, url, **options)).status_code == 503:
        pass
    assert answer.status_code < 500
    return answer


def at_once(*calls: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """The answers to `CROWD` calls made in one moment, in turn; none of them may be a failure of the server."""
    ready = threading.Barrier(CROWD)

    def run(number: int) -> httpx.Response:
        ready.wait(30)
        return calls[number % len(calls)]()

    with ThreadPoolExecutor(CROWD) as crowd:
        answers = list(crowd.map(run, range(CROWD)))
    assert [a.status_code for a in answers if a.status_code >= 500] == []
    return answers
