"""Titles and descriptions, from the catalogue."""

from collections.abc import Iterable

from collector.catalogue import BY_NAME, Kind, Metric, Unit
from dashboards.parts.queries import AnyQuery, Query, names

_SPELLED = {
    "gpu": "GPU",
    "gpus": "GPUs",
    "ecc": "ECC",
    "xid": "XID",
    "pcie": "PCIe",
    "nvlink": "NVLink",
    "pue": "PUE",
    "cue": "CUE",
    "it": "IT",
    "sram": "SRAM",
    "c2c": "C2C",
    "mig": "MIG",
}


def title_of(name: str) -> str:
    """A panel's title: the words of a metric's key. `gpu_ecc_errors_total` is `GPU ECC errors`.

    Args:
        name: a metric of the catalogue.

    Raises:
        KeyError: the catalogue has no such metric.
    """
    metric = BY_NAME[name]
    words = [_SPELLED.get(word, word) for word in metric.key.split("_")]
    if metric.kind is Kind.COUNTER and metric.unit is Unit.BYTES:
        words.append("bytes")
    return words[0][:1].upper() + words[0][1:] + "".join(f" {word}" for word in words[1:])


def metric_in(name: str) -> Metric | None:
    """The metric of the catalogue that a name is, or that is the middle of a recording rule's."""
    middle = name.split(":")[1] if ":" in name else name
    return BY_NAME.get(middle)


def description(says: str, queries: Iterable[AnyQuery]) -> str:
    """What stands behind a panel's information sign: what it says, its metrics, its formula.

    Args:
        says: one or two sentences for the reader; may be empty where the metrics say it all.
        queries: the panel's.
    """
    queries = tuple(queries)
    metrics: dict[str, str] = {}
    for query in queries:
        for name in names(query.text) if isinstance(query, Query) else ():
            metric = metric_in(name)
            if metric is not None:
                metrics[metric.name] = metric.help
    lines = [says] if says else []
    lines += [f"`{name}`: {text}" for name, text in metrics.items()]
    formulas = dict.fromkeys(query.text for query in queries)
    return "\n\n".join([*lines, "Formula:", *(f"```\n{formula}\n```" for formula in formulas)])
