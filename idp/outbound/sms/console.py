"""Text messages on standard error, for development."""

import sys

from idp.errors import SettingsError
from idp.outbound.phone import masked
from idp.outbound.results import Outcome, Sent
from idp.outbound.sms.message import Sms


class ConsoleSender:
    """Prints messages, code and all. Raises SettingsError outside development: whoever reads logs could sign in."""

    def __init__(self, *, dev: bool) -> None:
        if not dev:
            raise SettingsError("the SMS sender `console` prints codes: it is for development only (--dev)")

    def send(self, message: Sms) -> Outcome:
        """Print the message; it always arrives."""
        sys.stderr.write(f"\n--- text message to {masked(message.to)} ---\n{message.text}\n---\n\n")
        sys.stderr.flush()
        return Sent(f"console:{message.reference}")
