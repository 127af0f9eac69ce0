"""The power of the machine around the GPUs: reads it, accounts for it, shows it."""

from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from collector.catalogue import Labels
from collector.daemon.faults import FaultBoard
from collector.daemon.host_account import KIND, HostAccount
from collector.daemon.host_source import SourceTask
from collector.energy.edges import SECOND_NS, Edges
from collector.energy.meter import Plan
from collector.ledger import AccountKey, AccountState
from collector.model import HostSensor, Window
from collector.sources.host.best import RANKING, NodeInput, best_input
from collector.sources.host.protocol import HostReading, HostSource

Series = dict[str, dict[Labels, float]]

INPUT = HostSensor(source="best", device="node")
"""What the node draws by whichever source is best: an account of its own, so that it goes on when
the source changes and no stretch is counted by two of them."""
INPUT_SCOPE = "input"
_MAY_BE_INPUT = {source for _, source in RANKING}


class HostWatch:
    """All sources of host power of a node. Owned by the event loop.

    Args:
        sources: each with whether the configuration asks for it.
        plan: the meters' plan; the periods are put in by source.
        edges: the wall clock's seconds.
        accounts: what the ledger holds.
        faults: told when a source that was asked for is not well.
        phase: where in their periods this node reads, 0 to 1.
    """

    def __init__(
        self,
        sources: Iterable[tuple[HostSource, bool]],
        plan: Plan,
        edges: Edges,
        accounts: Mapping[AccountKey, AccountState],
        faults: FaultBoard,
        *,
        phase: float = 0.0,
    ) -> None:
        self._plan = plan
        self._edges = edges
        self._before = {key: state for key, state in accounts.items() if key.kind == KIND}
        self._accounts: dict[AccountKey, HostAccount] = {}
        self._input: HostAccount | None = None
        self._input_ns = 0
        self.tasks = [
            SourceTask(
                source, partial(self._take, source), faults, asked_for=asked_for, phase=phase
            )
            for source, asked_for in sources
        ]

    def background(self) -> Iterable[tuple[str, Coroutine[None, None, None]]]:
        """What runs beside the ticks."""
        return [(f"host {task.source.name}", task.run()) for task in self.tasks]

    def advance(self, now_ns: int) -> list[Window]:
        """Account for everything up to now; return the windows that closed."""
        return [window for account in self._all() for window in account.advance(now_ns)]

    def finish(self, now_ns: int) -> list[Window]:
        """Account for everything there is: the end of a run."""
        return [window for account in self._all() for window in account.finish(now_ns)]

    def states(self, *, clean: bool) -> dict[AccountKey, AccountState]:
        """Every account as of the last window that closed."""
        states = {account.key: account.state(clean=clean) for account in self._all()}
        return {key: state for key, state in states.items() if state is not None}

    def landed(self, states: Mapping[AccountKey, AccountState]) -> None:
        """These accounts are on disk now; its own are taken from them."""
        for account in self._all():
            if account.key in states:
                account.landed(states[account.key])

    def best(self, now_ns: int) -> NodeInput | None:
        """What the node draws now, by the best source that answers in full."""
        return best_input(reading for task in self.tasks for reading in task.fresh(now_ns))

    def values(self, now_ns: int) -> Series:
        """Everything that is shown, by metric name and labels."""
        values: Series = {}
        for account in self._accounts.values():
            self._show_sensor(values, account, now_ns)
        self._show_input(values, now_ns)
        for task in self.tasks:
            name = task.source.name
            if task.latest_ns is not None:
                # It may have been read since the tick began.
                age = max(now_ns - task.latest_ns, 0) / SECOND_NS
                values.setdefault("host_sample_age_seconds", {})[name,] = age
            for word, count in task.errors.items():
                values.setdefault("host_read_errors_total", {})[name, word] = float(count)
        for account in self._accounts.values():
            if account.refused:
                errors = values.setdefault("host_read_errors_total", {})
                labels = (account.sensor.source, "implausible")
                errors[labels] = errors.get(labels, 0.0) + account.refused
        return values

    def _all(self) -> list[HostAccount]:
        known = list(self._accounts.values())
        return known if self._input is None else [*known, self._input]

    def _take(self, source: HostSource, readings: Sequence[HostReading]) -> None:
        for reading in readings:
            if not reading.error:
                self._account(reading, source.seconds).take(reading)
        if source.name in _MAY_BE_INPUT and readings:
            self._take_input(max(reading.monotonic_ns for reading in readings))

    def _take_input(self, now_ns: int) -> None:
        best = self.best(now_ns)
        if best is None or best.monotonic_ns <= self._input_ns:
            return
        self._input_ns = best.monotonic_ns
        if self._input is None:
            # A pause is what it is for the slowest source that may be the best.
            sources = [task.source for task in self.tasks if task.source.name in _MAY_BE_INPUT]
            self._input = self._new(INPUT, INPUT_SCOPE, max(one.seconds for one in sources))
        self._input.take(
            HostReading(
                source=INPUT.source,
                scope=INPUT_SCOPE,
                device=INPUT.device,
                monotonic_ns=best.monotonic_ns,
                milliwatts=best.milliwatts,
            )
        )

    def _account(self, reading: HostReading, seconds: float) -> HostAccount:
        sensor = HostSensor(source=reading.source, device=reading.device)
        key = AccountKey(KIND, sensor.key, reading.scope)
        account = self._accounts.get(key)
        if account is None:
            account = self._new(sensor, reading.scope, seconds, reading.counter_range_uj)
            self._accounts[key] = account
        return account

    def _new(
        self, sensor: HostSensor, scope: str, seconds: float, range_uj: int | None = None
    ) -> HostAccount:
        period_ns = round(seconds * SECOND_NS)
        return HostAccount(
            sensor,
            str(scope),
            self._edges,
            replace(self._plan, period_ns=period_ns, counter_ns=period_ns),
            range_uj=range_uj,
            before=self._before.get(AccountKey(KIND, sensor.key, str(scope))),
        )

    def _show_sensor(self, values: Series, account: HostAccount, now_ns: int) -> None:
        watts = account.watts(now_ns)
        if watts is None:
            return
        labels = (account.sensor.source, account.scope, account.sensor.device)
        values.setdefault("host_power_watts", {})[labels] = watts
        values.setdefault("host_sensor_info", {})[*labels, account.via] = 1.0
        shown_mj = account.shown_mj()
        if shown_mj is not None:
            energy = values.setdefault("host_energy_joules_total", {})
            estimated = values.setdefault("host_energy_estimated_joules_total", {})
            energy[labels], estimated[labels] = shown_mj[0] / 1000, shown_mj[1] / 1000

    def _show_input(self, values: Series, now_ns: int) -> None:
        best = self.best(now_ns)
        present = {
            (reading.source, str(reading.scope))
            for task in self.tasks
            for reading in task.fresh(now_ns)
            if (reading.scope, reading.source) in RANKING
        }
        if present:
            chosen = None if best is None else (best.source, str(best.scope))
            values["host_input_source"] = {
                labels: float(labels == chosen) for labels in sorted(present)
            }
        if best is None:
            return
        values["host_input_power_watts"] = {(): best.milliwatts / 1000}
        shown_mj = None if self._input is None else self._input.shown_mj()
        if shown_mj is not None:
            values["host_input_energy_joules_total"] = {(): shown_mj[0] / 1000}
            values["host_input_energy_estimated_joules_total"] = {(): shown_mj[1] / 1000}
