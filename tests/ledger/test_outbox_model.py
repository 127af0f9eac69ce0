"""Any order of events leaves the outbox as a simple model of it."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.ledger import Ledger, LedgerReader, OutboxRow, lanes
from tests.ledger.values import delivering, item, open_ledger

LANES = ("influxdb", "mqtt")
SOON = 10

lane_names = st.sampled_from(LANES)
some = st.sets(st.integers(0, 30), max_size=12)  # places in what was ever put in
steps = st.one_of(
    st.tuples(st.just("submit"), st.lists(lane_names, max_size=8)),
    st.tuples(st.just("acknowledge"), lane_names, some),
    st.tuples(st.just("quarantine"), lane_names, some),
    st.tuples(st.just("resend"), lane_names),
    st.tuples(st.just("expire")),
    st.tuples(st.just("restart")),
)


@dataclass
class Model:
    """What ought to be in one lane."""

    ever: list[OutboxRow] = field(default_factory=list)
    waiting: set[int] = field(default_factory=set)
    marked: set[int] = field(default_factory=set)
    quarantined: set[int] = field(default_factory=set)

    def ids(self, places: set[int]) -> list[int]:
        """Row ids at these places, and one that never was."""
        return [self.ever[place].id for place in places if place < len(self.ever)] + [77]


class Play:
    """The real one and the model, side by side."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ledger: Ledger = open_ledger(path)
        self.models = {lane: Model() for lane in LANES}
        self._submitted = 0

    def submit(self, names: list[str]) -> None:
        items = []
        for lane in names:
            self._submitted += 1
            items.append(item(f"{self._submitted}", lane=lane, topic=f"{self._submitted % 2}"))
        self.ledger.submit(delivering(*items, wall_ns=self._submitted))
        for lane, model in self.models.items():
            after_id = model.ever[-1].id if model.ever else 0
            new = self.fetch(lane, after_id=after_id)
            assert [row.payload for row in new] == [
                one.payload for one in items if one.lane == lane
            ]
            model.ever += new
            model.waiting |= {row.id for row in new}

    def acknowledge(self, lane: str, places: set[int]) -> None:
        model = self.models[lane]
        ids = model.ids(places)
        self.ledger.outbox.acknowledge(lane, ids).result(SOON)
        model.marked |= model.waiting & set(ids)
        model.waiting -= set(ids)

    def quarantine(self, lane: str, places: set[int]) -> None:
        model = self.models[lane]
        ids = model.ids(places)
        self.ledger.outbox.quarantine(lane, dict.fromkeys(ids, "no")).result(SOON)
        model.quarantined |= model.waiting & set(ids)
        model.waiting -= set(ids)

    def resend(self, lane: str) -> None:
        model = self.models[lane]
        assert self.ledger.outbox.resend_recent(lane).result(SOON) == len(model.marked)
        model.waiting |= model.marked
        model.marked.clear()

    def expire(self) -> None:
        """A minute passes, and a window closes."""
        kept, lanes.RESEND_SECONDS = lanes.RESEND_SECONDS, -1
        try:
            self.submit([])
        finally:
            lanes.RESEND_SECONDS = kept
        for model in self.models.values():
            model.marked.clear()

    def restart(self) -> None:
        assert self.ledger.close(timeout_seconds=SOON)
        self.ledger = open_ledger(self.path)
        for model in self.models.values():
            model.waiting |= model.marked
            model.marked.clear()

    def fetch(self, lane: str, *, after_id: int = 0, newest: bool = False) -> list[OutboxRow]:
        outbox = self.ledger.outbox
        return outbox.fetch(
            lane, rows=1000, payload_bytes=10**6, after_id=after_id, newest_first=newest
        ).result(SOON)

    def check(self) -> None:
        """Both are alike."""
        with LedgerReader(self.path) as reader:
            for lane, model in self.models.items():
                waiting = [row for row in model.ever if row.id in model.waiting]
                assert self.fetch(lane) == waiting
                assert self.fetch(lane, newest=True) == waiting[::-1]
                status = self.ledger.outbox.status(lane)
                assert status.waiting_rows == len(waiting)
                assert status.waiting_bytes == sum(len(row.payload) for row in waiting)
                assert status.oldest_wall_ns == (waiting[0].created_wall_ns if waiting else None)
                assert status.quarantined_rows == len(model.quarantined)
                present = model.waiting | model.marked
                assert {row.id for row in reader.outbox_rows(lane)} == present
                for topic in "01":
                    seqs = [row.seq for row in model.ever if row.topic == topic]
                    assert seqs == list(range(seqs[0], seqs[0] + len(seqs))) if seqs else True


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=20))
def test_the_outbox_does_what_a_simple_model_does(
    events: list[tuple[str, ...]],
) -> None:
    with tempfile.TemporaryDirectory() as place:
        play = Play(Path(place) / "ledger")
        for name, *arguments in events:
            getattr(play, name)(*arguments)
            play.check()
        assert play.ledger.close(timeout_seconds=SOON)
