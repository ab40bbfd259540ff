"""Authorization requests: their parameters one by one, and the whole; addresses that people are sent to."""

import re
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException

from idp.errors import InvalidAuthorizationDetailsError, InvalidRequestError, OAuth2Error
from idp.login.request import AuthorizationResponse
from idp.oauth import response_modes, targets
from idp.oauth.claims_request import claims_request
from idp.oauth.demands import PROMPTS
from idp.oauth.end_session import validated
from idp.oauth.redirect_uris import is_registered
from idp.oauth.request import OAuthRequest, Payload
from idp.realm.redirects import weakness
from idp.web.intake import _pairs
from idp.web.languages import negotiate
from tests.fuzz.oracle import check_error, refusing, text
from tests.fuzz.realm import NOW, database, provider, realm

_DEFAULT = (
    b"client_id=web&redirect_uri=https://rp.example/cb&response_type=code&scope=openid&code_challenge_method=S256"
)
_CHALLENGE = b"&code_challenge=" + b"A" * 43
_MOST_QUERY = 32768


def authorization_request(data: bytes) -> None:
    """Whatever comes, a browser is sent only where the client is registered to be."""
    # Three in four of a fuzzer's requests would end at the first parameter that is missing.
    query = data[1:] if data[:1] == b"!" else _DEFAULT + _CHALLENGE + b"&" + data
    try:
        pairs = _pairs(query, _MOST_QUERY)
    except HTTPException:
        return
    request = OAuthRequest(method="GET", parameters=pairs, headers={})
    endpoint = provider().authorization(realm(), NOW)
    try:
        wanted = endpoint.validated(request)
    except OAuth2Error as error:
        check_error(error)
        sent_to = getattr(error, "redirect_uri", None)
        if sent_to:
            _check_sent(request.payload.data.get("client_id", ""), sent_to)
            answer = endpoint.refused(request.payload.data, redirect_uri=sent_to, error=error.error)
            _check_location(answer, sent_to)
        return
    _check_sent(wanted.client_id, wanted.redirect_uri)
    assert wanted.demands.prompt <= set(PROMPTS)
    assert wanted.demands.max_age is None or 0 <= wanted.demands.max_age < 10**10
    assert set(wanted.demands.acr_values) <= set(realm().levels)
    assert len(dict(pairs).get("state", "")) <= 8192


def _check_sent(client_id: str, uri: str) -> None:
    client = realm().client(client_id)
    assert client is not None
    without_port = re.sub(r"\A(http://(?:127\.0\.0\.1|\[::1\])):[0-9]{1,5}(?=/)", r"\1", uri)
    assert uri in client.redirect_uris or without_port in client.redirect_uris, "sent to a stranger"


def _check_location(answer: AuthorizationResponse, uri: str) -> None:
    """What is added to the address changes neither where it leads nor what it carried."""
    location = response_modes.address(answer)
    assert location.startswith(uri)
    assert location.isprintable() and location.isascii()  # noqa: PT018 - it becomes a header
    assert urlsplit(location)[:3] == urlsplit(uri)[:3]
    if answer.mode == "query":
        names = [name for name, _ in parse_qsl(urlsplit(location).query, keep_blank_values=True)]
        assert all(names.count(name) == 1 for name in answer.parameters)


def redirect_uri(data: bytes) -> None:
    """The first line is registered, where it may be; the second is sent."""
    first, _, second = text(data).partition("\n")
    registered = (first, "http://127.0.0.1/cb", "http://[::1]/cb", "https://rp.example/cb")
    if is_registered(second, registered) and second not in registered:
        match = re.fullmatch(r"(http://(?:127\.0\.0\.1|\[::1\])):([1-9][0-9]{0,4})((?:/[^?#]*)?)", second)
        assert match is not None, "accepted without being registered"
        assert match[1] + match[3] in registered
        assert int(match[2]) < 65536
    for public in (True, False):
        if weakness(first, public=public) is None:
            _check_registrable(first)


def _check_registrable(uri: str) -> None:
    """A browser goes where we read that it goes."""
    parts = urlsplit(uri)
    assert uri.isascii() and uri.isprintable() and not set(uri) & set(' *#\\"<>')  # noqa: PT018
    assert parts.scheme in ("http", "https") or "." in parts.scheme
    if parts.scheme in ("http", "https"):
        assert parts.hostname and not parts.username  # noqa: PT018
    names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    assert not {"code", "state", "iss", "error"} & set(names)
    for mode in ("query", "fragment"):
        way = response_modes.MODES[mode].way
        _check_location(AuthorizationResponse(uri, {"state": "a&code=b", "code": "c", "iss": "d"}, way), uri)


def claims_parameter(data: bytes) -> None:
    """The claims that the client's scopes would give, with short lists of values."""
    with refusing(InvalidRequestError):
        asked = claims_request(text(data), scopes=frozenset({"profile", "email"}))
        assert asked.scopes <= {"profile", "email"}
        assert all(isinstance(value, str) for value in (*asked.acr, *asked.subjects))
        assert len(asked.acr) <= 20


def authorization_details(data: bytes) -> None:
    """A short list of objects of the client's types."""
    client = realm().client("web")
    assert client is not None
    with refusing(InvalidAuthorizationDetailsError):
        details = targets.details_of(Payload([("authorization_details", text(data))]), client, realm())
        assert len(details) <= 20
        assert all(detail["type"] == "payment" for detail in details)


def locale(data: bytes) -> None:
    """Somebody's languages, each line from another place: one that is offered comes out."""
    lines = [*text(data).split("\n"), "", ""]
    offered = ("en", "de", "pt-BR")
    found = negotiate(offered=offered, ui_locales=lines[0], chosen=lines[1], accept_language=lines[2])
    assert found in offered


def logout_request(data: bytes) -> None:
    """Nobody is sent anywhere that is not registered."""
    try:
        pairs = _pairs(data, _MOST_QUERY)
    except HTTPException:
        return
    with database().read() as tx:
        context = provider().context(realm(), tx, NOW)
        request = OAuthRequest(method="GET", parameters=pairs, headers={}, context=context)
        with refusing(InvalidRequestError):
            wanted = validated(request)
            assert wanted.hinted is None
            if wanted.location is not None:
                assert wanted.client is not None
                assert wanted.location.partition("?")[0] in wanted.client.post_logout_redirect_uris
                assert wanted.location.isprintable()


TARGETS = (*(authorization_request, redirect_uri, claims_parameter, authorization_details, locale, logout_request),)
