"""What happens besides training: checkpoints, progress, stopping rules, figures."""

from seedbed.callbacks.checked import CheckedCallback
from seedbed.callbacks.checkpoint import Checkpoint
from seedbed.callbacks.figures.image_figures import ConfusionMatrix, WorstMistakes
from seedbed.callbacks.figures.path_figures import (
    LineRecovery,
    LossCurve,
    LossLandscape,
    MinimizationPath,
)
from seedbed.callbacks.figures.prediction_figures import DecisionBoundary, Fit, PredictedAgainstTrue
from seedbed.callbacks.freeze import Freeze
from seedbed.callbacks.learning_rate import LearningRate
from seedbed.callbacks.model_summary import ModelSummary
from seedbed.callbacks.parameter_values import ParameterValues
from seedbed.callbacks.progress import Progress
from seedbed.callbacks.stopping import GradientConverged, LossConverged, StoppingRule

__all__ = [
    "CheckedCallback",
    "Checkpoint",
    "ConfusionMatrix",
    "DecisionBoundary",
    "Fit",
    "Freeze",
    "GradientConverged",
    "LearningRate",
    "LineRecovery",
    "LossConverged",
    "LossCurve",
    "LossLandscape",
    "MinimizationPath",
    "ModelSummary",
    "ParameterValues",
    "PredictedAgainstTrue",
    "Progress",
    "StoppingRule",
    "WorstMistakes",
]
