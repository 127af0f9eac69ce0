"""Hashes of passwords: scrypt as our own file has it, bcrypt as Prometheus's web file has it.

A file with one scrypt hash holds `scrypt:N:R:P:SALT:HASH`, salt and hash in base64 (RFC 7914).
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Protocol

_FORM = "allowed is scrypt:N:R:P:SALT:HASH"
_MOST_BYTES = 128 << 20
_MOST_WORK = 1 << 21
"""Of N * R * P: about a second."""
_DIGEST_BYTES = range(16, 1025)
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_BCRYPT_COST = range(4, 15)
"""14 takes seconds for every wrong password; 10 is usual."""
_BCRYPT_BYTES = 72
"""Bcrypt looks no further, and so do the tools that make its hashes."""


class Hash(Protocol):
    """The hash of a password."""

    def matches(self, password: str) -> bool:
        """Whether a password is the right one; slow, and takes the same time either way."""


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A parsed scrypt hash."""

    n: int
    r: int
    p: int
    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "PasswordHash":
        """Read a hash as the file holds it, and try it once.

        Raises:
            ValueError: the text is no such hash, or one that cannot be computed here. Says why.
        """
        kind, *rest = text.strip().split(":")
        if kind != "scrypt" or len(rest) != 5:  # noqa: PLR2004 - the five parts of the format
            raise ValueError(_FORM)
        try:
            n, r, p = (int(part) for part in rest[:3])
            salt, digest = (base64.b64decode(part, validate=True) for part in rest[3:])
        except ValueError:
            raise ValueError(_FORM) from None
        _check_cost(n, r, p)
        if len(digest) not in _DIGEST_BYTES:
            raise ValueError(f"HASH has {len(digest)} bytes; allowed are 16 to 1024")
        parsed = cls(n, r, p, salt, digest)
        try:
            parsed.matches("")
        except (ValueError, MemoryError) as error:
            raise ValueError(f"this hash cannot be computed here: {error}") from None
        return parsed

    @classmethod
    def of(cls, password: str, salt: bytes, *, n: int = 16384, r: int = 8, p: int = 1) -> str:
        """The text to put into the file for a password.

        Raises:
            ValueError: the hash would cost more than `parse` allows.
        """
        _check_cost(n, r, p)
        digest = _scrypt(password, salt, (n, r, p), 64)
        encoded = [base64.b64encode(part).decode() for part in (salt, digest)]
        return ":".join(["scrypt", str(n), str(r), str(p), *encoded])

    def matches(self, password: str) -> bool:
        """Whether a password is the right one; takes the same time either way."""
        digest = _scrypt(password, self.salt, (self.n, self.r, self.p), len(self.digest))
        return hmac.compare_digest(digest, self.digest)


@dataclass(frozen=True, slots=True)
class BcryptHash:
    """A checked bcrypt hash."""

    text: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "BcryptHash":
        """Look at a hash as `htpasswd -B` writes it, without the user's name.

        Raises:
            ValueError: the text is no such hash, or one that takes too long. Says why, not what.
        """
        found = _BCRYPT.fullmatch(text.strip())
        if found is None:
            raise ValueError(
                "this is no bcrypt hash; make one with: htpasswd -nBC 10 '' | tr -d ':\\n'"
            )
        cost = int(found[1])
        if cost not in _BCRYPT_COST:
            raise ValueError(f"the bcrypt hash's cost is {cost}; allowed are 4 to 14")
        return cls(found[0])

    def matches(self, password: str) -> bool:
        """Whether a password is the right one; takes the same time either way."""
        import bcrypt  # noqa: PLC0415 - loaded only where there is such a hash

        known = self.text.encode()
        return hmac.compare_digest(bcrypt.hashpw(password.encode()[:_BCRYPT_BYTES], known), known)


def _check_cost(n: int, r: int, p: int) -> None:
    """Refuse what scrypt cannot take, and what would take the machine's memory or time."""
    # One bit at the most: a power of two.
    if n < 2 or n & (n - 1):  # noqa: PLR2004 - the least power
        raise ValueError(f"N is {n}; allowed is a power of two, 16384 is usual")
    for name, value in (("R", r), ("P", p)):
        if value < 1:
            raise ValueError(f"{name} is {value}; allowed is 1 or more")
    if 128 * n * r > _MOST_BYTES:
        raise ValueError(f"N={n}, R={r} take {128 * n * r >> 20} MiB; allowed are 128 MiB")
    if n * r * p > _MOST_WORK:
        raise ValueError(
            f"N={n}, R={r}, P={p} take too long; allowed for N * R * P is up to {_MOST_WORK}"
        )


def _scrypt(password: str, salt: bytes, cost: tuple[int, int, int], length: int) -> bytes:
    n, r, p = cost
    # What RFC 7914 needs: V is 128 N R bytes, B 128 R P, and two blocks to work in.
    needed = 128 * r * (n + p + 2)
    return hashlib.scrypt(
        password.encode(), salt=salt, n=n, r=r, p=p, dklen=length, maxmem=needed + (1 << 20)
    )
