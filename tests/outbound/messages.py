"""A realm that sends messages through a stand-in for Twilio and an SMTP server, and what a handler sends them with."""

from dataclasses import dataclass
from typing import Any

import yaml
from sqlalchemy import delete

from idp.outbound.codes import Addressed, Codes
from idp.outbound.letters import Letters
from idp.outbound.queue import Carrier
from idp.outbound.quota import Purpose
from idp.realm.schema import Realm
from idp.settings import Settings, secret_keys
from idp.store import tables, users
from idp.store.database import Database
from idp.store.users import User
from idp.tokens.sealing import Sealer
from idp.web.themes import Themes, built_in
from tests.outbound.mailbox import Mailbox
from tests.outbound.twilio_stand_in import ACCOUNT_SID, AUTH_TOKEN, FROM, VERIFY_SERVICE, TwilioStandIn
from tests.realm.files import examined
from tests.running import demo_realm

NUMBER, ADDRESS = "+491701234567", "alice@example.com"
THEMES = Themes(built_in(), strict=True)


def sending(twilio: TwilioStandIn, mailbox: Mailbox, **sms: Any) -> dict[str, Any]:
    """The demo realm with text messages and mail."""
    section = {
        "sender": "twilio",
        "account_sid": ACCOUNT_SID,
        "auth_token": AUTH_TOKEN,
        "countries": ["US", "DE"],
        "api_base_url": twilio.url,
    }
    realm = demo_realm(
        mail={"server": {"host": "127.0.0.1", "port": mailbox.port}, "from": "Demo <no-reply@a.example>"}
    )
    is_verify = sms.get("sender") == "twilio-verify"
    section |= {"verify_service": VERIFY_SERVICE} if is_verify else {"from": FROM}
    realm["factors"] |= {"sms": section | sms, "email": {}}
    return realm


def loaded(realm: dict[str, Any]) -> Realm:
    examination = examined(yaml.safe_dump(realm, sort_keys=False))
    assert examination.realm is not None, examination.problems
    return examination.realm


def letters(carrier: Carrier) -> Letters:
    return Letters(THEMES.phrase, carrier)


@dataclass
class Desk:
    """What a handler has in its hands: everything to send a message in a transaction of its own."""

    database: Database
    realm: Realm
    carrier: Carrier

    def __post_init__(self) -> None:
        settings = Settings(config=built_in(), database="", dev=True, secret_keys=secret_keys({}, dev=True))
        sealer = Sealer(settings.secret_keys)
        self.letters = letters(self.carrier)
        self.codes = Codes(
            database=self.database, sealer=sealer, letters=self.letters, carrier=self.carrier, settings=settings
        )
        with self.database.write() as tx:
            tx.execute(delete(tables.limits))
            tx.execute(delete(tables.messages))

    def user(self, username: str = "alice") -> User:
        with self.database.read() as tx:
            return next(user for user in users.listed(tx, "demo") if user.username == username)

    def to(
        self,
        address: str,
        *,
        username: str = "alice",
        purpose: Purpose = "sign-in",
        network: str = "192.0.2.1",
    ) -> Addressed:
        return Addressed(user=self.user(username), to=address, purpose=purpose, locale="en", network=network)
