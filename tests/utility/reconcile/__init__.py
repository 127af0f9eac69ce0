"""Ours beside the utility's."""
