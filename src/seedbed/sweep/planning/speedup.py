"""Whether jobs take less time side by side than one after another: `sweep.fuse=auto`.

What a job alone spends on Python and on calls of small operations is shared by jobs side by side.
But what all of them touch in a step leaves the caches of a CPU sooner than what one of them does.
"""

import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from seedbed.config.spec import run_spec
from seedbed.engines.fused.group import Group
from seedbed.errors import ConfigError
from seedbed.experiment import build
from seedbed.sweep.planning.memory.allocations import Allocations
from seedbed.training.tasks import Task

# Parameters, a quarter of the numbers that a batch leaves for the gradient, and a sixteenth of the
# inputs, where each job has rows of its own. Measured on two cores: up to here jobs side by side
# take 0.01 to 0.58 of the time of jobs one after another, with twice as many 0.5 to 1.5, with ten
# times as many 0.8 to 5.
LARGEST_STEP = 40_000

LONELY = "no other job differs in numbers alone"
UNLIKE = "no other job has hidden layers of about its size"
BUSY = "a step of one job keeps a CPU busy by itself"


def why_it_does_not_pay(config: DictConfig, jobs: int) -> str:
    """Return why a group would not be faster than its jobs one after another, or nothing.

    No data are read: what can be told from them, `why_its_step_does_not_pay` tells.
    """
    if jobs == 1:
        return LONELY
    if build.accelerator(config.trainer.accelerator) != "cpu":
        return ""
    try:
        net = build.build_net(run_spec(config))
    except ConfigError:  # Its jobs are found to be wrong, and the others go on.
        return ""
    if any(isinstance(module, nn.modules.conv._ConvNd) for module in net.modules()):
        return "convolutions keep a CPU busy by themselves"
    return BUSY if _parameters(net) > LARGEST_STEP else ""


def why_its_step_does_not_pay(group: Group) -> str:
    """Return why a group would not be faster, or nothing, by a pass through one of its networks."""
    if group.batches.data[0].device.type != "cpu":
        return ""
    batch = next(iter(group.batches.training(0)))
    inputs = batch.inputs if batch.shared else batch.inputs[0]
    net = group.nets[0]
    numbers = _parameters(net) + kept_for_the_gradient(group.task, net, inputs) / 4
    if not batch.shared:
        numbers += inputs.numel() / 16
    return BUSY if numbers > LARGEST_STEP else ""


def _parameters(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def kept_for_the_gradient(task: Task, net: nn.Module, inputs: Tensor) -> float:
    """Return how many numbers a pass leaves for the gradient, the output among them."""
    counted = Allocations(list(net.parameters()), list(net.buffers()), inputs)
    with torch.enable_grad(), torch.random.fork_rng(devices=[]):
        try:
            with counted:
                output = task.output(net, inputs)
        except Exception:  # The user's own network may do anything, and training will say so.
            return 0.0
    return float(counted.now / output.element_size())
