"""Patience."""


class Patient:
    """Patience."""
