"""People as `idp user` prints them: for a terminal, or as JSON."""

import json
from datetime import UTC, datetime
from typing import Any

from idp.store.guesses import Waits
from idp.store.people import Known, StoredFactor
from idp.store.sessions import SignedIn
from idp.store.users import User


def print_list(found: list[User], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([_user(u) for u in found], indent=2))
        return
    for user in found:
        state = "" if user.enabled else "disabled"
        print("\t".join((user.username, user.email or "", " ".join((*user.roles, *user.groups)), state)))


def print_person(known: Known, waits: Waits, *, as_json: bool) -> None:
    shown = _user(known.user) | {
        "factors": [_factor(f) for f in known.factors],
        "recovery_codes_left": known.recovery_left,
        "wrong_second_factor_guesses": known.wrong,
        "second_factors_shut": known.is_shut,
        "second_factors_wait_until": _time(waits.second_factors),
        "sign_ins_wait_until": _time(waits.passwords),
    }
    if as_json:
        print(json.dumps(shown, indent=2))
        return
    for key, value in shown.items():
        print(_line(f"{key.replace('_', ' ')}: {_text(value)}"))


def _line(*columns: str) -> str:
    """A browser calls itself what it likes: nothing of that moves a cursor or makes another line or column."""
    return "\t".join("".join(c if c.isprintable() else " " for c in column) for column in columns)


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            return ", ".join(f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in value.items()) or "none"
        case list():
            return ", ".join(v if isinstance(v, str) else _described(v) for v in value) or "none"
    return "none" if value is None else str(value)


def _described(factor: dict[str, str | None]) -> str:
    label = f" “{factor['label']}”" if factor["label"] else ""
    used = f"last used {factor['last_used']}" if factor["last_used"] else "not used yet"
    return f"{factor['factor']}{label} (added {factor['added']}, {used})"


def _factor(factor: StoredFactor) -> dict[str, str | None]:
    return {
        "id": factor.id,
        "factor": factor.factor,
        "label": factor.label,
        "added": _time(factor.created_at),
        "last_used": _time(factor.last_used_at),
    }


def print_factors(known: Known, *, as_json: bool) -> None:
    """The second factors, and never what they are made of."""
    found = [_factor(f) for f in known.factors]
    if as_json:
        print(json.dumps(found, indent=2))
        return
    for factor in found:
        print(_line(*(value or "" for value in factor.values())))


def print_sessions(found: list[SignedIn], *, as_json: bool) -> None:
    """The newest first."""
    shown = [
        {
            "id": session.id,
            "signed_in": _time(session.created_at),
            "last_used": _time(session.used_at),
            "address": session.address,
            "browser": session.agent,
            "factors": list(dict.fromkeys(proof.factor for proof in session.proofs)),
            "open": session.is_alive,
        }
        for session in found
    ]
    if as_json:
        print(json.dumps(shown, indent=2))
        return
    for session in shown:
        state = "open" if session["open"] else "ended"
        print(_line(*(str(session[k]) for k in ("id", "signed_in", "last_used", "address", "browser")), state))


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "email": user.email,
        "email_verified": user.email_verified,
        "enabled": user.enabled,
        "roles": list(user.roles),
        "groups": list(user.groups),
        "claims": dict(user.claims),
        "created": _time(user.created_at),
    }


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
