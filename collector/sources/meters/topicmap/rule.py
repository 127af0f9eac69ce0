"""One entry `[[topic]]` of the map file."""

from collections.abc import Callable
from dataclasses import dataclass

from collector.sources.meters.conversion import Conversion
from collector.sources.meters.topicmap.pointer import Pointer


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRule:
    """What messages of some topics say.

    Attributes:
        pattern: the topic's levels; `+` is any one.
        meter: id of the meter; `{1}` stands for what the first `+` is, and so on.
        conversion: what the value is.
        value: where it is.
        time: where its time is; None where there is none, and the arrival counts.
        stamp: reads the time to nanoseconds.
        quality: where the quality is; None where there is none.
        good: what the quality is when the value may be used.
    """

    pattern: tuple[str, ...]
    meter: str
    conversion: Conversion
    value: Pointer
    time: Pointer | None = None
    stamp: Callable[[object], int] | None = None
    quality: Pointer | None = None
    good: tuple[object, ...] = ()

    @property
    def topic(self) -> str:
        """The topic filter."""
        return "/".join(self.pattern)

    def meter_for(self, levels: list[str]) -> str | None:
        """The meter that a topic is of; None when the topic is another."""
        if len(levels) != len(self.pattern):
            return None
        meter = self.meter
        wild = 0
        for wanted, level in zip(self.pattern, levels, strict=True):
            if wanted == "+":
                wild += 1
                meter = meter.replace(f"{{{wild}}}", level)
            elif wanted != level:
                return None
        return meter
