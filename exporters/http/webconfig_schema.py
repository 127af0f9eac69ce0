"""The web configuration file as data: its keys, and what is allowed.

The keys, their meaning and their defaults are those of Prometheus's exporter-toolkit,
docs/web-configuration.md.
"""

import re
import ssl
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from exporters.http.passwords import BcryptHash
from exporters.http.tls import CIPHERS, CLIENT_AUTH, CURVES, VERSIONS

_UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
_DURATION = re.compile(r"0|(?:\d+(?:\.\d+)?(?:ms|s|m|h))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _inline(instead: str) -> BeforeValidator:
    def refuse(_value: object) -> object:
        raise ValueError(f"not supported here: put it into a file, and name that by {instead}")

    return BeforeValidator(refuse)


def _one_of(names: Mapping[str, object]) -> AfterValidator:
    def check(value: str) -> str:
        if value not in names:
            raise ValueError(f"allowed are {', '.join(names)}")
        return value

    return AfterValidator(check)


def _verified(value: object) -> object:
    if value in _UNVERIFIED:
        raise ValueError(
            "not supported here: a certificate that is not verified proves nothing; "
            "use RequireAndVerifyClientCert"
        )
    return value or "NoClientCert"


def _seconds(value: object) -> object:
    """A time as Go writes it."""
    text = str(value)
    if not _DURATION.fullmatch(text):
        raise ValueError("allowed is a time such as 1s or 50ms, or 0")
    return sum(float(count) * _SECONDS[unit] for count, unit in _PART.findall(text))


def _line(value: str) -> str:
    if not value.isascii() or not value.isprintable():
        raise ValueError("allowed is one line of plain text")
    return value


def _name(value: str) -> str:
    if not value or ":" in value:
        raise ValueError("a user's name must not be empty, and have no colon in it")
    return value


def _hash(value: object) -> object:
    return BcryptHash.parse(value if isinstance(value, str) else "")


Line = Annotated[str, AfterValidator(_line)]
Version = Annotated[str, _one_of(VERSIONS)]
User = Annotated[str, AfterValidator(_name)]
UserHash = Annotated[BcryptHash, BeforeValidator(_hash)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class TlsPart(_Part):
    """`tls_server_config`."""

    cert: Annotated[None, _inline("cert_file")] = None
    key: Annotated[None, _inline("key_file")] = None
    client_ca: Annotated[None, _inline("client_ca_file")] = None
    cert_file: Line = ""
    key_file: Line = ""
    client_auth_type: Annotated[str, _one_of(CLIENT_AUTH), BeforeValidator(_verified)] = (
        "NoClientCert"
    )
    client_ca_file: Line = ""
    client_allowed_sans: tuple[str, ...] | None = Field(default=None, strict=False)
    min_version: Version = "TLS12"
    max_version: Version = "TLS13"
    cipher_suites: tuple[Annotated[str, _one_of(CIPHERS)], ...] = Field(default=(), strict=False)
    prefer_server_cipher_suites: bool = True
    curve_preferences: tuple[Annotated[str, _one_of(CURVES)], ...] = Field(default=(), strict=False)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        verifies = CLIENT_AUTH[self.client_auth_type]
        for key in ("cert_file", "key_file"):
            if not getattr(self, key):
                raise ValueError(f"{key} is missing")
        if self.client_ca_file and verifies is ssl.CERT_NONE:
            raise ValueError("client_ca_file needs client_auth_type: RequireAndVerifyClientCert")
        if verifies is not ssl.CERT_NONE and not self.client_ca_file:
            raise ValueError(f"client_auth_type: {self.client_auth_type} needs client_ca_file")
        if self.client_allowed_sans is not None and verifies is not ssl.CERT_REQUIRED:
            raise ValueError(
                "client_allowed_sans needs client_auth_type: RequireAndVerifyClientCert"
            )
        if len(self.curve_preferences) > 1:
            raise ValueError(
                "curve_preferences: more than one is not supported here; name one, or none"
            )
        if VERSIONS[self.min_version] > VERSIONS[self.max_version]:
            raise ValueError("min_version is above max_version")
        return self


class HeadersPart(_Part):
    """`http_server_config.headers`."""

    content_security_policy: Line = Field(default="", alias="Content-Security-Policy")
    strict_transport_security: Line = Field(default="", alias="Strict-Transport-Security")
    x_content_type_options: Literal["", "nosniff"] = Field(
        default="", alias="X-Content-Type-Options"
    )
    x_frame_options: Literal["", "deny", "sameorigin"] = Field(default="", alias="X-Frame-Options")
    x_xss_protection: Line = Field(default="", alias="X-XSS-Protection")


class HttpPart(_Part):
    """`http_server_config`. HTTP/1.1 is spoken whatever `http2` says: clients negotiate it."""

    http2: bool = True
    headers: HeadersPart = Field(default_factory=HeadersPart)


class RatePart(_Part):
    """`rate_limit`: seconds between two requests in the long run, and how many at once."""

    interval: Annotated[float, BeforeValidator(_seconds)] = 0.0
    burst: int = Field(default=1, ge=1, le=1_000_000)


class WebFile(_Part):
    """The file."""

    tls_server_config: TlsPart | None = None
    http_server_config: HttpPart = Field(default_factory=HttpPart)
    basic_auth_users: dict[User, UserHash] = Field(default_factory=dict)
    rate_limit: RatePart = Field(default_factory=RatePart)
