"""Handlers are plain functions: each runs in a thread, so that one that waits for the database holds nobody up."""

from asyncio import get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Handle = Callable[[Request], Response]


class Threads:
    """So many requests at once; the others wait. Half the cost of a request in the pool that Starlette would use."""

    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="request")

    async def run(self, handle: Handle, request: Request) -> Response:
        """What the handler returns or raises; what it logs carries the request of its caller."""
        return await get_running_loop().run_in_executor(self._pool, copy_context().run, handle, request)

    def close(self) -> None:
        """Let what is under way end, as for a visitor who has gone: the database is closed after it."""
        self._pool.shutdown()


@dataclass(slots=True)
class Endpoint:
    """A handler as an ASGI application: for a plain function Starlette would put two more layers around it."""

    threads: Threads
    handle: Handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        response = await self.threads.run(self.handle, Request(scope, receive))
        await response(scope, receive, send)
