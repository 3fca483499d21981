"""Names of what is logged."""

# Logged beside the metrics, and none of them: the learning rate, and elements of parameters.
LEARNING_RATE = "train/learning_rate"
PARAMETER = "parameter/"


def is_metric(name: str) -> bool:
    """Return whether what is logged under this name is a metric."""
    return name != LEARNING_RATE and not name.startswith(PARAMETER)
