"""What is wrong with one GPU at one instant."""

from collector.catalogue import Labels, Values

AT_WORK_RATIO = 0.2
"""Busy for more than this, a GPU has no reason to let its PCIe link sleep. Ours."""
MISMATCH_RATIO = 0.01
"""An energy counter is told of from here on; the rules' own setting decides what is too much."""

_FLAGS = {
    "row_remap_pending": ("gpu_row_remap_pending", ()),
    "row_remap_failure": ("gpu_row_remap_failure", ()),
    "hardware_slowdown": ("gpu_clock_event_active", ("hardware_slowdown",)),
    "nvlinks_down": ("gpu_nvlink_links", ("down",)),
}
"""Conditions that are a value above 0."""


def conditions(values: Values) -> dict[Labels, float]:
    """The series of `gpu_condition` of a GPU; empty for one that is well.

    Args:
        values: what is shown of the GPU.
    """
    found: dict[Labels, float] = {}
    for condition, (name, labels) in _FLAGS.items():
        value = _one(values, name, labels)
        if value:
            found[condition,] = value
    if _one(values, "gpu_persistence_mode") == 0:
        found["persistence_off",] = 1.0
    found |= _pcie(values)
    ratio = _one(values, "gpu_energy_counter_ratio")
    if ratio is not None and abs(ratio - 1) >= MISMATCH_RATIO:
        found["energy_mismatch",] = abs(ratio - 1)
    for (action,), asked in values.get("gpu_recovery_action", {}).items():
        if asked and action != "none":
            found[f"recovery_{action}",] = 1.0
    for (condition,), active in values.get("gpu_fabric_condition", {}).items():
        if active:
            found[f"fabric_{condition}",] = 1.0
    return found


def _pcie(values: Values) -> dict[Labels, float]:
    found: dict[Labels, float] = {}
    lanes = _lost(values, "gpu_pcie_link_width")
    if lanes > 0:
        found["pcie_lanes_lost",] = lanes
    generations = _lost(values, "gpu_pcie_link_generation")
    busy = _one(values, "gpu_utilization_ratio", ("sm",))
    if generations > 0 and busy is not None and busy > AT_WORK_RATIO:
        found["pcie_generations_lost",] = generations
    return found


def _one(values: Values, name: str, labels: Labels = ()) -> float | None:
    return values.get(name, {}).get(labels)


def _lost(values: Values, name: str) -> float:
    """How much less there is than there could be; 0 where either is unknown."""
    most, now = _one(values, f"{name}_max"), _one(values, name)
    return 0.0 if most is None or now is None else most - now
