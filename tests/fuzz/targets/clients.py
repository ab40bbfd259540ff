"""What clients say of themselves: the metadata that they register with, and the certificate of their connection."""

import json
import warnings
from collections.abc import Iterator
from typing import Any

from cryptography.utils import CryptographyDeprecationWarning

from idp.errors import OAuth2Error
from idp.oauth import client_certificates
from idp.oauth.client_metadata import REGISTRABLE, checked, client_from
from idp.realm.loading import Mode
from idp.realm.redirects import DANGEROUS
from idp.tokens import plain_json
from tests.fuzz.oracle import halves, refusing
from tests.fuzz.realm import NOW, NoFetcher, database, provider, realm, signed

_FETCHER = NoFetcher()


def client_metadata(data: bytes) -> None:
    """What is registered can be read back, and has no address that runs anything."""
    try:
        body = plain_json.parsed(data)
    except ValueError:
        return
    if isinstance(body, dict):
        _register(body)


def statement_metadata(data: bytes) -> None:
    """The same, said by somebody who is believed."""
    _register({"redirect_uris": ["https://rp.example/cb"], "software_statement": signed(*halves(data))})


def _register(body: dict[str, Any]) -> None:
    with refusing(OAuth2Error):
        registered = checked(body, client_id="new", realm=realm(), mode=Mode.PRODUCTION, fetcher=_FETCHER, now=NOW)
        assert registered.keys() <= {*REGISTRABLE, "software_statement"}
        client = client_from("new", json.loads(json.dumps(registered)), None)
        assert client.require_consent
        for key, value in registered.items():
            for uri in _texts(value) if "uri" in key else ():
                assert uri.partition(":")[0].lower() not in DANGEROUS
                assert uri.isprintable() and "*" not in uri  # noqa: PT018


def _texts(value: Any) -> Iterator[str]:
    yield from (value,) if isinstance(value, str) else value if isinstance(value, list) else ()


def certificate(data: bytes) -> None:
    """A certificate in DER that no authority has issued is nobody's."""
    by_authority = realm().client("web")
    by_key = realm().client("signer")
    assert by_authority is not None and by_key is not None  # noqa: PT018
    with database().read() as tx, warnings.catch_warnings():
        # The library has something to say about serial numbers.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        context = provider().context(realm(), tx, NOW)
        for client, method in ((by_authority, "tls_client_auth"), (by_key, "self_signed_tls_client_auth")):
            wanted = {"token_endpoint_auth_method": method, "tls_client_auth_san_dns": "rp.example"}
            with refusing(client_certificates.BadCertificate):
                client_certificates.verify(client.model_copy(update=wanted), data, context)
                raise AssertionError("it was taken")


TARGETS = (client_metadata, statement_metadata, certificate)
