"""The daemon's own parts."""
