"""What text in a site file may look like. Every rule says what is allowed."""

import re
import zoneinfo
from difflib import get_close_matches
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from collector.sitefile.quantities import to_joules, to_watts

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}")
_ADDRESS = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9._-]{0,252}|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")
_LINE_LENGTH = 1000
_PORTS = range(1, 65536)


def _plain_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("allowed are letters, digits, '.', '_' and '-', a letter or digit first")
    return value


def _optional_name(value: str) -> str:
    return value and _plain_name(value)


def _line(value: str) -> str:
    if not value.isprintable() or len(value) > _LINE_LENGTH:
        raise ValueError(f"allowed is one line of text, up to {_LINE_LENGTH} characters")
    return value


def _address(value: str) -> str:
    match = _ADDRESS.fullmatch(value) if value else None
    if value and (match is None or (match[1] and int(match[1]) not in _PORTS)):
        raise ValueError("allowed is HOST or HOST:PORT, for example gpu-1.example:9410")
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and value.isprintable()
        _ = parts.port
    except ValueError:
        good = False
    else:
        if good and "@" in parts.netloc:
            raise ValueError("allowed is a URL without user and password; put secrets into a file")
    if value and not good:
        raise ValueError("allowed is a URL, for example https://grafana.example")
    return value


def _zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        close = get_close_matches(value, zoneinfo.available_timezones(), n=1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        raise ValueError(
            f'allowed are time zones of the tz database, for example "Asia/Seoul"{hint}'
        ) from None
    return value


PlainName = Annotated[str, AfterValidator(_plain_name)]
OptionalName = Annotated[str, AfterValidator(_optional_name)]
Line = Annotated[str, AfterValidator(_line)]
Address = Annotated[str, AfterValidator(_address)]
Url = Annotated[str, AfterValidator(_url)]
Zone = Annotated[str, AfterValidator(_zone)]
Watts = Annotated[float, BeforeValidator(to_watts)]
Joules = Annotated[float, BeforeValidator(to_joules)]
