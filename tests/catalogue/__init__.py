"""The catalogue itself."""
