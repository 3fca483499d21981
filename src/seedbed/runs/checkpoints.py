"""What checkpoint files hold, and what the record says about them."""

from collections.abc import Mapping
from typing import Any

import pytorch_lightning as pl


def weights_checkpoint(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state as a checkpoint that Lightning can read; it holds no optimizer.

    A state has `epoch`, counted from 1, `global_step`, `metrics` and `state_dict`.
    """
    return {"pytorch-lightning_version": pl.__version__, **state}


def checkpoints_summary(states: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """Return epoch, step and metrics of the states that there are, for the record."""
    return {
        name: {"epoch": state["epoch"], "step": state["global_step"], "metrics": state["metrics"]}
        for name, state in states.items()
        if state is not None
    }
