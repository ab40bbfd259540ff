"""What is kept of people."""

from sqlalchemy import select

from idp.policy.lockout import password_wait, second_factor_wait
from idp.store import guesses, users
from idp.store.database import Database
from idp.store.tables import guesses as counted

NOW = 1_800_000_000


def test_of_a_removed_person_no_guess_is_kept(database: Database) -> None:
    with database.write() as tx:
        eve, bob = (users.add(tx, "demo", username=name, password_hash=None, now=NOW) for name in ("eve", "bob"))
        for user_id in (eve, bob):
            guesses.count(tx, guesses.password_subject(user_id, "192.0.2.1"), now=NOW, wait=password_wait)
            guesses.count_second_factor(tx, user_id, "totp", now=NOW, wait=second_factor_wait)
        users.remove(tx, eve)

    with database.read() as tx:
        kept = list(tx.execute(select(counted.c.subject)).scalars())
    assert len(kept) == 3
    assert all(bob in subject for subject in kept)
