"""One fake GPU: its truth, its readings, its faults."""

from collections.abc import Sequence

from tests.fake_nvml import layout
from tests.fake_nvml.codes import EVENT_XID
from tests.fake_nvml.counter import Counter
from tests.fake_nvml.faults import Faults
from tests.fake_nvml.fields import Fields, ValueType
from tests.fake_nvml.partition import Partition
from tests.fake_nvml.readings import Readings


class FakeGpu(Counter, Readings, Fields, Partition, Faults):
    """One GPU.

    Every change takes effect in running clients at once.  Units are in the
    names; power limits in mW, temperatures in degrees Celsius, utilization in %.
    """

    @property
    def uuid(self) -> str:
        """NVML's UUID of this GPU."""
        value = self.state.uuid
        assert isinstance(value, bytes)
        return value.decode()

    def set_retired_pages(
        self,
        *,
        single_bit: Sequence[int] = (),
        double_bit: Sequence[int] = (),
        pending: bool = False,
        timestamp_microseconds: int = 1_600_000_000_000_000,
    ) -> None:
        """Set the addresses of the retired pages, and with them the fields 29 to 31."""
        state = self.state
        pages = [*((address, 0) for address in single_bit), *((a, 1) for a in double_bit)]
        if len(pages) > layout.RETIRED_PAGES_MAX:
            raise ValueError("too many retired pages")
        state.retired_page_count = 0
        for slot, (address, cause) in enumerate(pages):
            state.retired_pages[slot] = layout.RetiredPageState(
                address, timestamp_microseconds, cause
            )
        state.retired_page_count = len(pages)
        state.retired_pages_pending = int(pending)
        for field, value in ((29, len(single_bit)), (30, len(double_bit)), (31, int(pending))):
            self.set_field(field, value, kind=ValueType.UINT)

    def inject_event(self, event_type: int, event_data: int) -> None:
        """Deliver an event to the event sets that asked for its type."""
        with self._fake.lock:
            head = int(self._fake.state.event_head)
            event = self._fake.state.events[head % layout.EVENTS_MAX]
            event.gpu_index = self.index
            event.event_type = event_type
            event.event_data = event_data
        with self._fake.lock:
            self._fake.state.event_head = head + 1

    def inject_xid(self, xid: int) -> None:
        """Deliver a critical XID."""
        self.inject_event(EVENT_XID, xid)
