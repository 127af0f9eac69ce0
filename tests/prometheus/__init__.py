"""The exposition."""
