"""Successive halving."""


class Halving:
    """Successive halving."""
