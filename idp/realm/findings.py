"""What an examination of the file's contents finds, by path; loading turns it into line and column."""

from typing import NamedTuple

from idp.realm.document import Path


class Finding(NamedTuple):
    """A sentence about what stands at `path`: about its key where `key` is set, else about its value."""

    path: Path
    message: str
    key: bool = False
