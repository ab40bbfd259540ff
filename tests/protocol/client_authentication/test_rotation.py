"""A secret is replaced while both are good, so that no deployment has to be changed in the same second."""

from typing import Any

import pytest

from tests.conftest import Start
from tests.protocol.client_authentication.test_assertions import client
from tests.running import RunningServer, demo_realm

OLD, NEW = "the secret that everybody has", "the secret that replaces it"


def realm(**secrets: Any) -> dict[str, Any]:
    demo = demo_realm()
    return demo | {"clients": [*demo["clients"], client("job", "client_secret_basic", **secrets)]}


def takes(server: RunningServer, secret: str) -> bool:
    with server.http() as http:
        form = {"grant_type": "client_credentials"}
        return http.post(server.endpoint("token"), data=form, auth=("job", secret)).status_code == 200


def test_both_secrets_are_good_until_the_old_one_is_removed(start: Start) -> None:
    server = start(realm(client_secret=OLD))
    assert (takes(server, OLD), takes(server, NEW)) == (True, False)

    server.reload(realm(client_secret=NEW, client_secret_previous=OLD))
    assert (takes(server, OLD), takes(server, NEW)) == (True, True)
    assert not takes(server, "neither of the two, but long")

    server.reload(realm(client_secret=NEW))
    assert (takes(server, OLD), takes(server, NEW)) == (False, True)


@pytest.mark.attack
def test_no_secret_is_no_previous_secret(start: Start) -> None:
    server = start(realm(client_secret=NEW))

    assert not takes(server, "")
    assert not takes(server, "None")
