"""HTTP basic authentication against one scrypt hash in a file.

The file holds `scrypt:N:R:P:SALT:HASH`, salt and hash in base64 (RFC 7914).
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A parsed hash.

    Raises:
        ValueError: by `parse`, when the text is no such hash.
    """

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    @classmethod
    def parse(cls, text: str) -> "PasswordHash":
        """Read a hash as the file holds it."""
        kind, *rest = text.strip().split(":")
        if kind != "scrypt" or len(rest) != 5:  # noqa: PLR2004 - the five parts of the format
            raise ValueError("allowed is scrypt:N:R:P:SALT:HASH")
        try:
            n, r, p = (int(part) for part in rest[:3])
            salt, digest = (base64.b64decode(part, validate=True) for part in rest[3:])
        except (ValueError, binascii.Error):
            raise ValueError("allowed is scrypt:N:R:P:SALT:HASH") from None
        return cls(n, r, p, salt, digest)

    @classmethod
    def of(cls, password: str, salt: bytes, *, n: int = 16384, r: int = 8, p: int = 1) -> str:
        """The text to put into the file for a password."""
        digest = hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p)
        encoded = [base64.b64encode(part).decode() for part in (salt, digest)]
        return ":".join(["scrypt", str(n), str(r), str(p), *encoded])

    def matches(self, password: str) -> bool:
        """Whether a password is the right one; takes the same time either way."""
        digest = hashlib.scrypt(
            password.encode(),
            salt=self.salt,
            n=self.n,
            r=self.r,
            p=self.p,
            dklen=len(self.digest),
            maxmem=256 * self.n * self.r,
        )
        return hmac.compare_digest(digest, self.digest)


class BasicAuth:
    """Checks `Authorization` headers. The last good ones are remembered: scrypt is slow by design.

    Args:
        username: the one user.
        password: the hash of the password.
    """

    def __init__(self, username: str, password: PasswordHash) -> None:
        self._username = username
        self._password = password
        self._good = lru_cache(maxsize=8)(self._check)

    def allows(self, header: str) -> bool:
        """Whether a header carries the right user and password."""
        return self._good(header)

    def _check(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        right_user = hmac.compare_digest(user.encode(), self._username.encode())
        return self._password.matches(password) and right_user
