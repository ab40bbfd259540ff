"""A portal that delegates its login: Authlib's Starlette client, code flow with PKCE (OpenID Connect Core section 3.1).

What a portal of one's own needs is here: discovery, `state`, `nonce` and PKCE by Authlib, and what Authlib leaves to
its caller by `idp.demo.answers`.
"""

import re
import secrets
import ssl
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.deprecate import AuthlibDeprecationWarning
from joserfc.errors import JoseError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from idp.demo.answers import Trouble, check_asked, check_response
from idp.demo.pages import STATIC, ago, local_time, page
from idp.demo.sign_ins import SignIn, SignIns

with warnings.catch_warnings():
    # Authlib would rather have httpx2; this project has one HTTP client, and it is httpx. Other warnings come through.
    warnings.filterwarnings("ignore", "The httpx module is deprecated", AuthlibDeprecationWarning)
    from authlib.integrations.starlette_client import OAuth, OAuthError

# What a link on the page may add to the authorization request.
_ASKABLE = {
    "prompt": re.compile(r"login|none"),
    "acr_values": re.compile(r"[a-z0-9 -]{1,100}"),
    "max_age": re.compile(r"[0-9]{1,6}"),
}


@dataclass(frozen=True, kw_only=True)
class Sibling:
    """Another portal at the same provider, to see single sign-on with."""

    title: str
    base_url: str


def portal(
    *,
    title: str,
    issuer: str,
    client_id: str,
    client_secret: str,
    base_url: str,
    sibling: Sibling,
    scope: str = "openid profile email",
    step_up_acr: str = "two-factor",
    accent: str = "blue",
    post_logout: bool = True,
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """The portal as an ASGI application. Its redirect URI is `{base_url}/callback`.

    `post_logout`: whether `{base_url}/` is registered to return to after signing out. The provider is asked for its
    metadata when the first person signs in, so it may start later.
    """
    views = _Portal(
        client=_client(issuer=issuer, client_id=client_id, client_secret=client_secret, scope=scope),
        look={"title": title, "accent": accent, "sibling": sibling, "step_up_acr": step_up_acr, "issuer": issuer},
        base_url=base_url,
        post_logout=post_logout,
        clock=clock,
    )
    # Cookies know no ports: two portals on one host need two names.
    session = Middleware(
        SessionMiddleware,
        secret_key=secrets.token_urlsafe(32),
        session_cookie=f"demo-{client_id}",
        same_site="lax",
        https_only=base_url.startswith("https://"),
    )
    return Starlette(
        routes=[
            Route("/", views.home),
            Route("/login", views.login),
            Route("/callback", views.callback),
            Route("/refresh", views.refresh, methods=["POST"]),
            Route("/logout", views.logout, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[session],
        exception_handlers={Trouble: views.trouble},
    )


def _client(*, issuer: str, client_id: str, client_secret: str, scope: str) -> Any:
    return OAuth().register(
        "provider",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={
            "scope": scope,
            "code_challenge_method": "S256",
            "timeout": 10,
            "trust_env": False,
            "verify": ssl.create_default_context(),  # Authlib makes a client for every request: read the roots once
        },
    )


class _Portal:
    def __init__(
        self,
        *,
        client: Any,
        look: Mapping[str, Any],
        base_url: str,
        post_logout: bool,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._look = look
        self._issuer: str = look["issuer"]
        self._base_url = base_url
        self._post_logout = post_logout
        self._clock = clock
        self._sign_ins = SignIns()
        # Authlib looks at `azp` by itself, but not at `aud`.
        self._expected = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": client.client_id},
        }

    async def home(self, request: Request) -> Response:
        if "state" in request.query_params:  # back from signing out
            return RedirectResponse(self._base_url + "/", 303)
        sign_in = self._sign_ins.get(request.session.get("sign_in"))
        note = request.session.pop("note", None)
        if sign_in is None:
            return page("welcome.html", note=note, **self._look)
        now, claims = int(self._clock()), sign_in.claims
        auth_time = claims.get("auth_time")
        return page(
            "home.html",
            note=note,
            name=sign_in.name,
            email=claims.get("email"),
            acr=claims.get("acr"),
            amr=claims.get("amr", []),
            auth_time=auth_time and {"at": local_time(auth_time), "ago": ago(now - auth_time)},
            obtained=ago(now - sign_in.obtained_at),
            claims=dict(claims),
            times={name: local_time(claims[name]) for name in ("iat", "exp", "auth_time") if name in claims},
            can_refresh=sign_in.refresh_token is not None,
            **self._look,
        )

    async def login(self, request: Request) -> Response:
        asked = {
            name: value
            for name, allowed in _ASKABLE.items()
            if (value := request.query_params.get(name)) and allowed.fullmatch(value)
        }
        request.session["asked"] = asked | {"at": int(self._clock())}
        redirect: Response = await self._ask(
            self._client.authorize_redirect(request, f"{self._base_url}/callback", **asked)
        )
        return redirect

    async def callback(self, request: Request) -> Response:
        asked = request.session.pop("asked", {})
        check_response(request.query_params, issuer=self._issuer)
        token = await self._ask(self._client.authorize_access_token(request, claims_options=self._expected))
        claims = token.get("userinfo")
        if not claims:
            raise Trouble("invalid_response", "The provider sent no ID token.")
        check_asked(asked, claims, now=int(self._clock()))
        self._sign_ins.drop(request.session.pop("sign_in", None))
        request.session["sign_in"] = self._sign_ins.keep(self._sign_in(token, claims, refresh_token=None))
        return RedirectResponse(self._base_url + "/", 303)

    async def refresh(self, request: Request) -> Response:
        self._check_origin(request)
        reference = request.session.get("sign_in")
        sign_in = self._sign_ins.get(reference)
        if sign_in is None or sign_in.refresh_token is None:
            return RedirectResponse(self._base_url + "/", 303)
        token = await self._ask(
            self._client.fetch_access_token(grant_type="refresh_token", refresh_token=sign_in.refresh_token)
        )
        claims = sign_in.claims
        if "id_token" in token:
            claims = await self._ask(self._client.parse_id_token(token, nonce=None, claims_options=self._expected))
            if (claims["iss"], claims["sub"]) != (sign_in.claims["iss"], sign_in.claims["sub"]):
                # OpenID Connect Core section 12.2.
                raise Trouble("invalid_response", "The refreshed ID token is somebody else's.")
        token.setdefault("id_token", sign_in.id_token)
        self._sign_ins.drop(reference)
        renewed = self._sign_in(token, claims, refresh_token=sign_in.refresh_token)
        request.session["sign_in"] = self._sign_ins.keep(renewed)
        request.session["note"] = "Tokens refreshed: the sign-in they speak of has not changed."
        return RedirectResponse(self._base_url + "/", 303)

    async def logout(self, request: Request) -> Response:
        self._check_origin(request)
        sign_in = self._sign_ins.drop(request.session.pop("sign_in", None))
        request.session.clear()
        if sign_in is None:
            return RedirectResponse(self._base_url + "/", 303)
        request.session["note"] = "You have signed out."
        redirect: Response = await self._ask(
            self._client.logout_redirect(
                request,
                post_logout_redirect_uri=self._base_url + "/" if self._post_logout else None,
                id_token_hint=sign_in.id_token,
                client_id=self._client.client_id,
            )
        )
        return redirect

    async def trouble(self, request: Request, trouble: Exception) -> Response:
        assert isinstance(trouble, Trouble)
        return page(
            "trouble.html",
            status=trouble.status,
            in_words=trouble.in_words,
            error=trouble.error,
            description=trouble.description,
            iss=trouble.iss,
            signed_in=self._sign_ins.get(request.session.get("sign_in")) is not None,
            **self._look,
        )

    async def _ask(self, answer: Any) -> Any:
        """What the provider answers, with whatever may go wrong on the way turned into a page."""
        try:
            return await answer
        except OAuthError as error:
            raise Trouble(error.error or "error", error.description) from error
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise Trouble("invalid_response", "The provider's answer could not be verified.", status=502) from error
        except (httpx.HTTPError, RuntimeError) as error:
            raise Trouble("provider_unavailable", "The identity provider does not answer.", status=502) from error

    def _sign_in(self, token: Mapping[str, Any], claims: Mapping[str, Any], *, refresh_token: str | None) -> SignIn:
        return SignIn(
            claims=dict(claims),
            id_token=token["id_token"],
            refresh_token=token.get("refresh_token", refresh_token),
            obtained_at=int(self._clock()),
        )

    def _check_origin(self, request: Request) -> None:
        """Another site's form must not sign anybody out: browsers say where a form comes from."""
        if request.headers.get("origin") != self._base_url:
            raise Trouble("cross_origin", "This form was sent from another site.", status=403)
