"""Networks of different widths in one program: the narrow ones are padded with zeros.

A unit that a narrow network has not has zeros for incoming and outgoing weights. It adds nothing to
what follows it, and the program leaves its numbers at zero: a gradient is zero there before
anything else looks at it. So each job trains as it would alone (as in Wang, Sabiri and others,
"ParallelMLPs", arXiv 2206.08369). Padded are the linear layers of Seedbed's own networks; what a
network of the user's does with a unit of zeros is not known.
"""

from collections.abc import Sequence
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from seedbed.engines.fused.network_state import Layout, named_tensors
from seedbed.models import CNN, MLP

Shapes = dict[str, tuple[int, ...]]
# Facts of a linear layer that are its width.
_WIDTHS = ("weight", "bias", "in_features", "out_features")


def width_facts(net: nn.Module) -> set[str]:
    """Return the names, as `network_state.fixed` has them, in which widths of a network show."""
    if type(net) not in (MLP, CNN):
        return set()
    return {
        f"{path}.{name}"
        for path, module in net.named_modules()
        if isinstance(module, nn.Linear)
        for name in _WIDTHS
    }


class Widths:
    """Shapes of the tensors of the jobs' networks, and of those in which each has room.

    Args:
        nets: Network of each job.

    Attributes:
        shapes: largest shape of each parameter and buffer, by name.
        differ: whether any job's are smaller.
    """

    def __init__(self, nets: Sequence[nn.Module]) -> None:
        known = {id(net): _shapes(net) for net in {id(net): net for net in nets}.values()}
        self._of_jobs = [known[id(net)] for net in nets]
        first, distinct = self._of_jobs[0], list(known.values())
        self.differ = any(shapes != first for shapes in distinct)
        self.shapes = first
        if self.differ:
            self.shapes = {
                name: tuple(map(max, *(shapes[name] for shapes in distinct))) for name in first
            }

    def widest(self, net: nn.Module) -> nn.Module:
        """Return a network with room for every job's: this one, unless widths differ."""
        if not self.differ:
            return net
        wide = deepcopy(net)
        for path, module in wide.named_modules():
            if isinstance(module, nn.Linear):
                for name, parameter in list(module.named_parameters(recurse=False)):
                    shape = self.shapes[f"{path}.{name}"]
                    room = nn.Parameter(parameter.new_zeros(shape), parameter.requires_grad)
                    module.register_parameter(name, room)
                module.out_features, module.in_features = module.weight.shape
        return wide

    def padded(self, named: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors of one network, with zeros at the ends of their axes."""
        if not self.differ:
            return named
        return {name: fitted(tensor, self.shapes[name]) for name, tensor in named.items()}

    def cropped(self, job: int, name: str, tensor: Tensor) -> Tensor:
        """Return a padded tensor as a job's own network has it."""
        return fitted(tensor, self._of_jobs[job][name]) if self.differ else tensor

    def padding(self, layout: Layout) -> Tensor | None:
        """Return which numbers of the rows are padding, (jobs, numbers); None where none is."""
        if not self.differ:
            return None
        known: dict[int, Tensor] = {}
        for shapes in self._of_jobs:
            if id(shapes) not in known:
                own = {name: torch.zeros(shapes[name]) for name in layout.shapes}
                ends = {
                    name: fitted(zeros, self.shapes[name], padding=1.0)
                    for name, zeros in own.items()
                }
                known[id(shapes)] = layout.flat(ends).bool()
        return torch.stack([known[id(shapes)] for shapes in self._of_jobs])


def _shapes(net: nn.Module) -> Shapes:
    return {name: tuple(tensor.shape) for name, tensor in named_tensors(net).items()}


def fitted(tensor: Tensor, shape: Sequence[int], padding: float = 0.0) -> Tensor:
    """Return a tensor whose last axes have these lengths: cut off, or padded, at their ends."""
    lengths = tensor.shape[tensor.dim() - len(shape) :]
    if lengths == tuple(shape):
        return tensor
    # The last axis comes first; a negative number cuts off.
    ends = [end for own, asked in zip(lengths, shape, strict=True) for end in (asked - own, 0)]
    return F.pad(tensor.detach(), ends[::-1], value=padding)
