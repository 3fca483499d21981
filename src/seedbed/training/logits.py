"""Networks that do not fit their task, told by one pass before the training."""

import torch
from torch import nn

from seedbed.errors import ConfigError, doubled_activation
from seedbed.training.evaluation_mode import evaluating
from seedbed.training.tasks import Binary, Multiclass, Task

_FUNCTIONS = {
    Multiclass: ("softmax", "SoftmaxBackward0", "cross_entropy"),
    Binary: ("sigmoid", "SigmoidBackward0", "bce_with_logits"),
}
# What changes the shape of a result and none of its numbers.
_SHAPE_ONLY = ("View", "Squeeze", "Unsqueeze", "Reshape", "Alias", "Transpose", "Permute")


def refuse_probabilities(net: nn.Module, task: Task, example: torch.Tensor) -> None:
    """Raise ConfigError where the last thing a classifier does is a softmax or a sigmoid.

    `example` is a batch of inputs. Autograd tells the last operation, wherever it was called.
    """
    if type(task) not in _FUNCTIONS:
        return
    function, operation, loss = _FUNCTIONS[type(task)]
    try:
        with evaluating(net):
            node = net(example).grad_fn
    except Exception:  # The user's own code may not like the example; training will tell.
        return
    while node is not None and node.name().startswith(_SHAPE_ONLY):
        node = node.next_functions[0][0]
    if node is not None and node.name() == operation:
        raise ConfigError(doubled_activation("model", function, loss))


def refuse_no_function(net: nn.Module, task: Task) -> None:
    """Raise ConfigError where a model without data is no function of its own parameters."""
    if not list(net.parameters()):
        raise ConfigError("model: it has no parameters that could be moved")
    try:
        with evaluating(net):
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
