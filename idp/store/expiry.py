"""Takes out what has expired. Nothing depends on it: every query looks at the times itself."""

from sqlalchemy import delete, or_, select

from idp.store import limits, messages
from idp.store.database import Transaction
from idp.store.tables import (
    device_codes,
    grants,
    guesses,
    links,
    pushed_requests,
    refresh_tokens,
    registration_tokens,
    revoked_tokens,
    sessions,
    transactions,
    trusted_browsers,
    used_identifiers,
)

_DAY = 86400
_MESSAGES_KEPT = 90 * _DAY  # for whoever asks why no code came
# A sign-in goes on after its pushed request has expired, and uses it up at its end.
_LONGEST_SIGN_IN = 2 * 3600
# What was used up or revoked is remembered beyond its end: where the clock is behind ours, it has not come yet.
_BEHIND = 300


def remove_expired(tx: Transaction, *, now: int, longest: int, longest_session: int, longest_trust: int) -> None:
    """Rows that no query finds alive any more, and the wrong passwords and secrets of more than a day ago.

    `longest`: how many seconds a grant lives, or a session without use, in any realm; `longest_session`: how long a
    session lives at the most; `longest_trust`: how long a browser is trusted. The row of a session stays as long as a
    grant may need to know that it ended, and that of a grant as long as its client may have to be told that the session
    did.
    """
    tx.execute(delete(transactions).where(transactions.c.expires_at <= now))
    tx.execute(delete(refresh_tokens).where(refresh_tokens.c.expires_at <= now))
    tx.execute(delete(pushed_requests).where(pushed_requests.c.expires_at <= now - _LONGEST_SIGN_IN))
    is_open = (
        select(sessions.c.id)
        .where(
            sessions.c.id == grants.c.session_id,
            sessions.c.ended_at.is_(None),
            sessions.c.created_at > now - longest_session,
        )
        .exists()
    )
    tx.execute(delete(grants).where(grants.c.expires_at <= now, ~is_open))
    in_use = select(grants.c.session_id).where(grants.c.session_id == sessions.c.id).exists()
    tx.execute(delete(sessions).where(sessions.c.used_at <= now - longest - _DAY, ~in_use))
    tx.execute(delete(registration_tokens).where(registration_tokens.c.expires_at <= now))
    tx.execute(delete(revoked_tokens).where(revoked_tokens.c.expires_at <= now - _BEHIND))
    tx.execute(delete(links).where(links.c.expires_at <= now))
    tx.execute(delete(used_identifiers).where(used_identifiers.c.expires_at <= now - _BEHIND))
    tx.execute(delete(trusted_browsers).where(trusted_browsers.c.trusted_at <= now - longest_trust))
    tx.execute(delete(device_codes).where(device_codes.c.expires_at <= now - _DAY))
    slow = or_(*(guesses.c.subject.startswith(f"{kind}:") for kind in ("password", "device", "client-secret")))
    tx.execute(delete(guesses).where(slow, guesses.c.last_at <= now - _DAY))
    limits.remove_expired(tx, now)
    messages.remove_before(tx, now - _MESSAGES_KEPT)
