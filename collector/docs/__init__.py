"""The pages and examples that derive from the code, so that they cannot disagree with it."""

from collector.docs.files import FILES, outdated, write

__all__ = ["FILES", "outdated", "write"]
