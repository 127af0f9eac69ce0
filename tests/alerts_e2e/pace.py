"""How fast time goes in the lab: as it is, or shortened so that a test can wait for it."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from benchmarks.alert_week.replay import seconds

_SCRAPE_SECONDS = 2
"""At least: a busy machine must be able to answer within it."""
_WAITS = re.compile(
    r"^(\s*(?:for|keep_firing_for|(?:group_|evaluation_)?interval): \"?)([0-9smhd]+)", re.MULTILINE
)
_RANGES = re.compile(r"\[(\d+(?:ms|[smhd]))(?::(\d+[smhd]))?\]")
_SCRAPES = re.compile(r"^(\s*scrape_(?:interval|timeout): )\w+", re.MULTILINE)
_XID = re.compile(r'("setting:xid_recent:seconds", expr: "vector\()(\d+)\)')
_SLOWED = re.compile(r'("setting:slowed:max_ratio", expr: "vector\()[\d.]+\)')
"""A share of five minutes, that the daemon counts and nothing here shortens."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Shortens waiting times and the ranges that rules look back over; never group_wait.

    Heat then counts only while it slows a GPU down, for its share of the last five minutes would
    outlast it by as much.

    Attributes:
        by: what times are divided by; 1 leaves everything as it was rendered.
        most_seconds: nothing lasts longer than this.
    """

    by: float = 1.0
    most_seconds: float = math.inf

    def of(self, duration_seconds: float) -> float:
        """What becomes of a duration; whole seconds, at least one where there was any."""
        if self.by == 1 or not duration_seconds:
            return duration_seconds
        return max(1.0, round(min(duration_seconds / self.by, self.most_seconds)))

    def apply(self, out: Path) -> None:
        """Rewrite what `wattkeeper render` wrote."""
        if self.by == 1:
            return
        for path in (*(out / "rules").glob("*.yml"), out / "alertmanager.yml"):
            text = _WAITS.sub(lambda found: found[1] + self._short(found[2]), path.read_text())
            text = _RANGES.sub(self._range, text)
            text = _XID.sub(lambda found: f"{found[1]}{self.of(float(found[2])):.0f})", text)
            path.write_text(_SLOWED.sub(r"\g<1>1)", text))
        path = out / "prometheus.yml"
        text = _WAITS.sub(lambda found: found[1] + self._short(found[2]), path.read_text())
        path.write_text(_SCRAPES.sub(rf"\g<1>{_SCRAPE_SECONDS}s", text))

    def _short(self, text: str) -> str:
        return f"{self.of(seconds(text)):.0f}s"

    def _range(self, found: re.Match[str]) -> str:
        step = f":{self._short(found[2])}" if found[2] else ""
        return f"[{self._short(found[1])}{step}]"
