"""A site's worth of nodes in one process: what Prometheus, rules and dashboards are loaded with.

    site = load(Path("deploy/sites/computing-centre-phase-1.toml"))
    fleet = Fleet(site, seed=1)
    fleet.apply(Event(kind=EventKind.GPU_LOST, node="h01r01k1n01", gpu=2, begin_s=now))
    fleet.site_watts(now)                       # the truth, at any time, in any order
    with running(fleet) as simulator:           # /metrics of every node and of the site daemon
        write_targets(site, Path("sd"), simulator.address)

Everything is a pure function of the site file, the seed, the events and the time: power is given in
closed form together with its integral, so energy counters, meters and sums agree exactly, and the
past can be written out as fast as the present is served. Times (`_s`) are UTC seconds since 1970.
"""

from benchmarks.fleet.fleet import Fleet
from benchmarks.fleet.scenario import Event, EventKind, ScenarioError, load_scenario
from benchmarks.fleet.targets import write_targets

__all__ = ["Event", "EventKind", "Fleet", "ScenarioError", "load_scenario", "write_targets"]
