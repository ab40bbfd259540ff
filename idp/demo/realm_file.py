"""The realm of the demonstration: where its file is, and a copy with other ports where those are asked for."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from idp.errors import SettingsError
from idp.realm.client_sections import Client
from idp.realm.loading import Mode, RealmFileError, load, read_file
from idp.realm.schema import Realm

FILE = "demo.yaml"
DEFAULT_BASE = 8080
_PACKAGE = Path(__file__).parent.parent
_PACKAGED = _PACKAGE / "_realm-config"


@dataclass(frozen=True, slots=True)
class Ports:
    """Four neighbours: the identity provider is on the first."""

    base: int = DEFAULT_BASE

    @property
    def portal(self) -> int:
        """The developer portal's."""
        return self.base + 1

    @property
    def billing(self) -> int:
        """The billing portal's."""
        return self.base + 2

    @property
    def api(self) -> int:
        """The API's."""
        return self.base + 3


def find_config() -> Path:
    """The directory with the demo realm: `realm-config` here, else the one that came with the package."""
    for directory in (Path("realm-config"), _PACKAGED, _PACKAGE.parent / "realm-config"):
        if (directory / FILE).is_file():
            return directory
    raise SettingsError(f"there is no realm-config/{FILE} here, and none came with the package: give --config DIR")


def config_for(directory: Path, *, ports: Ports, scratch: Path) -> Path:
    """The directory itself, or a copy in `scratch`: of the one in the package, and for other ports than the usual.

    The copy's redirect URIs and audiences name those ports. Raises SettingsError where there is no such realm and for
    what is wrong with its file, and RealmFileError for another file that cannot be read.
    """
    if not (directory / FILE).is_file():
        raise SettingsError(f"{directory / FILE} is not there: the demonstration is made of the realm in that file")
    if ports.base == DEFAULT_BASE and directory != _PACKAGED:
        return directory
    # The copy is gone when somebody looks for the line that is wrong.
    load_realm(directory)
    copy = scratch / "realm-config"
    copy.mkdir()
    for file in (*directory.glob("*.yaml"), *directory.glob("*.yml")):
        (copy / file.name).write_bytes(_moved(read_file(file), ports))
    return copy


def load_realm(directory: Path) -> Realm:
    """The demo realm as a development server reads it. Raises SettingsError with all that is wrong with its file."""
    try:
        return load(directory / FILE, mode=Mode.DEVELOPMENT, environ=os.environ)
    except RealmFileError as error:
        raise SettingsError("\n".join(str(problem) for problem in error.problems)) from None


def confidential_client(realm: Realm, client_id: str) -> tuple[Client, str]:
    """A client of the realm and its secret. Raises SettingsError where the realm has none of that name."""
    client = realm.client(client_id)
    if client is None or client.client_secret is None:
        raise SettingsError(f"the demonstration needs the client '{client_id}', with a secret, in {FILE}")
    return client, client.client_secret.value


def _moved(data: bytes, ports: Ports) -> bytes:
    """Bytes, because what is no text is told by whoever loads it."""

    def other(match: re.Match[bytes]) -> bytes:
        return b"%s:%d" % (match[1], int(match[2]) - DEFAULT_BASE + ports.base)

    return re.sub(rb"\b(localhost|127\.0\.0\.1):(808[0-3])\b", other, data)
