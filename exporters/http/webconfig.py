"""Reads Prometheus's web configuration file: TLS, users and headers, as its exporters have them.

What cannot be done here is refused by name, never passed over.
"""

import difflib
import re
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from collector.shown import shown
from exporters.http.access_spec import AccessError, AccessSpec
from exporters.http.limits import Rate
from exporters.http.tls import CIPHERS, CLIENT_AUTH, CURVES, VERSIONS, TlsOptions
from exporters.http.webconfig_schema import HeadersPart, HttpPart, RatePart, TlsPart, WebFile

_MOST_BYTES = 1 << 16
"""Thousands of users; the library takes half a second for so much YAML."""
_MOST_WORDS = 200
_MOST_SENTENCES = 5
_KEYS: Mapping[str, type[BaseModel]] = {
    "": WebFile,
    "tls_server_config": TlsPart,
    "http_server_config": HttpPart,
    "http_server_config.headers": HeadersPart,
    "rate_limit": RatePart,
}
_TOLD = frozenset({"tls_server_config", "http_server_config", "rate_limit"})
"""Tables whose wrong values may be repeated: there is no secret in them."""
_TABLE = "a table of names and values is expected here"
_LONGEST_KEY = 80
_DEEPEST = 20
_OPENING, _CLOSING = b"[{", b"]}"
_LISTS = re.compile(rb"(?:[-?][ \t]+){20}")
_INLINE = frozenset({"cert", "key", "client_ca"})


class WebConfigError(AccessError):
    """The file says what cannot be done. The text names file, key and what is allowed."""


def read_web_config(path: Path) -> AccessSpec:
    """Read the file; the files that it names are not looked at.

    Raises:
        WebConfigError: it cannot be read, or says what cannot be done. Never tells a secret.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise WebConfigError(f"{path}: {error.strerror}") from None
    if len(text) > _MOST_BYTES:
        raise WebConfigError(f"{path}: it is larger than 64 KiB, so no web configuration file")
    document = _loaded(text, path)
    try:
        file_ = WebFile.model_validate({} if document is None else document)
    except ValidationError as error:
        details = error.errors(include_url=False)
        sentences = [_sentence(detail) for detail in details[:_MOST_SENTENCES]]
        if more := len(details) - len(sentences):
            sentences.append(f"and {more} more mistakes")
        raise WebConfigError(f"{path}: {'; '.join(sentences)}") from None
    headers = file_.http_server_config.headers.model_dump(by_alias=True, exclude_defaults=True)
    limit = file_.rate_limit
    return AccessSpec(
        tls=_tls(file_.tls_server_config, path.parent),
        users=file_.basic_auth_users,
        headers={name: value for name, value in headers.items() if value},
        rate=Rate(per_second=1 / limit.interval, burst=limit.burst) if limit.interval else None,
    )


def _tls(part: TlsPart | None, folder: Path) -> TlsOptions | None:
    """Relative paths begin in the file's folder."""
    if part is None:
        return None
    suites = [CIPHERS[name] for name in part.cipher_suites]
    # Only suites of TLS 1.3, which cannot be chosen: then 1.2 is not spoken.
    modern = bool(suites) and not any(suites)
    return TlsOptions(
        cert_file=folder / part.cert_file,
        key_file=folder / part.key_file,
        client_ca_file=folder / part.client_ca_file if part.client_ca_file else None,
        client_auth=CLIENT_AUTH[part.client_auth_type],
        client_allowed_sans=frozenset(part.client_allowed_sans or ()),
        min_version=VERSIONS["TLS13" if modern else part.min_version],
        max_version=VERSIONS["TLS13" if modern else part.max_version],
        ciphers=tuple(filter(None, suites)),
        own_order=part.prefer_server_cipher_suites,
        curve=CURVES[part.curve_preferences[0]] if part.curve_preferences else "",
    )


def _sentence(detail: ErrorDetails) -> str:
    keys = [str(part) for part in detail["loc"] if not isinstance(part, int) and part != "[key]"]
    where = ".".join(shown(key, _LONGEST_KEY) for key in keys)
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key{_did_you_mean(keys)}"
    if detail["type"] in {"model_type", "dict_type"}:
        return f"{where}: {_TABLE}" if where else _TABLE
    words = detail["msg"].removeprefix("Value error, ").replace("Input should be", "allowed is")
    words = shown(words, _MOST_WORDS)
    given = detail["input"]
    tells = keys and keys[0] in _TOLD and keys[-1] not in _INLINE
    if tells and isinstance(given, str | int | float):
        where = f"{where} = {shown(str(given), _LONGEST_KEY)}"
    return f"{where}: {words}"


def _did_you_mean(keys: list[str]) -> str:
    model = _KEYS.get(".".join(keys[:-1]))
    if model is None:
        return ""
    known = [field_.alias or name for name, field_ in model.model_fields.items()]
    close = difflib.get_close_matches(keys[-1][:_LONGEST_KEY], known, n=1)
    return f'; did you mean "{close[0]}"?' if close else f"; known here are {', '.join(known)}"


class _Strict(yaml.SafeLoader):
    """Of a key that stands twice, the one that is dropped may be the one that was meant."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - the library's signature
        """A table, whose keys all differ."""
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"{key.value} stands there twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


def _nests_too_deep(text: bytes) -> bool:
    """The library takes the square of the depth, so a second for a few hundred."""
    depth = 0
    for byte in text:
        if byte in _OPENING:
            depth += 1
            if depth > _DEEPEST:
                return True
        elif byte in _CLOSING:
            depth -= 1
    return _LISTS.search(text) is not None


def _loaded(text: bytes, path: Path) -> object:
    if _nests_too_deep(text):
        raise WebConfigError(f"{path}: it is no YAML: it is nested too deep")
    try:
        # A safe loader: a subclass of the library's own.
        return yaml.load(text, _Strict)  # noqa: S506
    except yaml.MarkedYAMLError as error:  # its text quotes the file, so only the place is told
        mark = error.problem_mark
        where = "" if mark is None else f", line {mark.line + 1}"
        raise WebConfigError(f"{path}{where}: no YAML: {shown(str(error.problem))}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise WebConfigError(f"{path}: it is no YAML") from None
