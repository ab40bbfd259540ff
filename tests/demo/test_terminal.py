import io
import logging
from collections.abc import Iterator

import pytest

from idp.demo.terminal import Terminal
from idp.events.catalogue import Event
from idp.events.log import emit

ERASE = "\r\x1b[2K"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def terminal(screen: Screen) -> Iterator[Terminal]:
    terminal = Terminal(screen)
    root, audit = logging.getLogger(), logging.getLogger("idp.audit")
    before = audit.level
    audit.setLevel(logging.INFO)
    root.addHandler(terminal)
    yield terminal
    root.removeHandler(terminal)
    audit.setLevel(before)


def test_one_line_is_replaced_by_the_next(terminal: Terminal, screen: Screen) -> None:
    for line in ("code 1", "code 1", "code 2"):
        terminal.show(line)
    assert screen.getvalue() == f"{ERASE}code 1{ERASE}code 2"


def test_a_text_comes_above_that_line(terminal: Terminal, screen: Screen) -> None:
    terminal.show("code 1")
    terminal.say("news")
    assert screen.getvalue() == f"{ERASE}code 1{ERASE}news\ncode 1"


def test_at_the_end_the_prompt_has_a_line_of_its_own(terminal: Terminal, screen: Screen) -> None:
    terminal.show("code 1")
    terminal.end()
    assert screen.getvalue().endswith("\n")


def test_into_a_pipe_nothing_changes() -> None:
    pipe = io.StringIO()
    terminal = Terminal(pipe)
    terminal.show("code 1")
    terminal.say("news")
    terminal.end()
    assert pipe.getvalue() == "news\n"


def test_what_became_of_the_realm_file_is_told_in_words(terminal: Terminal, screen: Screen) -> None:
    emit(Event.REALM_REJECTED, realm="demo", path="demo.yaml", problems=["demo.yaml:3:1: unknown key"])
    emit(Event.REALM_LOADED, realm="demo", path="demo.yaml")
    assert screen.getvalue() == "  This is not taken up:\n  demo.yaml:3:1: unknown key\n  demo.yaml is taken up.\n"


def test_an_error_is_told_and_what_is_ordinary_is_not(terminal: Terminal, screen: Screen) -> None:
    logging.getLogger("elsewhere").warning("ordinary")
    emit(Event.PASSWORD_REFUSED, realm="demo")
    assert screen.getvalue() == ""
    logging.getLogger("elsewhere").error("broken")
    assert '"message": "broken"' in screen.getvalue()
