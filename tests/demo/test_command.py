import re

import pytest

from idp.cli.main import main


def test_the_code_of_a_demo_account_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["demo", "--code", "ada"])
    assert status == 0
    assert re.fullmatch(r"[0-9]{6}\n", capsys.readouterr().out)


def test_an_account_without_an_app_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["demo", "--code", "alice"])
    assert status == 1
    assert "'alice' is no demo account with an authenticator app" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65533", "-1", "http", "8080.5", "\uff18\uff10"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["demo", f"--port-base={port}"])
    assert "is no port" in capsys.readouterr().err


def test_a_directory_without_the_realm_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["demo", "--config", "/nowhere", "--code", "ada"])
    assert status == 1
    assert "/nowhere/demo.yaml" in capsys.readouterr().err
