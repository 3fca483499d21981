"""Hyperband."""


class Hyperband:
    """Hyperband."""
