"""Which hidden sizes share a program: padding wastes work, and another program costs some, too.

A step of a program takes a time by itself, whatever the jobs in it are, and one for every number
that it touches: parameters, and a quarter of what a batch leaves for the gradient. Padded numbers
are touched as others are. Jobs are put in the order of their sizes and cut where the sum is least.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

from torch import nn

from seedbed.engines.fused.group import Group
from seedbed.engines.fused.nets.dropout import JobDropout
from seedbed.sweep.planning.speedup import LARGEST_STEP

Sizes = tuple[int, ...]

# In numbers touched, of which each takes 8 to 12 nanoseconds on one core, with Adam: what a step
# takes by itself (100 to 150 microseconds, with dropout twice that), what an epoch does (measuring
# and noting), and what recording the steps of a program does (0.05 seconds). A single job trains
# alone, by which each of its steps takes several times as long.
_STEP, _EPOCH, _PROGRAM, _ALONE = 15_000, 100_000, 5_000_000, 50_000


@dataclass(frozen=True)
class Costs:
    """What training jobs of some hidden sizes costs, in numbers touched.

    Attributes:
        inputs, outputs: what the hidden layers lie between.
        rows: rows of a batch.
        steps: steps of a training.
        epochs: epochs of a training.
        drops: whether there is dropout, which makes three passes over the units of one.
    """

    inputs: int
    outputs: int
    rows: int
    steps: int
    epochs: int
    drops: bool = False

    def of_step(self, sizes: Sizes) -> float:
        """Return the numbers that one job touches in a step."""
        layers = (self.inputs, *sizes, self.outputs)
        weights = sum((before + 1) * after for before, after in pairwise(layers))
        return weights + self.rows * sum(layers[1:]) * (3 if self.drops else 1) / 4

    def of_program(self, jobs: int, sizes: Sizes) -> float:
        """Return what so many jobs in a program of these sizes cost."""
        of_job = self.of_step(sizes)
        if of_job > LARGEST_STEP:  # Sizes of several layers together may be so, each alone not.
            return inf
        each_step = _STEP * (1 + self.drops) + (_ALONE if jobs == 1 else 0) + jobs * of_job
        return _PROGRAM + self.epochs * _EPOCH + self.steps * each_step


def costs_of(group: Group) -> Costs | None:
    """Return the costs of jobs like those of a group.

    None where no network has hidden layers, and on a GPU, which padding does not keep busy.
    """
    if group.batches.device.type != "cpu":
        return None
    linear = [module for module in group.nets[0].modules() if isinstance(module, nn.Linear)]
    if not linear:
        return None
    epochs = max(group.max_epochs)
    steps = int(group.batches.steps().max()) * epochs
    rows = next(iter(group.batches.training(0))).rows
    drops = any(isinstance(module, JobDropout) for module in group.nets[0].modules())
    return Costs(linear[0].in_features, linear[-1].out_features, rows, steps, epochs, drops)


def width_classes(sizes: Sequence[Sizes], costs: Costs) -> list[list[int]]:
    """Return the places of the jobs that share a program, narrow ones first.

    Those whose step keeps a CPU busy by itself are apart from the others, which would wait.
    """
    ordered = sorted(set(sizes), key=lambda own: (costs.of_step(own), own))
    busy = [own for own in ordered if costs.of_step(own) > LARGEST_STEP]
    others = ordered[: len(ordered) - len(busy)]
    jobs = {own: [place for place, asked in enumerate(sizes) if asked == own] for own in ordered}
    parts = _cheapest([(own, len(jobs[own])) for own in others], costs)
    return [sorted(place for own in part for place in jobs[own]) for part in (*parts, busy) if part]


def width_note(sizes: Sequence[Sizes], places: Sequence[int], note: str) -> str:
    """Return what people are told of a class: its sizes, after what is said of it besides."""
    of_layers = list(zip(*(sizes[place] for place in places), strict=True))
    ends = ("x".join(str(end(layer)) for layer in of_layers) for end in (min, max))
    told = "hidden sizes " + " to ".join(dict.fromkeys(ends))
    return f"{note}, {told}" if note else told


def _cheapest(counted: Sequence[tuple[Sizes, int]], costs: Costs) -> list[list[Sizes]]:
    """Return sizes, given in order with the number of their jobs, cut where that costs least."""
    least, cut = [0.0], [0]
    for end in range(1, len(counted) + 1):
        widest, together, choices = counted[end - 1][0], 0, []
        for start in range(end - 1, -1, -1):
            own, jobs = counted[start]
            widest, together = tuple(map(max, widest, own)), together + jobs
            choices.append((least[start] + costs.of_program(together, widest), start))
        best, start = min(choices)
        least.append(best)
        cut.append(start)
    parts, end = [], len(counted)
    while end:
        parts.append([own for own, _ in counted[cut[end] : end]])
        end = cut[end]
    return parts[::-1]
