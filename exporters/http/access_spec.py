"""What a configuration asks of clients, before any certificate is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporters.http.limits import Rate
from exporters.http.passwords import Hash
from exporters.http.tls import TlsOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSpec:
    """What `[prometheus]` or the web configuration file says.

    Attributes:
        tls: absent for plain HTTP.
        users: the hash of each user's password; everybody may ask where there are none.
        headers: to be set in every answer.
        rate: how often one client may ask; absent for our own limit.
    """

    tls: TlsOptions | None = None
    users: Mapping[str, Hash] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    rate: Rate | None = None


class AccessError(Exception):
    """It cannot be put together. The text says which key or file, and why; never a secret."""
