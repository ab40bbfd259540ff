"""Keys and words that the realm file will have one day: refused until something acts on them, never ignored."""

from idp.realm.document import Node, Path

ANY = None  # any key or index

KEYS: tuple[tuple[str | None, ...], ...] = (
    ("factors", "sms"),
    ("factors", "webauthn"),
    ("factors", "email"),
    ("mail",),
    ("expect",),
    ("second_factor", "encourage"),
    ("second_factor", "rules", ANY, "trusted_browser"),
    ("second_factor", "rules", ANY, "from"),
    ("second_factor", "rules", ANY, "when", "networks"),
    ("second_factor", "rules", ANY, "when", "not_networks"),
)
LISTS: tuple[tuple[str | None, ...], ...] = (
    ("levels", ANY, "accept"),
    ("second_factor", "rules", ANY, "accept"),
)
FACTORS_LATER = ("sms", "email", "webauthn")


def find_unsupported(root: Node) -> dict[Path, str]:
    """Each place that asks for what is not there yet, with the word that does."""
    found: dict[Path, str] = {}
    for path, node in root.walk():
        if any(_matches(path, pattern) for pattern in KEYS):
            found[path] = str(path[-1])
        elif node.value in FACTORS_LATER and any(_matches(path[:-1], pattern) for pattern in LISTS):
            found[path] = node.value
    return {path: word for path, word in found.items() if not any(path[:n] in found for n in range(1, len(path)))}


def without_unsupported(root: Node, found: dict[Path, str]) -> Node:
    """The tree less those places, so that the rest can be examined; a list with nothing else in it goes as a whole."""
    root = root.without(set(found), lost=False)
    lists = {path[:-1] for path in found if isinstance(path[-1], int)}
    return root.without({path for path in lists if (node := root.find(path)) and node.value == ()}, lost=False)


def _matches(path: Path, pattern: tuple[str | None, ...]) -> bool:
    return len(path) == len(pattern) and all(want in (ANY, part) for part, want in zip(path, pattern, strict=True))
