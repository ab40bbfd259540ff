"""More sign-ins at once than the machine can hash: some wait, the rest are told to come back, nothing else suffers."""

import threading
import time
import uuid

import httpx
import pytest
from argon2 import PasswordHasher

from idp.factors.password import Passwords
from tests.portal import Portal
from tests.protocol.sign_in.conftest import Stored
from tests.running import RunningServer
from tests.visitor import PASSWORD, Page

WAITING = Passwords().most
CROWD = WAITING + 20


@pytest.mark.attack
def test_a_crowd_does_not_keep_the_key_set_from_being_served(
    server: RunningServer, portal: Portal, stored: Stored
) -> None:
    # Their hashes take three times as long as ours, so that the queue is full whatever the machine.
    slow = PasswordHasher(time_cost=15, memory_cost=7168, parallelism=1).hash(PASSWORD)
    for number in range(CROWD):
        stored(
            "INSERT INTO users (id, realm, username, username_key, email_verified, roles, groups, claims,"
            " enabled, password_hash, epoch, snoozed, created_at, updated_at)"
            " VALUES (:id, 'demo', :name, :name, :no, '[]', '[]', '{}', :yes, :hash, 0, 0, 0, 0)",
            id=str(uuid.uuid4()),
            name=f"person{number}",
            hash=slow,
            yes=True,
            no=False,
        )
    clients = [server.http(headers={"accept": "text/html"}) for _ in range(CROWD)]
    pages = [Page(client.get(portal.url())) for client in clients]
    together, answers = threading.Barrier(CROWD + 1), []

    def sign_in(client: httpx.Client, page: Page, number: int) -> None:
        fields = {**page.form.fields, "username": f"person{number}", "password": PASSWORD}
        together.wait()
        answers.append(client.post(page.form.action, data=fields))

    threads = [
        threading.Thread(target=sign_in, args=(c, p, n)) for n, (c, p) in enumerate(zip(clients, pages, strict=True))
    ]
    for thread in threads:
        thread.start()
    together.wait()
    waited = []
    with server.http() as http:
        while any(thread.is_alive() for thread in threads):
            began = time.monotonic()
            assert http.get(server.endpoint("certs")).status_code == 200
            waited.append(time.monotonic() - began)
    for client in clients:
        client.close()

    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {303, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
            assert "Please try again in a moment" in answer.text
    assert len(waited) >= 2
