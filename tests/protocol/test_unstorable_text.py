"""JSON can say more than a database can store, and more than can be written out again: none of it makes a 500."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.portal import Portal
from tests.protocol.client_authentication.test_assertions import TYPE
from tests.protocol.dpop.holder import Holder
from tests.protocol.signer import Signer
from tests.visitor import Visitor

pytestmark = pytest.mark.attack

HALF, NUL = "\ud800", "\0"
DEEP = json.loads("[" * 600 + "]" * 600)


@pytest.mark.parametrize("text", [HALF, NUL], ids=["half a surrogate pair", "NUL"])
def test_no_client_is_of_such_a_name(portal: Portal, text: str) -> None:
    token, form = portal.server.endpoint("token"), {"grant_type": "client_credentials"}
    signed = {"client_assertion_type": TYPE, "client_assertion": Signer().sign({"iss": text, "sub": text})}
    basic = f"Basic {base64.b64encode(b'%00:x').decode()}"
    managed = f"{portal.server.issuer()}/clients-registrations/openid-connect/%00"

    answers: list[httpx.Response] = [
        portal.http.post(token, data=form | signed),
        portal.http.post(token, data=form, headers={"authorization": basic}),
        portal.http.get(managed, headers={"authorization": "Bearer x"}),
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401]


@pytest.mark.parametrize("claims", [{"jti": HALF}, {"nonce": f"1.{HALF}"}, {"ath": HALF}], ids=["jti", "nonce", "ath"])
def test_no_proof_says_such_a_thing(cli: Portal, claims: dict[str, Any]) -> None:
    holder = Holder(cli)
    holder.fetch_nonce()

    at_token = holder.post(holder.proof(**claims))
    at_userinfo = holder.userinfo("x", holder.proof("userinfo", "GET", token="x", **claims))

    assert (at_token.status_code, at_userinfo.status_code) == (400, 401)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), HALF, NUL, DEEP], ids=repr)
def test_no_request_asks_for_such_a_claim(portal: Portal, visit: Callable[..., Visitor], value: Any) -> None:
    asked = json.dumps({"userinfo": {"email": {"value": value}}})

    page = portal.send(visit(portal.server), claims=asked)

    assert page.parameters()["error"] == "invalid_request"
