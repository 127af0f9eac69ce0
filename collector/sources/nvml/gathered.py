"""What one pass over a GPU's plans found."""

from dataclasses import dataclass, field

from collector.catalogue import Labels


@dataclass(slots=True)
class Gathered:
    """Values, failures and costs.

    Attributes:
        values: by metric name and labels; what failed is absent.
        failed: sensor to the word for why.
        read_ns: sensor to the duration of its read, nanoseconds.
    """

    values: dict[str, dict[Labels, float]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    read_ns: dict[str, int] = field(default_factory=dict)
