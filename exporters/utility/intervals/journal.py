"""The journal: every value that was handed on otherwise than it was found, for good.

A line of JSON for each change, each with the hash of the line before it: what was altered or taken
out later shows. It is appended to and never rewritten. A report made anew adds only what is new.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from collector.shown import shown
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.values import Change

_FIRST = "0" * 64
_TEXT, _WHOLE = (str,), (int,)
_FORMS: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "edits": {"previous": _TEXT, "at": _TEXT, "lines": _WHOLE, "bytes": _WHOLE, "sha256": _TEXT},
    "change": {
        **dict.fromkeys(("previous", "meter", "start"), _TEXT),
        "after_mj": (int, type(None)),
        **dict.fromkeys(("quality_after", "rule", "reason", "user"), _TEXT),
    },
}
"""What each kind of line must have, to be looked at again later."""
_SAYS = ("after_mj", "quality_after", "rule", "reason", "user")


@dataclass(frozen=True, slots=True)
class _Known:
    """What a journal holds: its last hash, the newest change of each value, the edits it saw."""

    last: str
    newest: dict[tuple[str, str], dict[str, Any]]
    edits: dict[str, Any] | None


def record(path: Path, changes: Iterable[Change], at: datetime, edits: Path | None = None) -> int:
    """Append what is not in the journal yet; on return it is on the disk.

    Args:
        path: the journal; it is made when it is not there.
        changes: what was changed.
        at: now.
        edits: the file that people's edits came from: it may grow, and nothing else.

    Returns:
        How many lines were added.

    Raises:
        IntervalError: it cannot be written, was altered, or the file of edits was.
    """
    try:
        with path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            return _append(path, file, changes, at, edits)
    except OSError as error:
        raise IntervalError(
            f"the journal of changes {path}: {error.strerror}; say with --journal where to keep it"
        ) from None


def verify(path: Path) -> int:
    """Look whether a journal is as it was written.

    Returns:
        How many lines it has.

    Raises:
        IntervalError: it was altered, with the line; or it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise IntervalError(f"the journal of changes {path}: {error.strerror}") from None
    _read(path, content)
    return content.count(b"\n")


def _append(
    path: Path, file: BinaryIO, changes: Iterable[Change], at: datetime, edits: Path | None
) -> int:
    file.seek(0)
    known = _read(path, file.read())
    entries = [] if edits is None else _edits_entry(edits, known.edits)
    for change in changes:
        entry = _entry(change)
        before = known.newest.get((change.meter, entry["start"]))
        if before is None or any(before[key] != entry[key] for key in _SAYS):
            entries.append(entry)
    last, lines = known.last, bytearray()
    for entry in entries:
        line = json.dumps(
            {"at": at.astimezone(UTC).isoformat(), **entry, "previous": last}, ensure_ascii=False
        ).encode()
        last = hashlib.sha256(line).hexdigest()
        lines += line + b"\n"
    if lines:
        file.write(lines)
        file.flush()
        os.fsync(file.fileno())
    return len(entries)


def _read(path: Path, content: bytes) -> _Known:
    last, edits = _FIRST, None
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for number, line in enumerate(content.splitlines(keepends=True), 1):
        entry = _entry_of(line)
        if entry is None or entry["previous"] != last:
            raise IntervalError(
                f"the journal of changes {path}, line {number}: it is not as it was written "
                "(cut off, altered, or a line before it taken out); restore it from a copy, or "
                "begin another with --journal and keep this one"
            )
        last = hashlib.sha256(line.rstrip(b"\n")).hexdigest()
        if entry["kind"] == "edits":
            edits = entry
        else:
            newest[entry["meter"], entry["start"]] = entry
    return _Known(last, newest, edits)


def _entry_of(line: bytes) -> dict[str, Any] | None:
    """What a line says; None where it is none of ours."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not line.endswith(b"\n"):
        return None
    kinds = _FORMS.get(str(entry.get("kind")), {})
    fits = all(key in entry and type(entry[key]) in kinds[key] for key in kinds)
    return entry if kinds and fits else None


def _edits_entry(path: Path, before: dict[str, Any] | None) -> list[dict[str, Any]]:
    """How much of the file of edits was seen; none when it has not grown."""
    content = path.read_bytes()
    size = 0 if before is None else max(before["bytes"], 0)
    if before is not None and (hashlib.sha256(content[:size]).hexdigest() != before["sha256"]):
        raise IntervalError(
            f"{path}: its first {before['lines']} lines are not what they were at "
            f"{shown(before['at'])}; bring them back, and append a new line to correct an old one"
        )
    if before is not None and len(content) == size:
        return []
    return [
        {
            "kind": "edits",
            "file": path.name,
            "lines": len(content.splitlines()),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    ]


def _entry(change: Change) -> dict[str, Any]:
    return {
        "kind": "change",
        "meter": change.meter,
        "start": datetime.fromtimestamp(change.start_s, UTC).isoformat(),
        "before_mj": change.before_mj,
        "quality_before": change.before.name.lower(),
        "after_mj": change.after_mj,
        "quality_after": change.after.name.lower(),
        "rule": change.rule,
        "reason": change.reason,
        "user": change.user,
    }
