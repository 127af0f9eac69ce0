"""What the guard of the driver's buffer lets pass, and what it does not."""

from collections.abc import Callable

import pytest

from collector.sources.nvml.buffer_guard import COMPARED, MOST_APART, BufferGuard

MS = 1_000_000
PERIOD_NS = 20 * MS
POLL_NS = 250 * MS
LOW_MW, HIGH_MW = 100_000, 650_000

Power = Callable[[int], int]


def square(period_ms: int) -> Power:
    """Two fifths of each period high."""
    return lambda at_ns: HIGH_MW if at_ns // MS % period_ms < period_ms * 2 // 5 else LOW_MW


def mean(power: Power, span_ms: int) -> Power:
    """The mean over the time before."""
    return lambda at_ns: sum(power(at_ns - back * MS) for back in range(span_ms)) // span_ms


def run(sensor: Power, buffer: Power, seconds: int = 20) -> BufferGuard:
    """Bulk reads four times a second; the poll comes just before each."""
    guard = BufferGuard(PERIOD_NS)
    seen_ns = 10_000 * MS
    for tick in range(1, seconds * 4):
        now_ns = 10_000 * MS + tick * POLL_NS + 3 * MS
        guard.polled(now_ns, sensor(now_ns))
        batch = []
        while seen_ns + PERIOD_NS <= now_ns:
            seen_ns += PERIOD_NS
            batch.append((seen_ns, buffer(seen_ns)))
        guard.add(batch)
    return guard


@pytest.mark.parametrize("period_ms", [70, 300, 1000, 3000])
def test_an_honest_buffer_passes_whatever_the_load(period_ms: int) -> None:
    power = square(period_ms)
    for sensor in (power, mean(power, 25), mean(power, 100), lambda at_ns: power(at_ns // MS * MS)):
        guard = run(sensor, mean(power, 20))
        assert not guard.disagrees
        assert guard.compared == COMPARED


@pytest.mark.parametrize("period_ms", [70, 300, 1000, 3000])
def test_averages_over_a_second_do_not(period_ms: int) -> None:
    power = square(period_ms)
    assert run(power, mean(power, 1000)).disagrees


def test_another_quantity_does_not_even_under_steady_load() -> None:
    assert run(lambda _: 300_000, lambda _: 270_000, seconds=4).disagrees
    assert not run(lambda _: 300_000, lambda _: 290_000).disagrees
    assert not run(lambda _: 9_000, lambda _: 9_900).disagrees  # within a watt


def test_a_few_that_are_apart_are_borne() -> None:
    def glitches(at_ns: int) -> int:
        return 0 if at_ns // POLL_NS % 8 == 0 else 300_000

    guard = run(glitches, lambda _: 300_000)
    assert 0 < guard.apart <= MOST_APART
    assert not guard.disagrees
