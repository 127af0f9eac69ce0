"""What clients must show, put together from the files that say so."""

import ssl
from asyncio import BaseTransport
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporters.http.access_spec import AccessError, AccessSpec
from exporters.http.limits import Rate
from exporters.http.options import HttpOptions
from exporters.http.passwords import Hash, PasswordHash
from exporters.http.stamps import Stamps, stamps_of
from exporters.http.tls import TlsError, TlsOptions, context, expiry, names

__all__ = ["Access", "AccessError", "files_named", "load_access"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What clients must show, as the files say it at one time.

    Attributes:
        tls: the library's context; None for plain HTTP.
        verifies: whether every client must have a certificate.
        allowed_sans: names of which that certificate must have one; any will do without.
        expires: when the server's certificate ends, seconds since 1970, UTC; None without TLS.
        users: the hash of each user's password; everybody may ask where there are none.
        headers: to be set in every answer.
        rate: how often one client may ask; None for our own limit.
        stamps: of the files that it was read from, taken before they were read.
    """

    tls: ssl.SSLContext | None = None
    verifies: bool = False
    allowed_sans: frozenset[str] = frozenset()
    expires: float | None = None
    users: Mapping[str, Hash] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    rate: Rate | None = None
    stamps: Stamps = field(default_factory=dict)

    def admits(self, transport: BaseTransport) -> bool:
        """Whether the certificate of a client whose handshake succeeded will do."""
        if not self.allowed_sans:
            return True
        peer = transport.get_extra_info("peercert") or {}
        return not self.allowed_sans.isdisjoint(names(peer))


def files_named(options: HttpOptions) -> tuple[Path, ...]:
    """The files that a configuration names itself."""
    found = (
        *(options.web_config_file, options.password_hash_file),
        *(options.cert_file, options.key_file, options.client_ca_file),
    )
    return tuple(file for file in found if file is not None)


def load_access(options: HttpOptions) -> Access:
    """Read all files. It may take a second: a hash is tried.

    Raises:
        AccessError: one of them will not do.
    """
    stamps = stamps_of(files_named(options))
    if options.web_config_file is None:
        source, config = "prometheus.tls", _own(options)
    else:
        # The parser is loaded only where there is such a file.
        from exporters.http.webconfig import read_web_config  # noqa: PLC0415

        source = "prometheus.web_config_file"
        try:
            config = read_web_config(options.web_config_file)
        except AccessError as error:
            raise AccessError(f"{source} {error}") from None
    tls = config.tls
    if tls is not None:
        stamps = {**stamps, **stamps_of(tls.files)}
    try:
        made = None if tls is None else context(tls)
    except TlsError as error:
        raise AccessError(f"{source}: {error}") from None
    return Access(
        tls=made,
        verifies=tls is not None and tls.client_auth is ssl.CERT_REQUIRED,
        allowed_sans=tls.client_allowed_sans if tls is not None else frozenset(),
        expires=None if tls is None else expiry(tls),
        users=config.users,
        headers=config.headers,
        rate=config.rate,
        stamps=stamps,
    )


def _own(options: HttpOptions) -> AccessSpec:
    """The same from `[prometheus.tls]` and `[prometheus.basic_auth]`."""
    tls = None
    if options.cert_file is not None and options.key_file is not None:
        tls = TlsOptions(
            cert_file=options.cert_file,
            key_file=options.key_file,
            client_ca_file=options.client_ca_file,
            client_auth=ssl.CERT_NONE if options.client_ca_file is None else ssl.CERT_REQUIRED,
        )
    users: dict[str, Hash] = {}
    if options.username is not None and options.password_hash_file is not None:
        users[options.username] = _hash(options.password_hash_file)
    return AccessSpec(tls=tls, users=users)


def _hash(path: Path) -> PasswordHash:
    where = f"prometheus.basic_auth.password_hash_file {path}"
    try:
        return PasswordHash.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AccessError(f"{where}: {error.strerror}") from None
    except ValueError as error:
        raise AccessError(f"{where}: {error}") from None
