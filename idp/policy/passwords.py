"""How long a password must be: longer where it opens some client all by itself (NIST SP 800-63B-4 section 3.1.1.2)."""

from idp.policy.decide import decide
from idp.policy.proofs import Proof
from idp.policy.question import Person, Request, Session
from idp.realm.schema import Realm


def minimum_length(realm: Realm, person: Person) -> int:
    """In characters. A request may ask for less than the client's default, so the least demanding one counts."""
    configured = realm.factors.password
    least = Request(acr_values=tuple(name for name, level in realm.levels.items() if level.factors == 1))
    alone = Session(given=(Proof("password", 0),))
    opens = (
        decide(realm, person, client, least, alone, 0).outcome is not None
        for client in realm.clients
        if "authorization_code" in client.grant_types
    )
    return configured.min_length_alone if any(opens) else configured.min_length
