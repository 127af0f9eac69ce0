"""What a node's retained `status` topic says: that it is online, or since when and why not."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from exporters.mqtt.encode import rfc3339
from exporters.mqtt.topics import PLACE_KEYS

STOPPED = "stopped"
"""The daemon ended in good order."""
LOST = "connection lost"
"""The broker's words in the daemon's place: it is gone, or cannot be reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusTexts:
    """The three payloads of one connection, each one JSON object on one line.

    Attributes:
        place: site, hall, row, rack and node; what is empty is left out.
        version: the daemon's.
        connected_wall_ns: when the connection was made, UTC.
    """

    place: Mapping[str, str]
    version: str
    connected_wall_ns: int = field(default_factory=time.time_ns)

    def online(self) -> bytes:
        """The birth message."""
        return self._text(status="online", time=rfc3339(self.connected_wall_ns))

    def will(self) -> bytes:
        """What the broker publishes when the connection is lost; nobody knows yet when."""
        return self._text(status="offline", reason=LOST, **self._since())

    def offline(self) -> bytes:
        """The last message before a clean end."""
        now = rfc3339(time.time_ns())
        return self._text(status="offline", time=now, reason=STOPPED, **self._since())

    def _since(self) -> dict[str, str]:
        return {"online_since": rfc3339(self.connected_wall_ns)}

    def _text(self, **said: str) -> bytes:
        place = {key: self.place[key] for key in PLACE_KEYS if self.place.get(key)}
        text = json.dumps(said | place | {"version": self.version}, ensure_ascii=False)
        return text.encode()
