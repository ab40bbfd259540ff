"""What people are told by mail: which letters there are, and what each of them says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from idp.events.log import remote_address
from idp.realm.schema import Realm

# phrase(realm, locale, key, **values): a sentence of the realm's theme, as plain text
Phrase = Callable[..., str]

_LONGEST = 100  # of a value that a person has chosen
_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1))


@dataclass(frozen=True, slots=True)
class Kind:
    """A letter: its key in the catalogues, the values it needs, and how it ends.

    `ending`: `not-you` warns somebody who did not do it themselves and says when and from where it was done; `ignore`
    is for what anybody may have asked for; None for what an administrator did.
    """

    key: str
    values: tuple[str, ...] = ()
    ending: str | None = None


class Notice(Enum):
    """Every letter. A value `factor` is a factor's name as in the realm file, `lifetime` is in seconds."""

    FACTOR_ADDED = Kind("factor-added", ("factor", "label"), "not-you")
    FACTOR_REMOVED = Kind("factor-removed", ("factor", "label"), "not-you")
    FACTOR_RENAMED = Kind("factor-renamed", ("factor", "label"), "not-you")
    FACTORS_SHUT = Kind("factors-shut", (), "not-you")
    RECOVERY_CODES_MADE = Kind("recovery-codes-made", (), "not-you")
    RECOVERY_CODE_USED = Kind("recovery-code-used", ("left",), "not-you")
    PASSWORD_CHANGED = Kind("password-changed", (), "not-you")
    BROWSER_TRUSTED = Kind("browser-trusted", ("browser",), "not-you")
    BROWSER_FORGOTTEN = Kind("browser-forgotten", ("browser",), "not-you")
    BROWSERS_FORGOTTEN = Kind("browsers-forgotten", (), "not-you")
    SESSION_ENDED = Kind("session-ended", ("browser",), "not-you")
    OTHER_SESSIONS_ENDED = Kind("other-sessions-ended", (), "not-you")
    ACCESS_WITHDRAWN = Kind("access-withdrawn", ("client",), "not-you")
    ACCESS_NARROWED = Kind("access-narrowed", ("client",), "not-you")
    EMAIL_CODE = Kind("email-code", ("code", "lifetime"), "ignore")
    PASSWORD_RESET = Kind("password-reset", ("link", "lifetime"), "ignore")
    VERIFY_ADDRESS = Kind("verify-address", ("link", "lifetime"), "ignore")
    INVITATION = Kind("invitation", ("link", "lifetime"))
    ACCOUNT_MADE = Kind("account-made")
    PASSWORD_SET = Kind("password-set")
    FACTORS_RESET = Kind("factors-reset")
    UNLOCKED = Kind("unlocked")
    SIGNED_OUT = Kind("signed-out")
    DISABLED = Kind("disabled")
    ENABLED = Kind("enabled")
    ROLES_SET = Kind("roles-set")
    CLAIMS_SET = Kind("claims-set")
    DELETED = Kind("deleted")


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """The words of a letter."""

    subject: str = field(repr=False)
    text: str = field(repr=False)


def write(
    phrase: Phrase,
    notice: Notice,
    *,
    realm: Realm,
    locale: str,
    username: str,
    now: int,
    values: Mapping[str, Any],
) -> Letter:
    """The letter in a language; raises TypeError for values that are not those of its kind."""
    kind = notice.value
    if values.keys() != set(kind.values):
        raise TypeError(f"{kind.key} is written from {kind.values}, not from {tuple(values)}")

    def t(key: str, /, **more: Any) -> str:
        return phrase(realm, locale, key, **more)

    shown = {"realm": realm.title, "username": _plain(username), **_shown(t, values)}
    parts = [t("mail.greeting", **shown), t(f"mail.{kind.key}.text", **shown)]
    if kind.ending == "not-you":
        parts += [_circumstances(t, now), t("mail.not-you")]
    elif kind.ending is not None:
        parts.append(t(f"mail.{kind.ending}"))
    text = "\n\n".join([*parts, f"--\n{realm.title}"]) + "\n"
    return Letter(subject=t(f"mail.{kind.key}.subject", **shown), text=text)


def _shown(t: Callable[..., str], values: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: v if isinstance(v, int) else _plain(v) for name, v in values.items()}
    if "factor" in values:
        factor, label = t(f"mail.factor.{values['factor']}"), shown.pop("label")
        shown["factor"] = t("mail.labelled", what=factor, label=label) if label else factor
    if "lifetime" in values:
        unit, size = next(u for u in _UNITS if values["lifetime"] % u[1] == 0)
        shown["lifetime"] = t(f"duration.{unit}", count=values["lifetime"] // size)
    if "link" in values:
        shown["link"] = _link(values["link"])
    return shown


def _circumstances(t: Callable[..., str], now: int) -> str:
    moment = datetime.fromtimestamp(now, UTC)
    day = t("date.day", year=moment.year, month=f"{moment:%m}", day=f"{moment:%d}")
    lines = [t("mail.when", day=day, time=f"{moment:%H:%M}")]
    if address := remote_address.get():
        lines.append(t("mail.where", address=address))
    return "\n".join(lines)


def _plain(text: str) -> str:
    """What a person has chosen, on one line: it must not look like a part of the letter."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_LONGEST]


def _link(url: str) -> str:
    if not (url.isascii() and url.isprintable() and " " not in url):
        raise ValueError("a link has a character that would end it")
    return url
