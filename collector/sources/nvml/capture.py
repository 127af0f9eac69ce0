"""Every driver call that the catalogue asks for, made one at a time: for `check`, for captures."""

import re
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from collector.catalogue import Labels, Metric
from collector.model import CounterReading
from collector.sources.nvml.calls import Call, FieldBatch
from collector.sources.nvml.errors import NOT_OFFERED, as_error, word
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.plan import FIELDS, is_energy
from collector.sources.nvml.spec import UNITS, CallSpec, FieldSpec, Spec, alternatives
from collector.sources.protocol import DriverGoneError, GpuLostError

_LONG = re.compile(
    r"^call |nvmlDevice(?:Get)?|\(\)|\bNVML_(?:FI_DEV_|TEMPERATURE_THRESHOLD_|TEMPERATURE_|CLOCK_)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one series said when it was asked alone.

    Attributes:
        metric: the metric's name.
        labels: the series' own label values.
        offered: whether this GPU and driver offer it.
        value: in the metric's unit; None where it was not read.
        error: short word why there is no value; empty where there is one.
        way: how it was read, as the catalogue says it.
        short: the same, shorter, for tables.
        spent_ns: duration of the driver call; None where no call was made.
    """

    metric: str
    labels: Labels
    offered: bool
    value: float | None
    error: str
    way: str
    short: str
    spent_ns: int | None


class _Question:
    """One distinct driver call, and what it answered last."""

    def __init__(self, door: Door, handle: Handle, spec: Spec) -> None:
        self.spec = spec
        self.call: Call | None = None
        self.batch: FieldBatch | None = None
        self.code: int | None = None
        """nvmlReturn_t, of the field where it is one; None where the driver has no function."""
        self._call_code: int | None = None
        self.spent_ns: list[int] = []
        if isinstance(spec, FieldSpec):
            function = door.function(FIELDS)
            if function is not None:
                self.batch = FieldBatch(function, handle, [(spec.field_id, spec.scope)])
        else:
            function = door.function(spec.function)
            if function is not None:
                self.call = Call(spec.function, function, handle, spec.arguments)

    @property
    def name(self) -> str:
        """The driver's function."""
        return FIELDS if isinstance(self.spec, FieldSpec) else self.spec.function

    @property
    def offered(self) -> bool:
        """Whether the driver knows this question."""
        return self.code is not None and self.code not in NOT_OFFERED

    def ask(self) -> None:
        """Call the driver once.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """
        call = self.call or self.batch
        if call is None:
            return
        start_ns = time.monotonic_ns()
        self._call_code = call.invoke()
        self.spent_ns.append(time.monotonic_ns() - start_ns)
        self.code = self._call_code or (self.batch.code(0) if self.batch is not None else 0)
        error = as_error(self.code, self.name)
        if self.code and isinstance(error, GpuLostError | DriverGoneError):
            raise error

    def value(self, spec: Spec) -> float | None:
        """What the last answer means for a series, in SI units; None for a sentinel."""
        if self.batch is not None:
            found = self.batch.value(0)
            return None if found is None else found * spec.factor
        if self.call is None or not isinstance(spec, CallSpec):
            return None
        raw = self.call.value(spec.member)
        if raw is None:
            return None
        return float(bool(raw & spec.mask)) if spec.mask else raw * spec.factor

    def record(self) -> dict[str, object]:
        """The call and its answer as JSON holds them: code, and output bytes in hex."""
        said: dict[str, object] = {"function": self.name}
        if isinstance(self.spec, FieldSpec):
            said |= {"field": self.spec.field_id, "scope": self.spec.scope}
        else:
            said["arguments"] = list(self.spec.arguments)
        said["code"] = self._call_code
        if self.batch is not None:
            said["raw"] = self.batch.raw().hex()
        elif self.call is not None:
            said["outputs"] = [bytes(output).hex() for output in self.call.outputs]
        # The first call of all pays for much that later ones do not.
        spent_ns = self.spent_ns[1:] or self.spent_ns
        if spent_ns:
            said["cost_median_us"] = round(statistics.median(spent_ns) / 1000, 1)
            said["cost_max_us"] = round(max(spent_ns) / 1000, 1)
        return said


@dataclass(slots=True)
class _Way:
    """One alternative of a series."""

    spec: Spec
    text: str
    question: _Question


@dataclass(slots=True)
class _Asked:
    """One series with its alternatives, best first."""

    metric: str
    labels: Labels
    ways: list[_Way] = field(default_factory=list)

    @property
    def chosen(self) -> _Way | None:
        """The first alternative that is offered; None where none is."""
        return next((way for way in self.ways if way.question.offered), None)

    def answer(self) -> Answer:
        """What the series said last."""
        chosen = self.chosen
        shown = chosen or self.ways[0]
        question = shown.question
        value = None
        error = ""
        if chosen is None or question.code:
            error = "function_not_found" if question.code is None else word(question.code)
        else:
            value = question.value(chosen.spec)
            error = "sentinel" if value is None else ""
        return Answer(
            metric=self.metric,
            labels=self.labels,
            offered=chosen is not None,
            value=value,
            error=error,
            way=shown.text,
            short=_LONG.sub("", shown.text),
            spent_ns=question.spent_ns[-1] if question.spent_ns else None,
        )


class Survey:
    """Asks one GPU for everything in the catalogue, call by call.

    Args:
        door: NVML.
        handle: the GPU.
        metrics: what to ask for.
    """

    def __init__(self, door: Door, handle: Handle, metrics: Sequence[Metric]) -> None:
        self._questions: dict[tuple[object, ...], _Question] = {}
        self._asked: list[_Asked] = []
        self._counter: _Asked | None = None
        self._looked = False
        for metric in metrics:
            for labels, spec in metric.reads.get("nvml", {}).items():
                asked = _Asked(metric.name, labels)
                for text, candidate in zip(_texts(spec), alternatives(spec), strict=True):
                    question = self._question(door, handle, candidate)
                    asked.ways.append(_Way(candidate, text, question))
                self._asked.append(asked)
                if is_energy(metric):
                    self._counter = asked

    def ask(self, about_to: Callable[[str], None]) -> list[Answer]:
        """Ask every series once; the first time all alternatives, later those in use.

        Args:
            about_to: told the name of each driver function before it is called.

        Raises:
            GpuLostError, DriverGoneError: nothing more can be read.
        """
        due = list(self._questions.values())
        if self._looked:
            due = [question for question in due if question in self._in_use()]
        for question in due:
            about_to(question.name)
            question.ask()
        self._looked = True
        return [asked.answer() for asked in self._asked]

    def counter(self) -> CounterReading | None:
        """Read the energy counter alone; None where there is none. After the first `ask`.

        Raises:
            SourceError: the driver refused.
        """
        chosen = self._counter.chosen if self._counter is not None else None
        if chosen is None or chosen.question.call is None:
            return None
        call = chosen.question.call
        start_ns = time.monotonic_ns()
        code = call.invoke()
        end_ns = time.monotonic_ns()
        if code:
            raise as_error(code, call.name)
        return CounterReading(
            monotonic_ns=(start_ns + end_ns) >> 1, millijoules=int(call.outputs[0].value)
        )

    def calls(self) -> list[dict[str, object]]:
        """Every distinct driver call and its last answer, those not supported included."""
        return [question.record() for question in self._questions.values()]

    def _in_use(self) -> list[_Question]:
        return [asked.chosen.question for asked in self._asked if asked.chosen is not None]

    def _question(self, door: Door, handle: Handle, spec: Spec) -> _Question:
        if isinstance(spec, FieldSpec):
            key: tuple[object, ...] = (FIELDS, spec.field_id, spec.scope)
        else:
            key = (spec.function, spec.arguments)
        if key not in self._questions:
            self._questions[key] = _Question(door, handle, spec)
        return self._questions[key]


def _texts(spec: object) -> list[str]:
    """The catalogue's own words for each alternative, without the unit."""
    texts = []
    for text in spec if isinstance(spec, tuple) else (spec,):
        head, _, tail = str(text).rpartition(" ")
        texts.append(head if " " in head and tail in UNITS else str(text))
    return texts
