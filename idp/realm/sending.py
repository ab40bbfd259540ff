"""What a realm needs to send text messages and mail."""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idp.realm.document import Node
from idp.realm.factor_sections import Mail, MailServer, Sms
from idp.realm.findings import Finding
from idp.realm.mode import Mode
from idp.realm.schema import Realm
from idp.realm.suggestions import shortened
from idp.settings import LOOPBACK_NAMES

if TYPE_CHECKING:
    from email.headerregistry import Address

NEEDS = {
    "twilio": ("account_sid", "auth_token", "from"),
    "twilio-verify": ("account_sid", "auth_token", "verify_service"),
    "console": (),
}
# Reserved by ISO 3166-1 so that they mean nothing else: what people write for countries that have another code.
_OFTEN_WRITTEN = {"UK": "GB", "EL": "GR"}


def check_sending(realm: Realm, root: Node, mode: Mode) -> Iterator[Finding]:
    """Senders without what they need, and what would go in clear; nothing more of a section refused in part."""
    factors, section = realm.factors, root.find(("factors", "sms"))
    if factors.sms is not None and section is not None and not section.lost:
        yield from _check_sms(factors.sms, mode)
    if factors.email is not None and realm.mail is None and not root.lost:
        yield Finding(
            ("factors", "email"), "codes by mail need the section 'mail', which says how mail is sent", key=True
        )
    if realm.mail is not None and sender_of(realm.mail) is None:
        address = shortened(realm.mail.from_)
        yield Finding(("mail", "from"), f"mail cannot come from '{address}': it must be one address, in ASCII")
    server = root.find(("mail", "server"))
    if realm.mail is not None and server is not None and not server.lost:
        yield from _check_server(realm.mail.server)


def sender_of(mail: Mail) -> "Address | None":
    """Whom mail comes from, as its header has it; None for an address that no header can have."""
    from email.errors import MessageError
    from email.headerregistry import Address

    name, _, address = mail.from_.removesuffix(">").rpartition(" <")
    try:
        return Address(display_name=name, addr_spec=address) if address.isascii() else None
    except (MessageError, ValueError):
        return None


def _check_sms(sms: Sms, mode: Mode) -> Iterator[Finding]:
    path = ("factors", "sms")
    if sms.sender == "console" and mode is Mode.PRODUCTION:
        yield Finding((*path, "sender"), "the sender 'console' prints codes and is for development only: use twilio")
    yield from _check_countries(sms)
    given: dict[str, object] = {"account_sid": sms.account_sid, "auth_token": sms.auth_token}
    given |= {"from": sms.from_, "verify_service": sms.verify_service}
    for key in NEEDS[sms.sender]:
        if given[key] is None:
            yield Finding((*path, "sender"), f"the sender '{sms.sender}' needs the key '{key}' beside it")
    taken = (*NEEDS[sms.sender], "api_base_url") if NEEDS[sms.sender] else ()
    for key, value in (given | {"api_base_url": sms.api_base_url}).items():
        if value is not None and key not in taken:
            yield Finding((*path, key), f"'{key}' is for nothing with the sender '{sms.sender}': remove it", key=True)
    if sms.api_base_url is not None and _is_clear_text(sms.api_base_url):
        url = shortened(sms.api_base_url)
        message = f"'{url}' would get the token of the account in clear: use https (http is for this machine)"
        yield Finding((*path, "api_base_url"), message)


def _check_countries(sms: Sms) -> Iterator[Finding]:
    from phonenumbers import SUPPORTED_REGIONS  # takes long to load, and few realms need it

    for place, country in enumerate(sms.countries):
        if country not in SUPPORTED_REGIONS:
            meant = f", did you mean '{_OFTEN_WRITTEN[country]}'?" if country in _OFTEN_WRITTEN else ""
            yield Finding(
                ("factors", "sms", "countries", place),
                f"no telephone numbers are known of a country '{country}'{meant}",
            )


def _check_server(server: MailServer) -> Iterator[Finding]:
    path = ("mail", "server")
    if (server.username is None) != (server.password is None):
        there, missing = ("username", "password") if server.username else ("password", "username")
        yield Finding((*path, there), f"'{there}' needs '{missing}' beside it", key=True)
    elif server.password is not None and not server.starttls and server.host not in LOOPBACK_NAMES:
        yield Finding(
            (*path, "password"), "the password would cross the network in clear: set 'starttls: true'", key=True
        )


def _is_clear_text(url: str) -> bool:
    try:
        parts = urlsplit(url)
        hostname = parts.hostname
    except ValueError:
        return True
    return not hostname or not (parts.scheme == "https" or (parts.scheme == "http" and hostname in LOOPBACK_NAMES))
