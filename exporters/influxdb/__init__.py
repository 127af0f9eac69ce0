"""InfluxDB: windows as line protocol, over the v2 write API.

`exporters.influxdb.sender` is imported only where the exporter is on: its client is large.
"""

from exporters.influxdb.encode import LANE, LineEncoder
from exporters.influxdb.options import InfluxOptions, checked_url

__all__ = ["LANE", "InfluxOptions", "LineEncoder", "checked_url"]
