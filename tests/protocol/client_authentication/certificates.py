"""Certificates of the tests: authorities, and what they issue."""

import base64
import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey

from tests.clock import START

_NOW = datetime.fromtimestamp(START, UTC)


class Certificate:
    """A certificate with its key, signed by `issuer` or by itself."""

    def __init__(
        self,
        subject: str,
        *,
        issuer: "Certificate | None" = None,
        ca: bool | None = None,
        names: tuple[x509.GeneralName, ...] = (),
        usage: tuple[x509.ObjectIdentifier, ...] = (),
        days: tuple[int, int] = (-1, 365),
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name.from_rfc4514_string(subject)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(issuer.name if issuer else self.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_NOW + timedelta(days=days[0]))
            .not_valid_after(_NOW + timedelta(days=days[1]))
        )
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if usage:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self.certificate = builder.sign(issuer.key if issuer else self.key, SHA256())

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def header(self) -> dict[str, str]:
        """RFC 9440 section 2.1."""
        return {"client-cert": f":{base64.b64encode(self.der).decode()}:"}

    @property
    def jwk(self) -> dict[str, Any]:
        return dict(ECKey.import_key(self.key.public_key()).as_dict(private=False))


def dns(name: str) -> x509.DNSName:
    return x509.DNSName(name)


def uri(name: str) -> x509.UniformResourceIdentifier:
    return x509.UniformResourceIdentifier(name)


def address(name: str) -> x509.IPAddress:
    return x509.IPAddress(ipaddress.ip_address(name))


def mail(name: str) -> x509.RFC822Name:
    return x509.RFC822Name(name)
