"""Every driver call that the catalogue asks for, made one at a time: for `check`, for captures."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from collector.catalogue import ANY, Labels, Metric
from collector.model import CounterReading
from collector.sources.nvml.calls import FIELDS
from collector.sources.nvml.errors import as_error
from collector.sources.nvml.library import Door, Handle
from collector.sources.nvml.plan import is_energy
from collector.sources.nvml.question import DriverQuestion, Question, ReaderQuestion
from collector.sources.nvml.recording import Record
from collector.sources.nvml.spec import UNITS, CallSpec, FieldSpec, Spec, alternatives

_LONG = re.compile(
    r"^(?:call|read) |nvmlDevice(?:Get)?|\(\)"
    r"|\bNVML_(?:FI_DEV_|TEMPERATURE_THRESHOLD_|TEMPERATURE_|CLOCK_)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one series said when it was asked alone.

    Attributes:
        metric: the metric's name.
        labels: the series' own label values; `*` where none is there that would tell.
        offered: whether this GPU and driver offer it.
        value: in the metric's unit; None where it was not read.
        error: short word why there is no value; empty where there is one.
        way: how it was read, as the catalogue says it.
        short: the same, shorter, for tables.
        spent_ns: duration of the driver call, or of all calls of its reader; None where no call
            was made.
    """

    metric: str
    labels: Labels
    offered: bool
    value: float | None
    error: str
    way: str
    short: str
    spent_ns: int | None


@dataclass(slots=True)
class _Way:
    """One alternative of a series."""

    spec: Spec
    text: str
    question: Question

    @property
    def is_offered(self) -> bool:
        """Whether the driver knows it."""
        return self.question.offers(self.spec)


@dataclass(slots=True)
class _Asked:
    """One series, or all that a reader finds, with its alternatives, best first."""

    metric: str
    labels: Labels
    ways: list[_Way] = field(default_factory=list)

    @property
    def chosen(self) -> _Way | None:
        """The first alternative that is offered; None where none is."""
        return next((way for way in self.ways if way.is_offered), None)

    def answers(self) -> Iterator[Answer]:
        """What the series said last."""
        chosen = self.chosen
        shown = chosen or self.ways[0]
        question = shown.question
        error = question.error(shown.spec)
        values = {} if chosen is None or error else question.values(chosen.spec, self.labels)
        is_offered = chosen is not None and (bool(values or error) or self.labels == ANY)
        if not is_offered and not error:  # the reader has no such output here, or no such series
            error = "not_supported"
        for labels, value in (values or {self.labels: None}).items():
            yield Answer(
                metric=self.metric,
                labels=labels,
                offered=is_offered,
                value=value,
                error=error or ("sentinel" if value is None and values else ""),
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
        index: the GPU's index.
    """

    def __init__(
        self, door: Door, handle: Handle, metrics: Sequence[Metric], index: int = 0
    ) -> None:
        self._door = door
        self._handle = handle
        self._index = index
        self._questions: dict[tuple[object, ...], Question] = {}
        self._asked: list[_Asked] = []
        self._counter: _Asked | None = None
        self._looked = False
        for metric in metrics:
            for labels, spec in metric.reads.get("nvml", {}).items():
                asked = _Asked(metric.name, labels)
                for text, candidate in zip(_texts(spec), alternatives(spec), strict=True):
                    asked.ways.append(_Way(candidate, text, self._question(candidate)))
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
            question.ask(about_to)
        self._looked = True
        return [answer for asked in self._asked for answer in asked.answers()]

    def counter(self) -> CounterReading | None:
        """Read the energy counter alone; None where there is none. After the first `ask`.

        Raises:
            SourceError: the driver refused.
        """
        chosen = self._counter.chosen if self._counter is not None else None
        if chosen is None or not isinstance(chosen.question, DriverQuestion):
            return None
        call = chosen.question.call
        if call is None:
            return None
        start_ns = time.monotonic_ns()
        code = call.invoke()
        end_ns = time.monotonic_ns()
        if code:
            raise as_error(code, call.name)
        return CounterReading(
            monotonic_ns=(start_ns + end_ns) >> 1, millijoules=int(call.outputs[0].value)
        )

    def calls(self) -> list[Record]:
        """Every distinct driver call and its last answer, those not supported included."""
        found: dict[str, Record] = {}
        for question in self._questions.values():
            for record in question.records():
                keys = ("function", "field", "scope", "arguments", "handles", "version")
                found.setdefault(str([record.get(key) for key in keys]), record)
        return list(found.values())

    def _in_use(self) -> list[Question]:
        return [asked.chosen.question for asked in self._asked if asked.chosen is not None]

    def _question(self, spec: Spec) -> Question:
        if isinstance(spec, FieldSpec):
            key: tuple[object, ...] = (FIELDS, spec.field_id, spec.scope)
        elif isinstance(spec, CallSpec):
            key = (spec.function, spec.arguments)
        else:
            key = ("read", spec.reader)
        if key not in self._questions:
            self._questions[key] = (
                DriverQuestion(self._door, self._handle, spec)
                if isinstance(spec, FieldSpec | CallSpec)
                else ReaderQuestion(self._door, self._handle, self._index, spec.reader)
            )
        return self._questions[key]


def _texts(spec: object) -> list[str]:
    """The catalogue's own words for each alternative, without the unit."""
    texts = []
    for text in spec if isinstance(spec, tuple) else (spec,):
        shown = str(text).removesuffix(" nonzero")
        head, _, tail = shown.rpartition(" ")
        texts.append(head if " " in head and tail in UNITS else shown)
    return texts
