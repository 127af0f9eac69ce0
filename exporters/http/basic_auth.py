"""HTTP basic authentication against slow hashes, which cannot be used to slow the daemon down."""

import asyncio
import base64
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from exporters.http.passwords import Hash

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MOST_WAITING = 16
_MOST_WAITING_OF_ONE = 4


class BusyError(Exception):
    """So many passwords wait to be checked that this one is not looked at."""


class BasicAuth:
    """Checks `Authorization` headers. The hashes are slow by design: a thread computes them.

    Right passwords are remembered, as keyed digests; there is one of each user, so wrong ones
    cannot displace them. Passwords that have to be computed wait in a line of bounded length, in
    which one address has few places: it cannot keep the others out.

    Args:
        users: the hash of each user's password. Without any, everybody may ask.
    """

    def __init__(self, users: Mapping[str, Hash]) -> None:
        self._users = users
        self._key = secrets.token_bytes(32)
        self._good: dict[str, tuple[Hash, bytes]] = {}
        self._waiting: Counter[str] = Counter()
        self._thread: ThreadPoolExecutor | None = None

    @property
    def on(self) -> bool:
        """Whether a password is needed."""
        return bool(self._users)

    def use(self, users: Mapping[str, Hash]) -> None:
        """Take other users. Whose hash stays the same is not computed again."""
        self._users = users

    def knows(self, header: str) -> bool:
        """Whether a header carries a password that was found right before; takes no time.

        Args:
            header: the value of `Authorization`; empty when there is none.
        """
        found = _user_and_password(header)
        return found is not None and self._is_known(*found)

    async def allows(self, header: str, peer: str) -> bool:
        """Whether a header carries the right password of a user.

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
        if self._thread is None:
            self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="password")
        self._waiting[peer] += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._verify, *found)
        finally:
            self._waiting[peer] -= 1
            if not self._waiting[peer]:
                del self._waiting[peer]

    def close(self) -> None:
        """Check no more; a hash that is being computed is not waited for."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)

    def _verify(self, user: str, password: str) -> bool:
        """In the thread: compute, unless the right password came while this one waited."""
        if self._is_known(user, password):
            return True
        users = self._users
        # A name that nobody has costs a hash as well: time does not tell which names there are.
        known = users.get(user) or next(iter(users.values()))
        right = known.matches(password) and user in users
        if right:
            self._good[user] = (known, self._digest(user, password))
        return right

    def _is_known(self, user: str, password: str) -> bool:
        known, good = self._good.get(user, (None, b""))
        if known is None or self._users.get(user) != known:
            return False
        return hmac.compare_digest(good, self._digest(user, password))

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
    # RFC 7617, 2: no control characters. Hashes take a zero at the end for no character at all.
    return None if _CONTROL.search(f"{user}{password}") else (user, password)
