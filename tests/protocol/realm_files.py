"""The realm file of a feature: the one that stands beside its tests, with the addresses of this run."""

from pathlib import Path
from typing import Any

import yaml


def realm_of(test_file: str, **addresses: str) -> dict[str, Any]:
    """`realm.yaml` beside a test file. `NAME` in it becomes the address of that name: `realm_of(__file__, PARTY=…)`."""
    text = (Path(test_file).parent / "realm.yaml").read_text()
    for name, address in addresses.items():
        text = text.replace(name, address)
    realm: dict[str, Any] = yaml.safe_load(text)
    return realm


def client_of(realm: dict[str, Any], client_id: str) -> dict[str, Any]:
    """One client of such a file."""
    found: dict[str, Any] = next(c for c in realm["clients"] if c["client_id"] == client_id)
    return found
