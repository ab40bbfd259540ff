"""Reports on messages: believed only when this account's Twilio signed them for this URL."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest

from idp.outbound.results import Failure
from idp.outbound.sms.message import Sms
from idp.outbound.sms.twilio import TwilioSender
from idp.outbound.twilio_callbacks import StatusReport, read_report
from idp.realm.secrets import Secret
from tests.outbound.conftest import NUMBER, Section
from tests.outbound.twilio_stand_in import ACCOUNT_SID, TwilioStandIn, sign

URL = "https://login.example.com/realms/demo/sms-status?message=m-1"
SID = "SM" + "a" * 32
PARAMETERS = {"AccountSid": ACCOUNT_SID, "MessageSid": SID, "MessageStatus": "delivered", "To": NUMBER}


class Callbacks:
    """A web server with nothing but the callback."""

    def __init__(self, section: Section) -> None:
        self.reports: list[StatusReport | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                report = read_report(
                    section(),
                    public_url=outer.url + self.path,
                    parameters=dict(parse_qsl(body, keep_blank_values=True)),
                    signature=self.headers.get("X-Twilio-Signature", ""),
                )
                outer.reports.append(report)
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def callbacks(section: Section) -> Iterator[Callbacks]:
    made = Callbacks(section)
    yield made
    made.close()


def read(section: Section, *, url: str = URL, signature: str | None = None, **changed: str) -> StatusReport | None:
    parameters = PARAMETERS | changed
    return read_report(section(), public_url=url, parameters=parameters, signature=signature or sign(url, parameters))


def test_a_report_comes_over_the_wire(
    twilio: TwilioStandIn, callbacks: Callbacks, section: Section, message: Sms
) -> None:
    TwilioSender(section(), status_callback=f"{callbacks.url}/status").send(message)
    (sid,) = twilio.sids
    twilio.report(sid, "sent")
    twilio.report(sid, "undelivered", code=30005)
    assert callbacks.reports == [
        StatusReport(provider_id=sid, reference="m-1", status="sent", failure=None),
        StatusReport(provider_id=sid, reference="m-1", status="undelivered", failure=Failure.NUMBER),
    ]


@pytest.mark.parametrize(
    ("status", "code", "failure"),
    [
        ("delivered", "", None),
        ("sent", "30005", None),
        ("undelivered", "30003", Failure.TRANSIENT),
        ("undelivered", "30004", Failure.NUMBER),
        ("undelivered", "30005", Failure.NUMBER),
        ("undelivered", "30006", Failure.NUMBER),
        ("undelivered", "30007", Failure.CONFIGURATION),
        ("undelivered", "30008", Failure.TRANSIENT),
        ("failed", "30001", Failure.TRANSIENT),
        ("failed", "30002", Failure.CREDENTIALS),
        ("failed", "30034", Failure.CONFIGURATION),
        ("failed", "30450", Failure.THROTTLED),
        ("failed", "30453", Failure.THROTTLED),
        ("failed", "21610", Failure.OPTED_OUT),
        ("failed", "39999", Failure.TRANSIENT),
        ("failed", "", Failure.TRANSIENT),
        ("failed", "x" * 1000, Failure.TRANSIENT),
    ],
    ids=lambda value: (value or "none")[:20],
)
def test_a_lost_message_is_one_of_the_same_classes(
    section: Section, status: str, code: str, failure: Failure | None
) -> None:
    report = read(section, MessageStatus=status, ErrorCode=code)
    assert report is not None
    assert (report.status, report.failure) == (status, failure)


@pytest.mark.attack
@pytest.mark.parametrize(
    "changed",
    [
        {"MessageStatus": "failed"},
        {"MessageSid": "SM" + "b" * 32},
        {"AccountSid": "AC" + "0" * 32},
        {"More": "1"},
    ],
    ids=["status", "message", "account", "another parameter"],
)
def test_a_report_that_was_changed_is_not_believed(section: Section, changed: dict[str, str]) -> None:
    assert read(section, signature=sign(URL, PARAMETERS), **changed) is None


@pytest.mark.attack
@pytest.mark.parametrize(
    "url",
    [
        URL.replace("m-1", "m-2"),
        URL.replace("demo", "other"),
        URL.replace("login.example.com", "evil.example"),
        URL.replace("https", "http"),
        URL.partition("?")[0],
    ],
)
def test_a_report_for_another_url_is_not_believed(section: Section, url: str) -> None:
    assert read(section, url=url, signature=sign(URL, PARAMETERS)) is None


@pytest.mark.attack
@pytest.mark.parametrize("signature", ["", "x", "A" * 28, "ÄÖÜ" * 10, "=" * 28])
def test_a_report_without_a_signature_is_not_believed(section: Section, signature: str) -> None:
    report = read_report(section(), public_url=URL, parameters=PARAMETERS, signature=signature)
    assert report is None


@pytest.mark.attack
def test_a_report_that_another_account_signed_is_not_believed(section: Section) -> None:
    assert read(section, signature=sign(URL, PARAMETERS, token="another token of Twilio")) is None
    assert read(section, AccountSid="AC" + "0" * 32) is None


@pytest.mark.attack
@pytest.mark.parametrize(
    "changed",
    [{"MessageSid": "../x"}, {"MessageSid": ""}, {"MessageStatus": ""}, {"MessageStatus": "DROP TABLE x"}],
    ids=["path", "no message", "no status", "no word"],
)
def test_a_signed_report_of_a_strange_shape_is_not_believed(section: Section, changed: dict[str, str]) -> None:
    assert read(section, **changed) is None


def test_a_realm_without_an_account_believes_nobody(section: Section) -> None:
    for gone in ("account_sid", "auth_token"):
        changed = section(**{gone: None})
        assert read_report(changed, public_url=URL, parameters=PARAMETERS, signature=sign(URL, PARAMETERS)) is None


def test_a_token_that_was_replaced_is_believed_no_more(section: Section) -> None:
    changed = section(auth_token=Secret("the token after that"))
    assert read_report(changed, public_url=URL, parameters=PARAMETERS, signature=sign(URL, PARAMETERS)) is None
