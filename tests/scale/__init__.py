"""Layouts with more than one server: what is rendered for them, and that it works on real ones."""
