"""Median stopping rule."""


class Median:
    """Median stopping rule."""
