"""The parser of HTTP: what uvicorn has, less the trailers (RFC 9110 section 6.5)."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Parser(HttpToolsProtocol):
    """uvicorn puts what follows a body in chunks among the headers, behind those that the proxy has written.

    There it would be the last word on who asks: a proxy that hands trailers on has not looked at them.
    """

    def on_headers_complete(self) -> None:
        """The scope has its headers; what the parser still finds goes into a list that nobody reads."""
        super().on_headers_complete()
        self.headers = []
