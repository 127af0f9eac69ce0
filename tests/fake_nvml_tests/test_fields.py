"""Field values that a test sets."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_nvml import (
    ALL_LINKS,
    ERROR_NO_PERMISSION,
    UINT64_MAX,
    FakeNvml,
    Group,
    ValueType,
)
from tests.fake_nvml_tests.helpers import EPOCH, SECOND, field, pynvml

TX = pynvml.NVML_FI_DEV_NVLINK_THROUGHPUT_DATA_TX
ROWS = pynvml.NVML_FI_DEV_REMAPPED_COR


def test_a_value_is_set_live(fake: FakeNvml, nvml: list[Any]) -> None:
    assert (field(nvml[0], ROWS).value.uiVal, field(nvml[0], ROWS).valueType) == (0, 1)
    fake.set_field(0, ROWS, None, 7)
    assert (field(nvml[0], ROWS).value.uiVal, field(nvml[0], ROWS).valueType) == (7, 1)
    assert field(nvml[1], ROWS).value.uiVal == 0
    fake.set_field(0, 160, None, 12)  # which this board lacks
    assert (field(nvml[0], 160).value.ullVal, field(nvml[0], 160).valueType) == (12, 3)
    fake.gpu(0).remove_field(160)
    assert field(nvml[0], 160).nvmlReturn == 3
    with pytest.raises(ValueError, match="no field 512"):
        fake.set_field(0, 512, None, 1)


def test_scopes_are_apart(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.set_field(0, TX, 3, 500)
    fake.set_field(0, TX, 17, 600)
    assert [field(nvml[0], TX, scope).value.ullVal for scope in (2, 3, 17)] == [
        1_000_000,
        500,
        600,
    ]
    assert field(nvml[0], TX, 18).nvmlReturn == 3
    assert field(nvml[0], TX, ALL_LINKS).value.ullVal == 16 * 1_000_000 + 1100
    # A sum can be set aside, and counts itself never.
    fake.set_field(0, TX, ALL_LINKS, 42)
    assert field(nvml[0], TX, ALL_LINKS).value.ullVal == 42
    fake.gpu(0).sum_field(TX)
    assert field(nvml[0], TX, ALL_LINKS).value.ullVal == 16 * 1_000_000 + 1100
    # One scope's own value stands before that of any scope.
    fake.set_field(0, ROWS, 5, 99)
    assert [field(nvml[0], ROWS, scope).value.uiVal for scope in (0, 5)] == [0, 99]


@pytest.mark.parametrize(
    ("kind", "value", "member"),
    [
        (ValueType.DOUBLE, 0.25, "dVal"),
        (ValueType.UINT, 2**32 - 1, "uiVal"),
        (ValueType.ULONGLONG, UINT64_MAX, "ullVal"),
        (ValueType.LONGLONG, -5, "sllVal"),
        (ValueType.INT, -5, "siVal"),
        (ValueType.USHORT, 65535, "usVal"),
    ],
)
def test_every_type(
    fake: FakeNvml, nvml: list[Any], kind: ValueType, value: float, member: str
) -> None:
    fake.set_field(0, 300, 2, value, kind)
    found = field(nvml[0], 300, 2)
    assert (found.nvmlReturn, found.valueType) == (0, kind)
    assert getattr(found.value, member) == value


def test_a_count_grows(fake: FakeNvml, nvml: list[Any]) -> None:
    gpu = fake.gpu(0)
    fake.count_field(0, TX, 4, 1e9)
    last = 1_000_000
    for _ in range(5):
        time.sleep(0.002)
        before = gpu.expected_field(TX, time.monotonic_ns(), scope=4)
        value = field(nvml[0], TX, 4).value.ullVal
        after = gpu.expected_field(TX, time.monotonic_ns(), scope=4)
        assert before is not None
        assert after is not None
        assert before <= value <= after
        assert value > last
        last = value
    # The sum grows with it, and a value that is set stands still.
    assert field(nvml[0], TX, ALL_LINKS).value.ullVal >= 17 * 1_000_000 + last
    fake.set_field(0, TX, 4, 5)
    time.sleep(0.002)
    assert field(nvml[0], TX, 4).value.ullVal == 5


def test_a_count_goes_on_from_what_it_reads(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.count_field(0, TX, 0, 1e9)
    time.sleep(0.005)
    seen = field(nvml[0], TX, 0).value.ullVal
    fake.count_field(0, TX, 0, 1e-3)
    assert seen <= field(nvml[0], TX, 0).value.ullVal <= seen + 10**9
    fake.count_field(0, TX, 0, 1e9, start=3)
    assert field(nvml[0], TX, 0).value.ullVal < seen


def test_an_unsigned_int_wraps(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.count_field(0, ROWS, None, 1e6, start=2**32 - 1)
    time.sleep(0.005)
    assert 4_000 < field(nvml[0], ROWS).value.uiVal < 10**7


@settings(max_examples=60, deadline=None, database=None)
@given(
    start=st.integers(0, 2**53),
    rate=st.floats(0, 1e12, allow_nan=False),
    elapsed=st.integers(-SECOND, 86400 * SECOND),
)
def test_growth_never_falls_and_begins_at_the_start(
    tmp_path_factory: pytest.TempPathFactory, start: int, rate: float, elapsed: int
) -> None:
    folder = tmp_path_factory.getbasetemp()
    with FakeNvml(folder, gpus=1, epoch_monotonic_nanoseconds=EPOCH) as fake:
        gpu = fake.gpu(0)
        began = gpu.count_field(202, rate, scope=1, start=start)
        value = gpu.expected_field(202, began + elapsed, scope=1)
        later = gpu.expected_field(202, began + elapsed + SECOND, scope=1)
        assert value is not None
        assert later is not None
        assert start <= value <= later
        assert value - start == pytest.approx(rate * max(elapsed, 0) / 1e9, rel=1e-9, abs=1)


def test_a_field_fails_alone(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).fail_field(TX, ERROR_NO_PERMISSION, scope=1)
    values = pynvml.nvmlDeviceGetFieldValues(nvml[0], [(TX, 0), (TX, 1), 186])
    assert [value.nvmlReturn for value in values] == [0, 4, 0]
    # What fails is not in the sum.
    assert field(nvml[0], TX, ALL_LINKS).value.ullVal == 17 * 1_000_000
    fake.set_field(0, TX, 1, 1)
    assert field(nvml[0], TX, 1).nvmlReturn == 0


def test_a_set_value_stands_before_the_sensor(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.set_field(0, 186, 0, 4242, ValueType.UINT)
    assert field(nvml[0], 186).value.uiVal == 4242
    assert field(nvml[0], 185).value.uiVal == 650_000
    fake.gpu(0).set_unsupported(Group.POWER_INSTANT)
    assert field(nvml[0], 186).nvmlReturn == 3
    fake.gpu(0).set_unsupported(Group.POWER_INSTANT, value=False)
    fake.gpu(0).remove_field(186, scope=0)
    assert field(nvml[0], 186).value.uiVal == 650_000


def test_fields_belong_to_groups(fake: FakeNvml, nvml: list[Any]) -> None:
    fake.gpu(0).set_unsupported(Group.NVLINK)
    assert [field(nvml[0], number).nvmlReturn for number in (91, ROWS, 197)] == [3, 0, 0]
    assert fake.gpu(0).calls(Group.NVLINK) == 1
    assert fake.gpu(0).calls(Group.ROW_REMAPPER) == 1


def test_there_is_room_for_much_but_not_for_all(fake: FakeNvml) -> None:
    for scope in range(1500):
        fake.set_field(0, 500, scope, 1)

    def fill() -> None:
        for scope in range(1500, 3000):
            fake.set_field(0, 500, scope, 1)

    with pytest.raises(ValueError, match="no room"):
        fill()
