"""Themes: every page in every language, values as text, fallback to base, and templates that cannot look around."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import TemplateError, UndefinedError
from jinja2.exceptions import SecurityError
from markupsafe import Markup

from idp.errors import SettingsError
from idp.outbound.notices import Notice
from idp.realm.factor_sections import SECOND_FACTORS
from idp.realm.references import STANDARD_SCOPES
from idp.web.languages import negotiate
from idp.web.qr import qr_svg
from idp.web.themes import MissingMessage, Themes, UnknownTheme

BUILT_IN = Path(__file__).parents[2] / "themes"
THEMES = Themes(BUILT_IN, strict=True)
CANARY = "\"><img src=x onerror=__x()>'${{7*7}}{{7*7}}<!--"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

LINES: list[dict[str, Any]] = [
    {"label": "Amount", "texts": [], "lines": [{"label": "Currency", "texts": ["EUR", "CHF"], "lines": []}]},
    {"label": "", "texts": ["12"], "lines": []},
]
EXTRA: dict[str, dict[str, Any]] = {
    "login/password.html": {"username_fixed": False, "not_you": None, "passkey": "{}", "forgotten": "/forgotten"},
    "login/totp.html": {"alternatives": [{"label": "Use a recovery code", "url": "?factor=recovery-codes"}]},
    "login/recovery-codes.html": {"alternatives": [{"label": "Use a code", "url": "?factor=totp"}]},
    "login/totp-enrol.html": {
        "alternatives": [],
        "qr": qr_svg("otpauth://totp/Example:alice?secret=" + SECRET, title="QR code"),
        "secret": SECRET,
        "issuer": "Example",
        "account": "alice",
        "otpauth_uri": "otpauth://totp/Example:alice?secret=" + SECRET,
    },
    "login/recovery-codes-new.html": {"codes": ["aaaa-bbbb", "cccc-dddd"], "sheet": "data:text/plain,aaaa"},
    "login/webauthn.html": {"passkey": "{}"},
    "login/webauthn-enrol.html": {"passkey": "{}"},
    "login/sms.html": {"targets": [["1", "••••67"]], "sent_to": "1"},
    "login/email.html": {"targets": [["1", "a•••@example.com"]], "sent_to": "1"},
    "login/sms-enrol.html": {"to": "+491701234567", "suggested": "", "is_sent": True},
    "login/email-enrol.html": {"to": "", "suggested": "alice@example.com", "is_sent": True},
    "login/enrol-choice.html": {"factors": ["webauthn", "totp", "sms", "email"]},
    "login/recovery-codes-low.html": {"left": 3},
    "login/invitation.html": {"since": "From a day on.", "snoozes": "Three times."},
    "login/consent.html": {
        "scopes": ["See your name", "Move money"],
        "lasts": "It lasts an hour.",
        "details": [{"title": "Pay a bill", "description": "Once.", "lines": LINES}],
    },
    "login/blocked.html": {"title": "Locked", "message": "Ask."},
    "page/error.html": {
        "status": 404,
        "title": "Not there",
        "message": "Go back.",
        "next_url": "/back",
        "next_label": "Back",
        "request_id": "r-1",
    },
    "page/form-post.html": {"action": "https://portal.example.com/callback", "fields": {"code": "c0de"}},
    "device/enter.html": {"user_code": "BCDF-GHJK"},
    "device/confirm.html": {"device_name": "Television", "user_code": "BCDF-GHJK"},
    "device/approved.html": {},
    "device/denied.html": {},
    "logout/confirm.html": {},
    "logout/done.html": {"next_url": "/back", "frames": [], "goes_on": False},
}
FORMS = [template for template in EXTRA if template.startswith("login/") and template != "login/blocked.html"]
SCRIPTED = {
    "page/form-post.html",
    "login/password.html",
    "login/webauthn.html",
    "login/webauthn-enrol.html",
    "login/recovery-codes-new.html",
}
EVERY_PAGE = [
    (theme, locale, template) for theme in THEMES.names for locale in THEMES.locales(theme) for template in EXTRA
]

# Keys that the server asks for by name, and the values that it gives them.
SERVER_KEYS: dict[str, dict[str, Any]] = {
    "language.name": {},
    "error.credentials": {},
    "error.slowed": {"seconds": 30},
    "error.code": {},
    "error.code-used": {},
    "error.second-factor-wait": {"minutes": 2},
    "error.second-factor-wait-seconds": {"seconds": 20},
    "error.just-sent": {"seconds": 30},
    "error.send-pause": {"seconds": 30},
    "error.recovery-code": {},
    "error.passkey-late": {},
    "error.stale-form": {},
    "error.empty": {},
    "error.nothing-chosen": {},
    "error.too-long": {},
    "error.password-short": {"characters": 15},
    "error.password-long": {"characters": 256},
    "error.password-breached": {},
    "error.password-repeats": {},
    "error.password-name": {},
    "reason.encourage": {},
    **{f"scope.{name}": {} for name in STANDARD_SCOPES},
    **{f"detail.{name}": {} for name in ("locations", "actions", "datatypes", "identifier", "privileges", "yes", "no")},
    **{f"consent.lasts-{how}": {"duration": "12 hours"} for how in ("session", "offline")},
    **{
        f"account.done-{done}": {}
        for done in ("added", "renamed", "removed", "forgotten", "signed-out", "withdrawn", "narrowed")
    },
    "account.agent": {"browser": "Firefox", "system": "Linux"},
    "account.agent-unknown": {},
    "error.password-differs": {},
    "error.factor-needed": {},
    "date.moment": {"day": "2027-06-30", "time": "12:00"},
    "date.day": {"year": 2027, "month": "06", "day": "30"},
    "invitation.since": {"day": "2027-06-30"},
    "invitation.snoozes": {"count": 2},
    "reason.rule": {"rule": "administrators"},
    "reason.rule-age": {"rule": "administrators", "age": "9 hours", "max_age": "8 hours"},
    "reason.request": {"client": "Portal"},
    "reason.again": {"client": "Portal"},
    "reason.account": {},
    "reason.account-age": {"age": "9 hours"},
    "reason.enrol": {},
    "reason.enrol-another": {},
    **{f"try.{name}": {} for name in ("password", "enrol-choice", *SECOND_FACTORS)},
    "totp-enrol.qr": {},
    "account.name": {},
    **{f"link-done.{part}-{what}": {} for part in ("title", "lead") for what in ("password", "verify")},
    **{f"new-password.lead-{why}": {"realm": "Example"} for why in ("invitation", "reset")},
    **{f"page.link-gone.{part}": {} for part in ("title", "message")},
    "device.unknown": {},
    "device.slowed": {},
    "next.start-again": {},
    "next.portal": {"client": "Portal"},
    **{f"factor.{name}": {} for name in SECOND_FACTORS},
    **{f"mail.factor.{name}": {} for name in ("password", *SECOND_FACTORS)},
    **{f"enrol-choice.{name}": {} for name in ("webauthn", "totp", "sms", "email")},
    **{
        f"error.{name}": {}
        for name in [
            "passkey",
            "passkey-none",
            "passkey-unknown",
            "passkey-copied",
            "sent-code",
            "code-expired",
            "send-limit",
            "send-failed",
            "lost-number",
            "lost-address",
            "lost-opted-out",
            "lost-for-now",
            "lost-until-mended",
            "code-missing",
            "second-factor-shut",
            "address",
            "phone-unreadable",
            "phone-kind",
            "phone-country",
        ]
    },
    **{f"mail.{key}": {} for key in ("not-you", "ignore")},
    "mail.greeting": {"username": "alice"},
    "mail.labelled": {"what": "passkey", "label": "blue"},
    "mail.when": {"day": "2027-06-30", "time": "12:00"},
    "mail.where": {"address": "192.0.2.1"},
    **{
        f"mail.{notice.value.key}.{part}": {
            "realm": "Example",
            "username": "alice",
            **dict.fromkeys(notice.value.values, 2),
        }
        for notice in Notice
        for part in ("subject", "text")
    },
    **{f"duration.{unit}": {"count": 2} for unit in ("seconds", "minutes", "hours", "days")},
    **{
        f"{kind}.{name}.{part}": {}
        for kind, names in {
            "page": (
                "not-found bad-request unknown-client redirect-uri request-uri expired other-browser forbidden-form"
                " other-host other-tab signed-in too-large unavailable bug method no-form"
            ),
            "blocked": "no-factor shut",
        }.items()
        for name in names.split()
        for part in ("title", "message")
    },
}


def context(template: str, **changed: Any) -> dict[str, Any]:
    return {
        "realm": SimpleNamespace(name="demo", title="Example API portal", support="mailto:help@example.com"),
        "dev": False,
        "languages": [
            {"code": "en", "name": "English", "url": "?ui=en", "current": True},
            {"code": "de", "name": "Deutsch", "url": "?ui=de", "current": False},
        ],
        "action": "/realms/demo/login-actions/authenticate",
        "hidden": {"transaction": "t-1", "csrf_token": "c-1", "step": "s-1"},
        "reasons": ["Because of a rule."],
        "error": None,
        "client_name": "Developer portal",
        "username": "alice",
        "alternatives": [{"label": "Use a code", "url": "?factor=totp"}],
        "typed": {},
        "trust": "30 days",
        **EXTRA[template],
        **changed,
    }


def render(template: str, *, theme: str = "base", locale: str = "en", **changed: Any) -> str:
    return THEMES.render(theme=theme, locale=locale, template=template, context=context(template, **changed))


class Page(HTMLParser):
    """What a browser would see of a page: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.comments: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def shown(self) -> Iterator[str]:
        yield from self.texts
        for _, attributes in self.elements:
            yield from (value for value in attributes.values() if value)


def catalogue(locale: str) -> dict[str, str]:
    def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
        for key, value in table.items():
            if isinstance(value, str):
                yield prefix + key, value
            else:
                yield from flat(value, f"{prefix}{key}.")

    return dict(flat(tomllib.loads((BUILT_IN / "base" / "messages" / f"{locale}.toml").read_text("utf-8"))))


def without_number(key: str) -> str:
    return key.removesuffix(".one").removesuffix(".other")


def keys_in_templates() -> set[str]:
    sources = [file.read_text("utf-8") for file in (BUILT_IN / "base").rglob("*.html")]
    calls = [call for source in sources for call in re.findall(r"\bt\((.*?)\)", source)]
    return {key for call in calls for key in re.findall(r"""["']([a-z-]+\.[a-z.-]*[a-z])["']""", call)}


def own_theme(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


# Pages


@pytest.mark.parametrize(("theme", "locale", "template"), EVERY_PAGE)
def test_every_page_is_drawn_in_every_language(theme: str, locale: str, template: str) -> None:
    for error in (None, "That was wrong."):
        page = Page(render(template, theme=theme, locale=locale, error=error))
        assert page.all("html") == [{"lang": locale}]
        assert len(page.all("main")) == len(page.all("h1")) == len(page.all("title")) == 1


@pytest.mark.parametrize("template", EXTRA)
def test_every_page_is_drawn_with_what_may_be_missing_left_out(template: str) -> None:
    absent: dict[str, Any] = {"client_name": None, "username": "", "reasons": [], "languages": [], "alternatives": []}
    absent |= {"next_url": None, "next_label": None}
    assert "None" not in "".join(Page(render(template, **absent)).shown())


def test_an_error_page_needs_no_realm() -> None:
    assert "Not there" in render("page/error.html", realm=None, username=None)


@pytest.mark.parametrize(("locale", "of_paper"), [("en", r"\b[Ll]etters?\b"), ("de", r"\bBrief")])
def test_what_comes_by_mail_is_no_paper(locale: str, of_paper: str) -> None:
    texts = catalogue(locale).values()
    assert not [text for text in texts if re.search(of_paper, text)]


@pytest.mark.attack
@pytest.mark.parametrize("template", [t for t in EXTRA if t != "login/enrol-choice.html"])
def test_a_hostile_value_is_text_wherever_it_stands(template: str) -> None:
    def poisoned(value: Any) -> Any:
        match value:
            case bool() | None | Markup():
                return value
            case dict():
                return {key if value is not hidden else CANARY: poisoned(item) for key, item in value.items()}
            case list():
                return [poisoned(item) for item in value]
            case SimpleNamespace():
                return SimpleNamespace(name=CANARY, title=CANARY, support=CANARY)
            case _:
                return CANARY

    benign = context(template, error="wrong", not_you="/other", username_fixed=True)
    hidden = benign["hidden"]
    hostile = {key: poisoned(value) for key, value in benign.items()} | {"lang": CANARY}
    page = Page(THEMES.render(theme="base", locale="en", template=template, context=hostile))
    before = Page(THEMES.render(theme="base", locale="en", template=template, context=benign))
    assert [tag for tag, _ in page.elements if tag != "input"] == [tag for tag, _ in before.elements if tag != "input"]
    assert not page.comments
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert any(CANARY in text for text in page.shown())
    assert not any("49" in text for text in page.shown())


@pytest.mark.parametrize(("theme", "locale", "template"), EVERY_PAGE)
def test_no_page_needs_more_than_a_strict_policy_allows(theme: str, locale: str, template: str) -> None:
    page = Page(render(template, theme=theme, locale=locale, dev=True, error="wrong"))
    for tag, attributes in page.elements:
        assert tag not in {"style", "base", "iframe", "object"}
        assert tag != "script" or template in SCRIPTED
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        if tag in {"link", "img", "script"}:
            assert str(attributes.get("href", attributes.get("src"))).startswith(f"/resources/{theme}/")


def test_no_style_sheet_fetches_anything_from_elsewhere() -> None:
    for sheet in BUILT_IN.rglob("*.css"):
        assert not re.search(r"@import|url\(|//[a-z]", sheet.read_text("utf-8"))


@pytest.mark.parametrize("template", EXTRA)
def test_development_mode_is_said_on_every_page_and_only_then(template: str) -> None:
    warning = THEMES.message(theme="base", locale="en", key="dev.label")
    assert warning in Page(render(template, dev=True)).texts
    assert warning not in Page(render(template, dev=False)).texts


@pytest.mark.parametrize("template", [*FORMS, "logout/confirm.html"])
def test_every_form_posts_its_hidden_values(template: str) -> None:
    page = Page(render(template, passkey=None) if template == "login/password.html" else render(template))
    posted = [{name: form[name] for name in ("method", "action")} for form in page.all("form")]
    assert posted == [{"method": "post", "action": "/realms/demo/login-actions/authenticate"}]
    hidden = {field["name"]: field["value"] for field in page.all("input") if field.get("type") == "hidden"}
    hidden.pop("credential", None)
    assert hidden == {"transaction": "t-1", "csrf_token": "c-1", "step": "s-1"}


@pytest.mark.parametrize("template", [*(f for f in FORMS if f != "login/enrol-choice.html"), "logout/confirm.html"])
def test_the_first_button_goes_on_and_only_the_last_one_cancels(template: str) -> None:
    first, *others = [button for button in Page(render(template)).all("button") if button["type"] == "submit"]
    assert (first["type"], first.get("name")) == ("submit", None)
    last = {"login/invitation.html": "later", "login/recovery-codes-low.html": "make"}.get(template, "cancel")
    named = [(other["name"], other["value"]) for other in others if "name" in other and other["name"] != "send"]
    assert named in ([], [("action", last)])


@pytest.mark.parametrize(
    ("template", "tokens"),
    [
        ("login/password.html", {"username": "username webauthn", "password": "current-password"}),
        ("login/totp.html", {"code": "one-time-code"}),
        ("login/recovery-codes.html", {"recovery_code": "off"}),
        ("login/totp-enrol.html", {"code": "one-time-code", "label": "off"}),
    ],
)
def test_fields_say_what_may_be_filled_in(template: str, tokens: dict[str, str]) -> None:
    fields = [field for field in Page(render(template, trust=None)).all("input") if field.get("type") != "hidden"]
    assert {field["name"]: field["autocomplete"] for field in fields} == tokens


@pytest.mark.parametrize("template", FORMS)
def test_every_field_has_a_label(template: str) -> None:
    page = Page(render(template))
    labelled = {label["for"] for label in page.all("label")}
    assert {field["id"] for field in page.all("input") if field.get("type") != "hidden"} == labelled


@pytest.mark.parametrize("template", ["login/password.html", "login/totp.html", "login/recovery-codes.html"])
def test_an_error_is_announced_and_tied_to_its_fields(template: str) -> None:
    page = Page(render(template, error="That was wrong.", trust=None))
    shown = [p for p in page.all("p") if "role" in p and "hidden" not in p]
    assert [(p["id"], p["role"]) for p in shown] == [("error", "alert")]
    fields = [field for field in page.all("input") if field.get("type") != "hidden"]
    assert all((field["aria-invalid"], field["aria-describedby"]) == ("true", "error") for field in fields)
    assert "aria-invalid" not in render(template)


def test_a_person_known_from_the_session_is_shown_and_sent_but_not_asked() -> None:
    page = Page(render("login/password.html", username_fixed=True, not_you="/other"))
    username = next(field for field in page.all("input") if field.get("name") == "username")
    assert username["value"] == "alice"
    assert {"readonly", "hidden"} <= username.keys()
    assert "alice" in page.texts
    assert {"href": "/other"} in page.all("a")


def test_the_secret_is_the_whole_text_of_its_element() -> None:
    html = render("login/totp-enrol.html")
    assert re.findall(r'id="totp-secret">([^<]*)<', html) == [SECRET]
    assert all(word in html for word in ("SHA-1", "6 digits", "30 seconds", "Example", "alice"))


def test_recovery_codes_are_one_list_item_each() -> None:
    html = render("login/recovery-codes-new.html")
    codes = re.search(r'<ol [^>]*id="recovery-codes">(.*?)</ol>', html, re.DOTALL)
    assert codes is not None
    assert re.findall(r"<li>([^<]*)</li>", codes[1]) == ["aaaa-bbbb", "cccc-dddd"]


def test_a_value_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        THEMES.render(theme="base", locale="en", template="login/totp.html", context={})


# Messages


def test_both_languages_have_the_same_messages_with_the_same_values() -> None:
    english, german = catalogue("en"), catalogue("de")
    assert english.keys() == german.keys()
    for key, text in english.items():
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", german[key])), key


def test_every_key_is_asked_for_and_every_key_asked_for_exists() -> None:
    assert {without_number(key) for key in catalogue("en")} == keys_in_templates() | SERVER_KEYS.keys()


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("key", SERVER_KEYS)
def test_every_message_of_the_server_is_a_finished_sentence(locale: str, key: str) -> None:
    text = THEMES.message(theme="base", locale=locale, key=key, **SERVER_KEYS[key])
    assert text
    assert "{" not in text


@pytest.mark.parametrize(
    ("locale", "count", "text"),
    [
        ("en", 1, "1 minute"),
        ("en", 5, "5 minutes"),
        ("en", 0, "0 minutes"),
        ("de", 1, "1 Minute"),
        ("de", 5, "5 Minuten"),
    ],
)
def test_a_number_chooses_singular_or_plural(locale: str, count: int, text: str) -> None:
    assert THEMES.message(theme="base", locale=locale, key="duration.minutes", count=count) == text


def test_the_number_may_go_by_its_own_name() -> None:
    text = THEMES.message(theme="base", locale="en", key="error.slowed", seconds=1)
    assert text == "Too many tries. Wait 1 second, then try again."


def test_a_value_is_never_taken_for_a_placeholder_or_a_format() -> None:
    text = THEMES.message(theme="base", locale="en", key="next.portal", client="{client.__class__} {realm} {0!r}")
    assert text == "Back to {client.__class__} {realm} {0!r}"


def test_a_missing_message_or_value_is_an_error_where_that_helps() -> None:
    for locale, key in (("en", "no.such"), ("en", "next.portal"), ("xx", "next.portal")):
        with pytest.raises(MissingMessage):
            THEMES.message(theme="base", locale=locale, key=key)


def test_production_shows_english_for_a_missing_message(tmp_path: Path) -> None:
    own_theme(tmp_path, {"acme/messages/fr.toml": 'common.cancel = "Annuler"'})
    themes = Themes(tmp_path, BUILT_IN)
    assert themes.message(theme="acme", locale="fr", key="common.cancel") == "Annuler"
    assert themes.message(theme="acme", locale="fr", key="common.go-on") == "Continue"
    assert themes.message(theme="acme", locale="xx", key="common.go-on") == "Continue"
    assert themes.message(theme="acme", locale="fr", key="no.such") == "no.such"


def test_a_broken_catalogue_is_named(tmp_path: Path) -> None:
    own_theme(tmp_path, {"acme/messages/en.toml": "common.cancel = 3"})
    with pytest.raises(SettingsError, match=r"acme/messages/en\.toml.*common\.cancel"):
        Themes(tmp_path, BUILT_IN)


@pytest.mark.parametrize("source", ["<p>{% if %}", "<p>{{ username|nonsense }}"])
def test_a_broken_template_is_named_before_anybody_needs_it(tmp_path: Path, source: str) -> None:
    own_theme(tmp_path, {"base/login/totp.html": f"<main>\n{source}"})
    with pytest.raises(SettingsError, match=r"base/login/totp\.html:2: "):
        Themes(tmp_path, BUILT_IN)


def test_a_directory_of_themes_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="themes/of/ours"):
        Themes(tmp_path / "themes/of/ours", BUILT_IN)


# Fallback


def test_the_example_theme_changes_one_template_and_one_message() -> None:
    html = render("login/password.html", theme="example", username="")
    assert "Welcome back" in html
    assert "User name or e-mail address" in html
    sheets = [str(link["href"]) for link in Page(html).all("link") if link["rel"] == "stylesheet"]
    assert [re.sub(r"\?v=[0-9a-f]{16}$", "", sheet) for sheet in sheets] == [
        "/resources/example/style.css",
        "/resources/example/example.css",
    ]
    assert "Anmelden" in render("login/password.html", theme="example", locale="de")


def test_an_operators_directory_comes_before_the_built_in_one(tmp_path: Path) -> None:
    own_theme(
        tmp_path,
        {
            "base/messages/en.toml": 'password.title = "Log in"',
            "acme/login/totp.html": "{% extends 'base/login/totp.html' %}{% block go_on %}Go{% endblock %}",
            "acme/static/style.css": "body { color: red }",
        },
    )
    themes = Themes(tmp_path, BUILT_IN, strict=True)
    assert themes.message(theme="base", locale="en", key="password.title") == "Log in"
    assert themes.message(theme="acme", locale="en", key="password.title") == "Log in"
    html = themes.render(theme="acme", locale="en", template="login/totp.html", context=context("login/totp.html"))
    assert ">Go</button>" in html
    assert themes.static_files("acme")["style.css"].path == tmp_path / "acme" / "static" / "style.css"
    assert themes.static_files("acme")["logo.svg"].path == BUILT_IN / "base" / "static" / "logo.svg"


def test_the_address_of_a_static_file_changes_with_its_content(tmp_path: Path) -> None:
    own_theme(tmp_path, {"acme/static/style.css": "a {}"})
    before = Themes(tmp_path, BUILT_IN).asset("acme", "style.css")
    own_theme(tmp_path, {"acme/static/style.css": "b {}"})
    assert before.startswith("/resources/acme/style.css?v=")
    assert Themes(tmp_path, BUILT_IN).asset("acme", "style.css") != before


def test_only_known_static_files_can_be_named() -> None:
    assert "../messages/en.toml" not in THEMES.static_files("base")
    assert {file.path.is_file() for file in THEMES.static_files("example").values()} == {True}


def test_an_unknown_theme_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UnknownTheme, match="base, example"):
        THEMES.message(theme="../base", locale="en", key="common.cancel")


# Templates that look around


@pytest.mark.attack
@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ ''|attr('__class__') }}",
        "{{ ''['__class__'] }}",
        "{{ t.__globals__ }}",
        "{{ t.__closure__ }}",
        "{{ asset.func.__self__._themes }}",
        "{{ realm.__init__.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ '{0.__class__.__mro__}'.format('') }}",
        "{{ ('{0.__class__}'|attr('format'))('') }}",
        "{% set f = '{0.__class__}'.format %}{{ f('') }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum() }}",
        "{{ hidden.update(transaction='x') }}",
        "{{ username|safe }}",
        "{{ {username: 'x'}|xmlattr }}",
        "{% autoescape false %}{{ username }}{% endautoescape %}",
        "{% include '../../../pyproject.toml' %}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_theme_cannot_reach_internals_or_print_a_value_as_html(tmp_path: Path, source: str) -> None:
    own_theme(tmp_path, {"acme/login/totp.html": source})
    values = context("login/totp.html", username=CANARY)
    with pytest.raises((SecurityError, TemplateError, SettingsError)):
        Themes(tmp_path, BUILT_IN, strict=True).render(
            theme="acme", locale="en", template="login/totp.html", context=values
        )


# Languages


@pytest.mark.parametrize(
    ("ui_locales", "chosen", "accept_language", "expected"),
    [
        (None, None, None, "en"),
        (None, None, "de", "de"),
        (None, None, "de-AT, en;q=0.9", "de"),
        (None, None, "en;q=0.3, de;q=0.7", "de"),
        (None, None, "de;q=0, fr", "en"),
        (None, None, "de;q=zero, *", "en"),
        (None, None, "fr, *;q=0.1", "en"),
        (None, None, "pt", "pt-BR"),
        ("fr de", None, "en", "de"),
        ("DE-de", None, "en", "de"),
        ("", None, "de", "de"),
        ("de", "en", "de", "en"),
        ("de", "<b>", "en", "de"),
    ],
)
def test_the_language_is_what_the_person_reads_best(
    ui_locales: str | None, chosen: str | None, accept_language: str | None, expected: str
) -> None:
    locale = negotiate(
        offered=["en", "de", "pt-BR"], ui_locales=ui_locales, chosen=chosen, accept_language=accept_language
    )
    assert locale == expected


@pytest.mark.attack
@pytest.mark.parametrize("long", ["de " * 400_000, "x" * 1_000_000, "a-" * 500_000, ",;q=1" * 200_000, CANARY])
def test_any_length_of_wishes_ends_in_an_offered_language(long: str) -> None:
    assert negotiate(offered=["en", "de"], ui_locales=long, chosen=long, accept_language=long) in {"en", "de"}
