"""Tests of `wattkeeper check`'s parts."""
