"""Runs promtool and amtool, where they are installed."""

import shutil
import subprocess
from pathlib import Path

import pytest

ALERTS = Path(__file__).resolve().parents[2] / "alerts"
TIME_SECONDS = 240


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a program; the test is skipped where it is missing."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed; scripts/test tells how")
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=TIME_SECONDS,
        check=False,
    )


def succeeds(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a program that must succeed. Returns what it printed."""
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
