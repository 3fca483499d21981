"""One rung."""


class TopKAfter:
    """One rung."""
