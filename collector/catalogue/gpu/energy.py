"""A GPU's energy, and how far its counter can be believed."""

from collector.catalogue.types import Kind, Metric, Rate, Unit

ENERGY = (
    Metric(
        key="gpu_energy",
        kind=Kind.COUNTER,
        unit=Unit.JOULES,
        help="Energy used; kept over restarts. A module contains its GPU: never add scopes.",
        labels=("scope",),
        rate=Rate.TELEMETRY,
        # One hardware counter; which scope it counts is found out, so no label here.
        reads={
            "nvml": {(): "call nvmlDeviceGetTotalEnergyConsumption() mJ"},
            "simulated": {(): "energy_counter"},
        },
    ),
    Metric(
        key="gpu_energy_estimated",
        kind=Kind.COUNTER,
        unit=Unit.JOULES,
        help="The part of gpu_energy_joules_total that was neither counted nor measured.",
        labels=("scope",),
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_energy_counter",
        kind=Kind.GAUGE,
        unit=Unit.RATIO,
        help="Hardware energy counter over the integral of power, over the last minute.",
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_energy_refusals",
        kind=Kind.COUNTER,
        help="Readings of the energy counter that were refused as impossible, by reason.",
        labels=("reason",),
        rate=Rate.DERIVED,
    ),
    Metric(
        key="gpu_energy_resets",
        kind=Kind.COUNTER,
        help="Times that the hardware energy counter started anew.",
        rate=Rate.DERIVED,
    ),
)
