"""Makes each fault happen, and ends it."""

import signal
from collections.abc import Callable
from typing import Final

from benchmarks.chaos.lab import Lab
from benchmarks.chaos.plan import Fault, Kind
from tests.fake_nvml import (
    ALL_GROUPS,
    ENERGY_GROUPS,
    ERROR_TIMEOUT,
    ERROR_UNKNOWN,
    POWER_GROUPS,
    Group,
)

_FAILING: Final = {
    Kind.POWER_ERROR: (*POWER_GROUPS, Group.SAMPLES),
    Kind.COUNTER_ERROR: tuple(ENERGY_GROUPS),
    Kind.GPU_ERROR: tuple(ALL_GROUPS),
}


def begin(lab: Lab, fault: Fault) -> Callable[[], None]:
    """Let a fault begin. Returns what ends it."""
    return _BEGIN[fault.kind](lab, fault)


def _nothing() -> None:
    """It ended by itself."""


def _kill(lab: Lab, fault: Fault) -> Callable[[], None]:
    lab.supervisor.down(signal.SIGKILL, fault.seconds)
    if fault.kind is Kind.KILL_AND_RESET:
        lab.truths[fault.gpu].reset_counter()
    return _nothing


def _stop(lab: Lab, fault: Fault) -> Callable[[], None]:
    lab.supervisor.down(signal.SIGTERM, fault.seconds)
    return _nothing


def _store(lab: Lab, fault: Fault) -> Callable[[], None]:
    lab.store.kill()
    if fault.kind is Kind.STORE_REPLACED:
        lab.store.replace()

    def end() -> None:
        lab.store.start()
        lab.server_started()

    return end


def _broker_kill(lab: Lab, _fault: Fault) -> Callable[[], None]:
    lab.broker.kill()

    def end() -> None:
        lab.broker.start()
        lab.server_started()

    return end


def _broker_freeze(lab: Lab, _fault: Fault) -> Callable[[], None]:
    lab.broker.freeze()

    def end() -> None:
        lab.broker.thaw()
        lab.server_started()

    return end


def _disk(lab: Lab, _fault: Fault) -> Callable[[], None]:
    lab.disk.fill()
    return lab.disk.empty


def _clock(lab: Lab, fault: Fault) -> Callable[[], None]:
    lab.clock.step(fault.step_seconds)
    return lambda: lab.clock.step(-fault.step_seconds)


def _driver(lab: Lab, _fault: Fault) -> Callable[[], None]:
    lab.fake.set_call_error(ERROR_TIMEOUT)
    return lambda: lab.fake.set_call_error(None)


def _error(lab: Lab, fault: Fault) -> Callable[[], None]:
    gpu, targets = lab.fake.gpu(fault.gpu), _FAILING[fault.kind]
    before = [int(gpu.state.group_error[target]) for target in targets]
    gpu.set_error(targets, ERROR_UNKNOWN)

    def end() -> None:
        for target, code in zip(targets, before, strict=True):
            gpu.set_error(target, code)

    return end


def _hang(lab: Lab, fault: Fault) -> Callable[[], None]:
    gpu = lab.fake.gpu(fault.gpu)
    gpu.hang()
    return gpu.release


def _lost(lab: Lab, fault: Fault) -> Callable[[], None]:
    gpu = lab.fake.gpu(fault.gpu)
    gpu.lose()

    def end() -> None:
        lab.truths[fault.gpu].reset_counter()
        gpu.recover()

    return end


def _reset(lab: Lab, fault: Fault) -> Callable[[], None]:
    lab.truths[fault.gpu].reset_counter()
    return _nothing


_BEGIN: Final[dict[Kind, Callable[[Lab, Fault], Callable[[], None]]]] = {
    Kind.KILL: _kill,
    Kind.STOP: _stop,
    Kind.KILL_AND_RESET: _kill,
    Kind.STORE_KILL: _store,
    Kind.STORE_REPLACED: _store,
    Kind.BROKER_KILL: _broker_kill,
    Kind.BROKER_FREEZE: _broker_freeze,
    Kind.DISK_FULL: _disk,
    Kind.CLOCK_STEP: _clock,
    Kind.DRIVER_ERROR: _driver,
    Kind.POWER_ERROR: _error,
    Kind.COUNTER_ERROR: _error,
    Kind.GPU_ERROR: _error,
    Kind.HANG: _hang,
    Kind.LOST: _lost,
    Kind.RESET: _reset,
}
