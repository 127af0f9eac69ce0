"""Tests of what is built, installed and run by others: wheel, image, unit, scripts."""
