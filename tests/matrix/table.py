"""What must come out, written down by hand: nothing here asks the code under test.

`ROWS` names every way to a token or a higher session by the route that it goes through. Whoever adds a route, a grant,
a change of the account, a step or a link adds a row, or the reason why nobody gets further by it.
"""

from dataclasses import dataclass

LEVELS = ("password", "two-factor", "phishing-resistant")

# How far the session and the grants of a person in each state reach, without anything more being proven.
REACHES: dict[str, tuple[str, ...]] = {
    "a stranger": (),
    "no factor": LEVELS[:1],
    "enrolled, and only the password proven": LEVELS[:1],
    "an app proven": LEVELS[:2],
    "an app proven ten minutes ago": LEVELS[:2],
    "a recovery code proven": LEVELS[:2],
    "an unverified passkey after the password": LEVELS,
    "a passkey and no password": LEVELS,
    "a trusted browser": LEVELS[:2],
    "a trust that was taken back": LEVELS[:1],
    "throttled": LEVELS[:1],
    "throttled after proving an app": LEVELS[:2],
    "shut": LEVELS[:1],
    "shut after proving an app": LEVELS[:2],
    "the app removed since": LEVELS[:1],
    "disabled": (),
    "disabled and enabled again": (),
    "a password chosen since": (),
    "the factors reset since": (),
    "deleted": (),
    "signed out": (),
    "half done: the app is asked for": (),
    "half done and throttled": (),
    "half done and shut": (),
    "half done and disabled": (),
    "half done and a password chosen since": (),
    "half done: setting up an app": (),
    "half done: new recovery codes are shown": (),
    "half done: few recovery codes are left": (),
    "half done: invited": (),
    "half done: asked for consent": (),
    "consent withdrawn": (),
}

# How far the same people get who answer what they are asked, by their name, their password and an app.
FINISHES = REACHES | {
    "a stranger": LEVELS[:2],
    "no factor": LEVELS[:2],
    "enrolled, and only the password proven": LEVELS[:2],
    "a trust that was taken back": LEVELS[:2],
    "the app removed since": LEVELS[:2],
    "disabled and enabled again": LEVELS[:2],
    "the factors reset since": LEVELS[:2],
    "signed out": LEVELS[:2],
    "half done: the app is asked for": LEVELS[:2],
    "half done and throttled": LEVELS[:1],
    "half done and shut": LEVELS[:1],
    "half done: setting up an app": LEVELS[:2],
    "half done: new recovery codes are shown": LEVELS[:2],
    "half done: few recovery codes are left": LEVELS[:2],
    "half done: invited": LEVELS[:2],
    "half done: asked for consent": LEVELS,
    "consent withdrawn": LEVELS,
}

# How far the pages of a sign-in lead that is half done: what was proven in it is enough for some, once all was shown.
UNDER_WAY = REACHES | {
    "half done: the app is asked for": LEVELS[:1],
    "half done and throttled": LEVELS[:1],
    "half done and shut": LEVELS[:1],
    "half done: setting up an app": LEVELS[:1],
}
# A grant ends with any factor that it rests on; nobody got one by pages that are still open.
OF_GRANTS = REACHES | {"the app removed since": ()}

# Who may change their account: a factor of their own was proven a moment ago, or the password of who owns none.
MAY_CHANGE = frozenset(
    {
        "no factor",
        "an app proven",
        "an unverified passkey after the password",
        "a passkey and no password",
        "throttled after proving an app",
        "half done: asked for consent",
        "consent withdrawn",
    }
)
# Rules that a trusted browser waives are not what a request demands: that is never waived.
DEMANDED = REACHES | {"a trusted browser": LEVELS[:1]}
# Nobody takes back what they have not given.
GAVE_NOTHING = frozenset({"half done: asked for consent", "consent withdrawn"})
# Whom an issuer that the realm trusts names, without anything being proven: nobody gets further than to be named, and
# nobody is asked for their consent.
NAMED: dict[str, tuple[str, ...]] = {
    state: () if state in ("disabled", "half done and disabled", "deleted", *GAVE_NOTHING) else LEVELS[:1]
    for state in REACHES
}
# Changes that nobody without a factor finds anything to make on.
NEED_A_FACTOR = frozenset({"rename", "remove", "recovery-codes"})


@dataclass(frozen=True)
class Nothing:
    """No way to a token or a higher session, and why."""

    why: str


GRANTS = (
    "authorization_code",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
)
DOCUMENT = Nothing("the same document for everybody")
ROWS: dict[str, tuple[str, ...] | Nothing] = {
    "GET POST /realms/{realm}/protocol/openid-connect/auth": (
        "single sign-on",
        "single sign-on, posted",
        "single sign-on, an acr demanded",
        "single sign-on, an essential acr",
        "finish",
    ),
    "GET /realms/{realm}/login-actions/authenticate": ("look at the sign-in", "choose every other factor"),
    "POST /realms/{realm}/login-actions/authenticate": ("empty forms", "every step out of turn"),
    "POST /realms/{realm}/protocol/openid-connect/token": GRANTS,
    "POST /realms/{realm}/protocol/openid-connect/auth/device": ("approve a device",),
    "GET /realms/{realm}/device": ("approve a device",),
    "POST /realms/{realm}/device": ("approve a device",),
    "POST /realms/{realm}/protocol/openid-connect/ext/par/request": ("single sign-on, pushed",),
    "GET POST /realms/{realm}/protocol/openid-connect/userinfo": ("ask who it is",),
    "POST /realms/{realm}/protocol/openid-connect/token/introspect": ("ask what a token is worth",),
    "POST /realms/{realm}/protocol/openid-connect/revoke": Nothing("it only takes away"),
    "GET /realms/{realm}/login-actions/reset-credentials": ("follow a link",),
    "POST /realms/{realm}/login-actions/reset-credentials": ("follow a link",),
    "GET /realms/{realm}/login-actions/action-token": ("follow a link",),
    "POST /realms/{realm}/login-actions/action-token": ("follow a link",),
    "POST /realms/{realm}/clients-registrations/openid-connect": ("register a client",),
    "GET /realms/{realm}/clients-registrations/openid-connect/{client_id}": ("register a client",),
    "PUT /realms/{realm}/clients-registrations/openid-connect/{client_id}": ("register a client",),
    "DELETE /realms/{realm}/clients-registrations/openid-connect/{client_id}": ("register a client",),
    "GET POST /realms/{realm}/protocol/openid-connect/logout": Nothing("it only takes away"),
    "POST /realms/{realm}/protocol/openid-connect/logout/logout-confirm": Nothing("it only takes away"),
    "GET /realms/{realm}/account": ("open the account",),
    "GET /realms/{realm}/account/devices": ("open the account",),
    "GET /realms/{realm}/account/applications": ("open the account",),
    "GET /realms/{realm}/account/add/{factor}": ("add a factor",),
    "GET POST /realms/{realm}/account/factors/{of}/rename": ("change: rename",),
    "GET POST /realms/{realm}/account/factors/{of}/remove": ("change: remove",),
    "GET POST /realms/{realm}/account/recovery-codes": ("change: recovery-codes",),
    "GET POST /realms/{realm}/account/password": ("change: password",),
    "GET POST /realms/{realm}/account/browsers/{of}/forget": ("change: forget-browser",),
    "GET POST /realms/{realm}/account/forget-browsers": ("change: forget-browsers",),
    "GET POST /realms/{realm}/account/sessions/{of}/sign-out": ("change: sign-out",),
    "GET POST /realms/{realm}/account/sign-out-others": ("change: sign-out-others",),
    "GET POST /realms/{realm}/account/applications/{of}/withdraw": ("change: withdraw",),
    "GET POST /realms/{realm}/account/applications/{of}/withdraw-parts": ("change: withdraw-parts",),
    "OPTIONS /realms/{realm}/protocol/openid-connect/token": DOCUMENT,
    "OPTIONS /realms/{realm}/protocol/openid-connect/userinfo": DOCUMENT,
    "OPTIONS /realms/{realm}/protocol/openid-connect/ext/par/request": DOCUMENT,
    "OPTIONS /realms/{realm}/protocol/openid-connect/revoke": DOCUMENT,
    "GET /realms/{realm}/protocol/openid-connect/certs": DOCUMENT,
    "GET /realms/{realm}/protocol/openid-connect/login-status-iframe.html": DOCUMENT,
    "GET /realms/{realm}/protocol/openid-connect/login-status-iframe.html/init": DOCUMENT,
    "GET /realms/{realm}/protocol/openid-connect/3p-cookies/step1.html": DOCUMENT,
    "GET /realms/{realm}": DOCUMENT,
    "GET /realms/{realm}/.well-known/openid-configuration": DOCUMENT,
    "GET /realms/{realm}/.well-known/oauth-authorization-server": DOCUMENT,
    "GET /.well-known/oauth-authorization-server/realms/{realm}": DOCUMENT,
    "POST /realms/{realm}/twilio/status": Nothing("it says how far a message has come, under a signature"),
    "GET /resources/{theme}/{path:path}": DOCUMENT,
    "GET /health/live": DOCUMENT,
    "GET /health/ready": DOCUMENT,
    "GET /metrics": DOCUMENT,
}
# Rules bind people, and this one is the program's own: its token says so (see the test).
NOBODYS_GRANTS = ("client_credentials",)
# Every step that a form can name; each is posted where another one is asked for.
STEPS = (
    *("password", "webauthn", "totp", "sms", "email", "recovery-codes"),
    *("enrol-choice", "webauthn-enrol", "totp-enrol", "sms-enrol", "email-enrol"),
    *("recovery-codes-new", "recovery-codes-low", "invitation", "consent"),
)
LINKS = ("reset", "invitation", "verify")
ADDED = ("webauthn", "totp", "sms")


def ways() -> tuple[str, ...]:
    """Each once."""
    named = [way for row in ROWS.values() if not isinstance(row, Nothing) for way in row]
    return tuple(dict.fromkeys(named))


_TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    "finish": FINISHES,
    "look at the sign-in": UNDER_WAY,
    "choose every other factor": UNDER_WAY,
    "empty forms": UNDER_WAY,
    "every step out of turn": UNDER_WAY,
    "single sign-on, an acr demanded": DEMANDED,
    "single sign-on, an essential acr": DEMANDED,
    "authorization_code": OF_GRANTS,
    "refresh_token": OF_GRANTS,
    "urn:ietf:params:oauth:grant-type:device_code": OF_GRANTS,
    "urn:ietf:params:oauth:grant-type:jwt-bearer": NAMED,
    # What is exchanged was made where no rule was waived.
    "urn:ietf:params:oauth:grant-type:token-exchange": OF_GRANTS | DEMANDED | {"the app removed since": ()},
}


def expected(way: str, state: str, level: str) -> bool:
    """Whether a token, a session or a change comes out."""
    if way in ("follow a link", "register a client"):
        return False
    if way == "add a factor":
        return state in MAY_CHANGE
    if way.startswith("change: "):
        # Who has a grant here was not asked for consent: there is nothing to withdraw in part.
        has_it = {"withdraw": state not in GAVE_NOTHING, "withdraw-parts": False} | dict.fromkeys(
            NEED_A_FACTOR, state != "no factor"
        )
        return state in MAY_CHANGE and has_it.get(way.removeprefix("change: "), True)
    if way == "open the account":
        return bool(REACHES[state]) or state in GAVE_NOTHING
    if way in ("ask who it is", "ask what a token is worth"):
        return bool(OF_GRANTS[state])
    return level in _TABLES.get(way, REACHES)[state]
