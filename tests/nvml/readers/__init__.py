"""Readers against a stand-in for the driver."""
