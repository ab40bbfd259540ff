"""`idp keys`: what an administrator does to signing keys while the server runs."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from idp.store import messages
from idp.store.database import Database
from idp.tokens import jose
from tests.cli.conftest import Command, Done
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol import forge
from tests.running import RunningServer
from tests.visitor import Visitor

Keys = Callable[..., Done]


@pytest.fixture
def keys(idp: Command, database_url: str, server: RunningServer) -> Keys:
    """`keys("list")` on this test's database, which the tests' clock has taken into the future."""

    def run(command: str, *arguments: object) -> Done:
        where = ("--realm", "demo", "--database", database_url, "--config", server.config, "--dev")
        return idp("keys", command, *arguments, *where)

    return run


def listed(keys: Keys) -> dict[str, dict[str, Any]]:
    return {key["kid"]: key for key in json.loads(keys("list", "--json").out)}


def kid(token: str) -> str:
    return str(forge.parts(token)[0]["kid"])


def test_list_says_what_each_key_is_for(keys: Keys, portal: Portal) -> None:
    found = listed(keys)

    assert sorted(key["alg"] for key in found.values()) == ["ES256", "RS256"]
    published = portal.http.get(portal.server.endpoint("certs")).json()["keys"]
    assert found.keys() == {key["kid"] for key in published}
    for identifier in found:
        assert identifier in keys("list").out


def test_a_new_key_is_published_a_day_before_it_signs(
    keys: Keys, portal: Portal, server: RunningServer, visitor: Visitor
) -> None:
    before = listed(keys).keys()

    done = keys("rotate", "--alg", "RS256")

    (new,) = listed(keys).keys() - before
    assert (done.status, done.out.split()[0], listed(keys)[new]["state"]) == (0, new, "comes")
    server.clock.advance(301)
    published = portal.http.get(server.endpoint("certs")).json()["keys"]
    assert new in {key["kid"] for key in published}


def test_a_key_that_is_to_sign_now_signs_when_everybody_can_know_it(keys: Keys) -> None:
    before, now = listed(keys).keys(), time.time()

    keys("rotate", "--alg", "RS256", "--now")

    (new,) = listed(keys).keys() - before
    assert 359 <= listed(keys)[new]["active_at"] - now < 420


def test_a_key_that_is_retired_verifies_nothing_any_more(keys: Keys, portal: Portal, visitor: Visitor) -> None:
    token = portal.sign_in(visitor).access
    assert portal.introspect(token)["active"]

    done = keys("retire", kid(token))

    assert (done.status, "takes over" in done.out) == (0, True)
    assert kid(token) not in listed(keys)


def test_after_a_retirement_another_process_signs_with_the_successor(
    keys: Keys, portal: Portal, start: Start, visit: Callable[..., Visitor], register: Callable[..., Portal]
) -> None:
    token = portal.sign_in(visit(portal.server)).access
    keys("retire", kid(token))
    again = register(start(), "portal")

    assert again.introspect(token) == {"active": False}
    # The command's clock is the machine's, which is behind the tests': its key signs at once.
    newer = again.sign_in(visit(again.server)).access
    assert kid(newer) != kid(token)
    assert again.introspect(newer)["active"]


@pytest.mark.parametrize("arguments", [("retire", "nothing"), ("rotate", "--alg", "PS512")], ids=["kid", "alg"])
def test_what_is_not_there_is_said(keys: Keys, arguments: tuple[str, ...]) -> None:
    done = keys(*arguments)

    assert (done.status, done.out) == (1, "")
    assert "the realm" in done.err


def test_another_secret_key_is_told_in_a_sentence(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDP_SECRET_KEY", base64.b64encode(bytes(range(32))).decode())

    for arguments in (["list"], ["rotate"], ["retire", "nothing"]):
        done = keys(*arguments)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("idp: IDP_SECRET_KEY is not the key that this database was made with")


def test_no_secret_is_shown(keys: Keys) -> None:
    shown = keys("list", "--json").out + keys("list").out + keys("rotate", "--now").out

    assert not {'"d"', '"p"', "private"} & set(shown.split())


def test_the_server_writes_while_a_key_is_made(keys: Keys, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    makes, server = jose.generate, Database(database_url)

    def generate(*arguments: Any, **options: Any) -> Any:
        with server.write() as tx:
            messages.remove_before(tx, 0)
        return makes(*arguments, **options)

    monkeypatch.setattr(jose, "generate", generate)
    (last,) = (kid for kid, key in listed(keys).items() if key["alg"] == "ES256")
    done = keys("retire", last), keys("rotate")
    server.close()
    assert [each.status for each in done] == [0, 0], done
