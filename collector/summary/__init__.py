"""A node's GPUs together, and what is wrong with each: what a fleet's rules read.

A rule that asks every GPU of a site costs a Prometheus about 10 us for each series; one that asks
every node costs a fraction. So what is added up over a node is added up here.
"""

from collector.summary.late import LateTicks
from collector.summary.lost import LostRows
from collector.summary.node import NodeSummary

__all__ = ["LateTicks", "LostRows", "NodeSummary"]
