"""Where curves and hyperparameters go: TensorBoard, CSV files, MLflow, Weights & Biases."""

from importlib import import_module
from typing import Any

__all__ = ["CSV", "MLflow", "TensorBoard", "WandB"]

_MODULES = {
    "CSV": "csv_files",
    "MLflow": "mlflow_run",
    "TensorBoard": "tensorboard",
    "WandB": "wandb_run",
}


def __getattr__(name: str) -> Any:
    # Only when asked for: jobs side by side write events without Lightning, which takes its time.
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
