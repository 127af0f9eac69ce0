"""What a check says in words: what to change, and what the daemon does with such a GPU."""

from collections.abc import Mapping

from collector.check.model import Counter, GpuReport

_AGREE = 0.05
"""Counter and integral come from one sensor; further apart than this deserves a word."""
_FAST_HZ = 50


def warnings(report: GpuReport, problems: Mapping[str, int]) -> tuple[str, ...]:
    """What the operator should know or change.

    Args:
        report: the report so far.
        problems: single reads that failed during the check, with their number.
    """
    said = []
    if _value(report, "gpu_persistence_mode") == 0:
        said.append(
            "Persistence mode is off: the energy counter starts anew whenever the driver unloads, "
            "and the energy used meanwhile can only be estimated. Turn it on "
            "(nvidia-persistenced, or nvidia-smi -pm 1)."
        )
    if report.power is None:
        said.append("This GPU has no power sensor that the driver shows.")
    counter = report.counter
    if counter is not None and counter.counted_joules == 0 and _draws(report):
        said.append(
            f"The energy counter did not move within {counter.span_seconds:.1f} s although the "
            "GPU draws power: it may be frozen."
        )
    elif counter is not None and counter.ratio is not None and abs(counter.ratio - 1) > _AGREE:
        said.append(
            f"The energy counter and the integral of power differ by "
            f"{100 * abs(counter.ratio - 1):.0f} %: one of the two sensors misses something, or "
            "the load changed faster than the power sensor follows."
        )
    said += [f"{count} times: {text}" for text, count in problems.items()]
    return tuple(said)


def consequences(report: GpuReport, *, power_hz: float) -> tuple[str, ...]:
    """What the daemon does with such a GPU.

    Args:
        report: the report so far.
        power_hz: the configured rate.
    """
    said = [_rate(report, power_hz), _energy(report)]
    share = report.core_share_ratio
    if share is not None:
        said.append(
            f"Reading it at the configured rates takes {100 * share:.2g} % of a core, "
            "the calls alone."
        )
    left_out = sum(not series.offered for series in report.series)
    if left_out:
        said.append(f"{left_out} of {len(report.series)} series are not offered and left out.")
    return tuple(text for text in said if text)


def _rate(report: GpuReport, power_hz: float) -> str:
    power = report.power
    if power is None:
        return ""
    if power.buffer is not None and not power.buffer.refused:
        return (
            f"Power is taken from the driver's own samples, one every "
            f"{1000 * power.buffer.period_seconds:.3g} ms, as long as they agree with the sensor; "
            f"sampling.power_hz = {power_hz:g} counts only when they do not."
        )
    if power.refresh_seconds is None or report.recommended_power_hz is None:
        return (
            f"How often power is renewed was not seen, for it hardly changed: power_hz stays "
            f"{power_hz:g}. Check again under a changing load."
        )
    text = (
        f"Power is renewed every {1000 * power.refresh_seconds:.3g} ms: sampling.power_hz = "
        f"{report.recommended_power_hz:g} misses no value (configured: {power_hz:g})."
    )
    if report.recommended_power_hz >= _FAST_HZ:
        text += " Changes within 100 ms can be shown from 50 Hz up."
    return text


def _energy(report: GpuReport) -> str:
    if report.counter is None:
        if report.power is None:
            return "No energy can be accounted for."
        return "Energy is the integral of power: there is no energy counter."
    if report.power is None:
        return "Energy is the energy counter's; its shape within seconds is not known."
    return f"Energy is the energy counter's{_scope(report.counter)}; power gives its shape."


def _scope(counter: Counter) -> str:
    if counter.scope is None:
        return " (which scope it counts is not clear yet)"
    return f" for the scope {counter.scope}"


def _draws(report: GpuReport) -> bool:
    return report.power is not None and bool(report.power.mean_watts)


def _value(report: GpuReport, metric: str) -> float | None:
    return next((series.value for series in report.series if series.metric == metric), None)
