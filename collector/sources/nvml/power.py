"""The power thread's read: one driver call, no allocation that could be avoided."""

from collections.abc import MutableSequence, Sequence

from collector.catalogue import Metric
from collector.sources.nvml.calls import FIELDS, Call, FieldBatch
from collector.sources.nvml.errors import NOT_OFFERED, as_error
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.plan import probe
from collector.sources.nvml.spec import FieldSpec, ReadSpec, alternatives
from collector.sources.protocol import PowerReader, SourceError

_WORDS_PER_FIELD = 10
_TYPE, _CODE, _VALUE = 6, 7, 8
_UNSIGNED_INT = 1


class FieldPower:
    """Instant power of all scopes as field values, one call for all.

    Args:
        batch: the fields, in the order of `scopes`.
        scopes: their scopes.
    """

    def __init__(self, batch: FieldBatch, scopes: Sequence[str]) -> None:
        self.scopes = tuple(scopes)
        self._batch = batch
        self._invoke = batch.invoke
        self._words = batch.words
        self._more = tuple(
            (position, position * _WORDS_PER_FIELD) for position in range(1, len(self.scopes))
        )

    def read(self, milliwatts: MutableSequence[int]) -> None:
        """Read all scopes into `milliwatts`; -1 where one failed.

        Raises:
            SourceError: the call as a whole failed, or the first scope did.
        """
        code = self._invoke()
        words = self._words
        if code or words[_CODE]:
            raise as_error(code or words[_CODE], "power")
        if words[_TYPE] == _UNSIGNED_INT:
            milliwatts[0] = words[_VALUE]
        else:
            milliwatts[0] = self._by_type(0)
            if milliwatts[0] < 0:
                raise SourceError("power: the driver gave no value", "sentinel")
        for position, offset in self._more:
            milliwatts[position] = -1 if words[offset + _CODE] else self._by_type(position)

    def _by_type(self, position: int) -> int:
        value = self._batch.value(position)
        return -1 if value is None else int(value)


class CallPower:
    """Power by nvmlDeviceGetPowerUsage, where the driver knows no fields."""

    scopes: tuple[str, ...] = ("gpu",)

    def __init__(self, call: Call) -> None:
        self._name = call.name
        self._invoke = call.invoke
        self._output = call.outputs[0]

    def read(self, milliwatts: MutableSequence[int]) -> None:
        """Read the GPU's power.

        Raises:
            SourceError: the call failed.
        """
        code = self._invoke()
        if code:
            raise as_error(code, self._name)
        milliwatts[0] = self._output.value


def power_reader(door: Door, handle: Handle, metric: Metric) -> PowerReader | None:
    """The best way to read a GPU's power, or None where there is none.

    Raises:
        SourceError: the GPU is lost or the driver gone.
    """
    fields: list[tuple[str, FieldSpec]] = []
    for labels, spec in metric.reads["nvml"].items():
        for candidate in alternatives(spec):
            if isinstance(candidate, ReadSpec):  # the fast path reads no more than it must
                continue
            code = probe(door, handle, candidate)
            if code is None or code in NOT_OFFERED:
                continue
            if isinstance(candidate, FieldSpec):
                fields.append((labels[0], candidate))
                break
            function = door.function(candidate.function)
            if not fields and function is not None:
                return CallPower(Call(candidate.function, function, handle, candidate.arguments))
    function = door.function(FIELDS)
    if not fields or function is None:
        return None
    batch = FieldBatch(function, handle, [(spec.field_id, spec.scope) for _, spec in fields])
    return FieldPower(batch, [scope for scope, _ in fields])
