"""Every fault is told once, in the right words, and its end too; in a twentieth of the time.

`scripts/measure-alerts` lets it take the time that it takes.
"""

from pathlib import Path

import pytest

from tests.alerts_e2e.course import course
from tests.alerts_e2e.desk import PAGERDUTY
from tests.alerts_e2e.lab import lab, missing
from tests.alerts_e2e.pace import Pace

PACE = Pace(by=20, most_seconds=30)
BESIDES = {
    # Right in so small a lab: the parts that are struck are a large share of it.
    "TelemetryBudgetBurnFast", "GpuCoverageLow", "NodesDownMany",
}  # fmt: skip


@pytest.mark.skipif(bool(missing()), reason=f"not installed: {', '.join(missing())}")
@pytest.mark.timeout(400)
def test_each_fault_is_told_once_and_its_end_too(tmp_path: Path) -> None:
    with lab(tmp_path, PACE.apply) as running:
        outcomes = course(running, PACE, lasting=True, resolve_seconds=150)
        once = {one.fault.what: (len(one.begins), one.repeated) for one in outcomes}
        assert once == dict.fromkeys(once, (1, 0))
        assert [one.fault.what for one in outcomes if one.resolved is None] == []
        messages = running.desk.told()
        paged = {line.alert for told in messages if told.path == PAGERDUTY for line in told.lines}
        expected = {one.fault.alert for one in outcomes if one.fault.severity == "page"}
        assert paged - expected <= BESIDES
        assert "/deadman" in {told.path for told in messages}, "the dead man's switch is fed"
