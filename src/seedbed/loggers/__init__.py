"""Where curves go: TensorBoard."""

from typing import Any

__all__ = ["TensorBoard"]


def __getattr__(name: str) -> Any:
    # Only when asked for: jobs side by side write events without Lightning, which takes its time.
    if name == "TensorBoard":
        from seedbed.loggers.tensorboard import TensorBoard

        return TensorBoard
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
