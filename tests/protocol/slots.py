"""The places of a server that take a token, to try other things in."""

from dataclasses import dataclass

import httpx

from tests.portal import Portal

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
URN = "urn:ietf:params:oauth:request_uri:"
HOME = "http://localhost:8081/"


@dataclass(frozen=True)
class Slots:
    """The places of a server that take a token; each tells whether it took one."""

    portal: Portal
    http: httpx.Client
    managed: str = "nobody"  # a client that has registered itself

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

    def authorization_hint(self, token: str) -> bool:
        """One that is none is told apart from one whose person is not signed in here."""
        location = self.http.get(self.portal.url(prompt="none", id_token_hint=token)).headers["location"]
        return "error=login_required" in location

    def request_object(self, token: str) -> bool:
        return self.http.get(self.portal.url(prompt="none", request=token)).status_code == 200

    def request_uri(self, token: str) -> bool:
        urn = "" if token.startswith(URN) else URN
        query = {"client_id": self.portal.client_id, "request_uri": urn + token}
        return self.http.get(self.portal.server.endpoint("auth"), params=query).status_code == 303

    def session_cookie(self, token: str) -> bool:
        cookie = {"cookie": f"idp-session-demo={token}"}
        return "code=" in self.http.get(self.portal.url(prompt="none"), headers=cookie).headers["location"]

    def client_secret(self, token: str) -> bool:
        form = {"grant_type": "refresh_token", "refresh_token": "x"}
        url = self.portal.server.endpoint("token")
        return self.http.post(url, data=form, auth=("portal", token)).status_code != 401

    def client_assertion(self, token: str) -> bool:
        """Whether it proves a client; what it asks for then is another matter."""
        form = {"grant_type": "refresh_token", "refresh_token": "x", "client_assertion": token}
        url = self.portal.server.endpoint("token")
        return self.http.post(url, data=form | {"client_assertion_type": ASSERTION_TYPE}).status_code != 401

    def dpop_proof(self, token: str) -> bool:
        form, auth = {"grant_type": "refresh_token", "refresh_token": "x"}, (self.portal.client_id, self.portal.secret)
        url = self.portal.server.endpoint("token")
        answer = self.http.post(url, data=form, headers={"dpop": token.encode()}, auth=auth)  # type: ignore[arg-type]
        return bool(answer.json()["error"] != "invalid_dpop_proof")

    def subject_token(self, token: str) -> bool:
        kind = "urn:ietf:params:oauth:token-type:access_token"
        tokens = self.portal.token(grant_type=EXCHANGE, subject_token=token, subject_token_type=kind)
        return tokens.error != "invalid_request"

    def assertion(self, token: str) -> bool:
        grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
        return self.portal.token(grant_type=grant, assertion=token).error != "invalid_grant"

    def device_code(self, token: str) -> bool:
        grant = "urn:ietf:params:oauth:grant-type:device_code"
        return self.portal.token(grant_type=grant, device_code=token).error != "invalid_grant"

    def user_code(self, token: str) -> bool:
        self.portal.server.clock.advance(30)  # guesses of codes are slowed
        return self.http.post(f"{self.portal.server.issuer()}/device", data={"user_code": token}).status_code == 200

    def registration(self, token: str) -> bool:
        """An initial access token, tried with metadata that are refused: it is good for another try."""
        return self._registering("POST", "", token).status_code != 401

    def management(self, token: str) -> bool:
        return self._registering("GET", f"/{self.managed}", token).status_code == 200

    def _registering(self, method: str, path: str, token: str) -> httpx.Response:
        url = f"{self.portal.server.issuer()}/clients-registrations/openid-connect{path}"
        bearer = {"authorization": b"Bearer " + token.encode()}
        return self.http.request(method, url, json={} if method == "POST" else None, headers=bearer)  # type: ignore[arg-type]

    def _userinfo(self, token: str) -> httpx.Response:
        return self.http.post(self.portal.server.endpoint("userinfo"), data={"access_token": token})
