"""Faults of a GPU's energy counter and of its power readings."""

import time
from collections.abc import Iterable
from typing import Literal

from tests.fake_nvml.codes import UINT32_MAX, UINT64_MAX
from tests.fake_nvml.groups import POWER_GROUPS, Group, group_mask
from tests.fake_nvml.truth import Truth


class Counter(Truth):
    """What goes wrong with the energy counter, and power that is not the truth."""

    def reset_counter(self, value_millijoules: int = 0) -> int:
        """Restart the counter, from 0 mJ by default; returns the instant in ns."""
        with self._update("counter_sequence") as state:
            now = time.monotonic_ns()
            state.counter_zero_nanoseconds = now
            state.counter_base_millijoules = value_millijoules
            state.counter_is_frozen = 0
        return now

    def jump_counter(self, millijoules: int) -> None:
        """Add to the counter once; negative: a step back."""
        with self._update("counter_sequence") as state:
            state.counter_base_millijoules += millijoules

    def freeze_counter(self) -> int:
        """Stop the counter where it is; returns the instant in ns."""
        with self._update("counter_sequence") as state:
            now = time.monotonic_ns()
            state.counter_frozen_nanoseconds = now
            state.counter_is_frozen = 1
        return now

    def unfreeze_counter(self, *, catch_up: bool = True) -> None:
        """Let the counter run on, with the energy missed or without it."""
        with self._update("counter_sequence") as state:
            if not catch_up and state.counter_is_frozen:
                held = self.expected_counter_millijoules(0)
                state.counter_zero_nanoseconds = time.monotonic_ns()
                state.counter_base_millijoules = held
            state.counter_is_frozen = 0

    def override_counter(self, millijoules: int | None = UINT64_MAX) -> None:
        """Make the counter read a fixed value; None: the real one again."""
        with self._update("counter_sequence") as state:
            if millijoules is not None:
                state.counter_override_millijoules = millijoules
            state.counter_is_overridden = int(millijoules is not None)

    def set_counter_scope(self, scope: Literal["gpu", "module"]) -> None:
        """What the counter counts; set it before a client reads."""
        with self._update("counter_sequence") as state:
            state.counter_scope = int(scope == "module")

    def override_power(
        self,
        milliwatts: int | None = UINT32_MAX,
        groups: Group | Iterable[Group] = POWER_GROUPS,
    ) -> None:
        """Make power read a fixed value in `groups`; None: the real one again."""
        if milliwatts is None:
            self.state.power_override_mask = 0
            return
        self.state.power_override_milliwatts = milliwatts
        self.state.power_override_mask = group_mask(groups)
