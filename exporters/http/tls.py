"""TLS of the server: from what a configuration says to what the standard library takes."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from exporters.http.expiry import first_expiry

CLIENT_AUTH: Mapping[str, ssl.VerifyMode] = MappingProxyType(
    {
        "NoClientCert": ssl.CERT_NONE,
        "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
        "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
    }
)
"""Go's names of what clients must show. Asking for a certificate unverified proves nothing."""
VERSIONS: Mapping[str, ssl.TLSVersion] = MappingProxyType(
    {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
)
CURVES: Mapping[str, str] = MappingProxyType(
    {
        "X25519": "X25519",
        "CurveP256": "prime256v1",
        "CurveP384": "secp384r1",
        "CurveP521": "secp521r1",
    }
)
"""Go's names to OpenSSL's."""
CIPHERS: Mapping[str, str] = MappingProxyType(
    {
        "TLS_AES_128_GCM_SHA256": "",
        "TLS_AES_256_GCM_SHA384": "",
        "TLS_CHACHA20_POLY1305_SHA256": "",
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    }
)
"""The names of the IANA, as Go has them, to OpenSSL's; those of TLS 1.3 cannot be chosen, as in Go.
"""


class TlsError(Exception):
    """TLS cannot be set up. The text says which key or file, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsOptions:
    """What TLS is made from.

    Attributes:
        cert_file: the server's certificate with its chain, PEM.
        key_file: its key, PEM, without a passphrase.
        client_ca_file: who signs clients' certificates, PEM.
        client_auth: what clients must show.
        client_allowed_sans: alternative names of which a client's certificate must have one;
            any will do where there is none here.
        min_version, max_version: the versions that are spoken.
        ciphers: for TLS 1.2, by OpenSSL's names; empty is the library's choice.
        own_order: whether the order of `ciphers` counts, not the client's.
        curve: the only curve for key exchange, by OpenSSL's name; empty is the library's choice.
    """

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_auth: ssl.VerifyMode = ssl.CERT_NONE
    client_allowed_sans: frozenset[str] = frozenset()
    min_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    max_version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: tuple[str, ...] = ()
    own_order: bool = True
    curve: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be read."""
        found = (self.cert_file, self.key_file, self.client_ca_file)
        return tuple(file for file in found if file is not None)


def context(options: TlsOptions) -> ssl.SSLContext:
    """The library's context for a server.

    Raises:
        TlsError: a file is missing or wrong, or a setting not possible here.
    """
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    for file in options.files:
        _make_sure_readable(file)
    try:
        made.load_cert_chain(options.cert_file, options.key_file, password=_no_passphrase)
    except (OSError, ValueError) as error:
        raise TlsError(
            f"certificate {options.cert_file}, key {options.key_file}: {_words(error)}"
        ) from None
    if options.client_ca_file is not None:
        try:
            made.load_verify_locations(options.client_ca_file)
        except OSError as error:
            raise TlsError(f"client CA {options.client_ca_file}: {_words(error)}") from None
    made.verify_mode = options.client_auth
    made.minimum_version, made.maximum_version = options.min_version, options.max_version
    try:
        if options.ciphers:
            made.set_ciphers(":".join(options.ciphers))
        if options.curve:
            made.set_ecdh_curve(options.curve)
    except (OSError, ValueError) as error:
        raise TlsError(f"ciphers or curve: this machine's OpenSSL: {_words(error)}") from None
    if options.own_order:
        made.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    return made


def expiry(options: TlsOptions) -> float | None:
    """When the first of the server's certificates ends, seconds since 1970, UTC."""
    try:
        return first_expiry(options.cert_file.read_text(encoding="latin-1"))
    except OSError:
        return None


def names(certificate: Mapping[str, Any]) -> frozenset[str]:
    """The alternative names in a peer's certificate.

    Args:
        certificate: as `getpeercert` tells it.
    """
    return frozenset(value for _, value in certificate.get("subjectAltName", ()))


def _no_passphrase() -> str:
    raise ValueError("the key has a passphrase, which nobody can type here; take it off")


def _make_sure_readable(file: Path) -> None:
    """The TLS library names no file in its errors."""
    try:
        with file.open("rb"):
            pass
    except OSError as error:
        raise TlsError(f"{file}: {error.strerror}") from None


def _words(error: Exception) -> str:
    """What an error says, without the library's places in its source."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return {
            "KEY_VALUES_MISMATCH": "the key does not belong to the certificate",
            "NO_START_LINE": "no PEM in it",
            "PEM_LIB": "it is not what it should be, in PEM",
        }.get(error.reason, error.reason.replace("_", " ").lower())
    return str(error)
