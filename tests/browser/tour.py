"""Every page that people can come to, and how they get there."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from idp.policy.lockout import SECOND_FACTOR_SHUT_AT
from idp.store import guesses, people
from idp.store.database import Database
from tests.browser.person import Person
from tests.portal import Portal
from tests.running import DEMO, RunningServer
from tests.visitor import PASSWORD

FEW_CODES_SOON = {**DEMO["factors"], "recovery-codes": {"count": 10, "warn_at": 9}}
"""The factors of a realm on whose tour every page can be seen."""
IN_DETAIL: list[dict[str, Any]] = [
    {
        "type": "payment_initiation",
        "locations": ["https://pay.example/api"],
        "instructedAmount": {"currency": "EUR", "amount": "123.50"},
        "creditorName": "Müller & Söhne",
        "creditorAccount": {"iban": "DE02100100109307118603"},
        "remittanceInformation": ["Invoice 4711", "a-reference-without-any-blank-that-is-longer-than-a-phone-is-wide"],
    },
    {"type": "https://bank.example/account_information", "actions": ["read_balances", "list_transactions"]},
]
DETAIL_WORDS = {
    "payment_initiation": {
        "title": {"en": "Make a payment", "de": "Eine Zahlung ausführen"},
        "description": {"en": "The money leaves your account today.", "de": "Das Geld verlässt Ihr Konto heute."},
        "fields": {
            "instructedAmount": {"en": "Amount", "de": "Betrag"},
            "currency": {"en": "Currency", "de": "Währung"},
            "amount": {"en": "Sum", "de": "Summe"},
            "creditorName": {"en": "Payee", "de": "Empfänger"},
            "creditorAccount": {"en": "Account of the payee", "de": "Konto des Empfängers"},
            "iban": "IBAN",
            "remittanceInformation": {"en": "Reference", "de": "Verwendungszweck"},
        },
    }
}


@dataclass(frozen=True)
class Tour:
    """A person, and where they can go."""

    person: Person
    server: RunningServer
    portal: Portal
    billing: Portal

    def password(self) -> None:
        self.person.open(self.portal.url())

    def wrong_password(self) -> None:
        self.password()
        self.person.give_password(password="wrong")

    def password_again(self) -> None:
        self.arrive()
        self.person.open(self.portal.url(prompt="login"))

    def totp(self) -> None:
        self.password()
        self.person.give_password("ada")

    def wrong_totp(self) -> None:
        self.totp()
        self.person.submit(code="000000")

    def totp_too_old(self) -> None:
        self.totp()
        self.person.submit(code=self.person.code("ada"))
        self.person.clock.advance(360)
        self.person.open(self.billing.url(scope="openid payments"))

    def enrolment(self) -> None:
        self.person.open(self.billing.url())
        self.person.give_password("alice")

    def wrong_enrolment(self) -> None:
        self.enrolment()
        self.person.submit(code="000000")

    def new_recovery_codes(self) -> list[str]:
        self.enrolment()
        return self.person.enrol("alice")

    def recovery_code(self) -> list[str]:
        codes = self.new_recovery_codes()
        self.person.submit()
        self.person.open(self.billing.url(prompt="login"))
        self.person.submit(password=PASSWORD)
        self.person.click("Use a recovery code")
        return codes

    def wrong_recovery_code(self) -> None:
        self.recovery_code()
        self.person.submit(recovery_code="aaaa-bbbb-cccc")

    def few_recovery_codes(self) -> None:
        """Where the realm warns as soon as one is used: see `FEW_CODES_SOON`."""
        codes = self.recovery_code()
        self.person.submit(recovery_code=codes[0])

    def blocked(self) -> None:
        database = Database(self.server.settings.database)
        with database.write() as tx:
            ada = people.by_identifier(tx, "demo", "ada")
            assert ada
            for _ in range(SECOND_FACTOR_SHUT_AT):
                subject = guesses.second_factor_subject(ada.user.id)
                guesses.count(tx, subject, now=self.person.clock(), wait=lambda _: 0)
        database.close()
        self.totp()

    def consent(self) -> None:
        self.person.open(self.portal.url(prompt="consent"))
        self.person.give_password("alice")

    def consent_in_detail(self) -> None:
        """Where the portal may ask for the types of `IN_DETAIL`."""
        self.person.open(self.portal.url(prompt="consent", authorization_details=json.dumps(IN_DETAIL)))
        self.person.give_password("alice")

    def applications(self) -> None:
        self.consent_in_detail()
        self.person.submit()
        self.person.open(f"{self.server.issuer()}/account/applications")
        self.person.page.locator("summary").click()

    def sign_out(self) -> None:
        self.arrive()
        self.person.open(f"{self.server.endpoint('logout')}?{urlencode({'client_id': 'portal'})}")

    def signed_out(self) -> None:
        left = {
            "client_id": "portal",
            "post_logout_redirect_uri": self.portal.registered["post_logout_redirect_uris"][0],
        }
        self.person.open(f"{self.server.endpoint('logout')}?{urlencode(left)}")

    def unknown_client(self) -> None:
        self.person.open(self.portal.url(client_id="nobody"))

    def unknown_redirect(self) -> None:
        self.person.open(self.portal.url(redirect_uri="https://elsewhere.example/"))

    def not_found(self) -> None:
        self.person.open(f"{self.server.url}/realms/nowhere/protocol/openid-connect/auth")

    def expired(self) -> None:
        self.password()
        self.person.clock.advance(7200)
        self.person.give_password()

    def other_browser(self) -> None:
        self.password()
        self.person.context.clear_cookies()
        self.person.give_password()

    def arrive(self) -> None:
        self.password()
        self.person.give_password("alice")


PAGES: dict[str, Callable[[Tour], object]] = {
    "password": Tour.password,
    "wrong-password": Tour.wrong_password,
    "password-again": Tour.password_again,
    "totp": Tour.totp,
    "wrong-totp": Tour.wrong_totp,
    "totp-too-old": Tour.totp_too_old,
    "enrolment": Tour.enrolment,
    "wrong-enrolment": Tour.wrong_enrolment,
    "new-recovery-codes": Tour.new_recovery_codes,
    "recovery-code": Tour.recovery_code,
    "wrong-recovery-code": Tour.wrong_recovery_code,
    "few-recovery-codes": Tour.few_recovery_codes,
    "blocked": Tour.blocked,
    "consent": Tour.consent,
    "consent-in-detail": Tour.consent_in_detail,
    "applications": Tour.applications,
    "sign-out": Tour.sign_out,
    "signed-out": Tour.signed_out,
    "unknown-client": Tour.unknown_client,
    "unknown-redirect": Tour.unknown_redirect,
    "not-found": Tour.not_found,
    "expired": Tour.expired,
    "other-browser": Tour.other_browser,
}
