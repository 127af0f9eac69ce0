"""The facility contract of NVIDIA's DSX Exchange: the building management system publishes."""

from collector.sources.meters.dsx.decoder import DsxDecoder

__all__ = ["DsxDecoder"]
