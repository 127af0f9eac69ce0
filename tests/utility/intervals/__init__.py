"""Interval data: days, sums, validation, edits, the ledger."""
