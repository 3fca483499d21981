"""Task of a run with what follows from its training rows."""

from typing import Any

import torch
from torch import Tensor

from seedbed.data import DataModule, InMemoryData
from seedbed.errors import ConfigError
from seedbed.training.tasks import Regression, Task


def fitted_task(task: Task, data: DataModule) -> Task:
    """Return a task with the class weights and the scaling of targets that the data make.

    Takes the arguments of `fitted_numbers`, and raises what it does.
    """
    numbers = fitted_numbers(task, data)
    return task.with_numbers(numbers) if numbers else task


def fitted_numbers(task: Task, data: DataModule) -> dict[str, Tensor]:
    """Return the class weights and the scaling of targets that the data make, for `with_numbers`.

    Args:
        task: The task of the config.
        data: The data after `setup`; without rows, as for a prediction, class weights are left out.

    Raises:
        ConfigError: Class weights are to be balanced, and the training rows have no end or a class
            has none.
    """
    numbers: dict[str, Tensor] = {}
    scaling: Any = getattr(data, "target_scaling", None)
    if scaling is not None and isinstance(task, Regression):
        numbers |= {"target_shift": scaling.shift, "target_scale": scaling.scale}
    if task.fits_targets and data.has_split("train"):
        numbers |= task.fitted(_training_targets(data))
    return numbers


def _training_targets(data: DataModule) -> Tensor:
    if isinstance(data, InMemoryData):
        return data.table("train").targets
    if data.rows("train") is None:
        raise ConfigError(
            "task.class_weights=balanced: how many training rows there are is not known; "
            "give a list of weights"
        )
    return torch.cat([batch[1] for batch in data.all_rows("train")])
