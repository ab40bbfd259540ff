"""What an administrator can do to a person's account. Each change is one transaction and one audit event."""

from collections.abc import Mapping, Sequence
from typing import Any

from idp.account import links
from idp.account.links import Purpose
from idp.admin.acting import Acting, Refused
from idp.admin.new_people import NewPerson, check_names, check_roles, checked_claims
from idp.events.catalogue import Event
from idp.factors.breached import Breached
from idp.factors.password import MAX_BYTES, Passwords
from idp.outbound.notices import Notice
from idp.policy.passwords import unacceptable
from idp.policy.question import Person
from idp.realm.schema import Realm
from idp.store import factors, guesses, sessions, users
from idp.store.database import Database, Transaction
from idp.store.guesses import Waits
from idp.store.people import Known
from idp.store.sessions import SignedIn
from idp.store.users import NameTaken, User

_SHIPPED = Breached()
_FAULTS = {
    "error.password-short": "must have at least {characters} characters",
    "error.password-long": f"must have at most {MAX_BYTES} bytes",
    "error.password-breached": "is known from a breach, and among the first that an attacker tries",
    "error.password-repeats": "only repeats a few characters",
    "error.password-name": "is little more than a name that everybody knows",
}


class People(Acting):
    """The people of one realm. `realm` is needed to check what is new."""

    def __init__(self, database: Database, realm_name: str, *, breached: Breached = _SHIPPED, **acting: Any) -> None:
        super().__init__(database, realm_name, **acting)
        self._breached = breached

    def add(self, realm: Realm, person: NewPerson, password: str, passwords: Passwords) -> str:
        """The identifier of the new person; raises Refused."""
        check_names(person)
        check_roles(realm, person.roles, person.groups)
        self._check_password(realm, person.in_realm(realm), person, password)
        hashed = passwords.hash(password)
        with self._database.write() as tx:
            user = self._added(tx, person, hashed)
            self.tell(tx, user, Notice.ACCOUNT_MADE)
        return user.id

    def invite(self, realm: Realm, person: NewPerson, *, issuer: str) -> tuple[str, str | None]:
        """The identifier of a new person without a password, and the link to hand over where no letter brings it.

        Raises Refused. `issuer`: of the realm, from the settings.
        """
        check_names(person)
        check_roles(realm, person.roles, person.groups)
        with self._database.write() as tx:
            user = self._added(tx, person, None)
            return user.id, self.send_link(tx, user, "invitation", issuer=issuer)

    def invite_again(self, identifier: str, *, issuer: str) -> str | None:
        """A new invitation for who has no password yet, and the link as `invite` has it; raises Refused."""
        with self._database.write() as tx:
            user = self.known(tx, identifier).user
            if user.password_hash is not None:
                raise Refused(f"{user.username} has a password")
            if not user.enabled:
                raise Refused(f"{user.username} is disabled")
            return self.send_link(tx, user, "invitation", issuer=issuer)

    def ask_to_verify(self, identifier: str, *, issuer: str) -> None:
        """Have the person confirm the address that is stored; raises Refused."""
        with self._database.write() as tx:
            user = self.known(tx, identifier).user
            if user.email_verified:
                raise Refused(f"{user.username} has confirmed {user.email}")
            if not user.enabled:
                raise Refused(f"{user.username} is disabled")
            if not self.reaches(user):
                why = "the realm has no mail that can be sent from here" if user.email else "no address"
                raise Refused(f"no letter can be sent: {why}")
            self.send_link(tx, user, "verify", issuer=issuer)

    def send_link(self, tx: Transaction, user: User, purpose: Purpose, *, issuer: str) -> str | None:
        """A link by mail, else in the answer: it proves the address only where nobody but its owner has seen it."""
        is_mailed = self.reaches(user)
        link = links.make(tx, user, purpose, issuer=issuer, is_mailed=is_mailed, by=self._by, now=self._now)
        if not is_mailed:
            return link
        self.tell(tx, user, links.LETTERS[purpose], link=link, lifetime=links.LASTS[purpose])
        return None

    def listed(self) -> list[User]:
        """Everybody, in the order of the names."""
        found: list[User] = []
        with self._database.read() as tx:
            while page := users.listed(
                tx, self._realm, after=users.identifier_key(found[-1].username) if found else ""
            ):
                found += page
        return found

    def show(self, identifier: str) -> Known:
        """One person with their factors, without a secret."""
        with self._database.read() as tx:
            return self.known(tx, identifier)

    def waits(self, user_id: str) -> Waits:
        """Until when the next guess waits."""
        with self._database.read() as tx:
            return guesses.waits(tx, user_id, self._now)

    def sign_ins(self, realm: Realm, identifier: str) -> list[SignedIn]:
        """The newest sign-ins of a person, ended ones too; raises Refused."""
        with self._database.read() as tx:
            user = self.known(tx, identifier).user
            return sessions.listed(tx, user.id, limits=realm.sessions, now=self._now)

    def set_password(self, realm: Realm, identifier: str, password: str, passwords: Passwords) -> None:
        """Ends every session and grant of the person; raises Refused."""
        with self._database.read() as tx:
            known = self.known(tx, identifier)
        self._check_password(realm, known.person(realm), known.user, password)
        hashed = passwords.hash(password)
        with self._database.write() as tx:
            users.set_password(tx, known.user.id, hashed)
            self.audit(tx, Event.USER_PASSWORD_SET, known.user)
            self.tell(tx, known.user, Notice.PASSWORD_SET)

    def set_roles(
        self, realm: Realm, identifier: str, *, roles: Sequence[str] | None, groups: Sequence[str] | None
    ) -> None:
        """Replace the roles, the groups, or both; raises Refused."""
        with self._database.write() as tx:
            user = self.locked(tx, identifier).user
            new_roles = user.roles if roles is None else tuple(roles)
            new_groups = user.groups if groups is None else tuple(groups)
            check_roles(realm, new_roles, new_groups)
            users.set_roles(tx, user.id, roles=new_roles, groups=new_groups)
            self.audit(tx, Event.USER_ROLES_SET, user, roles=new_roles, groups=new_groups)
            self.tell(tx, user, Notice.ROLES_SET)

    def set_claims(self, identifier: str, changed: Mapping[str, Any]) -> None:
        """Those that are named, None for nothing any more; the others stay. Raises Refused."""
        with self._database.write() as tx:
            user = self.locked(tx, identifier).user
            claims = checked_claims({**user.claims, **changed})
            if claims == user.claims:
                return
            users.set_claims(tx, user.id, claims=claims, now=self._now)
            # Their names alone: what they say about the person is none of the log's business.
            self.audit(tx, Event.USER_CLAIMS_SET, user, claims=sorted(changed))
            self.tell(tx, user, Notice.CLAIMS_SET)

    def reset_factors(self, identifier: str) -> None:
        """Every second factor is removed, with the guesses against it; the next sign-in sets up what rules ask for."""
        with self._database.write() as tx:
            user = self.known(tx, identifier).user
            factors.reset(tx, user.id)
            self.audit(tx, Event.FACTORS_RESET, user)
            self.tell(tx, user, Notice.FACTORS_RESET)

    def set_enabled(self, identifier: str, enabled: bool) -> None:
        """Disabling ends everything that the person has open."""
        with self._database.write() as tx:
            user = self.known(tx, identifier).user
            if user.enabled is enabled:
                return
            users.set_enabled(tx, user.id, enabled)
            self.audit(tx, Event.USER_ENABLED if enabled else Event.USER_DISABLED, user)
            self.tell(tx, user, Notice.ENABLED if enabled else Notice.DISABLED)

    def delete(self, identifier: str) -> None:
        """With everything that belongs to the person."""
        with self._database.write() as tx:
            user = self.known(tx, identifier).user
            users.remove(tx, user.id)
            self.audit(tx, Event.USER_DELETED, user)
            self.tell(tx, user, Notice.DELETED)

    def _added(self, tx: Transaction, person: NewPerson, password_hash: str | None) -> User:
        try:
            users.add(
                tx,
                self._realm,
                username=person.username,
                password_hash=password_hash,
                now=self._now,
                email=person.email,
                name=person.name,
                roles=person.roles,
                groups=person.groups,
                claims=checked_claims(person.claims),
            )
        except NameTaken:
            raise Refused("somebody of this realm has this user name or e-mail address") from None
        user = self.known(tx, person.username).user
        self.audit(tx, Event.USER_CREATED, user)
        return user

    def _check_password(self, realm: Realm, person: Person, named: NewPerson | User, password: str) -> None:
        if "\0" in password:
            raise Refused("the password must not contain NUL, which no form accepts")
        found = unacceptable(password, realm=realm, person=person, named=named, breached=self._breached, now=self._now)
        if found is not None:
            raise Refused(f"the password {_FAULTS[found.message].format_map(found.values)}")
