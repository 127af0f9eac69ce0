"""Validation, estimation and editing of one meter, in this order; values before and after are kept.

1. What the rules reject is taken out. 2. What people set holds. 3. What a register knows as a whole
only is given a shape. 4. Gaps are estimated, where the rules allow it. 5. What was counted and has
passed every rule is `validated`.
"""

from collections.abc import Sequence

import numpy as np

from exporters.utility.intervals.arrays import Codes, Ints, Mask, runs
from exporters.utility.intervals.edits import Edit
from exporters.utility.intervals.estimate import ReferenceDays, interpolated, scaled, usable
from exporters.utility.intervals.grid import Grid
from exporters.utility.intervals.quality import MJ_PER_WH, SLOT_MS, SLOT_SECONDS, Quality
from exporters.utility.intervals.rules import COVERAGE, EDIT, GAP, PROLONGED, SIZE, Limits, Rule
from exporters.utility.intervals.series import Raw, Series
from exporters.utility.intervals.validate import Marked, validate
from exporters.utility.intervals.values import PROGRAM, Change, Checked, Finding

_DEFAULT = Limits()


def check(
    raw: Raw,
    grid: Grid,
    inside: Grid | None = None,
    *,
    edits: Sequence[Edit] = (),
    ceiling_watts: float | None = None,
    limits: Limits = _DEFAULT,
    estimate: bool = True,
) -> Checked:
    """Validate a meter's quarter-hours, apply edits, and estimate what may be estimated.

    Args:
        raw: as they were found.
        grid: which they are; days around those of the report help to estimate.
        inside: the days of the report; None for all.
        edits: what people set, of this meter, the later one holds.
        ceiling_watts: more cannot flow there; None when that is not known.
        limits: the rules' numbers.
        estimate: whether gaps may be estimated.

    Returns:
        Before and after, of the days of the report.
    """
    work = _Work(raw, grid, limits)
    for mark in validate(raw, grid, limits, ceiling_watts):
        work.mark(mark)
    for edit in edits:
        work.edit(edit)
    work.shape(estimate=estimate)
    if estimate:
        work.fill()
    return work.result(inside or grid)


class _Work:
    """One meter while it is worked on."""

    def __init__(self, raw: Raw, grid: Grid, limits: Limits) -> None:
        self.raw, self.grid, self.limits = raw, grid, limits
        self.energy: Ints = raw.energy_mj.copy()
        self.elapsed: Ints = raw.elapsed_ms.astype(np.int64)
        whole = raw.elapsed_ms >= SLOT_MS - limits.size_ms
        self.quality: Codes = np.full(len(grid), Quality.RAW, dtype=np.int8)
        self.quality[raw.integrated] = Quality.DERIVED
        self.quality[raw.estimated] = Quality.INTERPOLATED
        self.quality[~whole] = Quality.MISSING
        self.before = self._series(raw.energy_mj, self.quality.copy())
        self.flagged = np.zeros(len(grid), dtype=np.bool_)
        self.fixed = np.zeros(len(grid), dtype=np.bool_)
        self.why: dict[int, tuple[Rule, str, str]] = {}
        self.findings: list[tuple[int, int, Rule, str]] = []

    def _series(self, energy: Ints, quality: Codes) -> Series:
        partly = (quality == Quality.MISSING) & (self.elapsed > 0)
        # A year of hundreds of meters: nothing is copied that need not be.
        known: Ints = np.broadcast_to(np.int64(0), len(self.grid))
        if partly.any():
            known = np.where(partly, energy, 0)
        return Series(self.raw.meter, self.grid, energy, quality, known)

    def mark(self, mark: Marked) -> None:
        """Note what a rule found; take out what it rejects."""
        for low, high in runs(mark.where):
            highest = int(self.raw.energy_mj[low:high].max())
            text = f"{highest * 4 / MJ_PER_WH / 1000:,.1f} kW at the most"
            if mark.rejects:
                text += ", rejected"
                for index in range(low, high):
                    self.why[index] = (mark.rule, mark.rule.what, PROGRAM)
            self._note(low, high, mark.rule, text)
        if mark.rejects:
            self.quality[mark.where] = Quality.MISSING
            self.elapsed[mark.where] = 0
        else:
            self.flagged |= mark.where

    def edit(self, edit: Edit) -> None:
        """Let a person's value hold."""
        index, rest = divmod(edit.start_s - self.grid.start_s, SLOT_SECONDS)
        if rest or not 0 <= index < len(self.grid):
            return  # of another period
        gone = edit.energy_mj is None
        self.energy[index] = edit.energy_mj or 0
        self.quality[index] = Quality.MISSING if gone else Quality.EDITED
        self.elapsed[index] = 0 if gone else SLOT_MS
        self.fixed[index] = True
        self.why[index] = (EDIT, edit.reason, edit.user)
        text = f"line {edit.line}, {edit.user}: {edit.reason}"
        self._note(index, index + 1, EDIT, text)

    def shape(self, *, estimate: bool) -> None:
        """Give a shape to what only a register's difference is known of; the sum stays."""
        blind = (
            (self.quality == Quality.RAW)
            & (self.raw.covered_ms < self.raw.elapsed_ms * self.limits.covered_ratio)
            & ~self.fixed
        )
        spans = list(runs(blind))
        self.quality[blind] = Quality.INTERPOLATED
        days = self._days() if estimate and any(map(self._long, spans)) else None
        for low, high in spans:
            total = int(self.energy[low:high].astype(object).sum())
            shape = None
            if days and self._long((low, high)) and high - low <= self.limits.prolonged_slots:
                shape = days.of(low, high)
            like = None if shape is None else scaled(shape, total)
            text = "spread evenly"
            if like is not None:
                self.energy[low:high] = like
                self.quality[low:high] = Quality.REFERENCE_DAY
                text = "shaped like days of its kind"
            elif self._long((low, high)):
                self._note(low, high, PROLONGED, "the sum is counted, its shape is not known")
            text = f"{total / MJ_PER_WH / 1000:,.1f} kWh are counted, and {text}"
            self._note(low, high, COVERAGE, text)
            self._because(low, high, COVERAGE, text)

    def fill(self) -> None:
        """Estimate gaps between readings; what lies before the first or after the last is none."""
        spans = list(runs((self.quality == Quality.MISSING) & ~self.fixed))
        days = self._days() if any(map(self._long, spans)) else None
        for low, high in spans:
            open_end = low == 0 or high == len(self.grid)
            if open_end or Quality.MISSING in (self.quality[low - 1], self.quality[high]):
                continue
            full, text, code = None, "straight between its neighbours", Quality.INTERPOLATED
            if not self._long((low, high)):
                full = interpolated(self.energy, low, high)
            elif days and high - low <= self.limits.prolonged_slots:
                full, text = days.of(low, high), "by days of its kind"
                code = Quality.REFERENCE_DAY
            if full is None:
                self._note(low, high, PROLONGED, "too long, or no day like it: left out")
                continue
            elapsed = self.elapsed[low:high]
            known = np.where(elapsed > 0, self.energy[low:high], 0)
            parts = zip(known.tolist(), full.tolist(), elapsed.tolist(), strict=True)
            self.energy[low:high] = [
                counted + like * (SLOT_MS - lasted) // SLOT_MS for counted, like, lasted in parts
            ]
            self.quality[low:high] = code
            rule = SIZE if high - low == 1 and elapsed[0] > 0 else GAP
            self._note(low, high, rule, f"estimated {text}")
            self._because(low, high, rule, f"estimated {text}")

    def result(self, inside: Grid) -> Checked:
        """Before and after, cut to the report's days."""
        self.quality[(self.quality == Quality.RAW) & ~self.flagged] = Quality.VALIDATED
        span = self.grid.span(inside.first, inside.end)
        findings = [
            (max(low, span.start), min(high, span.stop), rule, text)
            for low, high, rule, text in sorted(self.findings, key=lambda each: each[:2])
            if high > span.start and low < span.stop
        ]
        return Checked(
            before=self.before.cropped(inside),
            series=self._series(self.energy, self.quality).cropped(inside),
            findings=tuple(self._finding(*each) for each in findings),
            changes=tuple(
                self._change(index) for index in sorted(self.why) if span.start <= index < span.stop
            ),
        )

    def _finding(self, low: int, high: int, rule: Rule, text: str) -> Finding:
        return Finding(
            meter=self.raw.meter,
            rule=rule.id,
            start=self.grid.local(low),
            end=self.grid.local(high),
            quarters=high - low,
            text=text,
        )

    def _change(self, index: int) -> Change:
        rule, reason, user = self.why[index]
        before, after = Quality(int(self.before.quality[index])), Quality(int(self.quality[index]))
        found = self.raw.elapsed_ms[index] > 0
        return Change(
            meter=self.raw.meter,
            start_s=self.grid.at_s(index),
            before_mj=int(self.raw.energy_mj[index]) if found else None,
            before=before,
            after_mj=None if after is Quality.MISSING else int(self.energy[index]),
            after=after,
            rule=rule.id,
            reason=reason,
            user=user,
        )

    def _days(self) -> ReferenceDays:
        told: Mask = usable(self.quality)
        return ReferenceDays(self.grid, self.energy, told, self.limits)

    def _long(self, span: tuple[int, int]) -> bool:
        return span[1] - span[0] > self.limits.interpolate_slots

    def _note(self, low: int, high: int, rule: Rule, text: str) -> None:
        self.findings.append((low, high, rule, text))

    def _because(self, low: int, high: int, rule: Rule, reason: str) -> None:
        for index in range(low, high):
            first = self.why.get(index)
            if first is None:
                self.why[index] = (rule, reason, PROGRAM)
            elif first[0] is not rule:
                # Rejected, then estimated: both belong to the reason.
                self.why[index] = (first[0], f"{first[1]} {reason}", first[2])
