"""The demonstration accounts of a realm file: created once, under `--dev` only, never updated."""

import uuid
from contextlib import suppress

from sqlalchemy.exc import IntegrityError

from idp.events.catalogue import Event
from idp.factors.password import Passwords
from idp.login.second_factor import secret_context
from idp.realm.schema import Realm
from idp.store import factors, users
from idp.store.database import Database
from idp.store.users import NameTaken
from idp.tokens.sealing import Sealer


def seed_users(database: Database, sealer: Sealer, passwords: Passwords, realm: Realm, now: int) -> None:
    """Those that were not created before, whatever became of them since."""
    with database.read() as tx:
        new = [user for user in realm.users if not users.was_seeded(tx, realm.name, user.username)]
    for user in new:
        hashed = passwords.hash(user.password)
        # Of several processes one creates the account.
        with suppress(IntegrityError), database.write() as tx:
            if not users.mark_seeded(tx, realm.name, user.username):
                continue
            try:
                user_id = users.add(
                    tx,
                    realm.name,
                    username=user.username,
                    password_hash=hashed,
                    now=now,
                    email=user.email,
                    name=user.name,
                    roles=user.roles,
                    groups=user.groups,
                    claims=user.claims.known(),
                )
            except NameTaken:
                continue
            if user.totp is not None:
                credential_id = str(uuid.uuid4())
                sealed = sealer.seal(user.totp.secret.encode(), secret_context(user_id, credential_id))
                factors.add(
                    tx,
                    user_id,
                    credential_id=credential_id,
                    factor="totp",
                    label="",
                    secret=sealed,
                    now=now,
                    is_proven=False,
                )
            tx.emit(Event.USER_CREATED, realm=realm.name, user_id=user_id, username=user.username, by="realm file")
