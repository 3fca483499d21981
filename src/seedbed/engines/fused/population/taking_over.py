"""Exchange in the engine: rows of all tensors are taken from those of others.

A trial that takes over another one is from then on that one's line: it has its weights, buffers,
optimizer state, order of batches, schedule, curves and best epoch. Its numbers alone are others, so
that the job could have trained alone, with these numbers from these epochs on.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils._pytree import tree_map

from seedbed.engines.fused.history import Metrics

if TYPE_CHECKING:
    from seedbed.engines.fused.engine import Engine
    from seedbed.engines.fused.population.population import Population


def exchange(engine: "Engine", population: "Population", epoch: int, metrics: Metrics) -> None:
    """Let the worst trials give way after an epoch, where that is due; those that ended return."""
    if not population.is_due(epoch) or engine.group.monitor not in metrics:
        return
    reached = np.where(engine.running, metrics[engine.group.monitor], np.nan)
    best = engine.history.best_values()
    pairs = population.exchange(epoch, reached, engine.group.mode, best)
    if not pairs:
        return
    rows, sources = (population.jobs_of(places) for places in zip(*pairs, strict=True))
    _take(engine, rows, sources)
    engine.history.take_over(rows, sources)
    engine.ended_jobs.remove(rows)
    engine.running[rows] = True
    engine.group.rates.take_over(rows, sources)
    set_numbers(engine, population)


def _take(engine: "Engine", rows: NDArray[np.int64], sources: NDArray[np.int64]) -> None:
    to, of = (torch.from_numpy(places).to(engine.device) for places in (rows, sources))

    def take(tensor: torch.Tensor) -> None:
        tensor[to] = tensor[of]

    tree_map(take, (engine.rows, engine.others, engine.states, engine.best))


def set_numbers(engine: "Engine", population: "Population") -> None:
    """Give every row of the engine the numbers and the seed that its trial has now."""
    trials = (engine.job // population.lanes).tolist()
    for number in population.numbers:
        values = [population.values[trial][number.key] for trial in trials]
        columns = [number.numbers(value) for value in values] if number.names else []
        for name in number.names:
            column = torch.tensor([c[name] for c in columns], dtype=torch.float64)
            if number.part == "rate":
                engine.group.rates.set_bases(column.numpy())
            elif number.part == "optimizer":
                engine.numbers[name].copy_(column.unsqueeze(1))
            elif number.part == "loss":
                engine.loss_numbers[name].copy_(column)
        for name in engine.keys.names if number.part == "dropout" else ():
            column = torch.tensor(values, dtype=torch.float64)
            engine.others[name].copy_(column.view_as(engine.others[name]))
    roots = population.jobs_of(population.roots().tolist())[engine.job]
    engine.group.batches.use_seeds_of(roots)
    engine.keys.use_seeds_of(roots)


def state_of(engine: "Engine", population: "Population") -> dict[str, Any]:
    """Return lineage, numbers and how the rates follow from the schedules, as plain values."""
    return {**population.state(), "rates": engine.group.rates.lanes()}


def restore(engine: "Engine", population: "Population", state: Mapping[str, Any]) -> None:
    """Go on from what `state_of` returned, after the other parts of the engine."""
    population.restore(state)
    engine.group.rates.restore_lanes(state["rates"])
    set_numbers(engine, population)
