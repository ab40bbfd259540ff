"""Codes by text message and by mail at the sign-in: sent when asked for, to the proven address only, and typed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from idp.factors import sent_codes
from idp.factors.answers import Answer, ConsumeChallenge, Proven, Unchecked, Wrong
from idp.factors.sent_codes import SentCode
from idp.login.enrolment import Enrolment, EnrolmentAttempt, NewCredential
from idp.login.second_factor import FactorAttempt, SecondFactorStep, after_wrong, count, secret_context, waiting
from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import DestinationPage, Message, Page, SentCodePage
from idp.outbound.codes import Addressed, Codes, Held
from idp.outbound.letters import Letters
from idp.outbound.mail_address import is_address
from idp.outbound.notices import Notice
from idp.outbound.phone import Phone, Refusal, masked, parse
from idp.outbound.quota import Purpose
from idp.outbound.results import Failed, Failure
from idp.outbound.sms.message import Check
from idp.realm.schema import Realm
from idp.store.database import Transaction
from idp.store.people import Known, StoredFactor
from idp.tokens.sealing import Sealer

SEND = "send"
SENT = ("sms", "email")
_LATER, _MENDED, _NUMBER = "error.lost-for-now", "error.lost-until-mended", "error.lost-number"
# What a person can do about it.
_LOST: dict[str, str] = {
    Failure.NUMBER: _NUMBER,
    Failure.REGION: _NUMBER,
    Failure.ADDRESS: "error.lost-address",
    Failure.OPTED_OUT: "error.lost-opted-out",
    Failure.THROTTLED: _LATER,
    Failure.TRANSIENT: _LATER,
    Failure.CREDENTIALS: _MENDED,
    Failure.CONFIGURATION: _MENDED,
}
_LOST_AT_ENROLMENT = _LOST | {Failure.NUMBER: "error.phone-kind", Failure.REGION: "error.phone-country"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """A code that is to be sent."""

    known: Known
    credential_id: str
    to: str = field(repr=False)
    purpose: Purpose
    locale: str


class Sender:
    """Sends the codes of one factor, `sms` or `email`, and says what one is worth."""

    def __init__(self, factor: str, codes: Codes) -> None:
        self.factor = factor
        self._codes = codes

    def send(self, tx: Transaction, situation: Situation, sending: Sending) -> SentCode | Message:
        """The code that goes out once the transaction is committed; older ones are dead then."""
        realm, now = situation.realm, situation.now
        to = Addressed(
            user=sending.known.user,
            to=sending.to,
            purpose=sending.purpose,
            locale=sending.locale,
            network=situation.browser.network,
            credential_id=sending.credential_id if sending.purpose == "sign-in" else None,
        )
        lifetime, code = self._lifetime(realm), sent_codes.new_code()
        if self.factor == "sms":
            held = self._codes.text(tx, realm, to, code=code, now=now)
            code = "" if self._codes.made_elsewhere(realm) else code
        else:
            held = self._codes.mail(tx, realm, to, Notice.EMAIL_CODE, now=now, code=code, lifetime=lifetime)
        if held is not None:
            return self._held(situation, held)
        return SentCode(self.factor, sending.credential_id, code, now + lifetime, to.message_id)

    def verify(self, realm: Realm, sent: SentCode | None, code: str, *, to: str, now: int) -> Answer:
        """Whether it is the code of the newest message. May take seconds: a provider may hold the code."""
        if sent is None or sent.factor != self.factor:
            return Wrong("error.code-expired")
        if sent.code or not self._codes.made_elsewhere(realm):
            return sent_codes.verify(sent, code, now=now)
        match self._codes.check(realm, to, code="".join(code.split())):
            case Check.APPROVED:
                return Proven(sent.credential_id, ConsumeChallenge())
            case Check.WRONG:
                return Wrong("error.sent-code")
            case Check.GONE:
                return Wrong("error.code-expired")
            case Failed():
                return Unchecked("error.send-failed")

    def _held(self, situation: Situation, held: Held) -> Message:
        if not held.is_pause:
            return Message("error.send-limit")
        sent = situation.state.sent
        is_under_way = sent is not None and sent.factor == self.factor and situation.undelivered is None
        return Message("error.just-sent" if is_under_way else "error.send-pause", {"seconds": held.seconds})

    def _lifetime(self, realm: Realm) -> int:
        configured = realm.factors.sms if self.factor == "sms" else realm.factors.email
        return configured.lifetime if configured else 0


class SentCodeStep(SecondFactorStep):
    """A code sent to the person's number or mailbox. Nothing is sent before somebody presses the button."""

    used = "error.code-expired"

    def __init__(self, sender: Sender, sealer: Sealer, letters: Letters) -> None:
        super().__init__(letters)
        self.factor = sender.factor
        self._sender = sender
        self._sealer = sealer

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """Where it may go, or the field for it."""
        known, sent = situation.known, situation.state.sent
        targets = tuple((f.id, hidden(self.factor, self._to(known, f.id))) for f in self._stored(known))
        is_sent = sent is not None and sent.factor == self.factor and situation.undelivered is None
        tell_undelivered(situation, common, self.factor, _LOST)
        return SentCodePage(**common, targets=targets, sent_to=sent.credential_id if sent and is_sent else None)

    def begin(
        self, tx: Transaction, situation: Situation, form: Mapping[str, str]
    ) -> FactorAttempt | Sending | Message:
        """A code is asked for, or typed in."""
        if SEND not in form:
            counted: FactorAttempt | Message = super().begin(tx, situation, form)
            return counted
        known, chosen = situation.known, form[SEND]
        if known is None or chosen not in {f.id for f in self._stored(known)}:
            return Message("error.stale-form")
        to, locale = self._to(known, chosen), locale_of(situation, form)
        return Sending(known=known, credential_id=chosen, to=to, purpose="sign-in", locale=locale)

    def evaluate(self, attempt: FactorAttempt | Sending) -> Message | None:
        """There is nothing to compare with yet, or there is."""
        return None if isinstance(attempt, Sending) else super().evaluate(attempt)

    def apply(self, tx: Transaction, situation: Situation, attempt: FactorAttempt | Sending) -> SignIn | Message:
        """Of many requests to send one does: the sign-in goes on from each of its states once."""
        if not isinstance(attempt, Sending):
            return super().apply(tx, situation, attempt)
        sent = self._sender.send(tx, situation, attempt)
        return sent if isinstance(sent, Message) else replace(situation.state, sent=sent)

    def verify(self, attempt: FactorAttempt) -> Answer:
        """Whether it is what was sent."""
        sent, known, situation = attempt.situation.state.sent, attempt.known, attempt.situation
        # The factor may have been removed since.
        if sent is None or sent.credential_id not in {f.id for f in self._stored(known)}:
            return Wrong("error.code-expired")
        to = self._to(known, sent.credential_id)
        return self._sender.verify(situation.realm, sent, attempt.answer, to=to, now=situation.now)

    def accepted(self, tx: Transaction, attempt: FactorAttempt, state: SignIn) -> SignIn:
        """The code is used up with the state that held it."""
        return replace(state, sent=None)

    def _stored(self, known: Known | None) -> tuple[Any, ...]:
        return known.of_factor(self.factor) if known else ()

    def _to(self, known: Known | None, credential_id: str) -> str:
        if known is None:
            raise AssertionError("a code is sent after the first proof only")
        return _opened(self._sealer, known, next(f for f in known.factors if f.id == credential_id))


class SentCodeEnrolment(Enrolment):
    """A number or an address, proven by the code that was sent to it."""

    empty = "error.code-missing"

    def __init__(self, sender: Sender, sealer: Sealer, letters: Letters) -> None:
        super().__init__(sealer, letters)
        self.factor = sender.factor
        self._sender = sender

    def prepare(self, now: int) -> str:
        """Nothing is known yet."""
        return ""

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """Where to, or the field for the code."""
        enrolling, known = situation.state.enrolling, situation.known
        to = enrolling.secret if enrolling else ""
        suggested = (known.user.email or "") if known and self.factor == "email" else ""
        is_sent = situation.state.sent is not None and situation.undelivered is None
        tell_undelivered(situation, common, self.factor, _LOST_AT_ENROLMENT)
        return DestinationPage(**common, to=to, suggested=suggested, is_sent=is_sent)

    def begin(
        self, tx: Transaction, situation: Situation, form: Mapping[str, str]
    ) -> EnrolmentAttempt | Sending | Message:
        """An address is given, or its code. The code's guesses are counted: the address may be somebody else's."""
        known, enrolling = situation.known, situation.state.enrolling
        if known is None or enrolling is None:
            return Message("error.stale-form")
        if SEND in form:
            to = self._read(situation.realm, form.get("destination", "") or enrolling.secret)
            if isinstance(to, Message):
                return to
            new, locale = enrolling.credential_id, locale_of(situation, form)
            return Sending(known=known, credential_id=new, to=to, purpose="enrol", locale=locale)
        attempt: EnrolmentAttempt | Message = super().begin(tx, situation, form)
        if isinstance(attempt, Message):
            return attempt
        counted = count(tx, situation, known, self.factor)
        return counted if isinstance(counted, Message) else replace(attempt, counted=counted)

    def evaluate(self, attempt: EnrolmentAttempt | Sending) -> Message | None:
        """There is nothing to compare with yet, or there is."""
        if isinstance(attempt, Sending):
            return None
        wrong = super().evaluate(attempt)
        return (waiting(attempt.counted) if wrong and attempt.is_guess else None) or wrong

    def refused(self, tx: Transaction, attempt: EnrolmentAttempt) -> None:
        """Guessed here or at another factor: that is the same."""
        if (known := attempt.situation.known) is not None:
            after_wrong(tx, self.letters, attempt, known, self.factor)

    def prove(self, attempt: EnrolmentAttempt) -> NewCredential | Message:
        """Whether the person reads what is sent there."""
        situation, state = attempt.situation, attempt.situation.state
        if state.enrolling is None or (state.sent and state.sent.credential_id != state.enrolling.credential_id):
            return Message("error.stale-form")
        to = state.enrolling.secret
        answer = self._sender.verify(situation.realm, state.sent, attempt.answer, to=to, now=situation.now)
        if isinstance(answer, Proven):
            return NewCredential(to)
        attempt.is_guess = isinstance(answer, Wrong)
        return Message(answer.message)

    def apply(self, tx: Transaction, situation: Situation, attempt: EnrolmentAttempt | Sending) -> SignIn | Message:
        """Send the code, or keep the address."""
        if not isinstance(attempt, Sending):
            added = super().apply(tx, situation, attempt)
            return added if isinstance(added, Message) else replace(added, sent=None)
        sent, enrolling = self._sender.send(tx, situation, attempt), situation.state.enrolling
        if isinstance(sent, Message) or enrolling is None:
            return sent if isinstance(sent, Message) else Message("error.stale-form")
        return replace(situation.state, sent=sent, enrolling=replace(enrolling, secret=attempt.to))

    def _read(self, realm: Realm, typed: str) -> str | Message:
        if self.factor == "email":
            return typed.strip() if is_address(typed.strip()) else Message("error.address")
        countries = realm.factors.sms.countries if realm.factors.sms else ()
        # As people write it at home, wherever of these that is; the page shows what it was read as.
        read = [parse(typed, default_country=country, countries=countries) for country in countries]
        phone = next((found for found in read if isinstance(found, Phone)), None)
        return phone.e164 if phone else Message(f"error.phone-{next(iter(read), Refusal.COUNTRY)}")


def target(sealer: Sealer, known: Known, stored: StoredFactor) -> str:
    """Where the codes of a person's factor go, as a page shows it; empty for a factor that sends none."""
    is_sent = stored.factor in SENT
    return hidden(stored.factor, _opened(sealer, known, stored)) if is_sent else ""


def hidden(factor: str, to: str) -> str:
    """As a page shows where a code goes."""
    if factor == "sms":
        return masked(to)
    name, _, host = to.partition("@")
    return f"{name[:1]}•••@{host}"


def _opened(sealer: Sealer, known: Known, stored: StoredFactor) -> str:
    return sealer.open(stored.secret, secret_context(known.user.id, stored.id)).decode()


def tell_undelivered(situation: Situation, common: dict[str, Any], factor: str, sentences: Mapping[str, str]) -> None:
    """What the page says, where nothing else is wrong, once it is known that the code did not get through."""
    sent, why = situation.state.sent, situation.undelivered
    if sent is not None and sent.factor == factor and why is not None and common["error"] is None:
        common["error"] = Message(sentences.get(why, _LATER))


def locale_of(situation: Situation, form: Mapping[str, str]) -> str:
    """The language of the page that asked."""
    offered = situation.realm.locales
    return form["locale"] if form.get("locale") in offered else offered[0]
