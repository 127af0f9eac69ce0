"""How a capture is written, and what it does not tell."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.check.model import GpuReport, Report
from collector.check.record import (
    RecordError,
    capture,
    dump,
    make_sure_writable,
    serial_alias,
    uuid_alias,
    write,
)
from collector.model import GpuIdentity

UUID, SERIAL = "GPU-aa5e8440-8476-51ae-b4a8-5e49a28afc69", "1600865621097"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def _report(*, serial: str = SERIAL) -> Report:
    raw = UUID.encode().hex() + "00" + serial.encode().hex() + "00"
    gpu = GpuReport(
        index=0,
        identity=GpuIdentity(uuid=UUID, index=0, model="NVIDIA H200", serial=serial),
        calls=({"function": "f", "arguments": [], "code": 0, "outputs": [raw, "00"]},),
    )
    return Report(version="0", simulated=False, seconds=1.0, gpus=(gpu,))


@given(value=json_values)
def test_what_is_written_reads_as_what_it_was(value: object) -> None:
    assert json.loads(dump(value)) == value


def test_every_call_has_a_line_of_its_own() -> None:
    text = dump({"gpus": [{"calls": [{"a": [1, 2]}, {"a": ["x"]}]}]})
    assert [line.strip(" ,") for line in text.splitlines() if '"a"' in line] == [
        '{"a": [1, 2]}',
        '{"a": ["x"]}',
    ]


def test_no_id_is_left_not_even_in_raw_bytes() -> None:
    text = capture(_report(), keep_ids=False)
    for real in (UUID, SERIAL):
        assert real not in text
        assert real.encode().hex() not in text
    made = json.loads(text)["gpus"][0]
    assert made["identity"]["uuid"] == uuid_alias(UUID)
    assert uuid_alias(UUID).encode().hex() in made["calls"][0]["outputs"][0]
    assert len(made["calls"][0]["outputs"][0]) == 2 * (len(UUID) + len(SERIAL) + 2)


@pytest.mark.parametrize("simulated", [False, True])
def test_a_capture_says_who_made_it_of_what(*, simulated: bool) -> None:
    made = json.loads(capture(replace(_report(), simulated=simulated), keep_ids=False))
    assert made["made_by"] == "wattkeeper check"
    assert made["simulated"] is simulated


def test_ids_are_kept_on_request() -> None:
    made = json.loads(capture(_report(), keep_ids=True))["gpus"][0]
    assert (made["identity"]["uuid"], made["identity"]["serial"]) == (UUID, SERIAL)


def test_a_short_serial_is_not_replaced_inside_bytes_that_mean_something_else() -> None:
    made = json.loads(capture(_report(serial="0"), keep_ids=False))["gpus"][0]
    assert made["calls"][0]["outputs"][0].endswith("00" + b"0".hex() + "00")


@given(uuid=st.text(min_size=1), digits=st.integers(1, 20))
def test_aliases_are_stable_and_of_the_same_form(uuid: str, digits: int) -> None:
    assert uuid_alias(uuid) == uuid_alias(uuid) != uuid
    assert len(uuid_alias(uuid)) == len(UUID)
    assert len(serial_alias(uuid, digits)) == digits
    assert serial_alias(uuid, digits).isdigit()
    assert not serial_alias(uuid, 0)


def test_of_gpus_that_did_not_answer_nothing_is_kept() -> None:
    sick = GpuReport(index=0, problem="it did not answer")
    with pytest.raises(RecordError, match="nothing was kept"):
        capture(Report(version="0", simulated=False, seconds=1.0, gpus=(sick,)), keep_ids=True)


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "capture.json"
    path.write_text("before", encoding="utf-8")
    make_sure_writable(path)
    assert path.read_text(encoding="utf-8") == "before"
    write(path, "after")
    assert path.read_text(encoding="utf-8") == "after"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    for attempt in (make_sure_writable, lambda path: write(path, "x")):
        with pytest.raises(RecordError) as caught:
            attempt(tmp_path / "missing" / "capture.json")
        assert "missing/capture.json: cannot write there (No such file" in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(RecordError, match="is a directory"):
        make_sure_writable(tmp_path)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "capture.json"
    target.mkdir()  # a file cannot replace a directory
    with pytest.raises(RecordError):
        write(target, "x")
    assert list(tmp_path.iterdir()) == [target]
