"""Message of early stopping, the same for both engines."""


def early_stopping_reason(epoch: int, monitor: str, patience: int, finite: bool) -> str:
    """Return why early stopping ended a run.

    Args:
        epoch: Epoch (from 1) after which the run ended.
        monitor: Metric watched, such as `val/loss`.
        patience: Epochs without improvement that were allowed.
        finite: Whether the metric is still finite; if not, the run ends without waiting.
    """
    waited = f"has not improved for {patience} epoch" + "s" * (patience != 1)
    return f"after epoch {epoch}: {monitor} {waited if finite else 'is not finite'}"
