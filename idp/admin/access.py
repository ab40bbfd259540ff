"""What an administrator can do to the factors, the locks and the sessions of a person."""

from idp.admin.acting import Acting, Refused
from idp.events.catalogue import Event
from idp.outbound.notices import Notice
from idp.store import factors, guesses, sessions


class Access(Acting):
    """The ways in and the open doors of the people of one realm."""

    def unlock(self, identifier: str) -> bool:
        """Forget the wrong guesses of second factors and passwords; whether there were any."""
        with self._database.write() as tx:
            user = self.known(tx, identifier).user
            codes = guesses.clear_second_factors(tx, user.id)
            passwords = guesses.clear_passwords(tx, user.id)
            if not codes and not passwords:
                return False
            self.audit(tx, Event.USER_UNLOCKED, user)
            self.tell(tx, user, Notice.UNLOCKED)
        return True

    def remove_factor(self, identifier: str, *, credential_id: str) -> None:
        """One of the second factors; what rests on it ends. Raises Refused."""
        with self._database.write() as tx:
            known = self.known(tx, identifier)
            found = next((f for f in known.factors if f.id == credential_id), None)
            if found is None or not factors.remove(tx, known.user.id, credential_id=credential_id):
                raise Refused(f"{known.user.username} has no factor {credential_id!r}")
            self.audit(tx, Event.FACTOR_REMOVED, known.user, factor=found.factor, credential_id=found.id)
            self.tell(tx, known.user, Notice.FACTOR_REMOVED, factor=found.factor, label=found.label)

    def end_session(self, identifier: str, *, session_id: str) -> None:
        """Sign out of one session, and of the grants that end with it; raises Refused."""
        with self._database.write() as tx:
            user = self.known(tx, identifier).user
            found = sessions.to_end_by_id(tx, self._realm, session_id=session_id)
            if found is None or found.user_id != user.id or not sessions.end(tx, session_id, self._now):
                raise Refused(f"{user.username} has no session {session_id!r} that is open")
            self.audit(tx, Event.SIGNED_OUT, user, session_id=session_id)
            self.tell(tx, user, Notice.SIGNED_OUT)

    def end_sessions(self, identifier: str) -> int:
        """Sign out everywhere; how many sessions there were."""
        with self._database.write() as tx:
            user = self.known(tx, identifier).user
            ended = sessions.end_all(tx, user.id, now=self._now)
            for session_id in ended:
                self.audit(tx, Event.SIGNED_OUT, user, session_id=session_id)
            if ended:
                self.tell(tx, user, Notice.SIGNED_OUT)
        return len(ended)
