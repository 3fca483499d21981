"""Quasi-random search."""


class QMC:
    """Quasi-random search."""
