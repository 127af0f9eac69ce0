"""Faults of calls: delayed, hung, refused; by group, by function, by field in the batch."""

import ctypes
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.fake_nvml import functions
from tests.fake_nvml.codes import ERROR_NOT_SUPPORTED
from tests.fake_nvml.groups import ALL_GROUPS, Group, group_mask
from tests.fake_nvml.layout import FieldFaultState, FunctionState
from tests.fake_nvml.part import Part


@dataclass(frozen=True, slots=True)
class BatchWith:
    """A nvmlDeviceGetFieldValues whose batch holds a field, of whatever scope."""

    field: int


Target = Group | str | BatchWith
"""A group, a function's name (with or without its version's suffix), or a batch."""
Targets = Target | Iterable[Target]


def each_target(targets: Targets) -> Iterator[Target]:
    """One target or several."""
    if isinstance(targets, Group | str | BatchWith):
        yield targets
    else:
        yield from targets


def clear(faults: ctypes.Array[FunctionState]) -> None:
    """End all hangs of functions."""
    for fault in faults:
        if fault.is_hung:
            fault.is_hung = 0


class Faults(Part):
    """What befalls the calls on one GPU."""

    def _fault(self, target: str | BatchWith) -> FunctionState | FieldFaultState:
        state = self.state
        if isinstance(target, BatchWith):
            state.has_field_faults = 1
            fault = state.field_faults[target.field]
        else:
            fault = state.functions[functions.number(target)]
        assert isinstance(fault, FunctionState | FieldFaultState)
        return fault

    def set_latency(self, microseconds: float, targets: Targets | None = None) -> None:
        """Delay every call, or those of the targets.

        A group's own latency replaces the general one for a function and comes
        on top of it for a field within nvmlDeviceGetFieldValues; a function's
        and a batch's come on top. 0 removes it.
        """
        nanoseconds = round(microseconds * 1000)
        if targets is None:
            self.state.latency_nanoseconds = nanoseconds
            return
        for target in each_target(targets):
            if isinstance(target, Group):
                self.state.group_latency_nanoseconds[target] = nanoseconds
            else:
                self._fault(target).latency_nanoseconds = nanoseconds

    def hang(self, targets: Targets = ALL_GROUPS) -> None:
        """Block the calls of the targets (all of them) until release().

        Groups replace those hung before; functions and batches are added.
        """
        groups = []
        for target in each_target(targets):
            if isinstance(target, Group):
                groups.append(target)
            else:
                self._fault(target).is_hung = 1
        if groups:
            self.state.hang_mask = group_mask(groups)

    def release(self, targets: Targets | None = None) -> None:
        """End hang(), of everything or of the targets."""
        state = self.state
        if targets is not None:
            for target in each_target(targets):
                if isinstance(target, Group):
                    state.hang_mask &= ~group_mask(target)
                else:
                    self._fault(target).is_hung = 0
            return
        state.hang_mask = 0
        clear(state.functions)
        if state.has_field_faults:
            for fault in state.field_faults:
                fault.is_hung = 0

    @property
    def hung_calls(self) -> int:
        """Calls that have run into a hang so far."""
        return int(self.state.hung_calls)

    def lose(self) -> None:
        """Let every call fail with NVML_ERROR_GPU_IS_LOST."""
        self.state.is_lost = 1

    def recover(self) -> None:
        """End lose()."""
        self.state.is_lost = 0

    def set_unsupported(self, targets: Targets, *, value: bool = True) -> None:
        """Add the targets to what the GPU does not support, or take them off."""
        for target in each_target(targets):
            if isinstance(target, Group):
                mask, present = group_mask(target), int(self.state.unsupported_mask)
                self.state.unsupported_mask = present | mask if value else present & ~mask
            else:
                self._fault(target).error = ERROR_NOT_SUPPORTED if value else 0

    def set_error(self, targets: Targets, code: int | None) -> None:
        """Let calls (or fields) of the targets fail with an NVML code; None: no more.

        A group's error is that of a field alone, a batch's that of the whole call.
        """
        for target in each_target(targets):
            if isinstance(target, Group):
                self.state.group_error[target] = code or 0
            else:
                self._fault(target).error = code or 0

    # ---- What the clients did -----------------------------------------------

    def calls(self, what: Group | str | None = None) -> int:
        """Calls so far on this GPU, of a group or function; for a field's group: fields so far."""
        if what is None:
            return int(self.state.total_calls)
        if isinstance(what, Group):
            return int(self.state.calls[what])
        return int(self.state.functions[functions.number(what)].calls)

    def functions_called(self) -> dict[str, int]:
        """How often each function was called on this GPU, those that were."""
        counted = zip(functions.names(), self.state.functions, strict=False)
        return {name: int(function.calls) for name, function in counted if function.calls}

    @property
    def concurrent_calls(self) -> int:
        """Calls begun while another call of the same process was on this GPU."""
        return int(self.state.concurrent_calls)
