"""Filters of Lightning's messages."""

import logging
import warnings


def quiet_lightning() -> None:
    """Silence Lightning's banner and the advice that does not hold for batches in memory."""
    for name in ("pytorch_lightning", "lightning_fabric", "pytorch_lightning.utilities.rank_zero"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for message in (
        ".*does not have many workers.*",
        ".*smaller than the logging interval.*",
        ".*GPU available but not used.*",
        ".*Checkpoint directory.*exists and is not empty.*",
        ".*overfit_batches.*",
        ".*across ranks is zero.*",
        ".*`srun` command is available.*",
        ".*isinstance.treespec, LeafSpec.*",
    ):
        warnings.filterwarnings("ignore", message)
