"""Where curves go: TensorBoard."""

from seedbed.loggers.tensorboard import TensorBoard

__all__ = ["TensorBoard"]
