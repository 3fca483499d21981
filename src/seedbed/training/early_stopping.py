"""The rules of early stopping that both engines share."""

from seedbed.config.metrics import is_of_validation


def measured_by(monitor: str, check_val_every_n_epoch: int) -> str:
    """Return by what a metric is measured: each `epoch`, or each `validation`, which are fewer.

    Args:
        monitor: Metric watched, such as `val/loss`.
        check_val_every_n_epoch: Epochs between two validations.
    """
    rare = is_of_validation(monitor) and check_val_every_n_epoch > 1
    return "validation" if rare else "epoch"


def early_stopping_reason(
    epoch: int, monitor: str, waited: int, finite: bool, unit: str = "epoch"
) -> str:
    """Return why early stopping ended a run.

    Args:
        epoch: Epoch (from 1) after which the run ended.
        monitor: Metric watched, such as `val/loss`.
        waited: Measurements without improvement.
        finite: Whether the metric is still finite; if not, the run ends without waiting.
        unit: What `waited` counts, as `measured_by` returns it.
    """
    unimproved = f"has not improved for {waited} {unit}" + "s" * (waited != 1)
    return f"after epoch {epoch}: {monitor} {unimproved if finite else 'is not finite'}"
