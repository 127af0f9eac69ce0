"""The series of the machine around simulated GPUs: a tray with Redfish and Grace's meters."""

from collections.abc import Iterator
from typing import NamedTuple

from benchmarks.fleet.machines import NODE_LOSS, NODE_WATTS, SERVER_WATTS, Machine
from collector.catalogue import Labels
from collector.sources.simulated.models import BoardModel

Series = dict[str, dict[Labels, float]]
_SOCKETS = 2
_AGES = {"redfish": (10.0, 4.0), "hwmon": (1.0, 0.0)}


class Power(NamedTuple):
    """Watts of late, and joules since the machine was switched on."""

    watts: float
    joules: float

    def scaled(self, by: float) -> "Power":
        """A share of it."""
        return Power(self.watts * by, self.joules * by)


class Sensor(NamedTuple):
    """One sensor of the host: its labels and what it measures."""

    source: str
    scope: str
    device: str
    via: str
    power: Power


def host_values(
    model: BoardModel,
    machine: Machine,
    at_s: float,
    boot_s: float,
    gpus: tuple[Power, ...],
    processors: tuple[Power, ...],
) -> Series:
    """The host's series, by metric name and labels; without GPUs expected and visible.

    Args:
        model: the kind of board.
        machine: the node.
        at_s: now.
        boot_s: when it was switched on.
        gpus: each GPU's power.
        processors: each GPU's part of its module's processor.
    """
    inside = sum(one.watts for one in (*gpus, *processors))
    inside_joules = sum(one.joules for one in (*gpus, *processors))
    rest = NODE_WATTS if model.is_module else SERVER_WATTS
    on = machine.course.at(at_s).on - machine.course.at(boot_s).on
    node = Power(inside * (1 + NODE_LOSS) + rest, inside_joules * (1 + NODE_LOSS) + rest * on)
    sensors = list(_sensors(model, gpus, processors, node))
    keys = [(one.source, one.scope, one.device) for one in sensors]
    chosen = next(one for one in sensors if one.source == "redfish")
    return {
        "host_power_watts": {key: one.power.watts for key, one in zip(keys, sensors, strict=True)},
        "host_energy_joules_total": {
            key: one.power.joules for key, one in zip(keys, sensors, strict=True)
        },
        "host_energy_estimated_joules_total": dict.fromkeys(keys, 0.0),
        "host_input_power_watts": {(): node.watts},
        "host_input_energy_joules_total": {(): node.joules},
        "host_input_energy_estimated_joules_total": {(): 0.0},
        "host_input_source": {(chosen.source, chosen.scope): 1.0},
        "host_sensor_info": {(*key, one.via): 1.0 for key, one in zip(keys, sensors, strict=True)},
        "host_sample_age_seconds": _ages(machine, at_s, {one.source for one in sensors}),
    }


def _sensors(
    model: BoardModel, gpus: tuple[Power, ...], processors: tuple[Power, ...], node: Power
) -> Iterator[Sensor]:
    if not model.is_module:
        yield Sensor("redfish", "ac_input", "PSU0", "EnvironmentMetrics", node)
        return
    modules, graces = [], []
    for socket in range(_SOCKETS):
        of_socket = slice(socket, None, _SOCKETS)
        grace = _sum(processors[of_socket])
        graces.append(grace)
        modules.append(_sum((grace, *gpus[of_socket])))
    for socket, (module, grace) in enumerate(zip(modules, graces, strict=True)):
        yield Sensor("hwmon", "module", f"module-{socket}", "power_meter", module)
        yield Sensor("hwmon", "cpu", f"grace-{socket}", "power_meter", grace)
        yield Sensor("hwmon", "cpu_rail", f"cpu-{socket}", "power_meter", grace.scaled(0.62))
        yield Sensor("hwmon", "sysio_rail", f"sysio-{socket}", "power_meter", grace.scaled(0.18))
    yield Sensor("redfish", "dc_node", "Chassis_0", "EnvironmentMetrics", node)
    for socket, module in enumerate(modules):
        name = f"HGX_ProcessorModule_{socket}"
        yield Sensor("redfish", "module", name, "EnvironmentMetrics", module)
    for socket, grace in enumerate(graces):
        yield Sensor("redfish", "cpu", f"CPU_{socket}", "EnvironmentMetrics", grace)


def _sum(powers: tuple[Power, ...]) -> Power:
    return Power(sum(one.watts for one in powers), sum(one.joules for one in powers))


def _ages(machine: Machine, at_s: float, sources: set[str]) -> dict[Labels, float]:
    """Each source is read in its own period, nodes at different times."""
    return {
        (name,): (at_s + machine.number * 0.37) % period + behind
        for name, (period, behind) in _AGES.items()
        if name in sources
    }
