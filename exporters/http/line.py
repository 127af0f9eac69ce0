"""Who was accepted and waits to be spoken with."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_T = TypeVar("_T", bound=Hashable)


class Line(Generic[_T]):
    """Clients by address: whose address has fewest connections is next. Pure.

    A thousand connections at once are quickly accepted; a TLS handshake is dear, and a transport is
    not cheap. So who comes alone does not wait for them, and those who are sent away while they
    wait cost little.
    """

    __slots__ = ("_addresses", "_of_address")

    def __init__(self) -> None:
        self._of_address: dict[str, dict[_T, None]] = {}
        self._addresses: dict[_T, str] = {}

    def __len__(self) -> int:
        return len(self._addresses)

    def add(self, client: _T, address: str) -> None:
        """Let a client wait."""
        self._addresses[client] = address
        self._of_address.setdefault(address, {})[client] = None

    def remove(self, client: _T) -> bool:
        """Let a client wait no more. Returns whether it did."""
        address = self._addresses.pop(client, None)
        if address is None:
            return False
        own = self._of_address[address]
        del own[client]
        if not own:
            del self._of_address[address]
        return True

    def next(self, connections: Callable[[str], int]) -> _T | None:
        """Take out who is next; None when nobody waits.

        Args:
            connections: how many an address has, those that wait among them.
        """
        if not self._of_address:
            return None
        # Among equals the address that has waited longest.
        address = min(self._of_address, key=connections)
        client = next(iter(self._of_address[address]))
        self.remove(client)
        return client
