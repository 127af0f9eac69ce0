"""The systemd units as data, and what systemd says of them."""

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[2] / "deploy/systemd"
NODE = UNITS / "wattkeeper-node.service"
SITE = UNITS / "wattkeeper-site.service"
DROP_INS = sorted((UNITS / "drop-ins").glob("*.conf"), key=lambda path: path.name)

needs_systemd_analyze = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze here"
)


def directives(unit: Path) -> dict[str, list[str]]:
    """Every directive's values, in order; a name may stand more than once."""
    found = defaultdict(list)
    for line in unit.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def laid_out(unit: Path, drop_ins: Sequence[Path], folder: Path) -> Path:
    """A copy as systemd wants it, with drop-ins; the command is one that is there.

    Args:
        unit: the unit.
        drop_ins: of it.
        folder: an empty one.
    """
    (command,) = directives(unit)["ExecStart"]
    program = command.split()[0]
    text = unit.read_text(encoding="utf-8").replace(program, str(shutil.which("true")))
    copy = folder / unit.name
    copy.write_text(text, encoding="utf-8")
    beside = folder / f"{unit.name}.d"
    beside.mkdir()
    for drop_in in drop_ins:
        shutil.copy(drop_in, beside)
    return copy


def exposure(unit: Path, drop_ins: Sequence[Path], folder: Path) -> float:
    """What `systemd-analyze security` rates it, from 0 (locked in) to 10."""
    copy = laid_out(unit, drop_ins, folder)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(copy)],
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_COLORS": "0", "PATH": "/usr/bin:/bin"},
    )
    rated = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", done.stdout)
    assert rated, done.stdout[-500:] + done.stderr
    return float(rated[1])


def stated(file: Path) -> float:
    """The exposure that a file states in its comment."""
    said = re.search(
        r"^# Exposure[^:]*: (\d+\.\d+)", file.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert said, f"{file.name} states no exposure"
    return float(said[1])
