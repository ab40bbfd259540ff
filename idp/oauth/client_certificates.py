"""Clients that prove themselves by the certificate of their TLS connection (RFC 8705), which the proxy in front ends.

The proxy hands the certificate on in `Client-Cert` (RFC 9440). What it checked is not relied upon: the key was proven
in the handshake, and everything else is checked here.
"""

import base64
import hashlib
import ipaddress
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from idp.oauth.client_keys import public_keys_of
from idp.oauth.request import Context
from idp.realm.client_sections import Client

METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
_MALFORMED = (x509.InvalidVersion, x509.UnsupportedGeneralNameType, x509.DuplicateExtension)


class BadCertificate(Exception):
    """It proves nothing. The text says why, for the log."""


def thumbprint(der: bytes) -> str:
    """`x5t#S256` (RFC 8705 section 3.1)."""
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def verify(client: Client, der: bytes | None, context: Context) -> None:
    """See that the certificate of the connection proves this client, by the method that it is registered with.

    Raises BadCertificate.
    """
    if der is None:
        raise BadCertificate("there was none")
    try:
        certificate = x509.load_der_x509_certificate(der)
        found = _fault(client, certificate, context)
    except (ValueError, TypeError, UnsupportedAlgorithm, *_MALFORMED):
        # Somewhere in a certificate that anybody may have made.
        found = "malformed"
    if found:
        raise BadCertificate(found)


def _fault(client: Client, certificate: x509.Certificate, context: Context) -> str | None:
    if not _is_valid_at(certificate, context.now):
        return "expired, or not valid yet"
    if client.token_endpoint_auth_method != "tls_client_auth":
        return None if _has_key_of(client, certificate, context) else "none of the client's keys"
    if not _is_issued(certificate, context):
        return "no authority of the realm has issued it"
    if _is_authority(certificate):
        # An intermediate authority is no client, whatever its name.
        return "an authority's own"
    if not _is_for_clients(certificate):
        return "not for clients"
    return None if _names(client, certificate) else "another name"


def _is_valid_at(certificate: x509.Certificate, now: int) -> bool:
    at = datetime.fromtimestamp(now, UTC)
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def _is_issued(certificate: x509.Certificate, context: Context) -> bool:
    """Directly, by one of the authorities of the realm file that is valid itself."""
    for pem in context.realm.client_certificate_authorities:
        authority = x509.load_pem_x509_certificate(pem.encode())
        # One that was renewed with its key may be there twice, and both have issued what either has.
        if not _is_valid_at(authority, context.now):
            continue
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _is_for_clients(certificate: x509.Certificate) -> bool:
    """RFC 5280 section 4.2.1.12: what the authority gave to a server, or to sign mail with, proves no client."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage


def _names(client: Client, certificate: x509.Certificate) -> bool:
    """RFC 8705 section 2.1.2; the realm file has exactly one of these."""
    if subject := client.tls_client_auth_subject_dn:
        return certificate.subject == x509.Name.from_rfc4514_string(subject)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    if address := client.tls_client_auth_san_ip:
        return ipaddress.ip_address(address) in names.get_values_for_type(x509.IPAddress)
    kinds: tuple[tuple[str | None, Any], ...] = (
        (client.tls_client_auth_san_dns, x509.DNSName),
        (client.tls_client_auth_san_uri, x509.UniformResourceIdentifier),
        (client.tls_client_auth_san_email, x509.RFC822Name),
    )
    return any(wanted is not None and wanted in names.get_values_for_type(kind) for wanted, kind in kinds)


def _has_key_of(client: Client, certificate: x509.Certificate, context: Context) -> bool:
    """RFC 8705 section 2.2: it is the key that was registered, whoever signed the certificate."""
    presented = _info(certificate.public_key())
    return any(_info(key.raw_value) == presented for key in public_keys_of(client, context))


def _info(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded
