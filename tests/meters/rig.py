"""Messages that come one after the other, and what became of them."""

import json
from collections.abc import Iterable
from typing import Any

from collector.sitefile.model import MeterSpec
from collector.sources.meters.decoder import Decoder
from collector.sources.meters.inbox import MeterInbox
from collector.sources.meters.reading import MeterReading

SECOND_NS = 1_000_000_000
NOW_NS = 1_795_000_000 * SECOND_NS
"""2026-11-18, UTC."""
NOW_MS = NOW_NS // 1_000_000


def specs(*ids: str, **objects: str) -> list[MeterSpec]:
    """Meters by id, and by id the object that they are in the facility's contract."""
    plain = [MeterSpec(id=one, branch="b") for one in ids]
    return plain + [MeterSpec(id=one, branch="b", dsx_object=o) for one, o in objects.items()]


class Rig:
    """An inbox whose clocks run together, from 0 and from NOW_NS.

    Args:
        decoders: its ways in.
    """

    def __init__(self, *decoders: Decoder, **more: Any) -> None:
        self.inbox = MeterInbox(decoders, **more)
        self.at_ns = 0

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.at_ns += round(seconds * SECOND_NS)

    @property
    def now_ms(self) -> int:
        """UTC by a good clock."""
        return (NOW_NS + self.at_ns) // 1_000_000

    def send(self, topic: str, payload: object, *, retain: bool = False) -> list[MeterReading]:
        """A message: bytes as they are, anything else as JSON."""
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return list(
            self.inbox.receive(
                topic, raw, retain=retain, received_ns=self.at_ns, wall_ns=NOW_NS + self.at_ns
            )
        )

    def tick(self) -> list[MeterReading]:
        """Notices by now."""
        return self.inbox.tick(received_ns=self.at_ns, wall_ns=NOW_NS + self.at_ns)

    def rejected(self) -> dict[str, int]:
        """What was not taken so far, by reason."""
        return dict(self.inbox.rejected)


def values(readings: Iterable[MeterReading]) -> list[tuple[str, str, float | None]]:
    """Meter, quantity and value of each."""
    return [(one.meter, one.quantity.value, one.value) for one in readings]
