"""Every target by its name: a function that takes any bytes, and raises when a parser does not answer as it should."""

from collections.abc import Callable

from tests.fuzz.targets import arriving, clients, endpoints, people, requests, tokens

Target = Callable[[bytes], None]

TARGETS: dict[str, Target] = {
    function.__name__: function
    for function in (
        *arriving.TARGETS,
        *clients.TARGETS,
        *endpoints.TARGETS,
        *people.TARGETS,
        *requests.TARGETS,
        *tokens.TARGETS,
    )
}
