"""Every address that the server writes comes from its settings, whatever a request or a proxy says of hosts."""

import re
from collections.abc import Callable

import pytest

from tests.conftest import Start
from tests.portal import Portal
from tests.protocol import raw
from tests.running import RunningServer
from tests.visitor import Visitor

DISCOVERY = "/realms/demo/.well-known/openid-configuration"
FOREIGN_HOSTS = [
    "evil.test",
    "localhost",
    "localhost:1",
    "localhost:{port}.evil.test",
    "evil.test:{port}",
    "a/?x=",
    "localhost:{port}@evil.test",
    "good:443@evil.test",
    "localhost:{port}, evil.test",
    "localhost.:{port}",
    "127.0.0.1.evil.test:{port}",
    "[::1]",
    "127.1:{port}",
    "*",
]
FORWARDED = [
    "X-Forwarded-Host: evil.test",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Prefix: /evil.test",
    "X-Forwarded-Port: 1",
    "X-Forwarded-Server: evil.test",
    "X-Original-URL: /evil.test",
    "X-Rewrite-URL: /evil.test",
    "X-Host: evil.test",
    "X-HTTP-Host-Override: evil.test",
    "Forwarded: host=evil.test;proto=https;for=1.2.3.4",
    "Base-Url: https://evil.test",
    "Origin: https://evil.test",
    "Referer: https://evil.test/",
]


@pytest.mark.attack
@pytest.mark.parametrize("number", range(len(FOREIGN_HOSTS)))
def test_a_foreign_host_is_not_served(standing: RunningServer, number: int) -> None:
    host = FOREIGN_HOSTS[number].format(port=standing.settings.port)

    answer = raw.get(standing, DISCOVERY, host=host)

    assert answer.status in (400, 421)
    assert "issuer" not in answer.text


def test_the_page_about_a_foreign_host_has_its_style(standing: RunningServer) -> None:
    page = raw.get(standing, "/realms/demo/account", "Accept: text/html", host="evil.test")
    style = re.search(r'href="(/resources/[^"]+style\.css[^"]*)"', page.text)

    assert page.status == 421
    assert style
    assert raw.get(standing, style[1], host="evil.test").status == 200


@pytest.mark.attack
@pytest.mark.parametrize(
    "path", ["/resources/../realms/demo/account", "/resources//realms/demo/account", "/metrics/../x"]
)
def test_nothing_else_is_served_by_way_of_what_any_host_gets(standing: RunningServer, path: str) -> None:
    assert raw.get(standing, path, host="evil.test").status in (400, 404, 421)


@pytest.mark.attack
@pytest.mark.parametrize("hosts", [("", ""), ("localhost:{port}", "evil.test"), ("evil.test", "localhost:{port}")])
def test_a_request_names_one_host(standing: RunningServer, hosts: tuple[str, str]) -> None:
    lines = [f"Host: {h}".format(port=standing.settings.port) for h in hosts if h]

    answer = raw.get(standing, DISCOVERY, *lines, host="")

    assert answer.status in (400, 421)


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"])
def test_a_loopback_server_goes_by_each_of_its_names(standing: RunningServer, name: str) -> None:
    answer = raw.get(standing, DISCOVERY, host=f"{name}:{standing.settings.port}")

    assert answer.status == 200
    assert f'"issuer":"{standing.issuer()}"' in answer.text


@pytest.mark.attack
@pytest.mark.parametrize("number", range(len(FORWARDED)))
def test_what_a_request_says_of_hosts_changes_no_address(
    standing: RunningServer, standing_portal: Portal, number: int
) -> None:
    ours = standing_portal.url().removeprefix(standing.url)
    silent = standing_portal.url(prompt="none").removeprefix(standing.url)

    answers = [raw.get(standing, target, FORWARDED[number]) for target in (DISCOVERY, ours, silent)]

    assert [a.status for a in answers] == [200, 200, 303]
    assert "evil.test" not in "".join(a.text for a in answers)
    assert f'"issuer":"{standing.issuer()}"' in answers[0].text
    assert f'action="{standing.issuer()}/login-actions/authenticate"' in answers[1].text
    assert "https://localhost" not in answers[0].text


@pytest.mark.attack
def test_an_absolute_target_changes_no_address(standing: RunningServer) -> None:
    for target in (f"http://evil.test{DISCOVERY}", f"https://evil.test:1{DISCOVERY}", f"//evil.test{DISCOVERY}"):
        answer = raw.get(standing, target)

        assert answer.status in (200, 400, 404, 421), target
        assert "evil.test" not in answer.text


@pytest.mark.attack
@pytest.mark.parametrize(
    "target", ["@evil.test/", "//evil.test/", "/\\evil.test", "/%2f%2fevil.test", "/..//evil.test"]
)
def test_an_odd_target_leads_nowhere(standing: RunningServer, target: str) -> None:
    answer = raw.get(standing, target)

    assert answer.status in (0, 400, 404)
    assert "location:" not in answer.text.lower()


@pytest.mark.attack
def test_nobody_is_believed_who_is_not_a_trusted_proxy(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    """Guesses are counted by the network that they come from: who could choose it could guess for ever."""
    server = start()
    portal, visitor = register(server, "portal"), visit(server)
    form = portal.send(visitor).form
    answers = []
    for n in range(30):
        fields = {**form.fields, "username": "alice", "password": "wrong"}
        page = visitor.post(form.action, fields, headers={"x-forwarded-for": f"203.0.113.{n}"})
        answers.append(page.alert)
        form = page.form

    assert len(set(answers)) > 1


@pytest.mark.attack
def test_the_public_url_is_behind_every_address(start: Start, register: Callable[..., Portal]) -> None:
    server = start(public_url="https://login.example.test/sso")
    answer = raw.get(server, DISCOVERY, "X-Forwarded-Proto: http", host="login.example.test")

    assert '"issuer":"https://login.example.test/sso/realms/demo"' in answer.text
    assert "localhost" not in answer.text
    page = raw.get(server, "/realms/demo/device", "Accept: text/html", host="login.example.test")
    assert set(re.findall(r'(?:href|src)="(/[^/]*/)', page.text)) == {"/sso/"}
    elsewhere = raw.get(server, DISCOVERY)
    assert elsewhere.status == 421
    assert "This is not the address of this server" in elsewhere.text
