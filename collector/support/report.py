"""A check's report as support gets it: what identifies a GPU or a machine is left out."""

import json
from collections.abc import Mapping, Sequence

from collector.check.document import as_json
from collector.check.model import Report
from collector.support.finding import Finding, Known, Section

_PUBLIC = frozenset(
    {
        "format", "wattkeeper_version", "model", "architecture", "driver_version", "vbios_version",
        "pci_bus_id", "metric", "way", "scope", "scopes", "source", "via",
    }
)  # fmt: skip
"""Keys whose text is a product, a version or a word of ours."""


def checked(report: Report) -> Section:
    """The report, and what is wrong with GPUs."""
    findings = [
        Finding(topic=f"gpu {gpu.index}", text=gpu.problem, action="run 'nvidia-smi'")
        for gpu in report.gpus
        if gpu.problem
    ]
    findings += [
        Finding(topic=f"gpu {gpu.index}", text=warning, weight="note")
        for gpu in report.gpus
        for warning in gpu.warnings
    ]
    if report.host is not None:
        findings += [
            Finding(topic=source.name, text=source.problem, action=source.action)
            for source in report.host.sources
            if source.problem and source.asked_for
        ]
    document = _known(json.loads(as_json(report)))
    return Section(
        name="check.json",
        about="what every sensor answered, without UUIDs and serial numbers",
        document=document if isinstance(document, Mapping) else {},
        findings=tuple(findings),
    )


def _known(value: object, key: str = "") -> object:
    """Mark what may leave as it is."""
    if isinstance(value, str):
        return Known(value) if key in _PUBLIC else value
    if isinstance(value, Mapping):
        return {name: _known(item, name) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [_known(item, key) for item in value]
    return value
