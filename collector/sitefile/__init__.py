"""The site file: what a site consists of and what it may draw."""

from collector.sitefile.compare import Difference, DifferenceKind, compare
from collector.sitefile.describe import describe
from collector.sitefile.load import load
from collector.sitefile.problems import SiteFileError

__all__ = ["Difference", "DifferenceKind", "SiteFileError", "compare", "describe", "load"]
