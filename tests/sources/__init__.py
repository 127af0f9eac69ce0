"""Tests of where readings come from."""
