"""Handlers are plain functions: each runs in a thread, so that one that waits for the database holds nobody up."""

from asyncio import get_running_loop
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from starlette.requests import Request
from starlette.responses import Response

Endpoint = Callable[[Request], Awaitable[Response]]


class Threads:
    """So many requests at once; the others wait. Half the cost of a request in the pool that Starlette would use."""

    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="request")

    def endpoint(self, handle: Callable[[Request], Response]) -> Endpoint:
        """The handler as Starlette calls it; what it logs carries the request of its caller."""

        async def in_thread(request: Request) -> Response:
            return await get_running_loop().run_in_executor(self._pool, copy_context().run, handle, request)

        return in_thread

    def close(self) -> None:
        """Let those go that have nothing to do."""
        self._pool.shutdown(wait=False)
