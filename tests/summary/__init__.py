"""The summary of a node."""
