"""Gaussian process."""


class GP:
    """Gaussian process."""
