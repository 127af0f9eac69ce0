"""When a certificate expires, out of its own bytes: the standard library does not tell.

DER (ITU-T X.690) is a tree of tag, length, value; the path to the date is RFC 5280, 4.1:
Certificate > TBSCertificate > Validity > notAfter.
"""

import re
import ssl
from datetime import UTC, datetime

_PEM = re.compile(
    r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----", re.ASCII | re.DOTALL
)
_VERSION = 0xA0
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18
_LONG_LENGTH = 0x80
_BEFORE_VALIDITY = 3
"""Serial number, signature algorithm, issuer."""


def first_expiry(pem: str) -> float | None:
    """When the first certificate of a file with a chain ends, seconds since 1970, UTC.

    Args:
        pem: the file's text; what else is in it does not matter.

    Returns:
        None when there is no certificate that can be read.
    """
    try:
        ends = [not_after(ssl.PEM_cert_to_DER_cert(found)) for found in _PEM.findall(pem)]
    except ValueError:
        return None
    return min(ends, default=None)


def not_after(der: bytes) -> float:
    """When a certificate ends, seconds since 1970, UTC.

    Args:
        der: the certificate.

    Raises:
        ValueError: these bytes are none.
    """
    _, body, _ = _element(der)
    _, fields, _ = _element(body)
    tag, value, rest = _element(fields)
    if tag != _VERSION:  # version 1 does not say so
        rest = fields
    for _ in range(_BEFORE_VALIDITY):
        tag, value, rest = _element(rest)
    tag, validity, _ = _element(rest)
    _, _, after_begin = _element(validity)
    tag, value, _ = _element(after_begin)
    text = value.decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year: 50 is 1950, 49 is 2049 (RFC 5280, 4.1.2.5.1)
        text = f"{'20' if text < '50' else '19'}{text}"
    elif tag != _GENERALIZED_TIME:
        raise ValueError("no date where a certificate has one")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """The first element of some bytes: its tag, its value, and what follows it."""
    if len(data) < 2:  # noqa: PLR2004 - tag and length
        raise ValueError("the certificate ends too early")
    tag, length, start = data[0], data[1], 2
    if length >= _LONG_LENGTH:
        start += length - _LONG_LENGTH
        length = int.from_bytes(data[2:start])
    if len(data) < start + length:
        raise ValueError("the certificate ends too early")
    return tag, data[start : start + length], data[start + length :]
