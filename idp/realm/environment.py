"""Secrets by reference: `{env: NAME}` or `{env: NAME, default: value}`, looked up when the file is loaded."""

import re
from collections.abc import Iterator, Mapping, Sequence

from idp.realm.document import Node, Path
from idp.realm.findings import Finding
from idp.realm.mode import Mode
from idp.realm.secrets import MIN_LENGTH, VARIABLE, Secret
from idp.realm.suggestions import did_you_mean, nearest, shortened

KEYS = ("env", "default")
SECRETS = ("client_secret", "client_secret_previous")
PLACEHOLDER = "a placeholder for a variable that is not set"
PUBLISHED = "-for-demos-only"  # how every secret of the demonstration ends
# Accounts elsewhere, whose owners say how long a secret is.
OF_OTHERS: tuple[Path, ...] = (
    ("factors", "sms", "account_sid"),
    ("factors", "sms", "auth_token"),
    ("mail", "server", "password"),
)
# What a shell, Compose or another server would replace: taken by the letter, it is a secret that anybody guesses.
FOREIGN = re.compile(r"\$\{[^{}]*\}|\$[A-Z_][A-Z0-9_]*")
PRINTABLE = re.compile(r"[ -~]*")  # RFC 6749 appendix A.2


def unusable_secrets(root: Node, *, mode: Mode, environ: Mapping[str, str]) -> list[Finding]:
    """What is wrong with the secrets of the file."""
    return [f for path, node in _secrets(root) for f in _problems(node, path, mode, environ)]


def with_secrets(root: Node, *, mode: Mode, environ: Mapping[str, str]) -> Node:
    """The tree with every usable secret in the place of its reference, and without the others."""
    usable, unusable = {}, set()
    for path, node in _secrets(root):
        if any(_problems(node, path, mode, environ)):
            unusable.add(path)
        else:
            usable[path] = Secret(_value(node, environ))
    return root.replaced(usable).without(unusable, lost=True)


def _secrets(root: Node) -> Iterator[tuple[Path, Node]]:
    clients = root.get("clients")
    count = len(clients.value) if clients and isinstance(clients.value, tuple) else 0
    places: list[Path] = [("clients", index, key) for index in range(count) for key in SECRETS]
    for path in (*places, *OF_OTHERS):
        if node := root.find(path):
            yield path, node


def _problems(node: Node, path: Path, mode: Mode, environ: Mapping[str, str]) -> Iterator[Finding]:
    if not isinstance(node.value, Mapping):
        if weak := _foreign(node.value) or _weakness(node.value, path, mode):
            yield Finding(path, f"'{path[-1]}' {weak}")
        return
    for key in (unknown := [key for key in node.value if key not in KEYS]):
        yield Finding((*path, key), f"unknown key '{shortened(key)}'{did_you_mean(key, KEYS)}", key=True)
    name, default = node.get("env"), node.get("default")
    if default is not None:
        if mode is Mode.PRODUCTION:
            remedy = (
                f" and set the environment variable {shortened(name.value)}"
                if name and isinstance(name.value, str)
                else ""
            )
            message = f"a 'default' of a secret is for development only: remove it{remedy}"
            yield Finding((*path, "default"), message, key=True)
        elif weak := _foreign(default.value) or _weakness(default.value, path, mode):
            yield Finding((*path, "default"), f"'default' {weak}")
    if name is None:
        yield from _nameless(unknown, path)
    elif not isinstance(name.value, str) or not re.fullmatch(VARIABLE, name.value):
        yield Finding((*path, "env"), "'env' must be the name of an environment variable: letters, digits and _")
    elif not unknown and (unusable := _unusable(name.value, default, path, mode=mode, environ=environ)):
        yield Finding((*path, "env"), unusable)


def _nameless(unknown: Sequence[str], path: Path) -> Iterator[Finding]:
    """An unknown key that is not like 'default' stands in the place of 'env', and is told already."""
    if all(nearest(key, KEYS) == "default" for key in unknown):
        yield Finding(path, "the key 'env' is missing here: a secret is text, or {env: NAME} from the environment")


def _unusable(name: str, default: Node | None, path: Path, *, mode: Mode, environ: Mapping[str, str]) -> str | None:
    if mode is Mode.CHECK:
        return None
    if name not in environ:
        return None if default else f"the environment variable {name} is not set: set it before the server starts"
    if not environ[name]:
        return f"the environment variable {name} is empty: give it a value"
    message = _weakness(environ[name], path, mode)
    return f"the environment variable {name} {message}" if message else None


def _foreign(value: object) -> str | None:
    if isinstance(value, str) and FOREIGN.fullmatch(value):
        return "is a variable in another notation, which nothing replaces here: write {env: NAME}"
    return None


def _weakness(value: object, path: Path, mode: Mode) -> str | None:
    if not isinstance(value, str):
        return "must be text: put it in quotes" if isinstance(value, (bool, int, float)) else "must be text"
    if not value:
        return "is empty: give it a value"
    if len(value) < MIN_LENGTH and path not in OF_OTHERS:
        return f"must have at least {MIN_LENGTH} characters: it has {len(value)}"
    if not PRINTABLE.fullmatch(value):
        return "must be printable ASCII characters"
    if mode is Mode.PRODUCTION and value.endswith(PUBLISHED):
        return "is a published example: generate one of your own"
    return None


def _value(node: Node, environ: Mapping[str, str]) -> str:
    """A command that runs beside the server may have a part of its variables, and uses those."""
    if not isinstance(node.value, Mapping):
        return str(node.value)
    name, default = node.value["env"].node.value, node.get("default")
    return environ.get(name) or (str(default.value) if default else PLACEHOLDER)
