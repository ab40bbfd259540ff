"""Many people in a database: `python -m tests.bench.seed --database URL --users N`. One password, a TOTP app each."""

import argparse
import os
import time
import uuid
from base64 import urlsafe_b64encode

import cbor2
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import UpdateBase, delete, insert, update

from idp.factors import recovery_codes
from idp.factors.password import MEMORY_KIB, PARALLELISM, Passwords
from idp.login.second_factor import secret_context
from idp.settings import secret_keys
from idp.store import tables
from idp.store.database import Database, Transaction
from idp.store.migrations import migrate
from idp.store.tables import credentials, device_codes, guesses, limits, pushed_requests, users
from idp.store.users import identifier_key
from idp.tokens.sealing import Sealer

REALM = "bench"
PASSWORD = "a password of the benchmark"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
PASSKEY = ec.derive_private_key(20_261_121, ec.SECP256R1())
RECOVERY_CODE = "A" * 26
_RECOVERY_CODES = [letter * 26 for letter in "ABCDEFGHIJ"]
_BATCH = 5000


def username(number: int) -> str:
    """The name of a seeded person, from 0."""
    return f"person-{number:07}"


def phone(number: int) -> str:
    """Theirs, each in a block of its own: how many messages a block gets is limited."""
    return f"+49151{number % 10_000:04}0000"


def email(number: int) -> str:
    """Their mailbox."""
    return f"{username(number)}@example.com"


def handle(number: int) -> bytes:
    """What their passkey is called; everybody's has one private key, `PASSKEY`."""
    return f"passkey of {username(number)}".encode()


def seed(url: str, count: int, *, with_every_factor: bool = False) -> None:
    """Migrate the database and add the people; they have one hash, and secrets sealed for each of them."""
    database = Database(url)
    migrate(database)
    hashed, sealer = Passwords().hash(PASSWORD), Sealer(secret_keys(os.environ, dev=True))
    now = int(time.time())
    for first in range(0, count, _BATCH):
        numbers = range(first, min(first + _BATCH, count))
        people = [_person(number, hashed, now) for number in numbers]
        owners = [(number, str(person["id"])) for number, person in zip(numbers, people, strict=True)]
        with database.write() as tx:
            tx.execute(insert(users), people)
            tx.execute(insert(credentials), [_credential(owner, "totp", SECRET, sealer, now) for _, owner in owners])
            if with_every_factor:
                _add_factors(tx, owners, sealer, now)
    database.close()


def _add_factors(tx: Transaction, owners: list[tuple[int, str]], sealer: Sealer, now: int) -> None:
    public = PASSKEY.public_key().public_numbers()
    cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: public.x.to_bytes(32, "big"), -3: public.y.to_bytes(32, "big")})
    key = urlsafe_b64encode(cose).decode()
    for number, owner in owners:
        secrets = {"sms": phone(number), "email": email(number), "webauthn": key}
        rows = [_credential(owner, factor, secret, sealer, now) for factor, secret in secrets.items()]
        rows[-1]["handle"] = handle(number)
        tx.execute(insert(credentials), rows)
        codes = [{"digest": recovery_codes.stored(c, user_id=owner), "user_id": owner} for c in _RECOVERY_CODES]
        tx.execute(insert(tables.recovery_codes), codes)


def forget(url: str) -> None:
    """Let every code be used and asked for again, so that a round of the benchmark need not wait."""
    _execute(
        url,
        update(credentials).where(credentials.c.counter > 0).values(counter=0),
        update(tables.recovery_codes).where(tables.recovery_codes.c.used_at.is_not(None)).values(used_at=None),
        *(delete(table) for table in (guesses, limits, pushed_requests, device_codes)),
    )


def disable(url: str, numbers: range) -> None:
    """Shut these people out."""
    _execute(url, update(users).where(users.c.username.in_(map(username, numbers))).values(enabled=False))


def hash_cheaply(url: str, numbers: range) -> None:
    """Store these people's password as an older server would have."""
    hashed = PasswordHasher(time_cost=2, memory_cost=MEMORY_KIB, parallelism=PARALLELISM).hash(PASSWORD)
    _execute(url, update(users).where(users.c.username.in_(map(username, numbers))).values(password_hash=hashed))


def slow_down(url: str, until: int) -> None:
    """Let every name that was guessed at wait until then."""
    _execute(url, update(guesses).values(blocked_until=until))


def _execute(url: str, *statements: UpdateBase) -> None:
    database = Database(url)
    with database.write() as tx:
        for statement in statements:
            tx.execute(statement)
    database.close()


def _person(number: int, hashed: str, now: int) -> dict[str, object]:
    name = username(number)
    address = email(number)
    return {
        "id": str(uuid.uuid4()),
        "realm": REALM,
        "username": name,
        "username_key": identifier_key(name),
        "email": address,
        "email_key": identifier_key(address),
        "email_verified": True,
        "name": name.title(),
        "roles": ["developer"],
        "groups": [],
        "claims": {},
        "enabled": True,
        "password_hash": hashed,
        "epoch": 0,
        "snoozed": 0,
        "created_at": now,
        "updated_at": now,
    }


def _credential(user_id: str, factor: str, secret: str, sealer: Sealer, now: int) -> dict[str, object]:
    credential_id = str(uuid.uuid4())
    return {
        "id": credential_id,
        "user_id": user_id,
        "factor": factor,
        "label": "",
        "secret": sealer.seal(secret.encode(), secret_context(user_id, credential_id)),
        "handle": None,
        "counter": 0,
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
