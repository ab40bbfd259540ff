"""Themes: the templates, messages and static files that pages are drawn with."""

import hashlib
import os.path
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateSyntaxError,
    nodes,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from idp.errors import SettingsError
from idp.realm.schema import Realm

BASE = "base"
BASE_LOCALE = "en"

_THEME_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_Read = Callable[[Path], Mapping[str, str]]
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class UnknownTheme(LookupError):
    """A realm names a theme that no directory has."""


class MissingMessage(LookupError):
    """A catalogue lacks a key, or a message was asked for without a value that it shows."""


@dataclass(frozen=True)
class StaticFile:
    """A file to serve, and the `v` that its address carries: 16 hexadecimal digits of the SHA-256 of its content."""

    path: Path
    version: str


@dataclass(frozen=True)
class _Theme:
    environment: Environment
    catalogues: Mapping[str, Mapping[str, str]]
    static_files: Mapping[str, StaticFile]


class Themes:
    """Every theme found in `directories`, searched in order: an operator's own first, the built-in ones last.

    A theme other than `base` takes from `base` whatever it does not have itself, file by file and message by message;
    a template may extend the one that it replaces as `base/<name>`. All is read once; a change needs a new object.
    `strict` (tests, development) raises `MissingMessage` where production shows the English text of `base`.
    Raises SettingsError for what of an operator's own cannot be read.
    """

    def __init__(self, *directories: Path, strict: bool = False) -> None:
        names = themes_in(directories)
        if BASE not in names:
            raise UnknownTheme(f"no theme {BASE!r} in {', '.join(map(str, directories)) or 'no directory'}")
        self._strict = strict
        read = cache(_read_messages)  # the messages of `base` are in every theme
        self._themes = {name: _read_theme(name, directories, strict=strict, read=read) for name in sorted(names)}
        for name, theme in self._themes.items():
            for directory in directories[:-1]:
                _compile(theme.environment, directory / name)

    @property
    def names(self) -> tuple[str, ...]:
        """The themes that a realm may name."""
        return tuple(self._themes)

    def locales(self, theme: str) -> tuple[str, ...]:
        """The locales that the theme, or `base` for it, has a catalogue for."""
        return tuple(self._theme(theme).catalogues)

    def render(self, *, theme: str, locale: str, template: str, context: Mapping[str, Any]) -> str:
        """The page `template` (such as `login/totp.html`) as HTML, every value of `context` shown as text.

        `lang`, `t` and `asset` are there unless `context` brings its own. A name that a template uses and nobody gave
        raises `jinja2.UndefinedError`; a template that reaches for Python's internals, `SecurityError`.
        """
        return (
            self._theme(theme)
            .environment.get_template(template)
            .render(
                {
                    "lang": locale,
                    "t": self.translator(theme=theme, locale=locale),
                    "asset": partial(self.asset, theme),
                    **context,
                }
            )
        )

    def translator(self, *, theme: str, locale: str) -> Callable[..., str]:
        """`t(key, **values)` for one theme and locale, as templates call it."""

        def t(key: str, **values: Any) -> str:
            return self.message(theme=theme, locale=locale, key=key, **values)

        return t

    def message(self, *, theme: str, locale: str, key: str, **values: Any) -> str:
        """The text of `key` as plain text, never HTML, with each `{name}` replaced by the value of that name.

        A key that the catalogue has as `key.one` and `key.other` is chosen by `count`, else by the first whole number
        among the values. Names of `values` are free but for `theme`, `locale` and `key`.
        """
        catalogues = self._theme(theme).catalogues
        catalogue = catalogues.get(locale)
        if catalogue is None:
            if self._strict:
                raise MissingMessage(f"theme {theme!r} has no catalogue {locale!r}")
            catalogue = catalogues[BASE_LOCALE]
        text = catalogue.get(key)
        if text is None:
            text = catalogue.get(f"{key}.one" if _count(values) == 1 else f"{key}.other")
        if text is None:
            if self._strict:
                raise MissingMessage(f"theme {theme!r}, locale {locale!r}: no message {key!r}")
            return key
        return _PLACEHOLDER.sub(partial(self._fill, key, values), text) if "{" in text else text

    def phrase(self, realm: Realm, locale: str, key: str, /, **values: Any) -> str:
        """`message` in the theme of a realm."""
        return self.message(theme=realm.theme, locale=locale, key=key, **values)

    def asset(self, theme: str, path: str) -> str:
        """The address, from the root of the server, of a static file; it changes when the content does."""
        file = self._theme(theme).static_files.get(path)
        if file is None:
            if self._strict:
                raise LookupError(f"theme {theme!r} has no static file {path!r}")
            return f"/resources/{theme}/{path}"
        return f"/resources/{theme}/{path}?v={file.version}"

    def static_files(self, theme: str) -> Mapping[str, StaticFile]:
        """All that `/resources/<theme>/` may answer with, by path: a look-up that no `..` can leave."""
        return self._theme(theme).static_files

    def _theme(self, name: str) -> _Theme:
        try:
            return self._themes[name]
        except KeyError:
            raise UnknownTheme(f"no theme {name!r}; there are {', '.join(self._themes)}") from None

    def _fill(self, key: str, values: Mapping[str, Any], placeholder: re.Match[str]) -> str:
        name = placeholder[1]
        if name in values:
            return str(values[name])
        if self._strict:
            raise MissingMessage(f"message {key!r} shows {name!r}, which was not given")
        return placeholder[0]


def themes_in(directories: Sequence[Path]) -> set[str]:
    """Their names; raises SettingsError for what is no directory."""
    for directory in directories:
        if not os.path.isdir(directory):  # noqa: PTH112 - this one has no error of its own
            raise SettingsError(f"the themes {directory} are no directory")
    return {
        entry.name
        for directory in directories
        for entry in directory.iterdir()
        if entry.is_dir() and _THEME_NAME.fullmatch(entry.name)
    }


def built_in() -> Path:
    """The themes that come with the program: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "_themes"
    return installed if installed.is_dir() else package.parent / "themes"


class _ThemeEnvironment(ImmutableSandboxedEnvironment):
    """Templates that cannot leave the page: no Python internals, no way to print a value unescaped."""

    def __init__(self, loader: ChoiceLoader) -> None:
        super().__init__(
            loader=loader,
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.globals.clear()
        # `safe` would print a value as HTML; `xmlattr` lets a value name an attribute (CVE-2024-22195, CVE-2024-34064).
        for name in ("safe", "xmlattr"):
            del self.filters[name]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for switch in tree.find_all(nodes.EvalContextModifier):
            raise TemplateSyntaxError("escaping cannot be switched off", switch.lineno, name, filename)
        return tree


def _read_theme(name: str, directories: Sequence[Path], *, strict: bool, read: _Read) -> _Theme:
    own = [directory / name for directory in directories]
    base = [directory / BASE for directory in directories]
    roots = own if name == BASE else own + base
    return _Theme(
        environment=_ThemeEnvironment(
            ChoiceLoader([FileSystemLoader(roots), PrefixLoader({BASE: FileSystemLoader(base)})]),
        ),
        catalogues=_read_catalogues(roots, strict=strict, read=read),
        static_files=MappingProxyType(_read_static_files([root / "static" for root in roots])),
    )


def _read_catalogues(roots: Sequence[Path], *, strict: bool, read: _Read) -> dict[str, dict[str, str]]:
    """One complete catalogue per locale: the last root's messages first, so that those nearer to the theme win."""
    catalogues: dict[str, dict[str, str]] = {}
    for root in reversed(roots):
        for file in sorted(root.glob("messages/*.toml")):
            catalogues.setdefault(file.stem, {}).update(read(file))
    if strict:
        return catalogues
    english = catalogues.get(BASE_LOCALE, {})
    return {BASE_LOCALE: english} | {locale: english | messages for locale, messages in catalogues.items()}


def _read_messages(file: Path) -> dict[str, str]:
    """The messages of one file under their flat keys: `error.code`, whether TOML was given it quoted or as a table."""
    try:
        return dict(_flatten(tomllib.loads(file.read_text("utf-8")), ""))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError) as error:
        raise SettingsError(f"{file}: {error}") from error


def _compile(environment: Environment, root: Path) -> None:
    """Whoever wrote a template is told of its mistakes at the start, and not whoever first needs the page."""
    for file in sorted(root.rglob("*.html")):
        try:
            environment.get_template(file.relative_to(root).as_posix())
        except TemplateSyntaxError as error:
            raise SettingsError(f"{error.filename or file}:{error.lineno}: {error.message}") from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"{file}: {error}") from error


def _flatten(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        elif isinstance(value, str):
            yield f"{prefix}{key}", value
        else:
            raise TypeError(f"{prefix}{key} is not a text")


def _read_static_files(directories: Sequence[Path]) -> dict[str, StaticFile]:
    """By path; of several directories, the first that has a file wins. One need not be there."""
    files: dict[str, StaticFile] = {}
    for directory in reversed(directories):
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                version = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
                files[path.relative_to(directory).as_posix()] = StaticFile(path, version)
    return files


def _count(values: Mapping[str, Any]) -> int | None:
    if "count" in values:
        count: int = values["count"]
        return count
    return next((value for value in values.values() if isinstance(value, int) and not isinstance(value, bool)), None)
