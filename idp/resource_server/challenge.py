"""The `WWW-Authenticate` challenge of an API, written and read (RFC 6750 section 3, RFC 9470 section 3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_HEADER = 8192  # characters; what is longer is not read
MAX_AGE_DIGITS = 10

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\U0010ffff]|\\[\t \x21-\x7e\x80-\U0010ffff])*"'
_SCHEME = re.compile(_TOKEN)
_SPACES = re.compile(" +")
_EMPTY = re.compile(r"[ \t,]*")
_PARAM = re.compile(rf"({_TOKEN})[ \t]*=[ \t]*({_QUOTED}|{_TOKEN})")
_TOKEN68 = re.compile(r"[A-Za-z0-9\-._~+/]+=*(?=[ \t]*(?:,|\Z))")
_COMMA = re.compile(r"[ \t]*(?:,[ \t,]*|\Z)")
_SCHEMES = {"bearer": "Bearer", "dpop": "DPoP"}

_Parameters = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What an API answered: `error` is None where no token was sent; `acr_values` are in the API's order of preference.

    `max_age` is in seconds. `scheme` is "Bearer" or "DPoP", and `algs` are those of DPoP proofs (RFC 9449 section 7.1).
    All of it comes from the API: a client shows it to nobody unescaped, and asks for no scope because a challenge names
    it.
    """

    error: str | None = None
    error_description: str | None = None
    scope: tuple[str, ...] = ()
    acr_values: tuple[str, ...] = ()
    max_age: int | None = None
    realm: str | None = None
    scheme: str = "Bearer"
    algs: tuple[str, ...] = ()

    @property
    def demands_step_up(self) -> bool:
        """Whether another authorization request may help (RFC 9470 section 3)."""
        return self.error == "insufficient_user_authentication"

    def header(self) -> str:
        """The field value. Raises ValueError for what is not printable ASCII: no line break gets into a header."""
        parameters = {
            "realm": self.realm,
            "error": self.error,
            "error_description": self.error_description,
            "scope": " ".join(self.scope) or None,
            "acr_values": " ".join(self.acr_values) or None,
            "max_age": None if self.max_age is None else str(self.max_age),
            "algs": " ".join(self.algs) or None,
        }
        written = ", ".join(f"{name}={_quote(value)}" for name, value in parameters.items() if value is not None)
        return f"{self.scheme} {written}" if written else self.scheme


def parse_challenge(www_authenticate: str) -> Challenge | None:
    """The Bearer or DPoP challenge in a `WWW-Authenticate` value, one that demands a step-up before any other.

    Several challenges may stand in one value, and several fields may be joined by commas (RFC 9110 section 11.6.1).
    None is returned where there is no such challenge or where the value is malformed: what is half understood is not
    acted upon.
    """
    if len(www_authenticate) > MAX_HEADER:
        return None
    try:
        read = [
            challenge
            for scheme, parameters in _challenges(www_authenticate)
            if (challenge := _understood(scheme, parameters)) is not None
        ]
    except ValueError:
        return None
    return next((challenge for challenge in read if challenge.demands_step_up), read[0] if read else None)


def _challenges(value: str) -> Iterator[tuple[str, _Parameters | None]]:
    """Each challenge's scheme and parameters (None: a token68, or one is doubled). ValueError where malformed."""
    at = _end(_EMPTY, value, 0)
    while at < len(value):
        scheme = _expect(_SCHEME, value, at)
        at = scheme.end()
        parameters: _Parameters | None = {}
        if spaces := _SPACES.match(value, at):
            if parameter := _PARAM.match(value, spaces.end()):
                parameters, at = _parameters(value, parameter)
            elif token68 := _TOKEN68.match(value, spaces.end()):
                parameters, at = None, token68.end()
        yield scheme[0], parameters
        at = _end(_COMMA, value, at)


def _parameters(value: str, first: re.Match[str]) -> tuple[_Parameters | None, int]:
    """The parameters of one challenge from the first on, and where they end."""
    pairs = [first]
    while (comma := _COMMA.match(value, pairs[-1].end())) and (pair := _PARAM.match(value, comma.end())):
        pairs.append(pair)
    read = {pair[1].lower(): _unquote(pair[2]) for pair in pairs}
    return (read if len(read) == len(pairs) else None), pairs[-1].end()


def _understood(scheme: str, parameters: _Parameters | None) -> Challenge | None:
    if parameters is None or scheme.lower() not in _SCHEMES:
        return None
    max_age = parameters.get("max_age")
    if max_age is not None and not re.fullmatch(rf"[0-9]{{1,{MAX_AGE_DIGITS}}}", max_age):
        return None
    return Challenge(
        scheme=_SCHEMES[scheme.lower()],
        error=parameters.get("error"),
        error_description=parameters.get("error_description"),
        scope=_words(parameters.get("scope", "")),
        acr_values=_words(parameters.get("acr_values", "")),
        max_age=None if max_age is None else int(max_age),
        realm=parameters.get("realm"),
        algs=_words(parameters.get("algs", "")),
    )


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(" ") if word)


def _quote(text: str) -> str:
    if not re.fullmatch(r"[\x20-\x7e]*", text):
        raise ValueError("a challenge holds printable ASCII only")
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"'


def _unquote(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def _end(pattern: re.Pattern[str], value: str, at: int) -> int:
    return _expect(pattern, value, at).end()


def _expect(pattern: re.Pattern[str], value: str, at: int) -> re.Match[str]:
    match = pattern.match(value, at)
    if match is None:
        raise ValueError(f"malformed at character {at}")
    return match
