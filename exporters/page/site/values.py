"""Looks up the values of a site; what is not there, or is no number, is absent."""

from math import isfinite

from collector.catalogue import Labels, Values


def value(values: Values, name: str, labels: Labels, digits: int = 0) -> float | None:
    """A value, rounded; None when it is absent or no number."""
    found = values.get(name, {}).get(labels)
    return None if found is None or not isfinite(found) else round(found, digits)
