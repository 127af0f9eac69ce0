"""Tests of what reads the power around the GPUs."""
