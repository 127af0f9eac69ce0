"""The payload: what it says, and that a window's end is never used twice."""

import json
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from collector.model import Window
from exporters.fields import window_fields
from exporters.mqtt.encode import JsonEncoder, rfc3339, with_seq
from tests.mqtt.values import BASE, NODE, PLACE, PREFIX, SECOND_NS, window, windows


def encoder() -> JsonEncoder:
    return JsonEncoder(BASE, PLACE)


@given(windows(), st.integers(1, 2**62))
def test_the_payload_says_what_the_window_says(made: Window, seq: int) -> None:
    (item,) = encoder().windows([made])
    assert (item.lane, item.topic) == ("mqtt", f"{PREFIX}/node/{NODE}/gpu/{made.device.key}")
    assert "seq" not in json.loads(item.payload)
    said = json.loads(with_seq(item.payload, seq))
    assert list(said)[:3] == ["seq", "time", "start"]
    assert said.pop("seq") == seq
    assert said.pop("time") == rfc3339(made.end_ns)
    assert said.pop("start") == rfc3339(made.start_ns)
    assert (said.pop("site"), said.pop("row"), said.pop("rack"), said.pop("node")) == (
        *("haenam", "r2", "r2-07"),
        NODE,
    )
    assert (said.pop("gpu"), said.pop("uuid"), said.pop("scope")) == (
        *(made.device.tags["gpu"], made.device.key),
        made.scope,
    )
    assert said == window_fields(made)


def test_a_person_can_read_it() -> None:
    (item,) = encoder().windows([window()])
    text = with_seq(item.payload, 17).decode()
    assert text.startswith(
        '{"seq": 17, "time": "2025-10-09T08:53:30Z", "start": "2025-10-09T08:53:20Z", '
        '"site": "haenam", "row": "r2", "rack": "r2-07", "node": "gpu-n01", "gpu": 0, '
        '"uuid": "GPU-00000000-0000-0000-0000-000000000000", "scope": "gpu", '
        '"power_watts_mean": 432.199, '
    )
    assert '"energy_joules": 4321.987, ' in text
    assert '"duration_seconds": 10, ' in text
    assert "\n" not in text


@given(st.integers(0, 4 * 10**18))
def test_an_instant_is_exact_and_short(wall_ns: int) -> None:
    text = rfc3339(wall_ns)
    whole, _, digits = text.removesuffix("Z").partition(".")
    assert text.endswith("Z")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    assert seconds * SECOND_NS + int(digits.ljust(9, "0") or "0") == wall_ns
    assert len(digits) in {0, 3, 6, 9}
    assert not digits.endswith("000")


@given(st.lists(st.integers(-3, 6), min_size=1, max_size=200))
def test_no_end_is_used_twice(steps: list[int]) -> None:
    """The wall clock moves by whole windows, forth and back."""
    encode = encoder()
    number, times = 1000, []
    for step in steps:
        number += step
        (item,) = encode.windows([window(number)])
        times.append(json.loads(item.payload)["time"])
    assert len(set(times)) == len(times)


def test_an_end_is_shifted_by_as_many_ms_as_there_were_steps() -> None:
    encode = encoder()
    ends = [
        json.loads(encode.windows([window(number)])[0].payload)["time"].rpartition(":")[2]
        for number in (3, 4, 3, 4, 3, 4, 5)
    ]
    assert ends == ["00Z", "10Z", "00.001Z", "10.001Z", "00.002Z", "10.002Z", "20Z"]


def test_gpus_and_scopes_do_not_shift_each_other() -> None:
    encode = encoder()
    made = [window(4), window(4, gpu=1), window(4, scope="module")]
    assert {json.loads(item.payload)["time"] for item in encode.windows(made)} == {
        rfc3339(made[0].end_ns)
    }


def test_a_node_alone_has_no_other_place() -> None:
    (item,) = JsonEncoder(BASE, {"node": NODE}).windows([window()])
    said = json.loads(item.payload)
    assert not {"site", "hall", "row", "rack"} & set(said)
    assert said["node"] == NODE


def test_a_payload_is_small() -> None:
    """A day of 8 GPUs, with every series of any model, fits into half the outbox's gigabyte."""
    (item,) = encoder().windows([window()])
    assert 8 * 8640 * len(item.payload) < 500_000_000
