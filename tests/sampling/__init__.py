"""The sampling path."""
