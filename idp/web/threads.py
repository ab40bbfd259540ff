"""Handlers are plain functions: each runs in a thread, so that one that waits for the database holds nobody up."""

import threading
from asyncio import AbstractEventLoop, Future, get_running_loop
from collections.abc import Callable
from contextvars import Context, copy_context
from dataclasses import dataclass
from queue import SimpleQueue

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Handle = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, and who waits for what its handler returns."""

    handle: Handle
    request: Request
    context: Context
    answer: "Future[Response]"
    loop: AbstractEventLoop


class Threads:
    """So many requests at once; the others wait. Used from one event loop.

    An executor does the same at three times the cost: it keeps a lock, a condition and a future of its own for each.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._threads: list[threading.Thread] = []
        self._under_way = 0
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()

    async def run(self, handle: Handle, request: Request) -> Response:
        """What the handler returns or raises; what it logs carries the request of its caller."""
        loop = get_running_loop()
        answer: Future[Response] = loop.create_future()
        self._under_way += 1
        if len(self._threads) < min(self._under_way, self._most):
            self._threads.append(threading.Thread(target=self._answer, name="request", daemon=True))
            self._threads[-1].start()
        self._asked.put(_Asked(handle, request, copy_context(), answer, loop))
        return await answer

    def close(self) -> None:
        """Let what is under way end, as for a visitor who has gone: the database is closed after it."""
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join()

    def _answer(self) -> None:
        while (asked := self._asked.get()) is not None:
            try:
                result: Response | BaseException = asked.context.run(asked.handle, asked.request)
            except BaseException as error:  # noqa: BLE001  # it is for whoever awaits the answer
                result = error
            asked.loop.call_soon_threadsafe(self._tell, asked.answer, result)
            del asked, result  # nothing of a request stays in memory until the next one comes

    def _tell(self, answer: "Future[Response]", result: Response | BaseException) -> None:
        self._under_way -= 1
        if answer.done():  # nobody waits any more
            return
        if isinstance(result, BaseException):
            answer.set_exception(result)
        else:
            answer.set_result(result)


@dataclass(slots=True)
class Endpoint:
    """A handler as an ASGI application: for a plain function Starlette would put two more layers around it."""

    threads: Threads
    handle: Handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        response = await self.threads.run(self.handle, Request(scope, receive))
        await response(scope, receive, send)
