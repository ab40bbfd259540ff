"""Requests in threads: what comes back, how many at once, and the end."""

import asyncio
import threading

import pytest
from starlette.requests import Request
from starlette.responses import Response

from idp.web.threads import Threads

REQUEST = Request({"type": "http"})


def test_what_a_handler_raises_comes_to_whoever_asked() -> None:
    def handle(_: Request) -> Response:
        raise LookupError("of the handler")

    threads = Threads(1)
    with pytest.raises(LookupError, match="of the handler"):
        asyncio.run(threads.run(handle, REQUEST))
    assert asyncio.run(threads.run(lambda _: Response("next"), REQUEST)).body == b"next"
    threads.close()


def test_as_many_run_at_once_as_may_and_the_others_wait() -> None:
    threads, both, running, most = Threads(2), threading.Barrier(2), [], []

    def handle(request: Request) -> Response:
        running.append(request)
        most.append(len(running))
        both.wait(timeout=30)
        running.remove(request)
        return Response()

    async def run() -> None:
        await asyncio.gather(*(threads.run(handle, Request({"type": "http"})) for _ in range(6)))

    asyncio.run(run())
    assert max(most) == 2
    threads.close()


def test_what_is_under_way_ends_before_it_is_closed() -> None:
    threads, begun, go_on = Threads(1), threading.Event(), threading.Event()

    def handle(_: Request) -> Response:
        begun.set()
        go_on.wait(timeout=30)
        return Response("done")

    async def run() -> bytes:
        under_way = asyncio.create_task(threads.run(handle, REQUEST))
        await asyncio.to_thread(begun.wait, 30)
        await asyncio.gather(asyncio.to_thread(threads.close), asyncio.to_thread(go_on.set))
        return bytes((await under_way).body)

    assert asyncio.run(run()) == b"done"


def test_nobody_is_told_who_has_gone_and_the_thread_goes_on() -> None:
    threads, begun, go_on = Threads(1), threading.Event(), threading.Event()

    def handle(_: Request) -> Response:
        begun.set()
        go_on.wait(timeout=30)
        return Response()

    async def run() -> bytes:
        gone = asyncio.create_task(threads.run(handle, REQUEST))
        await asyncio.to_thread(begun.wait, 30)
        gone.cancel()
        go_on.set()
        return bytes((await threads.run(lambda _: Response("for the next"), REQUEST)).body)

    assert asyncio.run(run()) == b"for the next"
    threads.close()
