"""NSGA-II."""


class NSGA2:
    """NSGA-II."""
