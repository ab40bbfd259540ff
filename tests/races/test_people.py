"""Administrators who change one person at the same time lose nothing of each other's."""

import threading

import pytest

from tests.protocol.administrator import Administrator
from tests.races.crowd import ROUNDS
from tests.running import RunningServer

pytestmark = pytest.mark.attack

CLAIMS = ("given_name", "family_name", "middle_name", "nickname", "gender", "profile", "picture", "website")


def test_claims_that_are_set_at_once_are_all_kept(server: RunningServer) -> None:
    administrator = Administrator(server)
    for number in range(ROUNDS):
        wanted = {name: f"https://example.com/{name}/{number}" for name in CLAIMS}
        ready = threading.Barrier(len(wanted))

        def change(name: str, value: str, ready: threading.Barrier = ready) -> None:
            ready.wait(30)
            administrator.people.set_claims("alice", {name: value})

        threads = [threading.Thread(target=change, args=item) for item in wanted.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert wanted.items() <= administrator.people.show("alice").user.claims.items()
    administrator.close()
