"""The server of the random walk, and the people on it: what they own, and what they would answer."""

import itertools
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from idp.factors import recovery_codes, totp, webauthn
from idp.factors.password import Passwords
from idp.login import state as state_json
from idp.login.second_factor import secret_context
from idp.login.webauthn import party_of
from idp.settings import secret_keys
from idp.store import factors, links, users
from idp.store.database import Database
from idp.store.tables import credentials, transactions
from idp.tokens.bearer import digest, new_bearer
from idp.tokens.sealing import Sealer
from tests.authenticator import AlreadyThere, Authenticator
from tests.running import RunningServer, every_factor
from tests.visitor import ADA_SECRET, Page

RULES = [
    {"name": "owners", "when": {"roles": ["admin"]}, "level": "two-factor", "accept": ["totp", "webauthn"]},
    {"name": "billing", "when": {"clients": ["billing"]}, "level": "two-factor", "max_age": "5m"},
    {"name": "desk", "when": {"clients": ["desk"]}, "level": "two-factor", "trusted_browser": "30d"},
    {"name": "payments", "when": {"scopes": ["payments"]}, "level": "phishing-resistant", "max_age": "5m"},
]
PASSWORDS = {"owner": "the first of two phrases", "newcomer": "the other of two phrases"}
NEW_PASSWORD = "a phrase that is neither of the two"
NUMBERS = {"owner": "+49 170 1234567", "newcomer": "+49 170 7654321"}


def realm() -> dict[str, Any]:
    described = every_factor(second_factor={"rules": RULES}, expect=[])
    desk = next(c for c in described["clients"] if c["client_id"] == "portal") | {"client_id": "desk"}
    return described | {"clients": [*described["clients"], desk]}


@dataclass
class Walker:
    """A person: password, devices, sheet of recovery codes."""

    kind: str
    user_id: str
    username: str
    password: str
    device: Authenticator
    secrets: set[str] = field(default_factory=set)
    codes: list[str] = field(default_factory=list)


@dataclass
class World:
    """A server, and how people are made on it."""

    server: RunningServer
    database: Database
    hashes: dict[str, str]
    sealer: Sealer = field(default_factory=lambda: Sealer(secret_keys({}, dev=True)))
    number: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def on(cls, server: RunningServer) -> "World":
        passwords = Passwords()
        hashes = {kind: passwords.hash(text) for kind, text in PASSWORDS.items()}
        return cls(server, Database(server.settings.database), hashes)

    def person(self, kind: str) -> Walker:
        """A new one: an owner has an app, a passkey, a number and recovery codes, a newcomer has nothing."""
        username, now = f"{kind}{next(self.number)}", self.server.clock()
        device = Authenticator(self.server.url)
        with self.database.write() as tx:
            roles = ("admin",) if kind == "owner" else ()
            user_id = users.add(
                tx, "demo", username=username, password_hash=self.hashes[kind], now=now, roles=roles, email=None
            )
            walker = Walker(kind, user_id, username, PASSWORDS[kind], device)
            if kind == "owner":
                walker.secrets.add(ADA_SECRET)
                walker.codes = list(recovery_codes.new_codes(4))
                digests = [recovery_codes.stored(code, user_id=user_id) for code in walker.codes]
                factors.replace_recovery_codes(tx, user_id, digests)
                handle, key = self._passkey(walker)
                for factor, secret in {"totp": ADA_SECRET, "webauthn": key, "sms": "+491701234567"}.items():
                    credential = f"{username} {factor}"
                    sealed = self.sealer.seal(secret.encode(), secret_context(user_id, credential))
                    factors.add(
                        tx,
                        user_id,
                        credential_id=credential,
                        factor=factor,
                        label="",
                        secret=sealed,
                        counter=0,
                        handle=handle if factor == "webauthn" else None,
                        now=now,
                    )
        return walker

    def sent_code(self, handle: str) -> tuple[str, str]:
        """What the newest message of a sign-in says, and who reads it; nothing, where there is none."""
        row = self._sign_in(handle)
        if row is None:
            return "", ""
        sign_in = state_json.load(self.sealer.open_json(row.state, f"sign-in {state_json.FORMAT}:demo"))
        return (sign_in.sent.code, row.user_id) if sign_in.sent else ("", "")

    def owner_of_key(self, credential: str) -> set[str]:
        """To whose account the passkey was added that has signed, whoever holds the device."""
        with self.database.read() as tx:
            named = webauthn.handle_of(credential)
            found = tx.execute(select(credentials.c.user_id).where(credentials.c.handle == (named or b"")))
            return set(found.scalars())

    def person_of(self, handle: str) -> set[str]:
        """Whose sign-in it is."""
        row = self._sign_in(handle)
        return set() if row is None or row.user_id is None else {row.user_id}

    def _sign_in(self, handle: str) -> Any:
        with self.database.read() as tx:
            return tx.execute(select(transactions).where(transactions.c.digest == digest(handle))).first()

    def reset_link(self, walker: Walker) -> str:
        """The key of a link as it would be in the person's mailbox."""
        key = new_bearer()
        with self.database.write() as tx:
            user = users.by_id(tx, "demo", walker.user_id)
            assert user is not None
            links.put(
                tx,
                key=key,
                user_id=user.id,
                purpose="reset",
                epoch=user.epoch,
                email_key=None,
                came_from=None,
                expires_at=self.server.clock() + 600,
            )
        return key

    def answers(self, page: Page, walker: Walker, *, lies: dict[str, Any]) -> dict[str, str]:
        """What this person would fill into any form of the page."""
        secret = page.totp_secret if page.step == "totp-enrol" else next(iter(walker.secrets), ADA_SECRET)
        code = totp.code_at(secret, self.server.clock())
        filled = {
            "username": walker.username,
            "password": walker.password,
            "recovery_code": walker.codes[0] if walker.codes else "",
            "destination": NUMBERS[walker.kind],
        }
        if page.step in ("sms", "sms-enrol"):
            code = self.sent_code(page.form.fields["transaction"])[0] or "000000"
        if "credential" in page.html and "data-options" in page.html:
            filled["credential"] = _signed(page, walker, lies)
        return filled | {"code": code}

    def _passkey(self, walker: Walker) -> tuple[bytes, str]:
        challenge, described = webauthn.new_challenge(), self.server.app.state.realms.get("demo")
        party = party_of(described, self.server.url)
        options = webauthn.creation_options(
            party,
            user_handle=walker.user_id.encode(),
            username=walker.username,
            challenge=challenge,
            existing=(),
        )
        made = webauthn.verify_new(walker.device.create(options), party, challenge=challenge)
        assert isinstance(made, webauthn.NewPasskey)
        return made.handle, urlsafe_b64encode(made.public_key).decode()

    def close(self) -> None:
        self.database.close()


def _signed(page: Page, walker: Walker, lies: dict[str, Any]) -> str:
    """By the newest key of the person's device, whoever the page asks for; a new key where one is to be made."""
    options = page.passkey_options
    if page.step == "webauthn-enrol":
        try:
            return walker.device.create(options, **lies)
        except AlreadyThere:
            return ""
    return walker.device.get(options | {"allowCredentials": []}, **lies) if walker.device.keys else ""
