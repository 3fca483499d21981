"""Population based training."""


class PBT:
    """Population based training."""
