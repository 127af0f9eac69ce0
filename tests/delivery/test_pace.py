"""When to try again, and how fast the backlog goes out."""

import math

from hypothesis import given
from hypothesis import strategies as st

from exporters.delivery import Backoff, DeliveryOptions
from exporters.delivery.pace import Backfill

shares = st.floats(0, 1)


@given(share=shares, tries=st.integers(1, 200))
def test_waits_double_up_to_the_cap_and_never_vanish(share: float, tries: int) -> None:
    backoff = Backoff(first_seconds=1, most_seconds=60, share=lambda: share)
    waits = [backoff.next_seconds() for _ in range(tries)]
    for number, wait in enumerate(waits):
        whole = min(60.0, 2.0**number)
        assert whole / 2 <= wait <= whole
    backoff.reset()
    assert backoff.next_seconds() <= 1


@given(share=shares, asked=st.floats(0, 1e12))
def test_the_server_is_left_alone_as_long_as_it_asks(share: float, asked: float) -> None:
    wait = Backoff(share=lambda: share).next_seconds(asked)
    assert min(asked, 3600) <= wait <= 3600 + 10


@given(
    rate=st.floats(1, 1e5),
    batches=st.lists(st.integers(1, 5000), max_size=20),
    phase=shares,
)
def test_the_backlog_never_goes_out_faster_than_its_rate(
    rate: float, batches: list[int], phase: float
) -> None:
    options = DeliveryOptions(lane="l", backfill_rows_per_second=rate, phase_share=phase)
    backfill = Backfill(options)
    assert 1 <= backfill.rows <= options.batch_rows
    backfill.begin(100.0)
    start = now = backfill.next_at
    assert 100 <= start <= 100 + phase * max(options.batch_seconds + 1, 1 / rate) + 1e-9
    sent = 0
    for rows in batches:
        assert sent <= rate * (now - start) * (1 + 1e-9) + 1e-6
        backfill.sent(now, rows)
        sent += rows
        now = backfill.next_at


def test_an_unlimited_backlog_does_not_wait() -> None:
    options = DeliveryOptions(lane="l", backfill_rows_per_second=math.inf, phase_share=0.7)
    backfill = Backfill(options)
    backfill.begin(5.0)
    backfill.sent(5.0, 5000)
    assert (backfill.next_at, backfill.rows) == (5.0, 5000)


def test_only_a_new_backlog_waits_for_its_phase() -> None:
    backfill = Backfill(DeliveryOptions(lane="l", phase_share=0.5))
    backfill.begin(0.0)
    assert backfill.next_at == 5.0
    backfill.begin(3.0)
    assert backfill.next_at == 5.0
    backfill.end()
    backfill.begin(20.0)
    assert backfill.next_at == 25.0
