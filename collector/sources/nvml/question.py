"""Questions to the driver, asked one at a time: a call, a field value, or what a reader asks."""

import statistics
import time
from collections.abc import Callable
from typing import Protocol

from collector.catalogue import ANY, Labels
from collector.sources.nvml.calls import FIELDS, Call, FieldBatch
from collector.sources.nvml.errors import NOT_OFFERED, raise_if_fatal, word
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.readers import READERS, Found, Reader, UnsupportedError
from collector.sources.nvml.recording import Record, RecordingDoor
from collector.sources.nvml.spec import CallSpec, FieldSpec, ReadSpec, Spec
from collector.sources.protocol import DriverGoneError, GpuLostError, SourceError

Values = dict[Labels, float | None]
"""Values by label values; None for a sentinel."""


class Question(Protocol):
    """One thing to ask, and what was answered last."""

    @property
    def spent_ns(self) -> list[int]:
        """How long each time took."""

    def ask(self, about_to: Callable[[str], None]) -> None:
        """Ask once, saying before each call of the driver which function it is.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """

    def offers(self, spec: Spec) -> bool:
        """Whether the driver knows this question."""

    def error(self, spec: Spec) -> str:
        """The word for why there is no answer; empty where there is one."""

    def values(self, spec: Spec, labels: Labels) -> Values:
        """What the answer means in SI units: one series, or all where `labels` is ANY."""

    def records(self) -> list[Record]:
        """The calls made and their answers as JSON holds them: code, and output bytes in hex."""


class DriverQuestion:
    """One distinct call of the driver."""

    def __init__(self, door: Door, handle: Handle, spec: FieldSpec | CallSpec) -> None:
        self.spec = spec
        self.name = FIELDS if isinstance(spec, FieldSpec) else spec.function
        self.call: Call | None = None
        self.spent_ns: list[int] = []
        self._batch: FieldBatch | None = None
        self._code: int | None = None
        """nvmlReturn_t, of the field where it is one; None where the driver has no function."""
        self._call_code: int | None = None
        function = door.function(self.name)
        if function is not None and isinstance(spec, FieldSpec):
            self._batch = FieldBatch(function, handle, [(spec.field_id, spec.scope)])
        elif function is not None and isinstance(spec, CallSpec):
            self.call = Call(spec.function, function, handle, spec.arguments)

    def ask(self, about_to: Callable[[str], None]) -> None:
        """Call the driver once."""
        about_to(self.name)
        call = self.call or self._batch
        if call is None:
            return
        start_ns = time.monotonic_ns()
        self._call_code = call.invoke()
        self.spent_ns.append(time.monotonic_ns() - start_ns)
        self._code = self._call_code or (self._batch.code(0) if self._batch is not None else 0)
        raise_if_fatal(self._code, self.name)

    def offers(self, spec: Spec) -> bool:
        """Whether the driver knows this question, and has a sensor behind it."""
        known = self._code is not None and self._code not in NOT_OFFERED
        return known and not self._is_nothing(spec)

    def error(self, spec: Spec) -> str:
        """The word for why there is no answer."""
        if self._code is None:
            return "function_not_found"
        if self._is_nothing(spec):
            return "no_sensor"
        return word(self._code) if self._code else ""

    def _is_nothing(self, spec: Spec) -> bool:
        """Whether it answered 0 where that says that there is no such sensor."""
        if self._code or isinstance(spec, ReadSpec) or not spec.nonzero:
            return False
        return self.values(spec, ()) == {(): 0.0}

    def values(self, spec: Spec, labels: Labels) -> Values:
        """The one series that the call serves."""
        if self._batch is not None and isinstance(spec, FieldSpec):
            found = self._batch.value(0)
            return {labels: None if found is None else found * spec.factor}
        if self.call is None or not isinstance(spec, CallSpec):
            return {labels: None}
        raw = self.call.value(spec.member)
        if raw is None:
            return {labels: None}
        return {labels: float(bool(raw & spec.mask)) if spec.mask else raw * spec.factor}

    def records(self) -> list[Record]:
        """The call."""
        said: Record = {"function": self.name}
        if isinstance(self.spec, FieldSpec):
            said |= {"field": self.spec.field_id, "scope": self.spec.scope}
        else:
            said["arguments"] = list(self.spec.arguments)
        said["code"] = self._call_code
        if self._batch is not None:
            said["raw"] = self._batch.raw().hex()
        elif self.call is not None:
            said["outputs"] = [bytes(output).hex() for output in self.call.outputs]
        # The first call of all pays for much that later ones do not.
        spent_ns = self.spent_ns[1:] or self.spent_ns
        if spent_ns:
            said["cost_median_us"] = round(statistics.median(spent_ns) / 1000, 1)
            said["cost_max_us"] = round(max(spent_ns) / 1000, 1)
        return [said]


class ReaderQuestion:
    """All that one reader asks, each call of it kept."""

    def __init__(self, door: Door, handle: Handle, index: int, name: str) -> None:
        self.spent_ns: list[int] = []
        self._name = name
        self._handle = handle
        self._door = RecordingDoor(door, handle, index, lambda _: None)
        self._reader: Reader | None = None
        self._found = Found()
        self._error = "not_supported"

    def ask(self, about_to: Callable[[str], None]) -> None:
        """Let the reader look, the first time, and read."""
        self._door.about_to = about_to
        self._found = Found()
        try:
            if self._reader is None:
                self._reader = READERS[self._name](self._door, self._handle)
            start_ns = time.monotonic_ns()
            self._found = self._reader.read()
            self.spent_ns.append(time.monotonic_ns() - start_ns)
            self._error = ""
        except UnsupportedError:
            self._error = "not_supported"
        except (GpuLostError, DriverGoneError):
            raise
        except SourceError as error:
            self._error = error.word

    def offers(self, spec: Spec) -> bool:
        """Whether there is such a reader, and it has that output."""
        return (
            self._reader is not None
            and isinstance(spec, ReadSpec)
            and spec.output in self._reader.outputs
        )

    def error(self, spec: Spec) -> str:
        """The word for why there is nothing, or not all."""
        if self._error or not isinstance(spec, ReadSpec):
            return self._error
        return self._found.failed.get(spec.output, "")

    def values(self, spec: Spec, labels: Labels) -> Values:
        """The series of an output that the labels ask for, as far as there are any."""
        if not isinstance(spec, ReadSpec):
            return {}
        series = self._found.values.get(spec.output, {})
        return {key: value for key, value in series.items() if labels in (ANY, key)}

    def records(self) -> list[Record]:
        """Every call the reader made; ids of machines in them under `ids`, in hex."""
        secrets = [secret.hex() for secret in self._reader.secrets()] if self._reader else []
        return [record | {"ids": secrets} if secrets else record for record in self._door.records()]
