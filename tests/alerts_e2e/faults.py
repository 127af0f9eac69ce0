"""What goes wrong in the lab, and what must be told of it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.alerts_e2e.desk import PAGERDUTY, Line, Told
from tests.alerts_e2e.lab import Lab
from tests.fake_nvml import FakeGpu

_HOT_REASON = 0x40
"""nvmlClocksEventReasonHwThermalSlowdown."""
_THERMAL_FIELD = 75
"""NVML_FI_DEV_PERF_POLICY_THERMAL: time that heat held clocks down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that goes wrong and ends.

    Attributes:
        what: in words.
        alert: what tells of it.
        severity: `page` or `ticket`.
        begin: lets it go wrong.
        end: puts it right.
        words: a pattern that what is told must hold.
        since: whether it has truly begun; None when it has as soon as `begin` returns.
        lasts: whether the alert goes on for an hour or more after the fault.
    """

    what: str
    alert: str
    severity: str
    begin: Callable[[Lab], object]
    end: Callable[[Lab], object]
    words: str
    since: Callable[[Lab], bool] | None = None
    lasts: bool = False

    def found(self, messages: Iterable[Told]) -> list[tuple[Told, Line]]:
        """What was told of it, in order, to those who must hear it."""
        where = PAGERDUTY if self.severity == "page" else "/queue"
        return [
            (told, line)
            for told in messages
            if told.path == where
            for line in told.lines
            if line.alert == self.alert and re.search(self.words, line.text)
        ]


def _slow(gpu: FakeGpu) -> None:
    gpu.clock_event_reasons = _HOT_REASON
    gpu.count_field(_THERMAL_FIELD, 1e9)


def _cool(gpu: FakeGpu) -> None:
    gpu.clock_event_reasons = 0
    gpu.count_field(_THERMAL_FIELD, 0.0)


def _all(change: Callable[[FakeGpu], None]) -> Callable[[Lab], None]:
    def each(lab: Lab) -> None:
        for gpu in lab.fakes["rack"].gpus:
            change(gpu)

    return each


def _memory(celsius: int) -> Callable[[Lab], None]:
    def heat(lab: Lab) -> None:
        lab.fakes["memory"].gpu(0).memory_temperature_celsius = celsius

    return heat


def _power(kilowatts: float) -> Callable[[Lab], None]:
    def draw(lab: Lab) -> None:
        lab.meters.kilowatts = [kilowatts, *lab.meters.kilowatts[1:]]

    return draw


def _refuse(lab: Lab) -> None:
    lab.desk.refusing = True


def _unload(lab: Lab) -> None:
    lab.daemons["bare"].kill()
    lab.fakes["bare"].set_init_error()
    lab.daemons["bare"].start()


def _accept(lab: Lab) -> None:
    """Take rows again; the daemon's memory of an hour ends with its run."""
    lab.desk.refusing = False
    lab.daemons["outbox"].stop()
    lab.daemons["outbox"].start()


def _dropped(lab: Lab) -> bool:
    return bool(lab.daemons["outbox"].value("wattkeeper_dropped_total"))


FAULTS = (
    Fault(
        what="XID 79 on a GPU",
        alert="GpuXidFatal",
        severity="ticket",
        begin=lambda lab: lab.fakes["xid"].xid(1, 79),
        end=lambda _: None,
        words=r"GPU 1 of xid \(rack k-xid\) reported XID 79, after which it is unfit for work",
        lasts=True,
    ),
    Fault(
        what="heat slows one GPU of twelve",
        alert="GpuThermalSlowdown",
        severity="ticket",
        begin=lambda lab: _slow(lab.fakes["slow"].gpu(3)),
        end=lambda lab: _cool(lab.fakes["slow"].gpu(3)),
        words=r"GPU 3 of slow \(rack k-slow\) was slowed down by heat for \d",
    ),
    Fault(
        what="heat slows a whole rack",
        alert="RackThermalSlowdown",
        severity="page",
        begin=_all(_slow),
        end=_all(_cool),
        words=r"Rack k-rack \(h1, r1\): heat slows down [12] of its 2 GPUs",
    ),
    Fault(
        what="a GPU's memory is hot",
        alert="GpuMemoryTemperatureMarginLow",
        severity="ticket",
        begin=_memory(103),
        end=_memory(60),
        words=r"memory \(rack k-memory\): the memory of a GPU is -?\d+ degrees below its limit",
    ),
    Fault(
        what="a GPU is lost",
        alert="GpuLost",
        severity="ticket",
        begin=lambda lab: lab.fakes["lost"].gpu(1).lose(),
        end=lambda lab: lab.fakes["lost"].gpu(1).recover(),
        words=r"lost \(rack k-lost\) has lost 1 of its 2 GPUs",
    ),
    Fault(
        what="a GPU hangs",
        alert="GpuDown",
        severity="ticket",
        begin=lambda lab: lab.fakes["hung"].gpu(0).hang(),
        end=lambda lab: lab.fakes["hung"].gpu(0).release(),
        words=r"hung \(rack k-hung\): 1 of its 2 GPUs do not answer",
    ),
    Fault(
        what="a node comes up without its driver",
        alert="GpuLost",
        severity="ticket",
        begin=_unload,
        end=lambda lab: lab.fakes["bare"].set_init_error(None),
        words=r"bare \(rack k-bare\) has lost 2 of its 2 GPUs",
    ),
    Fault(
        what="an outbox is full",
        alert="OutboxDropped",
        severity="ticket",
        begin=_refuse,
        end=_accept,
        words=r"test-site: [\d.k]+ rows for influxdb were dropped within the last hour",
        since=_dropped,
    ),
    Fault(
        what="a rack's node dies",
        alert="RackDown",
        severity="page",
        begin=lambda lab: lab.daemons["dead"].kill(),
        end=lambda lab: lab.daemons["dead"].start(),
        words=r"Rack k-dead \(h1, r1\) is silent: none of its 1 nodes answers",
    ),
    Fault(
        what="the site draws over its budget",
        alert="SitePowerOverBudget",
        severity="page",
        begin=_power(400.0),
        end=_power(200.0),
        words=r"test-site draws 400(\.1)?kW at grid, over its budget of 300kW",
    ),
)
