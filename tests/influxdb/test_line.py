"""Line protocol: whatever comes in, one line that reads back as what went in."""

import math
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.fields import FieldValue
from exporters.influxdb.line import head, line
from tests.influxdb.parser import parse

texts = st.text(max_size=20)
# What the grammar is made of, more often than chance would have it.
nasty = st.text(alphabet=' ,=\\"\n\r\t#aé\x00\udc80', max_size=12)
names = nasty | texts
values = st.floats() | st.integers(-(2**63), 2**63 - 1) | nasty | texts


def kept(text: str) -> str:
    """A name or tag value as it must read back."""
    plain = re.sub(r'[\\"\x00-\x1f\x7f]', "_", text)
    return plain.encode("utf-8", "replace").decode()


@settings(deadline=None)  # the machine may be busy
@given(
    tags=st.dictionaries(names, names, max_size=6),
    fields=st.dictionaries(names.filter(bool), values, min_size=1, max_size=6),
    wall_ns=st.integers(0, 2**62),
)
def test_a_point_reads_back(
    tags: dict[str, str], fields: dict[str, FieldValue], wall_ns: int
) -> None:
    finite = {
        name: value
        for name, value in fields.items()
        if not isinstance(value, float) or math.isfinite(value)
    } | {"always": 1}
    written = line(head("gpu_window", tags), [*fields.items(), ("always", 1)], wall_ns).decode()
    point = parse(written)
    assert point.measurement == "gpu_window"
    assert point.wall_ns == wall_ns
    assert point.tags == {
        kept(key): kept(value) for key, value in sorted(tags.items()) if key and value
    }
    assert point.fields == {kept(name): as_read(value) for name, value in finite.items()}


def as_read(value: FieldValue) -> FieldValue:
    if isinstance(value, str):
        return re.sub(r"[\x00-\x1f\x7f]", " ", value).encode("utf-8", "replace").decode()
    return value


@given(value=st.integers(0, 10**15))
def test_energy_is_exact_to_the_millijoule(value: int) -> None:
    point = parse(line("m", [("energy_joules_total", value / 1000)], 0).decode())
    read = point.fields["energy_joules_total"]
    assert isinstance(read, float)
    assert round(read * 1000) == value


def test_a_line_as_people_know_it() -> None:
    written = line(
        head("gpu_window", {"uuid": "GPU-1", "rack": "A, 1=2", "hall": ""}),
        [("power_watts_mean", 700.0), ("samples", 100), ("gap", 'a "b" \\'), ("x", math.nan)],
        1_790_000_000_000_000_000,
    )
    assert written.decode() == (
        r"gpu_window,rack=A\,\ 1\=2,uuid=GPU-1 "
        r'power_watts_mean=700.0,samples=100i,gap="a \"b\" \\" 1790000000000000000'
    )
