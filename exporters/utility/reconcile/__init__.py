"""Ours beside the utility's: readings quarter-hour by quarter-hour, the bill line by line."""
