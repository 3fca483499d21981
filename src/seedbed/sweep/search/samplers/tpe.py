"""Tree-structured Parzen estimator."""


class TPE:
    """Tree-structured Parzen estimator."""
