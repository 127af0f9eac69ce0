"""What can keep a split from being made. Every text is for people, and holds no secret."""


class SplitError(Exception):
    """There is no split; the text says why, and what to do."""
