"""Loading of a run's data, and all that can be told of it before it trains."""

import torch

from seedbed.config.instantiation import keys_of, target_of
from seedbed.config.schema.callbacks import StoppingRule, never_stops
from seedbed.data import InMemoryData
from seedbed.engines.lightning.build import run_length
from seedbed.engines.lightning.data_module import place
from seedbed.engines.lightning.own_module import OwnModule
from seedbed.engines.lightning.threads import threads_of_a_step
from seedbed.errors import DoesNotFit
from seedbed.experiment.build import build_task, example_input
from seedbed.experiment.checks import (
    check_limits,
    check_network,
    check_patience,
    check_rows,
    check_shares,
)
from seedbed.experiment.fitted_task import fitted_task
from seedbed.experiment.training.experiment import Experiment
from seedbed.training.evaluation_mode import evaluation_mode
from seedbed.training.schedulers import length_problem


def load(experiment: Experiment, cut_short: bool = False) -> None:
    """Load the data, the first time, and check all that can be told before training.

    Of a run that is `cut_short` on purpose, to debug it, no rule or schedule need come to its end.

    Raises:
        ConfigError: rows do not fit, or a schedule or a rule does not fit the length of the run.
    """
    if experiment.loaded:
        return
    data, trainer = experiment.data, experiment.trainer
    if trainer.is_global_zero:
        data.prepare_data()
    trainer.strategy.barrier()
    place(data, trainer)
    data.setup("fit")
    module = experiment.module
    if isinstance(module, OwnModule):
        check_shares(experiment.spec, data)
        if isinstance(data, InMemoryData):
            check_rows(experiment.spec, data, build_task(experiment.spec))
    else:
        with evaluation_mode(module.net):  # The user's own rows may draw random numbers.
            check_rows(experiment.spec, data, module.task)
        module.task = fitted_task(module.task, data)
        check_network(experiment.spec, data, module.net, module.task)
    _check_length(experiment, cut_short)
    experiment.loaded = True


def _check_length(experiment: Experiment, cut_short: bool) -> None:
    spec = experiment.spec
    if spec.trainer.max_epochs == 0:
        return
    check_limits(spec.trainer, experiment.data)
    length = run_length(spec.trainer, experiment.data)
    if problem := length_problem(keys_of(spec.scheduler), length, cut_short):
        raise DoesNotFit(problem)
    for name, node in spec.callbacks.items() if not cut_short else []:
        keys, epochs = keys_of(node), length.intervals("epoch")
        if isinstance(node, StoppingRule) and epochs and node.min_epochs > epochs:
            key = f"callbacks.{name}"
            raise DoesNotFit(never_stops(key, "min_epochs", node.min_epochs, f"{epochs} epochs"))
        if str(target_of(node)).endswith("callbacks.EarlyStopping") and "patience" in keys:
            every = spec.trainer.check_val_every_n_epoch
            monitor = str(keys["monitor"])
            check_patience(f"callbacks.{name}", monitor, keys["patience"], every, length)


def threads_of(experiment: Experiment) -> int:
    """Return the number of CPU threads: that of the config, else by the size of a step."""
    spec, net = experiment.spec, experiment.module.net
    if spec.trainer.threads is not None or experiment.data.placement.device.type != "cpu":
        return spec.trainer.threads or torch.get_num_threads()
    rows = keys_of(spec.data).get("batch_size") or experiment.data.rows("train")
    return threads_of_a_step(net, example_input(spec, net), rows)
