"""CMA-ES."""


class CMAES:
    """CMA-ES."""
