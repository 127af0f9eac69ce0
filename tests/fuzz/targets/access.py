"""Who asks: `Authorization` headers, password hashes, and files that hold secrets."""

import asyncio
import base64
from functools import cache
from typing import Any

from collector.sources.host.protocol import HostSourceError
from collector.sources.host.redfish.login import _password
from exporters.delivery import DeliveryError
from exporters.http.access_spec import AccessError
from exporters.http.basic_auth import BasicAuth, BusyError
from exporters.http.head import Head, read_head, refused_early
from exporters.http.passwords import PasswordHash
from exporters.http.refusals import Reason
from exporters.http.webconfig import read_web_config
from exporters.influxdb.token import TokenFile
from exporters.mqtt.credentials import password
from exporters.mqtt.options import MqttOptions
from tests.fuzz import byte_changes, odd
from tests.fuzz.choices import Choices
from tests.fuzz.target import Target, written
from tests.fuzz.words import checked

_SALT = base64.b64encode(b"salt").decode()
_DIGEST = base64.b64encode(b"d" * 64).decode()
_COSTS = ("2", "4", "16", "0", "-2", "3", "1099511627776", *odd.NUMBERS)


def _hash(choices: Choices) -> str:
    n, r, p = (choices.pick(_COSTS if choices.seldom(4) else _COSTS[:2]) for _ in range(3))
    salt = choices.pick((_SALT, _SALT, _SALT, "", "=", "\x00", odd.LONG))
    digest = choices.pick((_DIGEST, _DIGEST, _DIGEST, "", "AAAA", odd.SECRET))
    text = ":".join((choices.pick(("scrypt",) * 8 + ("bcrypt", "")), n, r, p, salt, digest))
    return f"{text}:more" if choices.seldom(12) else text


def _run_hash(text: str) -> bool:
    try:
        found = PasswordHash.parse(text)
    except ValueError as error:
        checked(error)
        return False
    assert not found.matches("another")
    return True


@cache
def _auth() -> BasicAuth:
    return BasicAuth({"user": PasswordHash.parse(PasswordHash.of("right", b"salt", n=2, r=1))})


@cache
def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.new_event_loop()


def _header(choices: Choices) -> str:
    both = f"user:{choices.pick(('right', 'wrong', '', odd.SECRET))}".encode()
    encoded = base64.b64encode(byte_changes.changed(both, choices) if choices.seldom(3) else both)
    scheme = choices.pick(("Basic", "Basic", "basic", "Bearer", "", "BASIC\t", "Basic Basic"))
    text = f"{scheme} {encoded.decode()}"
    if choices.seldom(6):
        return choices.pick(odd.TEXTS)
    raw = byte_changes.changed(text.encode(), choices) if choices.seldom(3) else text.encode()
    return raw.decode("utf-8", "surrogateescape")  # as aiohttp decodes headers


def _run_header(header: str) -> bool:
    try:
        allowed = _loop().run_until_complete(_auth().allows(header, "192.0.2.1"))
    except BusyError:
        return False
    if allowed:
        given = base64.b64decode(header.partition(" ")[2])
        assert given == b"user:right"
    return allowed


def _secret(choices: Choices) -> bytes:
    good = choices.pick((odd.SECRET, f"{odd.SECRET}\nmore", "", "two words", odd.LONG))
    return byte_changes.changed(good.encode(), choices)


def _run_secret(data: bytes) -> bool:
    path = written("secret", data)
    options = MqttOptions(host="broker", username="u", password_file=path)
    readers: tuple[Any, ...] = (
        TokenFile(path).current,
        lambda: password(options),
        lambda: _password(path),
    )
    taken = 0
    for read in readers:
        try:
            found = read()
        except (DeliveryError, HostSourceError) as error:
            checked(error)
        else:
            assert found
            assert "\n" not in found
            taken += 1
    return taken == len(readers)


_HEAD = (
    b"GET /metrics?a=b HTTP/1.1\r\nHost: node:9410\r\nAuthorization: Basic dTpw\r\n"
    b"Accept-Encoding: gzip\r\n\r\n"
)
_LINES = (
    b"Content-Length: 0\r\n",
    b"Content-Length: 00000000000000000005\r\n",
    b"Content-Length : 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Authorization:" + b"\t" * 5000 + b"\r\n",
    b" " * 8000,
)


def _head(choices: Choices) -> bytes:
    head = _HEAD
    if choices.seldom(3):
        head = head.replace(b"Host", choices.pick(_LINES) + b"Host")
    return byte_changes.changed(head, choices)


def _run_head(head: bytes) -> bool:
    if head:
        assert refused_early(head[:9]) is None or isinstance(refused_early(head[:9]), Reason)
    found = read_head(head)
    if isinstance(found, Head):
        assert not set(found.path) & set(" \r\n")
        assert "\n" not in found.authorization
        return True
    return False


_WEB = """\
tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: NoClientCert
  min_version: TLS12
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
basic_auth_users:
  scrape: $2b$04$abcdefghijklmnopqrstuuMs4N2X0hFKn4KD5f1gQ2Z3T5xJ9i2Wy
"""
_YAML = (
    "a: &a [1, 2]",
    "b: *a",
    "  ? [complex]",
    "basic_auth_users: 5",
    "rate_limit: { interval: 1s, burst: 5 }",
    "rate_limit: { interval: 99999999999h, burst: -1 }",
    f"  cert: {odd.SECRET}",
    f"basic_auth_users: [{odd.SECRET}]",
    "  min_version: TLS13",
    "!!python/object:os.system x",
    "a: 2001-99-99",
    "a: 0x" + "f" * 5000,
    f"a: {odd.DIGITS}",
    "a: 1:2:3:4:5:6:7:8:9:10",
    "[" * 3000,
    "- " * 3000,
    "x0: &x0 [a,a,a,a,a,a,a,a]",
    *(f"x{n}: &x{n} [{','.join([f'*x{n - 1}'] * 9)}]" for n in range(1, 9)),
)


def _web(choices: Choices) -> bytes:
    lines = _WEB.split("\n")
    for _ in range(choices.count()):
        at = choices.below(len(lines))
        key = lines[at].partition(":")[0]
        match choices.below(4):
            case 0:
                lines[at] = f"{key}: {choices.pick(odd.TEXTS)}"
            case 1:
                lines.insert(at, choices.pick(_YAML))
            case 2:
                lines.insert(at, f"  {choices.pick(odd.TEXTS)}: {odd.SECRET}")
            case _:
                lines[at] = lines[at][choices.below(4) :]
    data = "\n".join(lines).encode("utf-8", "surrogatepass")
    return byte_changes.changed(data, choices) if choices.seldom(6) else data


def _run_web(data: bytes) -> bool:
    try:
        found = read_web_config(written("web.yml", data))
    except AccessError as error:
        checked(error)
        return False
    assert found.rate is None or found.rate.per_second > 0
    assert all("\n" not in f"{name}{value}" for name, value in found.headers.items())
    return True


TARGETS = (
    Target(name="password-hash", make=_hash, run=_run_hash, share=0.5),
    Target(name="authorization", make=_header, run=_run_header),
    Target(name="http-head", make=_head, run=_run_head, share=2),
    Target(name="web-config", make=_web, run=_run_web, share=0.5),
    Target(name="secret-files", make=_secret, run=_run_secret),
)
