"""What happens besides training: checkpoints, progress, logs."""

from seedbed.callbacks.checkpoint import Checkpoint
from seedbed.callbacks.learning_rate import LearningRate
from seedbed.callbacks.model_summary import ModelSummary
from seedbed.callbacks.progress import Progress

__all__ = ["Checkpoint", "LearningRate", "ModelSummary", "Progress"]
