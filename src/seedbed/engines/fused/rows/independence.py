"""Whether a row of a batch is trained on as if the others were not there.

If so, rows may be added that weigh nothing. It is tried out: no list of modules knows the user's.
"""

from copy import deepcopy
from typing import NamedTuple

import torch
from torch import Tensor, nn

from seedbed.data.table import Table
from seedbed.training.tasks import Task

# Rows that are looked at, and as many that are added to them.
ROWS = 6
# Relative to the largest number: sums in another order differ less.
TOLERANCE = 1e-3


class _Pass(NamedTuple):
    """What a pass through a network leaves: numbers of some rows, and whether it drew any."""

    numbers: list[Tensor]
    draws: bool


def why_rows_depend(net: nn.Module, task: Task, table: Table) -> str:
    """Return why rows that weigh nothing change what a network learns of the others, or nothing.

    Args:
        net: The network, which is left as it is.
        task: The task, with its loss.
        table: Rows as the network takes them; four at least for anything to be found.
    """
    count = min(ROWS, len(table.targets) // 2)
    if count < 2:
        return ""
    device = next((parameter.device for parameter in net.parameters()), torch.device("cpu"))
    rows, more = (
        Table(*(each[part].to(device) for each in table.tensors)) for part in _halves(count)
    )
    # What fills batches up is the last row, repeated.
    others = Table(*(each[-1:].expand_as(each) for each in rows.tensors))
    name = type(net).__name__
    try:
        for training in (True, False):
            tried = _Tried(net, task, training, rows)
            first, second = tried(more), tried(others)
            if not _alike(first, second):
                return f"a row of a batch changes what {name} makes of the others{_norms(net)}"
            # Random numbers are drawn for so many rows, and differ for fewer.
            if not first.draws and not _alike(first, tried(None)):
                return f"the number of rows of a batch changes what {name} makes of them"
    except Exception as error:  # The user's own network or loss may do anything.
        reason = (str(error).splitlines() or [""])[0][:200]
        return f"rows that weigh nothing do not go through {name}: {type(error).__name__}: {reason}"
    return ""


def _halves(count: int) -> tuple[slice, slice]:
    return slice(0, count), slice(count, 2 * count)


def _norms(net: nn.Module) -> str:
    """Return the first layer that is known for it, as a message ends."""
    norms = (nn.modules.batchnorm._BatchNorm, nn.modules.instancenorm._InstanceNorm)
    layer = next((m for m in net.modules() if isinstance(m, norms)), None)
    return f" ({type(layer).__name__})" if layer is not None and layer is not net else ""


class _Tried:
    """Function of rows that weigh nothing: outputs, loss, gradients and buffers of the others."""

    def __init__(self, net: nn.Module, task: Task, training: bool, rows: Table) -> None:
        self.net = net
        self.task = task
        self.training = training
        self.rows = rows

    def __call__(self, more: Table | None) -> _Pass:
        net, rows, count = deepcopy(self.net).train(self.training), self.rows, len(self.rows)
        weight = rows.inputs.new_ones(count, dtype=torch.float64)
        if rows.weights is not None:
            weight = weight * rows.weights
        inputs, targets = rows.inputs, rows.targets
        if more is not None:
            inputs = torch.cat((inputs, more.inputs))
            targets = torch.cat((targets, more.targets))
            weight = torch.cat((weight, torch.zeros_like(weight)))
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.default_generator.manual_seed(0)
            before = torch.get_rng_state()
            output = self.task.output(net, inputs)
            draws = not torch.equal(before, torch.get_rng_state())
        target = self.task.target(targets, output)
        loss = self.task.loss(output, target, weight)
        trained = [parameter for parameter in net.parameters() if parameter.requires_grad]
        gradients = torch.autograd.grad(loss, trained, allow_unused=True) if trained else ()
        found = [output[:count], loss, *(each for each in gradients if each is not None)]
        return _Pass([each.detach() for each in (*found, *net.buffers())], draws)


def _alike(first: _Pass, second: _Pass) -> bool:
    return all(map(_close, first.numbers, second.numbers))


def _close(first: Tensor, second: Tensor) -> bool:
    first, second = first.double(), second.double()
    scale = float(first.abs().max()) if first.numel() else 0.0
    return torch.allclose(first, second, rtol=0.0, atol=TOLERANCE * scale, equal_nan=True)
