"""From raw measurements to what they mean. Pure functions."""

from dataclasses import dataclass, replace
from statistics import fmean, median

from collector.catalogue import BY_NAME, Labels, Metric, Rate
from collector.check.measurement import Measurement, Spent
from collector.check.model import Buffer, Counter, GpuReport, Power, Series
from collector.check.sentences import consequences, warnings
from collector.check.timing import anchors, cost, period_ns, recommended_power_hz, steps
from collector.energy.edges import SECOND_NS
from collector.energy.scope import DECIDE_NS, counted_scope
from collector.energy.track import MILLIJOULE, PowerTrack
from collector.sampling.worker import is_finer

_CLOSE_NS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The configured rates, and whether the driver's own power samples may be used."""

    power_hz: float
    telemetry_hz: float
    slow_seconds: float
    power_buffer: bool = True


def judge(found: Measurement, rates: Rates) -> GpuReport:
    """All that one GPU's measurement says.

    Args:
        found: the measurement, at its end.
        rates: what the daemon is configured to do.
    """
    series = _series(found)
    power = _power(found, rates)
    counter = _counter(found)
    recommended = None
    if power is not None and power.refresh_seconds is not None:
        recommended = recommended_power_hz(round(power.refresh_seconds * SECOND_NS))
    report = GpuReport(
        index=found.identity.index,
        identity=found.identity,
        series=series,
        power=power,
        counter=counter,
        recommended_power_hz=recommended,
        core_share_ratio=_core_share(found, rates),
        calls=found.calls,
    )
    return replace(
        report,
        warnings=warnings(report, found.problems),
        consequences=consequences(report, power_hz=rates.power_hz),
    )


def _series(found: Measurement) -> tuple[Series, ...]:
    series = []
    for answer in found.answers:
        offered, error = answer.offered, answer.error
        metric = BY_NAME.get(answer.metric)
        if offered and metric is not None and _is_fast(metric, answer.labels):
            # The power reader leaves out scopes that have no sensor behind them.
            offered = answer.labels[0] in found.scopes
            error = error if offered else "no_sensor"
        series.append(
            Series(
                metric=answer.metric,
                labels=answer.labels,
                offered=offered,
                value=answer.value if offered else None,
                error=error,
                way=answer.way,
                short=answer.short,
                cost=cost(found.series_ns.get((answer.metric, answer.labels), [])),
            )
        )
    return tuple(series)


def _is_fast(metric: Metric, labels: Labels) -> bool:
    """Whether the power thread reads a series."""
    return metric.other_rates.get(labels, metric.rate) is Rate.POWER


def _power(found: Measurement, rates: Rates) -> Power | None:
    spent = cost(found.power_spent.wall_ns)
    if not found.scopes or spent is None:
        return None
    track = found.tracks[found.scopes[0]]
    if not track.times:
        return None
    renewed = steps(found.fast)
    whole = track.at(track.times[-1])
    return Power(
        scopes=found.scopes,
        refresh_seconds=None if renewed is None else renewed.refresh_ns / SECOND_NS,
        poll_seconds=(period_ns(found.fast) or 0) / SECOND_NS,
        looked_seconds=(found.fast[-1][0] - found.fast[0][0]) / SECOND_NS if found.fast else 0.0,
        mean_watts=whole.measured / (2000 * whole.covered_ns) if whole.covered_ns else None,
        minimum_watts=min(track.milliwatts) / 1000,
        maximum_watts=max(track.milliwatts) / 1000,
        average_watts=fmean(watts for _, watts in found.averages) if found.averages else None,
        beside_average_watts=_beside(found, track),
        buffer=_buffer(found, rates),
        cost=spent,
    )


def _buffer(found: Measurement, rates: Rates) -> Buffer | None:
    """The driver's own samples, and whether the daemon takes them or polls."""
    buffer = found.buffer
    if buffer is None:
        return None
    apart, compared = buffer.compared
    if not rates.power_buffer:
        refused = 'sampling.power_buffer is "never"'
    elif not is_finer(buffer, round(SECOND_NS / rates.power_hz)):
        refused = f"they are no finer than the {rates.power_hz:g} Hz of sampling.power_hz"
    else:
        refused = buffer.distrust
    return Buffer(
        period_seconds=buffer.period_ns / SECOND_NS,
        depth=buffer.depth,
        refused=refused,
        apart=apart,
        compared=compared,
    )


def _beside(found: Measurement, track: PowerTrack) -> float | None:
    """Mean instant power over the time that the driver's averages are of (they look back 1 s)."""
    if not found.averages:
        return None
    first_ns, last_ns = found.averages[0][0] - SECOND_NS, found.averages[-1][0]
    meanwhile = track.at(last_ns) - track.at(first_ns)
    return meanwhile.measured / (2000 * meanwhile.covered_ns) if meanwhile.covered_ns else None


def _counter(found: Measurement) -> Counter | None:
    spent = cost(found.counter_spent.wall_ns)
    ends = anchors(found.counter, close_ns=_CLOSE_NS)
    if spent is None or ends is None:
        return None
    (start_ns, start_mj), (end_ns, end_mj) = ends
    counted_mj = end_mj - start_mj
    integral_mj = {
        scope: (track.at(end_ns) - track.at(start_ns)).measured // MILLIJOULE
        for scope, track in found.tracks.items()
    }
    long_enough = end_ns - start_ns >= DECIDE_NS
    scope = counted_scope(counted_mj, integral_mj) if long_enough else None
    against = integral_mj.get(scope or next(iter(integral_mj), ""), 0)
    stepped = steps(found.closely_counted)
    return Counter(
        refresh_seconds=None if stepped is None else stepped.refresh_ns / SECOND_NS,
        step_joules=None if stepped is None else stepped.size / 1000,
        span_seconds=(end_ns - start_ns) / SECOND_NS,
        counted_joules=counted_mj / 1000,
        integral_joules={name: energy_mj / 1000 for name, energy_mj in integral_mj.items()},
        scope=scope,
        ratio=counted_mj / against if long_enough and against > 0 else None,
        cost=spent,
    )


def _core_share(found: Measurement, rates: Rates) -> float | None:
    """Share of a core for one GPU, from what its reads took of one."""
    power, fast, slow = (
        _median_core_seconds(spent)
        for spent in (found.power_spent, found.fast_spent, found.slow_spent)
    )
    if fast is None or slow is None:
        return None
    return rates.power_hz * (power or 0.0) + rates.telemetry_hz * fast + slow / rates.slow_seconds


def _median_core_seconds(spent: Spent) -> float | None:
    return median(spent.core_ns) / SECOND_NS if spent.core_ns else None
