"""The ledger: whether it is sound, and what it holds, in numbers."""

from pathlib import Path

from collector.ledger import LedgerError
from collector.ledger.verify import Verdict, verify
from collector.support.finding import Finding, Known, Section

_MOST_BYTES = 1_000_000_000
"""Of a larger one only the books are added up: every page would take minutes."""


def books(ledger: Path) -> Section:
    """Verify the ledger, reading only."""
    findings: list[Finding] = []
    document: dict[str, object] = {}
    try:
        whole = ledger.stat().st_size <= _MOST_BYTES if ledger.exists() else True
        verdict = verify(ledger, whole_file=whole)
        document = _document(verdict, whole_file=whole)
        findings += [
            Finding(
                topic="ledger",
                text=problem,
                action="keep the file, and restore a copy: docs/operation.md",
            )
            for problem in verdict.problems
        ]
    except FileNotFoundError:
        pass
    except LedgerError as error:
        missing = not ledger.exists()
        document = {"problem": error.problem}
        findings.append(
            Finding(
                topic="ledger",
                text=error.problem,
                action=error.action,
                weight="note" if missing else "problem",
            )
        )
    except PermissionError:
        findings.append(
            Finding(
                topic="ledger",
                text=f"no permission to look at {ledger}",
                action="run this check as root, or as the user that the daemon runs as",
                weight="note",
            )
        )
    return Section(
        name="ledger.json",
        about="whether the ledger is sound, and how much it holds",
        document=document,
        findings=tuple(findings),
    )


def _document(verdict: Verdict, *, whole_file: bool) -> dict[str, object]:
    return {
        "whole_file_read": whole_file,
        "version": verdict.version,
        "size_bytes": verdict.size_bytes,
        "accounts": verdict.accounts,
        "total_mj": verdict.total_mj,
        "minutes": verdict.minutes,
        "quarter_hours": verdict.quarter_hours,
        "gaps": verdict.gaps,
        "last_commit_wall_ns": verdict.last_commit_wall_ns,
        "backup_wall_ns": verdict.backup_wall_ns,
        "lanes": [
            {
                "name": Known(lane.name) if lane.name in {"influxdb", "mqtt"} else lane.name,
                "rows": lane.rows,
                "payload_bytes": lane.payload_bytes,
                "dropped_rows": lane.dropped_rows,
                "quarantined_rows": lane.quarantined_rows,
            }
            for lane in verdict.lanes
        ],
        "problems": list(verdict.problems),
        "notes": list(verdict.notes),
    }
