"""The parsers that read from outside, by what they read."""
