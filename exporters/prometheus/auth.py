"""HTTP basic authentication against one scrypt hash in a file.

The file holds `scrypt:N:R:P:SALT:HASH`, salt and hash in base64 (RFC 7914).
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

_FORM = "allowed is scrypt:N:R:P:SALT:HASH"
_MOST_BYTES = 128 << 20
_MOST_WORK = 1 << 21
"""Of N * R * P: about a second."""
_DIGEST_BYTES = range(16, 1025)
_MOST_WAITING = 16
_MOST_WAITING_OF_ONE = 4


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A parsed hash."""

    n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

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


class BusyError(Exception):
    """So many passwords wait to be checked that this one is not looked at."""


class BasicAuth:
    """Checks `Authorization` headers. Scrypt is slow by design, so it runs in a thread of its own.

    The right password is remembered, as a keyed digest; there is only one, so wrong ones cannot
    displace it. Passwords that have to be computed wait in a line of bounded length, in which one
    address has few places: it cannot keep the others out.

    Args:
        username: the one user.
        password: the hash of the password.
    """

    def __init__(self, username: str, password: PasswordHash) -> None:
        self._username = username.encode()
        self._password = password
        self._key = secrets.token_bytes(32)
        self._good: bytes | None = None
        self._waiting: Counter[str] = Counter()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="password")

    async def allows(self, header: str, peer: str) -> bool:
        """Whether a header carries the right user and password.

        Args:
            header: the value of `Authorization`; empty when there is none.
            peer: the client's address.

        Raises:
            BusyError: too many wait already, altogether or from this address.
        """
        found = _user_and_password(header)
        if found is None:
            return False
        if self._is_known(*found):
            return True
        if self._waiting[peer] >= _MOST_WAITING_OF_ONE or self._waiting.total() >= _MOST_WAITING:
            raise BusyError
        self._waiting[peer] += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._verify, *found)
        finally:
            self._waiting[peer] -= 1
            if not self._waiting[peer]:
                del self._waiting[peer]

    def _verify(self, user: str, password: str) -> bool:
        """In the thread: compute, unless the right password came while this one waited."""
        if self._is_known(user, password):
            return True
        # Both are looked at whatever the first says: time tells nothing about the user's name.
        right_password = self._password.matches(password)
        right_user = hmac.compare_digest(user.encode(), self._username)
        if right_user and right_password:
            self._good = self._digest(user, password)
            return True
        return False

    def _is_known(self, user: str, password: str) -> bool:
        good = self._good
        return good is not None and hmac.compare_digest(good, self._digest(user, password))

    def _digest(self, user: str, password: str) -> bytes:
        # No user's name holds a colon, so that the two cannot be mistaken for two others.
        return hmac.digest(self._key, f"{user}:{password}".encode(), "sha256")


def _user_and_password(header: str) -> tuple[str, str] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:  # no base64, or no text in it
        return None
    return user, password


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
