"""The client for addresses that other people have chosen: where it goes, how long it stays, what it brings back."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import pytest

from idp.outbound.fetch import MAX_BYTES, SECONDS, Fetcher, Unreachable
from idp.settings import reachable_networks
from tests.protocol.party import Party, Says

LOOPBACK = tuple(reachable_networks(["127.0.0.0/8"]))


@pytest.fixture(scope="module")
def party() -> Iterator[Party]:
    party = Party()
    yield party
    party.close()


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    """What a production server has."""
    fetcher = Fetcher()
    yield fetcher
    fetcher.close()


@pytest.fixture
def allowed() -> Iterator[Fetcher]:
    fetcher = Fetcher(reachable=LOOPBACK)
    yield fetcher
    fetcher.close()


def test_an_answer_comes_with_its_status_and_body(allowed: Fetcher, party: Party) -> None:
    party.says["/keys"] = Says(404, b'{"keys": []}')

    answer = allowed.get(f"{party.address}/keys?a=b")

    assert (answer.status, answer.body) == (404, b'{"keys": []}')
    assert party.next().path == "/keys?a=b"


def test_a_form_is_posted(allowed: Fetcher, party: Party) -> None:
    assert allowed.post(f"{party.address}/in", {"a": "b&c"}).status == 200

    assert party.next().form == {"a": "b&c"}


@pytest.mark.attack
def test_a_redirect_is_not_followed(allowed: Fetcher, party: Party) -> None:
    party.says["/away"] = Says(302, headers=(("location", f"{party.address}/there"),))

    assert allowed.get(f"{party.address}/away").status == 302
    assert party.next().path == "/away"
    assert party.heard_nothing()


PRIVATE = (
    "127.0.0.1",
    "localhost",
    "[::1]",
    "0.0.0.0",  # noqa: S104  # nothing listens here
    "169.254.169.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "224.0.0.1",
    "[fc00::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[::7f00:1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "2130706433",
    "0177.0.0.1",
    "127.1",
)


@pytest.mark.attack
@pytest.mark.parametrize("host", PRIVATE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_private_address_is_connected_to(fetcher: Fetcher, party: Party, host: str, scheme: str) -> None:
    port = party.address.rpartition(":")[2]

    with pytest.raises(Unreachable):
        fetcher.get(f"{scheme}://{host}:{port}/")

    assert party.heard_nothing()


@pytest.mark.attack
@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/",
        "//127.0.0.1/",
        "http://",
        "http://user@127.0.0.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nx: y",
        "http://127.0.0.1\\@x/",
        "http://[::1/",
        "",
    ],
)
def test_what_is_no_plain_web_address_is_refused(allowed: Fetcher, url: str) -> None:
    with pytest.raises(Unreachable):
        allowed.get(url)


@pytest.mark.attack
def test_a_name_with_one_private_address_is_refused(party: Party) -> None:
    fetcher = Fetcher(resolve=lambda *_: ["93.184.215.14", "127.0.0.1"])

    with pytest.raises(Unreachable):
        fetcher.get(f"https://rebinding.example:{party.address.rpartition(':')[2]}/")

    assert party.heard_nothing()


@pytest.mark.attack
def test_what_was_looked_at_is_what_is_connected_to(party: Party) -> None:
    """A name that is another address at its second look-up: there is no second one."""
    looked_up: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"] if len(looked_up) == 1 else ["127.0.0.2"]

    fetcher = Fetcher(reachable=LOOPBACK, resolve=resolve)
    fetcher.get(f"http://name.example:{party.address.rpartition(':')[2]}/")

    assert looked_up == ["name.example"]
    assert party.next().headers["host"].startswith("name.example:")


@pytest.mark.attack
def test_clear_text_goes_to_no_public_address() -> None:
    with pytest.raises(Unreachable):
        Fetcher(resolve=lambda *_: ["93.184.215.14"]).get("http://public.example/")


@pytest.mark.attack
def test_more_than_enough_is_not_read(allowed: Fetcher, party: Party) -> None:
    party.says["/much"] = Says(body=b"x" * (MAX_BYTES + 1))
    party.says["/packed"] = Says(body=b"x", headers=(("content-encoding", "gzip"),))
    party.says["/enough"] = Says(body=b"x" * MAX_BYTES)

    for path in ("/much", "/packed"):
        with pytest.raises(Unreachable):
            allowed.get(party.address + path)
    assert len(allowed.get(f"{party.address}/enough").body) == MAX_BYTES


SLOW = {
    "says nothing": (b"", b""),
    "its status line": (b"", b"H"),
    "its headers": (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
    "its body": (b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"x"),
}


def drip(listener: socket.socket, said: bytes, piece: bytes, over: threading.Event) -> None:
    """Somebody who says a little, and then ever less."""
    client, _ = listener.accept()
    with client, suppress(OSError):
        client.sendall(said)
        while not over.wait(0.2):
            client.sendall(piece)


@pytest.mark.attack
def test_it_is_given_up_after_three_seconds(allowed: Fetcher) -> None:
    """All at once, so that waiting for them takes as long as for one."""

    def seconds(listener: socket.socket) -> float:
        began = time.monotonic()
        with pytest.raises(Unreachable):
            allowed.get(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        return time.monotonic() - began

    over = threading.Event()
    with ExitStack() as held:
        pool = held.enter_context(ThreadPoolExecutor(2 * len(SLOW)))
        held.callback(over.set)
        listeners = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in SLOW]
        for listener, (said, piece) in zip(listeners, SLOW.values(), strict=True):
            pool.submit(drip, listener, said, piece, over)
        took = dict(zip(SLOW, pool.map(seconds, listeners), strict=True))

    assert {name: s for name, s in took.items() if s > 2 * SECONDS} == {}


def test_names_that_nobody_waits_for_any_more_are_not_looked_up() -> None:
    looked_up: list[str] = []
    over = threading.Event()

    def resolve(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        over.wait()
        return []

    def ask(number: int) -> None:
        with pytest.raises(Unreachable):
            slow.get(f"https://a{number}.example/")

    slow = Fetcher(resolve=resolve)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(ask, range(20)))
    begun = len(looked_up)
    over.set()
    slow._resolvers.shutdown()
    assert len(looked_up) == begun < 20
