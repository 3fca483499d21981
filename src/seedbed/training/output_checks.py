"""Checks of a network's output against its task, by one forward pass before training."""

import torch
from torch import nn

from seedbed.errors import ConfigError, doubled_activation
from seedbed.training.evaluation_mode import evaluation_mode
from seedbed.training.tasks import Binary, Multiclass, Task

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
        raise ConfigError(doubled_activation("model", function, loss))


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
