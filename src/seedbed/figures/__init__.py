"""Figures: functions that draw numpy arrays with matplotlib and return a matplotlib Figure.

They know nothing of torch, training or configs. Importing matplotlib takes time: import this
package where a figure is drawn, not at start-up.
"""

from seedbed.figures.confusion_matrix import confusion_matrix
from seedbed.figures.curves.gradients import gradient_curves
from seedbed.figures.curves.loss_curve import loss_curve
from seedbed.figures.decision_boundary import decision_boundary
from seedbed.figures.fit import fit_on_range
from seedbed.figures.line_recovery import line_recovery
from seedbed.figures.loss_landscape import draw_loss_landscape, loss_landscape
from seedbed.figures.minimization_path import minimization_path
from seedbed.figures.predicted_against_true import predicted_against_true
from seedbed.figures.style import axis_label, caption, png
from seedbed.figures.worst_mistakes import worst_mistakes

__all__ = [
    "axis_label",
    "caption",
    "confusion_matrix",
    "decision_boundary",
    "draw_loss_landscape",
    "fit_on_range",
    "gradient_curves",
    "line_recovery",
    "loss_curve",
    "loss_landscape",
    "minimization_path",
    "png",
    "predicted_against_true",
    "worst_mistakes",
]
