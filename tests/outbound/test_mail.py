"""Letters, against a real SMTP server."""

import datetime
import ipaddress
import socket
import ssl
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from idp.errors import SettingsError
from idp.outbound.mail import Mail, MailSender
from idp.outbound.results import Failed, Failure, Outcome, Sent
from idp.realm.factor_sections import Mail as MailSection
from idp.realm.secrets import Secret
from tests.clock import START
from tests.conftest import Log
from tests.outbound.mailbox import Mailbox

LETTER = Mail(to="alice@example.org", subject="Your code", text="Grüße, 482913\n.\nbye\n")
PASSWORD = "a password for mail"


def sender(
    port: int, *, timeout: float = 5.0, from_: str = "Example portal <no-reply@example.com>", **server: Any
) -> MailSender:
    section = MailSection.model_validate({"server": {"host": "127.0.0.1", "port": port} | server, "from": from_})
    return MailSender(section, timeout=timeout)


def send(box: Mailbox, letter: Mail = LETTER, **options: Any) -> Outcome:
    return sender(box.port, **options).send(letter, now=START)


def letter(**changed: Any) -> Mail:
    return Mail(**({"to": LETTER.to, "subject": LETTER.subject, "text": LETTER.text} | changed))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_letter_arrives_as_it_was_written() -> None:
    with Mailbox() as box:
        outcome = send(box)
    (got,) = box.letters
    assert (got.sender, got.recipients) == ("no-reply@example.com", ["alice@example.org"])
    assert got.message["From"] == "Example portal <no-reply@example.com>"
    assert got.message["To"] == "alice@example.org"
    assert got.message["Subject"] == "Your code"
    assert got.message["Auto-Submitted"] == "auto-generated"
    assert got.message["Date"].datetime.timestamp() == START
    assert outcome == Sent(got.message["Message-ID"])
    assert got.text.replace("\r\n", "\n") == LETTER.text


def test_a_subject_in_any_language_arrives() -> None:
    subject = "Ihr Code für die Grüße 銀行 " + "lang " * 30
    with Mailbox() as box:
        send(box, letter(subject=subject))
    assert box.letters[0].message["Subject"] == subject


def test_the_name_of_this_machine_does_not_go_out() -> None:
    with Mailbox() as box:
        send(box)
    assert socket.gethostname() not in box.letters[0].message.as_string().replace("example.com", "")
    assert box.letters[0].message["Message-ID"].endswith("@example.com>")


@pytest.mark.parametrize(
    ("from_", "name", "address"),
    [
        ("a@b.example", "", "a@b.example"),
        ("Example, Inc. <a@b.example>", "Example, Inc.", "a@b.example"),
        ("Grüße & Söhne <a@b.example>", "Grüße & Söhne", "a@b.example"),
    ],
    ids=["bare", "comma", "umlauts"],
)
def test_the_realm_file_says_whom_a_letter_comes_from(from_: str, name: str, address: str) -> None:
    with Mailbox() as box:
        send(box, from_=from_)
    (got,) = box.letters
    assert got.sender == address
    assert got.message["From"].addresses[0].display_name == name
    assert got.message["From"].addresses[0].addr_spec == address


BREAKS = {
    "CR LF": "\r\n",
    "LF": "\n",
    "CR": "\r",
    "NUL": "\x00",
    "vertical tab": "\x0b",
    "form feed": "\x0c",
    "escape": "\x1b",
    "next line": "\x85",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
}


@pytest.mark.attack
@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS.keys())
def test_nothing_breaks_out_of_the_recipient(broken: str) -> None:
    attempts = [
        f"alice@example.org{broken}Bcc: eve@evil.example",
        f"alice@example.org>{broken}RCPT TO:<eve@evil.example",
        f"alice{broken}@example.org",
        f"{broken}alice@example.org",
        f"alice@example.org{broken}",
    ]
    with Mailbox() as box:
        outcomes = [send(box, letter(to=to)) for to in attempts]
    assert outcomes == [Failed(Failure.ADDRESS)] * len(attempts)
    assert box.commands == []


@pytest.mark.attack
@pytest.mark.parametrize(
    "to",
    [
        "",
        "alice",
        "alice@",
        "@example.org",
        "alice@example.org, eve@evil.example",
        "alice@example.org,eve@evil.example",
        "alice@example.org;eve@evil.example",
        "alice@example.org eve@evil.example",
        "<alice@example.org>",
        "Alice <alice@example.org>",
        "eve@evil.example:alice@example.org",
        "@evil.example:alice@example.org",
        '"eve@evil.example"@example.org',
        "alice@example.org(eve@evil.example)",
        "alice@evil.example@example.org",
        "alice@[127.0.0.1]",
        "=?utf-8?q?eve=40evil.example=2C?=alice@example.org",
        "a" * 65 + "@example.org",
        "alice@" + "x" * 200,
        "group:alice@example.org;",
    ],
)
def test_a_letter_goes_to_one_plain_address_or_nowhere(to: str) -> None:
    with Mailbox() as box:
        outcome = send(box, letter(to=to))
    recipients = [got.recipients for got in box.letters]
    assert isinstance(outcome, Failed) or recipients == [[to]]
    assert not [c for c in box.commands if c.startswith("RCPT") and c != f"RCPT {to}"]


@pytest.mark.attack
@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS.keys())
def test_nothing_breaks_out_of_the_subject(broken: str) -> None:
    with Mailbox() as box:
        outcome = send(box, letter(subject=f"Hello{broken}Bcc: eve@evil.example"))
    assert outcome == Failed(Failure.CONFIGURATION)
    assert box.commands == []


@pytest.mark.attack
@pytest.mark.parametrize(
    "hidden", ["=?utf-8?q?x=0D=0ABcc:_eve=40evil.example?=", "=?utf-8?b?eA0KQmNjOiBl?=", "=?utf-8?q?=00?="]
)
def test_a_line_break_hidden_in_an_encoded_word_does_not_come_out(hidden: str) -> None:
    with Mailbox() as box:
        outcome = send(box, letter(subject=f"Hello {hidden}"))
    assert outcome == Failed(Failure.CONFIGURATION)
    assert box.letters == []


@pytest.mark.attack
def test_a_dot_alone_does_not_end_the_letter() -> None:
    text = "one\r\n.\r\nMAIL FROM:<eve@evil.example>\r\nRCPT TO:<eve@evil.example>\r\nDATA\r\n"
    with Mailbox() as box:
        send(box, letter(text=text))
    assert len(box.letters) == 1
    assert box.commands == ["MAIL no-reply@example.com", "RCPT alice@example.org"]
    assert "RCPT TO:<eve@evil.example>" in box.letters[0].text


def test_a_text_that_cannot_be_encoded_is_not_sent() -> None:
    with Mailbox() as box:
        assert send(box, letter(text="\ud800")) == Failed(Failure.CONFIGURATION)


@pytest.mark.parametrize("to", ["alice@example..org", "alice@example.org."])
def test_an_address_that_no_header_can_have_is_never_tried_again(to: str) -> None:
    with Mailbox() as box:
        assert send(box, letter(to=to)) == Failed(Failure.ADDRESS)


def test_an_address_with_umlauts_is_written_to_where_the_server_can() -> None:
    with Mailbox() as box:
        outcome = send(box, letter(to="jürgen@example.org"))
    assert isinstance(outcome, Sent)
    assert box.letters[0].recipients == ["jürgen@example.org"]


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ({"refuse_recipient": "550 no such user"}, Failure.ADDRESS),
        ({"refuse_recipient": "450 busy"}, Failure.TRANSIENT),
        ({"refuse_recipient": "452 too many"}, Failure.THROTTLED),
        ({"refuse_sender": "553 not yours"}, Failure.CONFIGURATION),
        ({"refuse_sender": "530 sign in first"}, Failure.CREDENTIALS),
        ({"refuse_sender": "451 later"}, Failure.TRANSIENT),
        ({"refuse_letter": "554 looks like spam"}, Failure.CONFIGURATION),
        ({"refuse_letter": "451 try later"}, Failure.TRANSIENT),
    ],
    ids=lambda value: " ".join(value.values()) if isinstance(value, dict) else value.value,
)
def test_a_refusal_is_one_of_few_classes(refusal: dict[str, str], kind: Failure) -> None:
    with Mailbox(**refusal) as box:  # type: ignore[arg-type]  # the names of its fields
        outcome = send(box)
    assert isinstance(outcome, Failed)
    assert outcome.kind is kind
    assert box.letters == []


def test_a_server_that_is_not_there_got_nothing() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    assert sender(port).send(LETTER, now=START) == Failed(Failure.TRANSIENT)


def test_a_server_that_does_not_greet_got_nothing() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        outcome = sender(silent.getsockname()[1], timeout=0.15).send(LETTER, now=START)
    assert outcome == Failed(Failure.TRANSIENT)


def test_a_letter_without_an_answer_is_an_unknown_outcome() -> None:
    release = threading.Event()
    with Mailbox(during=lambda: bool(release.wait(60))) as box:
        outcome = send(box, timeout=0.15)
        release.set()
    assert outcome == Failed(Failure.UNKNOWN_OUTCOME)


def test_the_password_is_shown_to_the_server_under_tls(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Mailbox(username="portal", password=PASSWORD, tls=tls) as box:
        outcome = send(box, starttls=True, username="portal", password=Secret(PASSWORD))
    assert isinstance(outcome, Sent)


def test_a_wrong_password_is_a_matter_of_credentials(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Mailbox(username="portal", password=PASSWORD, tls=tls) as box:
        outcome = send(box, starttls=True, username="portal", password=Secret("another password"))
    assert outcome == Failed(Failure.CREDENTIALS, 535)


def test_a_password_that_the_protocol_has_no_words_for_is_a_matter_of_configuration(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Mailbox(username="portal", password=PASSWORD, tls=tls) as box:
        outcome = send(box, starttls=True, username="portal", password=Secret("ein Paßwort für Mail"))
    assert outcome == Failed(Failure.CONFIGURATION)


def test_a_name_that_no_machine_can_have_is_a_matter_of_configuration() -> None:
    assert sender(25, host="a" * 64).send(LETTER, now=START) == Failed(Failure.CONFIGURATION)


@pytest.mark.attack
def test_a_server_with_a_foreign_certificate_gets_nothing(tls: ssl.SSLContext) -> None:
    with Mailbox(tls=tls) as box:
        assert send(box, starttls=True) == Failed(Failure.CONFIGURATION)
    assert box.commands == []


@pytest.mark.attack
def test_a_server_from_whose_greeting_tls_was_taken_gets_nothing() -> None:
    with Mailbox() as box:
        assert send(box, starttls=True) == Failed(Failure.CONFIGURATION)
    assert box.commands == []


@pytest.mark.attack
@pytest.mark.parametrize(
    "server",
    [
        {"host": "mail.example.com", "username": "portal", "password": Secret(PASSWORD)},
        {"username": "portal"},
        {"password": Secret(PASSWORD)},
    ],
    ids=["in clear", "no password", "no name"],
)
def test_a_section_that_would_leak_or_not_work_is_refused_at_the_start(server: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        sender(25, **server)


@pytest.mark.attack
def test_neither_address_nor_letter_nor_password_is_logged(log: Log) -> None:
    with Mailbox(refuse_recipient="550 alice@example.org does not live here") as box:
        send(box)
    (line,) = [line for line in log.lines if "mail was not handed in" in line]
    assert "address" in line
    assert "550" in line
    assert not [secret for secret in ("alice", "482913") if secret in "\n".join(log.lines)]


def test_a_letter_does_not_show_itself() -> None:
    assert repr(LETTER) == "Mail()"
