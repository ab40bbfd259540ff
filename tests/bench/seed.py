"""Many people in a database: `python -m tests.bench.seed --database URL --users N`. One password, a TOTP app each."""

import argparse
import os
import time
import uuid

from sqlalchemy import insert, update

from idp.factors.password import Passwords
from idp.login.second_factor import secret_context
from idp.settings import secret_keys
from idp.store.database import Database
from idp.store.migrations import migrate
from idp.store.tables import credentials, users
from idp.store.users import identifier_key
from idp.tokens.sealing import Sealer

REALM = "bench"
PASSWORD = "a password of the benchmark"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
_BATCH = 5000


def username(number: int) -> str:
    """The name of a seeded person, from 0."""
    return f"person-{number:07}"


def seed(url: str, count: int) -> None:
    """Migrate the database and add the people; they have one hash, and secrets sealed for each of them."""
    database = Database(url)
    migrate(database)
    hashed, sealer = Passwords().hash(PASSWORD), Sealer(secret_keys(os.environ, dev=True))
    now = int(time.time())
    for first in range(0, count, _BATCH):
        people = [_person(number, hashed, now) for number in range(first, min(first + _BATCH, count))]
        apps = [_app(str(person["id"]), sealer, now) for person in people]
        with database.write() as tx:
            tx.execute(insert(users), people)
            tx.execute(insert(credentials), apps)
    database.close()


def forget_steps(url: str) -> None:
    """Let every code be used again, so that a round of the benchmark need not wait for the next step."""
    database = Database(url)
    with database.write() as tx:
        tx.execute(update(credentials).where(credentials.c.last_step > 0).values(last_step=0))
    database.close()


def _person(number: int, hashed: str, now: int) -> dict[str, object]:
    name = username(number)
    email = f"{name}@example.com"
    return {
        "id": str(uuid.uuid4()),
        "realm": REALM,
        "username": name,
        "username_key": identifier_key(name),
        "email": email,
        "email_key": identifier_key(email),
        "email_verified": True,
        "name": name.title(),
        "roles": ["developer"],
        "groups": [],
        "enabled": True,
        "password_hash": hashed,
        "epoch": 0,
        "created_at": now,
    }


def _app(user_id: str, sealer: Sealer, now: int) -> dict[str, object]:
    credential_id = str(uuid.uuid4())
    return {
        "id": credential_id,
        "user_id": user_id,
        "factor": "totp",
        "label": "",
        "secret": sealer.seal(SECRET.encode(), secret_context(user_id, credential_id)),
        "last_step": 0,
        "created_at": now,
        "last_used_at": now,
    }


def main() -> None:
    """Seed one database."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.seed", description=__doc__)
    parser.add_argument("--database", required=True, metavar="URL")
    parser.add_argument("--users", type=int, default=1_000_000, metavar="N")
    args = parser.parse_args()
    began = time.perf_counter()
    seed(args.database, args.users)
    print(f"{args.users} people of the realm {REALM} in {time.perf_counter() - began:.0f} s, password: {PASSWORD}")


if __name__ == "__main__":
    main()
