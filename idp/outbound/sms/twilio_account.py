"""A Twilio account: its client with a time-out and without retries, and its failures as values."""

import logging
import re
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

from idp.errors import SettingsError
from idp.outbound.results import Failed, Failure
from idp.outbound.sms.twilio_errors import refused
from idp.realm.factor_sections import Sms as SmsSection
from idp.settings import LOOPBACK_NAMES

TIMEOUT = 5.0  # seconds, for connecting and between two pieces of the answer

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)
_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
_quiet = logging.getLogger("idp.outbound.twilio_http")
# Twilio's client logs whole requests at INFO.
_quiet.setLevel(logging.CRITICAL)


class Account:
    """The account of a realm. Raises SettingsError when it is not fully named."""

    def __init__(self, section: SmsSection, *, timeout: float = TIMEOUT) -> None:
        if section.account_sid is None or section.auth_token is None:
            raise SettingsError(f"the SMS sender `{section.sender}` needs account_sid and auth_token")
        self._sid = section.account_sid.value
        if not _ACCOUNT.fullmatch(self._sid):  # it becomes part of the path
            raise SettingsError("factors.sms.account_sid is not an account of Twilio: AC and 32 hexadecimal digits")
        self._token = section.auth_token
        self._base = None if section.api_base_url is None else _checked_base(section.api_base_url)
        self._timeout = timeout

    @cached_property
    def client(self) -> Any:
        """Twilio's client, made when it is first used: importing it takes longer than starting the rest."""
        from twilio.http.http_client import TwilioHttpClient
        from twilio.rest import Client

        base = self._base

        class Rewriting(TwilioHttpClient):  # type: ignore[misc]  # Twilio has no types
            """Asks `api_base_url` in place of every host of Twilio's."""

            def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
                """One request, never repeated, never redirected."""
                if base is not None:
                    url = base + url.removeprefix("https://").partition("/")[2]
                return super().request(method, url, *arguments, **options)

        http_client = Rewriting(timeout=self._timeout, max_retries=0, logger=_quiet)
        # The realm file alone says which account this is, not variables of the process that Twilio's client knows.
        environment = {"TWILIO_ACCOUNT_SID": self._sid}
        return Client(self._sid, self._token.value, http_client=http_client, environment=environment)


def attempt(call: Callable[[], Answer], *, what: str) -> Answer | Failed:
    """What `call` brings, or how it failed. `what` is logged; the text of errors is not, for it names the number."""
    from requests import exceptions as network  # noqa: TID251 - what Twilio's client lets through
    from twilio.base.exceptions import TwilioException

    try:
        return call()
    except TwilioException as error:
        code = _small(getattr(error, "code", None))
        failed = Failed(refused(_small(getattr(error, "status", None)) or 500, code), code)
    except network.RequestException as error:
        failed = Failed(_broken(error))
    except (ValueError, TypeError, AttributeError, LookupError):
        # A success that says nothing readable: what it stands for is not known.
        failed = Failed(Failure.UNKNOWN_OUTCOME)
    level = logging.ERROR if failed.kind in (Failure.CREDENTIALS, Failure.CONFIGURATION) else logging.WARNING
    _log.log(level, "Twilio did not take %s: %s, code %s", what, failed.kind.value, failed.code)
    return failed


def _broken(error: Exception) -> Failure:
    """What a broken connection means: nothing was sent as long as there was none."""
    from requests import exceptions as network  # noqa: TID251 - what Twilio's client lets through
    from urllib3.exceptions import NewConnectionError

    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, network.ConnectTimeout | network.ProxyError) or isinstance(reason, NewConnectionError):
        return Failure.TRANSIENT
    if isinstance(error, network.SSLError | network.InvalidURL | network.InvalidHeader):
        return Failure.CONFIGURATION
    return Failure.UNKNOWN_OUTCOME


def _small(value: object) -> int | None:
    """A code or status out of an answer, which may hold anything."""
    text = str(value) if isinstance(value, int | str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None


def _checked_base(url: str) -> str:
    parts = urlsplit(url)
    loopback = parts.scheme == "http" and parts.hostname in LOOPBACK_NAMES
    if not (loopback or (parts.scheme == "https" and parts.hostname)):
        raise SettingsError(f"factors.sms.api_base_url {url!r} would send the token of the account in clear: use https")
    return url.rstrip("/") + "/"
