"""Random search."""


class Random:
    """Random search."""
