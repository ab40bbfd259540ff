"""What the terminal shows of the demonstration: texts, one line that changes, and news of the realm file."""

import logging
import threading
from typing import TextIO

from idp.events.catalogue import Event
from idp.events.log import JsonLines

_ERASE = "\r\x1b[2K"


class Terminal(logging.Handler):
    """A log handler too: what became of a realm file is told in words, errors as JSON, all else not at all."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonLines())
        self._out = out
        self._line = ""
        self._writing = threading.RLock()

    def say(self, text: str) -> None:
        """Print the text, above the line that changes."""
        with self._writing:
            self._out.write((_ERASE if self._line else "") + text + "\n" + self._line)
            self._out.flush()

    def show(self, line: str) -> None:
        """Put this in place of the line that changes; nothing happens where the output is no terminal."""
        if line == self._line or not self._out.isatty():
            return
        with self._writing:
            self._line = line
            self._out.write(_ERASE + line)
            self._out.flush()

    def end(self) -> None:
        """Leave the cursor where a prompt may come."""
        if self._line:
            self._line = ""
            self.say("")

    def emit(self, record: logging.LogRecord) -> None:
        """Tell what concerns the person."""
        fields = getattr(record, "fields", {})
        match record.getMessage():
            case Event.REALM_LOADED.value.name if record.name == "idp.audit":
                self.say(f"  {fields['path']} is taken up.")
            case Event.REALM_REJECTED.value.name if record.name == "idp.audit":
                self.say("\n".join(("  This is not taken up:", *(f"  {problem}" for problem in fields["problems"]))))
            case _ if record.levelno >= logging.ERROR:
                self.say(self.format(record))
