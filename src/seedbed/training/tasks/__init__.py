"""Tasks: the loss, the metrics and the predictions of a kind of problem."""

from seedbed.training.tasks.auto import Auto
from seedbed.training.tasks.classification import Binary, Classification, Multiclass
from seedbed.training.tasks.minimize import Minimize
from seedbed.training.tasks.own_loss import OwnLoss
from seedbed.training.tasks.regression import Regression
from seedbed.training.tasks.task import Task

__all__ = [
    "Auto",
    "Binary",
    "Classification",
    "Minimize",
    "Multiclass",
    "OwnLoss",
    "Regression",
    "Task",
]
