from pathlib import Path

import pytest

from tests.realm.directory import Directory, text


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    made = Directory(tmp_path)
    made.write("a.yaml", text("alpha"))
    made.realms.load()
    return made
