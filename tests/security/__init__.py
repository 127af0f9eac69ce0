"""Secrets stay secret, and the daemon needs no rights: see docs/security.md."""
