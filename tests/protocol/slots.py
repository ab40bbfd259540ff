"""The places of a server that take a token, to try other things in."""

from dataclasses import dataclass

import httpx

from tests.portal import Portal

HOME = "http://localhost:8081/"


@dataclass(frozen=True)
class Slots:
    """The places of a server that take a token; each tells whether it took one."""

    portal: Portal
    http: httpx.Client

    def bearer(self, token: str) -> bool:
        return self._userinfo(token).status_code == 200

    def code(self, token: str) -> bool:
        return self.portal.redeem(token).status == 200

    def refresh(self, token: str) -> bool:
        return self.portal.refresh(token).status == 200

    def introspection(self, token: str) -> bool:
        return self.portal.introspect(token) != {"active": False}

    def revocation(self, token: str) -> bool:
        """Whether it ended anything is told by introspection: the answer is always the same."""
        assert self.portal.call("revoke", token=token).status_code == 200
        return False

    def id_token_hint(self, token: str) -> bool:
        parameters = {"id_token_hint": token, "post_logout_redirect_uri": HOME}
        response = self.http.get(self.portal.server.endpoint("logout"), params=parameters)
        assert response.status_code in (303, 400)
        return response.status_code == 303

    def session_cookie(self, token: str) -> bool:
        cookie = {"cookie": f"idp-session-demo={token}"}
        return "code=" in self.http.get(self.portal.url(prompt="none"), headers=cookie).headers["location"]

    def client_secret(self, token: str) -> bool:
        form = {"grant_type": "refresh_token", "refresh_token": "x"}
        url = self.portal.server.endpoint("token")
        return self.http.post(url, data=form, auth=("portal", token)).status_code != 401

    def _userinfo(self, token: str) -> httpx.Response:
        return self.http.post(self.portal.server.endpoint("userinfo"), data={"access_token": token})
