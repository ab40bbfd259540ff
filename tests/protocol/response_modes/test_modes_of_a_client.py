"""A client's `response_modes`: its answers come in no other way (FAPI 2.0 Message Signing sections 5.3.3, 5.4.1)."""

from collections.abc import Iterator
from typing import get_args

import pytest

from idp.oauth.response_modes import MODES
from idp.realm.client_sections import ResponseMode
from tests.portal import Portal
from tests.protocol.feature import portal_of
from tests.protocol.pushed_requests.test_pushed_requests import PAR
from tests.running import RunningServer
from tests.visitor import Visitor


@pytest.fixture(scope="module")
def sealed(standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, __file__, "sealed") as portal:
        yield portal


def test_the_realm_file_knows_the_modes_that_there_are() -> None:
    assert get_args(ResponseMode) == tuple(MODES)


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_a_mode_that_is_registered_is_served_by_either_name(sealed: Portal, visitor: Visitor, mode: str) -> None:
    answer = visitor.sign_in(sealed.send(visitor, scope="openid", response_mode=mode)).parameters()

    assert "code" in sealed.verified(answer["response"])


@pytest.mark.attack
@pytest.mark.parametrize("mode", [None, "query", "fragment", "form_post", "fragment.jwt"])
def test_any_other_is_refused_by_the_first_that_is(sealed: Portal, visitor: Visitor, mode: str | None) -> None:
    answer = sealed.send(visitor, scope="openid", response_mode=mode).parameters()

    assert answer.keys() == {"response"}
    assert sealed.verified(answer["response"])["error"] == "invalid_request"
    pushed = sealed.call(PAR, **sealed.request(scope="openid", response_mode=mode))
    assert pushed.json()["error"] == "invalid_request"
