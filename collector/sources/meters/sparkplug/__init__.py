"""Sparkplug B 3.0: metrics of edge nodes and their devices."""

from collector.sources.meters.sparkplug.decoder import SparkplugDecoder
from collector.sources.meters.sparkplug.rule import MetricRule

__all__ = ["MetricRule", "SparkplugDecoder"]
