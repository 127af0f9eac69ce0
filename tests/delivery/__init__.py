"""Delivery of the outbox."""
