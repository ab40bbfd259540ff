"""What the account page tells of what was just done, in its address. A link of somebody else's cannot say so."""

from idp.tokens.sealing import Sealer

_CONTEXT = "account note"


def note_of(sealer: Sealer, session: str, message: str) -> dict[str, str]:
    """The parameters of the address. `session`: the secret of the session that it is shown in; `message`: its key."""
    return {"note": message, "key": sealer.mac(_CONTEXT, f"{session}:{message}")}


def told(sealer: Sealer, session: str, parameters: dict[str, str]) -> str | None:
    """The key of the message, where the parameters are ours."""
    note = parameters.get("note", "")
    is_ours = sealer.is_mac(parameters.get("key", ""), _CONTEXT, f"{session}:{note}")
    return note if note and is_ours else None
