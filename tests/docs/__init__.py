"""Tests of the pages that derive from the code."""
