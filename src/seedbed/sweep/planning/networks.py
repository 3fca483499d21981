"""Networks of the jobs of a group, and the numbers in them that each job has for itself."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.config.schema.model import InitialWeights
from seedbed.config.spec import RunSpec
from seedbed.engines.fused.nets.dropout import probabilities, with_job_dropout
from seedbed.experiment.build import NetworkBuilder
from seedbed.sweep.planning.job_numbers import JobNumbers
from seedbed.training.parameters import frozen_parameters

# Key of the model that is the probability of all of its dropout layers.
_DROPOUT = "dropout"


def networks_of(
    spec: RunSpec, jobs: Sequence[JobNumbers]
) -> tuple[list[nn.Module], dict[str, Tensor]]:
    """Return each job's network with its initial weights, and their numbers by buffer, (jobs, ...).

    Networks that are equal but for those numbers are made once.
    """
    dropout = [float(job.model.get(_DROPOUT, 0.0)) for job in jobs]
    # One that drops nothing has no such layers, and takes part in the program of those that do.
    all_drop: dict[str, Any] = {_DROPOUT: max(dropout)} if any(dropout) else {}
    builders, nets = dict[str, NetworkBuilder](), dict[str, nn.Module]()
    keys = []
    for job in jobs:
        model = {**job.model, **all_drop}
        keys.append(repr((job.seed, job.initial_weights, model)))
        if keys[-1] in nets:
            continue
        if repr(model) not in builders:
            builders[repr(model)] = NetworkBuilder(with_model(spec, model))
        net = builders[repr(model)].build(job.seed, InitialWeights(**job.initial_weights))
        for name in frozen_parameters(net, spec.freeze.parameters):
            net.get_parameter(name).requires_grad_(False)
        with_job_dropout(net)
        nets[keys[-1]] = net
    return [nets[key] for key in keys], _probabilities(nets, keys, dropout)


def with_model(spec: RunSpec, model: dict[str, Any]) -> RunSpec:
    """Return the spec with other values of some of the model's keys."""
    if not model:
        return spec
    # Of a class of the user's own nothing is known to vary.
    return replace(spec, model=replace(spec.model, **model))


def _probabilities(
    nets: dict[str, nn.Module], keys: Sequence[str], dropout: Sequence[float]
) -> dict[str, Tensor]:
    """Return the dropout probability of each job by buffer, (jobs,)."""
    own = {key: probabilities(net) for key, net in nets.items()}
    columns = {
        name: dropout if any(dropout) else [own[key][name] for key in keys] for name in own[keys[0]]
    }
    return {name: torch.tensor(column, dtype=torch.float64) for name, column in columns.items()}
