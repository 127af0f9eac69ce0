"""The books of one GPU, and whether they balance."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks.chaos.receivers import Received
from collector.model import Energy

_EDGE_MW: Final = 700_000
"""No power of the run is higher."""
_EDGE_NS: Final = 40_000_000
"""Both ends of a stretch are known to one step of the counter (10 ms), the sensor lags (20 ms)."""
_INTEGRAL_SHARE: Final = 0.03
"""How far an integral over a few seconds may be off: samples every 10 ms of a value that is up to
20 ms old, on square waves as short as 0.3 s."""
_SECOND_NS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """One GPU's energy wherever it is kept, in millijoules.

    Attributes:
        gpu: its index.
        resets: how often its counter was reset.
        used_mj: the integral of its true power over what the ledger accounts for.
        counted_mj: the steps that its counter made in that time.
        counted_exactly: whether the ledger's total is such a sum of steps.
        ledger: the lifetime total.
        minutes: all minute registers.
        quarter_hours: all registers of 15 minutes.
        low_mj: by how much the total may be too high, by the bounds of its estimates.
        high_mj: by how much it may be too low, likewise.
        store: what VictoriaMetrics holds.
        mqtt: what the subscriber heard.
        prometheus_mj: what Prometheus adds up.
        unseen_mj: what it may have missed: true energy around resets of what is shown, and after
            its last scrape.
    """

    gpu: int
    resets: int
    used_mj: int
    counted_mj: int
    counted_exactly: bool
    ledger: Energy
    minutes: Energy
    quarter_hours: Energy
    low_mj: int
    high_mj: int
    store: Received
    mqtt: Received
    prometheus_mj: int
    unseen_mj: int

    @property
    def allowed_mj(self) -> int:
        """How far the ledger may be from the truth, besides the bounds of its estimates."""
        edge_mj = _EDGE_MW * _EDGE_NS // _SECOND_NS
        return edge_mj * (1 + self.resets) + round(_INTEGRAL_SHARE * self.ledger.integrated_mj)

    @property
    def missed_mj(self) -> int:
        """What the ledger has and Prometheus does not."""
        return self.ledger.total_mj - self.prometheus_mj

    def wrong(self) -> Iterator[str]:
        """What does not balance, for people."""
        total_mj = self.ledger.total_mj
        if not self.resets and not self.counted_exactly:
            off_mj = total_mj - self.counted_mj
            yield f"the ledger is {off_mj:+} mJ off what the counter counted"
        off_mj = total_mj - self.used_mj
        if not -self.high_mj - self.allowed_mj <= off_mj <= self.low_mj + self.allowed_mj:
            yield (
                f"the ledger is {off_mj:+} mJ off the true energy; allowed are"
                f" {-self.high_mj - self.allowed_mj:+} to {self.low_mj + self.allowed_mj:+}"
            )
        for name, energy in (("minute", self.minutes), ("15-minute", self.quarter_hours)):
            if energy != self.ledger:
                yield f"the {name} registers hold {energy}, the total is {self.ledger}"
        for name, received in (("VictoriaMetrics", self.store), ("MQTT", self.mqtt)):
            if received.energy != self.ledger or received.total_mj != total_mj:
                off_mj = received.total_mj - total_mj
                yield f"{name} is {off_mj:+} mJ off the ledger: {received.energy}, {self.ledger}"
            if received.clashes or received.holes:
                yield f"{name}: {received.clashes} keys used twice, {received.holes} rows missing"
        edge_mj = _EDGE_MW * _EDGE_NS // _SECOND_NS
        most_mj = self.unseen_mj + self.low_mj + edge_mj  # the ledger may have estimated too much
        if not -edge_mj <= self.missed_mj <= most_mj:
            yield (
                f"Prometheus is {-self.missed_mj:+} mJ off the ledger; it can have missed"
                f" {most_mj} at most"
            )
