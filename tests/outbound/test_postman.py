"""A letter that tells of a change is kept with the change: it arrives after trouble and restarts, and once."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from idp.outbound.mail import Mail
from idp.outbound.postman import Postman
from idp.store import letters, people
from idp.store.database import Database
from idp.tokens.sealing import Sealer
from tests.clock import Clock
from tests.conftest import Log, Start
from tests.journeys.test_sent_codes import soon
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.links.conftest import with_mail
from tests.running import RunningServer
from tests.visitor import Visitor

BUSY = "450 try again later"
SUBJECT, TEXT = "Something was changed", "A telephone called Rosebud was added."


@dataclass
class Scene:
    """A mail server, and a database that servers may be started on; none is running."""

    start: Start
    mailbox: Mailbox
    server: RunningServer
    administrator: Administrator
    clock: Clock

    def tell(self, *addresses: str, is_claimed: bool = False, realm: str = "demo") -> None:
        """Alice is told of something by a process that ends before it sends it; `is_claimed`: just before."""
        realms = self.server.app.state.realms
        with closing(Database(self.server.settings.database)) as database, database.write() as tx:
            sealer = Sealer(self.server.settings.secret_keys)
            gone = Postman(database=database, sealer=sealer, realms=realms, clock=self.clock)
            known = people.by_identifier(tx, realm, "alice")
            assert known is not None
            for to in addresses or ("alice@example.com",):
                mail = Mail(to=to, subject=SUBJECT, text=TEXT)
                gone.keep(tx, realms.get(realm), known.user, mail, kind="mail-factor-added", now=self.clock())
            if is_claimed:
                (kept,) = gone.due(tx, now=self.clock(), busy=(), limit=2)
                assert gone.claim(tx, kept, now=self.clock(), until=self.clock() + Postman.waits[0])

    def serve(self, *others: dict[str, Any]) -> RunningServer:
        return self.start(with_mail(self.mailbox), *others)

    def waits_for_nothing(self) -> bool:
        return self.administrator.rows()["letters"] == 0


@contextmanager
def answering_later(mailbox: Mailbox) -> Iterator[None]:
    """It takes what comes in the end, and answers nobody until then."""
    answers = threading.Event()
    mailbox.during = answers.wait
    try:
        yield
    finally:
        answers.set()


@pytest.fixture
def scene(start: Start, clock: Clock) -> Iterator[Scene]:
    with Mailbox() as mailbox:
        server = start(with_mail(mailbox))
        server.stop()
        administrator = Administrator(server)
        yield Scene(start, mailbox, server, administrator, clock)
        administrator.close()


def test_a_letter_arrives_after_a_restart_once(scene: Scene) -> None:
    scene.tell()
    kept = scene.administrator.everything()
    assert scene.mailbox.letters == []

    scene.serve()

    letter = scene.mailbox.next()
    assert (letter.recipients, letter.message["Subject"]) == (["alice@example.com"], SUBJECT)
    assert letter.text.strip() == TEXT
    soon(scene.waits_for_nothing)
    assert len(scene.mailbox.letters) == 1
    reference = str(letter.message["Message-ID"]).strip("<>").removesuffix("@a.example")
    assert reference in kept, "a copy that is sent after a crash is one with it for most programs"


def test_the_letter_of_a_change_outlives_its_process(
    scene: Scene, register: Callable[..., Portal], visit: Callable[..., Visitor], log: Log
) -> None:
    scene.mailbox.refuse_recipient = BUSY
    server = scene.serve()
    register(server, "billing").sign_in(visit(server))
    soon(lambda: log.events("message.failed"))
    server.stop()
    scene.mailbox.refuse_recipient = None
    scene.clock.advance(Postman.waits[0])

    scene.serve()

    assert scene.mailbox.next().message["Subject"] == "A way of signing in was added to your account"


def test_what_a_killed_process_had_begun_is_sent_by_another(scene: Scene) -> None:
    scene.tell(is_claimed=True)
    scene.serve()
    assert scene.mailbox.letters == []

    scene.clock.advance(Postman.waits[0])

    assert scene.mailbox.next().message["Subject"] == SUBJECT
    soon(scene.waits_for_nothing)


def test_of_several_processes_one_sends_a_letter(scene: Scene) -> None:
    scene.serve()
    scene.serve()
    addresses = [f"alice+{number}@example.com" for number in range(20)]

    scene.tell(*addresses)

    soon(scene.waits_for_nothing)
    assert sorted(letter.recipients[0] for letter in scene.mailbox.letters) == sorted(addresses)


def test_a_mail_server_that_is_busy_gets_the_letter_again(scene: Scene, log: Log) -> None:
    told_at = scene.clock()
    scene.mailbox.refuse_recipient = BUSY
    scene.serve()
    scene.tell()
    (failed,) = soon(lambda: log.events("message.failed"))
    assert (failed["failure"], failed["attempt"], failed["given_up"]) == ("transient", 1, False)
    scene.mailbox.refuse_recipient = None

    scene.clock.advance(Postman.waits[0])

    assert scene.mailbox.next().message["Date"].datetime.timestamp() == told_at
    (handed_over,) = soon(lambda: log.events("message.handed_over"))
    assert (handed_over["kind"], handed_over["username"]) == ("mail-factor-added", "alice")
    assert scene.waits_for_nothing()


def test_it_is_given_up_after_some_attempts(scene: Scene, log: Log) -> None:
    scene.mailbox.refuse_recipient = BUSY
    scene.serve()
    scene.tell()

    for number, wait in enumerate(Postman.waits, 1):
        soon(lambda: len(log.events("message.failed")) == number)  # noqa: B023 - called at once
        scene.clock.advance(wait)

    assert [e["given_up"] for e in log.events("message.failed")] == [False] * (len(Postman.waits) - 1) + [True]
    assert scene.waits_for_nothing()


@pytest.mark.parametrize("trouble", [{"refuse_recipient": "550 no such mailbox"}, {"hangs_up": True}], ids=str)
def test_what_cannot_arrive_or_may_have_arrived_is_not_sent_again(
    scene: Scene, log: Log, trouble: dict[str, Any]
) -> None:
    for name, value in trouble.items():
        setattr(scene.mailbox, name, value)
    scene.serve()
    scene.tell()

    (failed,) = soon(lambda: log.events("message.failed"))

    assert failed["given_up"] is True
    assert scene.waits_for_nothing()


def test_a_letter_that_nobody_can_read_is_not_tried_for_ever(scene: Scene, log: Log) -> None:
    scene.serve()
    server, context = scene.server, "letter:broken"
    sealed = Sealer(server.settings.secret_keys).seal_json({"nobody": "knows this"}, context)
    words: dict[str, Any] = {"kind": "mail-factor-added", "sealed": sealed, "now": scene.clock()}
    with closing(Database(server.settings.database)) as database, database.write() as tx:
        letters.add(tx, letter_id="broken", realm="demo", user_id="u", username="alice", **words)

    for number, wait in enumerate(Postman.waits, 1):
        soon(lambda: len(log.events("http.bug")) == number)  # noqa: B023 - called at once
        scene.clock.advance(wait)

    assert scene.waits_for_nothing()


@pytest.mark.attack
def test_a_mail_server_that_does_not_answer_keeps_no_other_realm_waiting(scene: Scene, log: Log) -> None:
    with Mailbox() as other, answering_later(scene.mailbox):
        scene.server = scene.serve(with_mail(other, "other"))
        scene.tell(*(f"alice+{number}@example.com" for number in range(20)))
        soon(lambda: len(scene.mailbox.commands) > 1)

        scene.tell(realm="other")

        assert other.next().message["Subject"] == SUBJECT
        assert log.events("message.failed") == [], "nobody has lost patience with the first server yet"


@pytest.mark.attack
def test_a_letter_that_waits_tells_a_thief_of_the_database_nothing(scene: Scene) -> None:
    scene.tell("alice.at.home@example.net")

    stolen = scene.administrator.everything()

    assert "mail-factor-added" in stolen
    assert [word for word in ("alice.at.home", SUBJECT, "Rosebud") if word in stolen] == []
