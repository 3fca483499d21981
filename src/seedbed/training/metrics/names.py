"""Names of what is logged."""

# Logged beside the metrics, and none of them: the learning rate, elements of parameters, and of the
# gradient those of each parameter.
LEARNING_RATE = "train/learning_rate"
PARAMETER = "parameter/"
GRADIENT, GRADIENT_NORM = "gradient/", "gradient_norm/"
# Metrics: the norm of all parameters together, before and after clipping.
NORM_OF_ALL, CLIPPED_NORM = "train/gradient_norm", "train/gradient_norm_clipped"


def is_metric(name: str) -> bool:
    """Return whether what is logged under this name is a metric."""
    return name != LEARNING_RATE and not name.startswith((PARAMETER, GRADIENT, GRADIENT_NORM))
