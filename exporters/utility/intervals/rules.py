"""The validation rules: what each looks at, and what happens to what does not pass.

Numbers are the defaults of `Limits`. A rule that only flags keeps the reading and its quality 14;
one that rejects takes the reading out, and it is estimated like one that was never there.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: stable, for machines.
        what: what it looks for, for people.
        then: what happens: `rejected`, `flagged`, `estimated` or `refused`.
    """

    id: str
    what: str
    then: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """From where on a rule has something to say.

    Attributes:
        size_ms: a quarter-hour may be so much shorter or longer.
        covered_ratio: below this share of it that somebody looked, its shape is an estimate.
        spike_ratio: a spike is so many times both its neighbours ...
        spike_day_ratio: ... and so many times the third highest of its day.
        low_ratio: of the median: what is below is low.
        same_slots: so many quarter-hours alike to the millijoule are suspect.
        interpolate_slots: no more than this may be interpolated: 2 hours.
        prolonged_slots: no more than this may be estimated at all: 7 days.
        reference_days: how many days like it are averaged ...
        reference_reach_days: ... and how far away they may be.
        sum_ratio: intervals and register may differ by so much of the register's difference.
    """

    size_ms: int = 1000
    covered_ratio: float = 0.9
    spike_ratio: int = 3
    spike_day_ratio: float = 1.8
    low_ratio: float = 0.01
    same_slots: int = 24
    interpolate_slots: int = 8
    prolonged_slots: int = 7 * 96
    reference_days: int = 4
    reference_reach_days: int = 28
    sum_ratio: Decimal = Decimal("0.001")


SIZE = Rule(
    "interval_size",
    "A quarter-hour that is not 15 minutes long, by more than 1 s: the rest is missing, or the "
    "clock was set back.",
    "estimated where short, flagged where long",
)
DUPLICATE = Rule(
    "duplicate",
    "Two readings of one quarter-hour, or readings out of order, in a file.",
    "refused, with the lines",
)
NEGATIVE = Rule("negative", "Less than nothing was drawn.", "rejected")
HIGH = Rule(
    "high",
    "More than 1.25 times what the branch is rated for, or twice the contract: no load draws that.",
    "rejected",
)
SPIKE = Rule(
    "spike",
    "More than 3 times both neighbours, and more than 1.8 times the third highest of its day.",
    "flagged",
)
ZERO = Rule("zero", "Nothing at all, from a meter that else has something.", "flagged")
LOW = Rule("low", "Something, but less than 1 % of the median.", "flagged")
SAME = Rule("consecutive", "The same to the millijoule for 6 hours or longer.", "flagged")
MULTIPLIER = Rule(
    "multiplier",
    "A step by 10, 100 or 1000 between two steady hours: the multiplier (CT, PT) or the unit has "
    "changed. Also: not plausible beside the contract or the months before.",
    "flagged; the bill refuses it without --multiplier-checked",
)
SUM = Rule(
    "sum_check",
    "The quarter-hours between two readings of the register do not add up to its difference, by "
    "more than 0.1 %.",
    "flagged",
)
COVERAGE = Rule(
    "coverage",
    "Nobody looked for more than 10 % of a quarter-hour: the register knows the energy of the "
    "whole stretch, its shape is an estimate. The sum of the stretch is kept.",
    "estimated",
)
GAP = Rule(
    "gap",
    "Readings are missing. Up to 2 h: straight between the neighbours. Longer: the mean of up to "
    "4 days of the same kind (weekday, Saturday, Sunday) within 28 days, at the same time.",
    "estimated",
)
PROLONGED = Rule(
    "prolonged_estimation",
    "More than 7 days in a row, or no day like it: nothing is estimated.",
    "missing, and listed",
)
EDIT = Rule("edit", "A person has set or taken out a value, and says why.", "edited")

RULES = (
    SIZE,
    DUPLICATE,
    NEGATIVE,
    HIGH,
    SPIKE,
    ZERO,
    LOW,
    SAME,
    MULTIPLIER,
    SUM,
    COVERAGE,
    GAP,
    PROLONGED,
    EDIT,
)
