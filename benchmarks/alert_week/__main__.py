"""Prints who would have been told what in an ordinary week and on a bad day of 500 nodes."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.alert_week.evaluate import firings, incidents
from benchmarks.alert_week.manager import Incident
from benchmarks.alert_week.world import World, bad_day, ordinary
from benchmarks.fleet import EventKind

WORLDS: dict[str, Callable[[Path], World]] = {"week": ordinary, "day": bad_day}


def lines(world: World, found: list[Incident]) -> list[str]:
    """What happened and what was told, as Markdown."""
    events = world.fleet.events
    counts = {kind: sum(e.kind is kind for e in events) for kind in EventKind}
    told = {
        severity: [one for one in found if one.receiver.endswith(f"-{severity}")]
        for severity in ("page", "ticket", "info")
    }
    counts[EventKind.OUTBOX_FULL] += len(world.database_away)
    said = ", ".join(f"{count} x {kind}" for kind, count in counts.items() if count)
    made = [
        (
            f"{len(world.fleet.machines)} nodes, {(world.end_s - world.begin_s) / 86_400:g} days, "
            f"{world.job_starts} jobs started; {said}."
        ),
        "",
        f"Pages: {len(told['page'])}. Tickets: {len(told['ticket'])}.",
        "",
        "| when | | what was told, as one |",
        "|---|---|---|",
    ]
    for severity in ("page", "ticket"):
        for one in told[severity]:
            where = sorted(
                {a.labels.get("rack") or a.labels.get("branch", "") for a in one.alerts} - {""}
            )
            made.append(
                f"| {datetime.fromtimestamp(one.at_s, UTC):%a %H:%M:%S} | {severity} | "
                f"{', '.join(one.names)} ({', '.join(where) or 'site'}; "
                f"{len(one.alerts)} alert{'s' * (len(one.alerts) != 1)}) |"
            )
    return made


def main() -> int:
    """Go through both and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.alert_week", description=__doc__)
    parser.add_argument("worlds", nargs="*", choices=[[], *WORLDS], help="both if none is named")
    asked = parser.parse_args()
    for name in asked.worlds or WORLDS:
        with tempfile.TemporaryDirectory(prefix="wk-week-") as made:
            folder = Path(made)
            world = WORLDS[name](folder)
            found = firings(world, folder / "prometheus")
            print(f"### {name}\n", *lines(world, incidents(world, found, folder / "out")), sep="\n")
            print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
