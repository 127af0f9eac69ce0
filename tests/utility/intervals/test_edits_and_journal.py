"""People's edits, and the journal of everything that was changed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exporters.utility.intervals.edits import read_edits
from exporters.utility.intervals.errors import IntervalError
from exporters.utility.intervals.journal import record, verify
from exporters.utility.intervals.quality import Quality
from exporters.utility.intervals.values import Change

AT = datetime(2027, 12, 1, tzinfo=UTC)
HEADER = "meter,start,kwh,reason,user"


def change(start_s: int = 0, after_mj: int | None = 7) -> Change:
    return Change(
        meter="border",
        start_s=start_s,
        before_mj=None,
        before=Quality.MISSING,
        after_mj=after_mj,
        after=Quality.INTERPOLATED,
        rule="gap",
        reason="estimated",
    )


def test_edits(tmp_path: Path) -> None:
    path = tmp_path / "edits.csv"
    path.write_text(
        f"{HEADER}\nborder,2027-11-01T00:15+09:00,9000.5,봄,kim\n"
        "border,2027-11-01T00:30+09:00,,stuck,kim\n",
        encoding="cp949",
    )
    first, second = read_edits(path, ("border",))
    assert (first.energy_mj, first.reason, first.line) == (32_401_800_000_000, "봄", 2)
    assert second.energy_mj is None
    assert second.start_s - first.start_s == 900


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("brder,2027-11-01T00:15+09:00,1,r,u", "line 2: there is no meter 'brder'; there are bor"),
        ("border,2027-11-01T00:15,1,r,u", "line 2: .* has no offset"),
        ("border,2027-11-01T00:17+09:00,1,r,u", "line 2: .* is not on a quarter-hour"),
        ("border,yesterday,1,r,u", "line 2: 'yesterday' is no time"),
        ("border,2027-11-01T00:15+09:00,-1,r,u", "line 2: -1 kWh cannot be"),
        ("border,2027-11-01T00:15+09:00,much,r,u", "line 2: 'much' is no number"),
        ("border,2027-11-01T00:15+09:00,1,,u", "line 2: an edit needs a reason and a user"),
    ],
)
def test_a_wrong_edit_is_named_with_its_line(tmp_path: Path, row: str, message: str) -> None:
    path = tmp_path / "edits.csv"
    path.write_text(f"{HEADER}\n{row}\n", encoding="utf-8")
    with pytest.raises(IntervalError, match=f"edits.csv, {message}"):
        read_edits(path, ("border",))


def test_a_journal_grows_by_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    assert record(path, [change(0), change(900)], AT) == 2
    assert record(path, [change(0), change(900)], AT) == 0
    assert record(path, [change(900, 8)], AT) == 1
    assert verify(path) == 3
    entries = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [entry["after_mj"] for entry in entries] == [7, 7, 8]
    assert entries[0]["quality_after"] == "interpolated"
    assert entries[0]["start"] == "1970-01-01T00:00:00+00:00"


@pytest.mark.parametrize("harm", ["altered", "taken out", "cut off"])
def test_a_journal_that_was_touched_is_told(tmp_path: Path, harm: str) -> None:
    path = tmp_path / "j.jsonl"
    record(path, [change(900 * n) for n in range(4)], AT)
    lines = path.read_bytes().splitlines(keepends=True)
    if harm == "altered":
        lines[1] = lines[1].replace(b'"after_mj": 7', b'"after_mj": 9')
    elif harm == "taken out":
        del lines[1]
    else:
        lines[3] = lines[3][:-5]
    path.write_bytes(b"".join(lines))
    line = {"altered": 3, "taken out": 2, "cut off": 4}[harm]
    with pytest.raises(IntervalError, match=f"line {line}: it is not as it was written"):
        record(path, [change(99 * 900)], AT)
    assert path.read_bytes() == b"".join(lines)


def test_edits_may_be_added_and_never_altered(tmp_path: Path) -> None:
    path, edits = tmp_path / "j.jsonl", tmp_path / "edits.csv"
    edits.write_text(f"{HEADER}\none\n", encoding="utf-8")
    assert record(path, [], AT, edits) == 1
    assert record(path, [], AT, edits) == 0
    edits.write_text(f"{HEADER}\none\ntwo\n", encoding="utf-8")
    assert record(path, [], AT, edits) == 1
    edits.write_text(f"{HEADER}\nother\ntwo\n", encoding="utf-8")
    with pytest.raises(IntervalError, match="its first 3 lines are not what they were at 2027-12"):
        record(path, [], AT, edits)


def test_a_journal_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(IntervalError, match="--journal"):
        record(tmp_path / "nowhere/j.jsonl", [change()], AT)
