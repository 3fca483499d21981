"""Callbacks of a run: checkpoints, progress, stopping rules, logging and figures."""

from seedbed.callbacks.checked_callback import CheckedCallback
from seedbed.callbacks.checkpoint import Checkpoint
from seedbed.callbacks.early_stopping import EarlyStopping, why_stopped
from seedbed.callbacks.figures.classification import (
    ConfusionMatrix,
    DecisionBoundary,
    WorstMistakes,
)
from seedbed.callbacks.figures.figure_callback import FigureCallback
from seedbed.callbacks.figures.gradients import Gradients
from seedbed.callbacks.figures.loss_curve import LossCurve
from seedbed.callbacks.figures.parameter_paths import (
    LineRecovery,
    LossLandscape,
    MinimizationPath,
)
from seedbed.callbacks.figures.regression import Fit, PredictedAgainstTrue
from seedbed.callbacks.freeze import Freeze
from seedbed.callbacks.learning_rate import LearningRate
from seedbed.callbacks.model_summary import ModelSummary
from seedbed.callbacks.parameter_values import ParameterValues
from seedbed.callbacks.progress import Progress
from seedbed.callbacks.scheduled_numbers import ScheduledNumbers
from seedbed.callbacks.stopping import GradientConverged, LossConverged, StoppingRule
from seedbed.callbacks.trial_stopping import TrialStopping
from seedbed.callbacks.weight_averaging import StochasticWeightAveraging

__all__ = [
    "CheckedCallback",
    "Checkpoint",
    "ConfusionMatrix",
    "DecisionBoundary",
    "EarlyStopping",
    "FigureCallback",
    "Fit",
    "Freeze",
    "GradientConverged",
    "Gradients",
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
    "ScheduledNumbers",
    "StochasticWeightAveraging",
    "StoppingRule",
    "TrialStopping",
    "WorstMistakes",
    "why_stopped",
]
