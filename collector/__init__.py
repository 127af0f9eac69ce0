"""Reads sensors and meters, aggregates them, keeps the energy ledger; the daemons."""

__version__ = "0.1.0"
