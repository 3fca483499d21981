"""Early stopping, as both engines tell of it."""


def early_stopping_reason(epoch: int, monitor: str, patience: int, finite: bool) -> str:
    """Return why early stopping ends a job after an epoch, counted from 1.

    `finite` says whether the watched metric still is: where it is not, nobody waits.
    """
    waited = f"has not improved for {patience} epochs"
    return f"after epoch {epoch}: {monitor} {waited if finite else 'is not finite'}"
