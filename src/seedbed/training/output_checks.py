"""Checks of a network's output against its task, and of its metrics, before training."""

import warnings

import torch
from torch import nn

from seedbed.errors import ConfigError, SeedbedError, doubled_activation
from seedbed.training.evaluation_mode import evaluation_mode
from seedbed.training.tasks import Binary, Classification, Multiclass, Task

# Task, function that its loss applies itself, the node of autograd that it leaves, the loss.
_FUNCTIONS = {
    Multiclass: ("softmax", "SoftmaxBackward0", "cross_entropy"),
    Binary: ("sigmoid", "SigmoidBackward0", "bce_with_logits"),
}
# Operations of autograd that change the shape of a result and none of its values.
_RESHAPING = ("View", "Squeeze", "Unsqueeze", "Reshape", "Alias", "Transpose", "Permute")


def require_logits(net: nn.Module, task: Task, example: torch.Tensor) -> None:
    """Refuse a classifier whose last operation is the softmax or sigmoid that its loss applies.

    Autograd tells the last operation, wherever the network calls it. A network whose forward pass
    fails on the example is accepted: training will show the error.

    Args:
        net: Network with outputs as the task takes them.
        task: Task that the network is trained for.
        example: Batch of inputs, (rows, *input_shape).

    Raises:
        ConfigError: The outputs are probabilities.
    """
    if type(task) not in _FUNCTIONS:
        return
    function, operation, loss = _FUNCTIONS[type(task)]
    try:
        with evaluation_mode(net):
            node = net(example).grad_fn
    except Exception:
        return
    while node is not None and node.name().startswith(_RESHAPING):
        node = node.next_functions[0][0]
    if node is not None and node.name() == operation:
        name = loss if task.own_loss is None else task.own_loss.name
        raise ConfigError(doubled_activation("model", function, name))


# Rows that a loss of the user's own is tried with.
_ROWS_OF_A_LOSS = 6
# Losses that take other outputs than logits, without a word, and what takes logits.
_OF_OTHER_OUTPUTS = {
    "torch.nn.NLLLoss": "torch.nn.CrossEntropyLoss",
    "torch.nn.functional.nll_loss": "torch.nn.CrossEntropyLoss",
}


def require_loss(task: Task, kind: str, output_size: int) -> None:
    """Refuse a loss of the user's own that cannot be minimized; it is tried with made-up rows.

    Args:
        task: Task that may have such a loss.
        kind: regression, binary or multiclass.
        output_size: Outputs of the network per row.

    Raises:
        ConfigError: It fails on outputs and targets as the task has them, gives something else than
            one number, does not depend on the outputs, or takes no weights though classes have
            some.
    """
    loss = task.own_loss
    if loss is None or kind not in ("regression", "binary", "multiclass"):
        return
    if loss.name in _OF_OTHER_OUTPUTS:
        raise ConfigError(
            f"task.loss: {loss.name} takes logarithms of probabilities, and the model gives "
            f"logits: use {_OF_OTHER_OUTPUTS[loss.name]}"
        )
    if isinstance(task, Classification) and (task.fits_targets or task.class_weights is not None):
        loss.require_weights("task.class_weights")
    generator = torch.Generator().manual_seed(0)
    output = torch.randn(_ROWS_OF_A_LOSS, output_size, generator=generator).requires_grad_()
    classes = torch.arange(_ROWS_OF_A_LOSS) % max(2, output_size)
    target = task.target(output.detach() + 0.5 if kind == "regression" else classes, output)
    given = _given(task, output, target)
    try:
        value = task.loss(output, target)
    except SeedbedError:
        raise
    except Exception as error:  # The user's own code may raise anything.
        reason = (str(error).strip().splitlines() or [""])[0][:200]
        raise ConfigError(
            f"task.loss: {loss.name} fails on outputs {given}: {type(error).__name__}: {reason}"
        ) from error
    if not isinstance(value, torch.Tensor) or value.numel() != 1 or value.dim() > 1:
        raise ConfigError(
            f"task.loss: {loss.name} gives {_described(value)}, and a loss is one number, the mean "
            "over the rows"
        )
    if not (value.requires_grad and value.is_floating_point()):
        raise ConfigError(
            f"task.loss: {loss.name} cannot be differentiated: its value does not depend on the "
            "outputs by operations of torch"
        )


def _given(task: Task, output: torch.Tensor, target: torch.Tensor) -> str:
    """Return shapes and types of what a loss is given."""
    if isinstance(task, Binary):
        return "of shape (rows,) and targets of shape (rows,), floats"
    shapes = [f"({', '.join(['rows', *map(str, t.shape[1:])])})" for t in (output, target)]
    shapes = [shape.replace("(rows)", "(rows,)") for shape in shapes]
    kind = "floats" if target.is_floating_point() else "int64"
    return f"of shape {shapes[0]} and targets of shape {shapes[1]}, {kind}"


# Rows that torchmetrics are tried with.
_TRIED_ROWS = 32


def require_numbers(task: Task, kind: str, output_size: int) -> None:
    """Refuse torchmetrics that do not come out as one number, or do not take the predictions.

    They are tried with made-up rows.

    Args:
        task: Task whose torchmetrics are tried.
        kind: regression, binary or multiclass.
        output_size: Outputs of the network per row.

    Raises:
        ConfigError: Names the first torchmetric that gives something else, or fails.
    """
    if not task.has_torchmetrics or kind not in ("regression", "binary", "multiclass"):
        return
    drawn = torch.rand(2, _TRIED_ROWS, output_size, generator=torch.Generator().manual_seed(0))
    # Positive values, which all metrics of a regression take.
    output, values = 0.5 + drawn
    classes = torch.arange(_TRIED_ROWS) % max(2, output_size)
    target = task.target(values if kind == "regression" else classes, output)
    prediction = task.prediction(output)
    for name, metric in task.make_torchmetrics().items():
        key = f"task.torchmetrics.{name}"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                metric.update(prediction, target)
                value = metric.compute()
        except Exception as error:  # A class of the user's may raise anything.
            reason = (str(error).strip().splitlines() or [""])[0][:200]
            shapes = f"{tuple(prediction.shape)} and targets of shape {tuple(target.shape)}"
            raise ConfigError(
                f"{key}: {type(metric).__name__} does not take predictions of shape {shapes}: "
                f"{type(error).__name__}: {reason}"
            ) from error
        if not (isinstance(value, int | float) or (_numbers(value) == 1)):
            raise ConfigError(
                f"{key}: {type(metric).__name__} gives {_described(value)}, and a metric is one "
                "number; choose its average, such as macro, or another class"
            )


def _numbers(value: object) -> int:
    return value.numel() if isinstance(value, torch.Tensor) else 0


def _described(value: object) -> str:
    if isinstance(value, torch.Tensor):
        return f"{value.numel()} numbers, of shape {tuple(value.shape)}"
    return f"a {type(value).__name__}"


def require_function_of_parameters(net: nn.Module, task: Task) -> None:
    """Refuse a model without data whose forward() is no function of its own parameters.

    Args:
        net: Module whose forward() takes no arguments.
        task: The task, Minimize.

    Raises:
        ConfigError: There are no parameters, forward() fails, or its value depends on none of them.
    """
    if not list(net.parameters()):
        raise ConfigError("model: it has no parameters that could be moved")
    try:
        with evaluation_mode(net):
            value = task.output(net, torch.zeros(1, 0))
    except ConfigError:
        raise
    except Exception as error:  # The user's own code.
        reason = (str(error).splitlines() or [""])[0]
        raise ConfigError(
            f"model: forward(), called without arguments, fails: {type(error).__name__}: {reason}"
        ) from error
    if not value.requires_grad:
        raise ConfigError("model: the value of forward() does not depend on the parameters")
