"""Builders of data, network and task from the spec of a run, for both engines."""

import random
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from seedbed.config.instantiation import keys_of, make, make_factory, reworded, target_of
from seedbed.config.schema import schema_targets
from seedbed.config.schema.data import Data
from seedbed.config.schema.model import InitialWeights, Model
from seedbed.config.spec import DataFacts, RunSpec
from seedbed.data import DataModule
from seedbed.data.in_memory.own_options import checked_options, takes_options
from seedbed.data.inference import data_class
from seedbed.errors import ConfigError, SeedbedError
from seedbed.experiment.weights.taking import dotted, take
from seedbed.models import set_initial_weights
from seedbed.training.output_checks import (
    require_function_of_parameters,
    require_logits,
    require_loss,
    require_numbers,
)
from seedbed.training.tasks import OwnLoss, Task


def build_data(spec: RunSpec) -> DataModule:
    """Return the data module; Seedbed's own take their typed options, others their keys.

    Raises:
        ConfigError: the class is no DataModule, or takes the keys of other data.
    """
    if not isinstance(spec.data, Data):
        if takes_options(kind := make_factory("data", {"_target_": target_of(spec.data)}).func):
            return kind.made(checked_options(keys_of(spec.data)))  # type: ignore[no-any-return]
        facts = DataFacts.__dataclass_fields__
        keys = {name: value for name, value in keys_of(spec.data).items() if name not in facts}
        return make("data", DataModule, keys)  # type: ignore[no-any-return]
    target = target_of(spec.data)
    takes = schema_targets().get(target or "")
    if takes not in (None, type(spec.data)):
        raise ConfigError(f"data._target_: {target} takes other keys than these data have")
    return data_class(str(target)).made(spec.data)


def build_net(spec: RunSpec) -> nn.Module:
    """Return the network with its initial weights, drawn from `seed`.

    Raises:
        ConfigError: weights that were given do not fit.
    """
    return NetworkBuilder(spec).build(spec.seed, spec.initial_weights)


class NetworkBuilder:
    """Builder of networks of one option that differ in their initial weights.

    The option is resolved once, which takes Hydra longer than PyTorch takes for a small network.
    """

    def __init__(self, spec: RunSpec) -> None:
        self._factory = make_factory("model", _needed(keys_of(spec.model)))
        self._target = str(target_of(spec.model))
        self._require_no_lightning_module(self._factory.func)
        if self._target in schema_targets():
            # What Hydra looks at in every call of a class takes longer than a small network.
            self._factory = partial(self._factory.func, **self._factory.keywords)
        self._double = spec.trainer.precision.startswith("64")
        # Functions hold their start in full precision; a model of the user's is left as it is.
        self._single = isinstance(spec.model, Model)
        self._outputs = spec.outputs

    def build(self, seed: int, initial_weights: InitialWeights) -> nn.Module:
        """Return the network with weights drawn from a seed, given, or taken from another's.

        Raises:
            ConfigError: the class does not take its keys, is no network, or given weights do not
                fit.
        """
        seed_cpu(seed)
        net = self._made()
        if self._double:
            net = net.double()
        elif self._single:
            net = net.float()
        parameters = dotted(initial_weights.parameters or {})
        set_initial_weights(net, initial_weights.distribution, parameters)
        take(net, initial_weights, self._outputs)
        return net

    def _made(self) -> nn.Module:
        try:
            net = self._factory()
        except SeedbedError:
            raise
        except (Exception, SystemExit) as error:
            raise reworded("model", self._target, error) from error
        self._require_no_lightning_module(type(net))
        if not isinstance(net, nn.Module):
            raise ConfigError(f"model: {self._target} is not a torch.nn.modules.module.Module")
        return net

    def _require_no_lightning_module(self, kind: Any) -> None:
        if any(base.__name__ == "LightningModule" for base in getattr(kind, "__mro__", ())):
            raise ConfigError(
                f"model: {self._target} is a LightningModule, whose training_step would never be "
                f"called: module._target_={self._target} trains it as it is"
            )


def _needed(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the keys of embedded categories where there are none, and sizes that say nothing.

    A class of the user's that takes the other keys of `model=mlp` need not know them.
    """
    unused = set() if keys.get("category_sizes") else {"category_sizes", "embedding_size"}
    if keys.get("hidden_size") is None:
        unused.add("hidden_size")
    return {name: value for name, value in keys.items() if name not in unused}


def seed_cpu(seed: int) -> None:
    """Seed the global random numbers of Python, NumPy and PyTorch, of the latter on the CPU.

    `torch.manual_seed` would look for other devices, too, which takes longer than a small network.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)


def build_task(spec: RunSpec) -> Task:
    """Return the task: loss and metrics.

    Raises:
        ConfigError: the class is no Task.
    """
    keys = keys_of(spec.task)
    # Metrics are made by the task, several times over.
    torchmetrics = keys.pop("torchmetrics", {})
    more: dict[str, Any] = {}
    if isinstance(keys.get("loss"), Mapping):
        more["loss"] = _own_loss(keys.pop("loss"))
    factory = make_factory("task", keys)
    if not (isinstance(factory.func, type) and issubclass(factory.func, Task)):
        raise ConfigError(f"task._target_: {keys['_target_']} is not a seedbed.training.tasks.Task")
    task: Task = factory(torchmetrics=torchmetrics, **more)
    task.outputs = spec.facts.output_size
    return task


def _own_loss(node: Mapping[str, Any]) -> OwnLoss:
    """Return the loss that a config names: a class is made, a function is given the keys."""
    target = str(target_of(node))
    function = make_factory("task.loss", node)
    if isinstance(function.func, type):
        try:
            function = function()
        except SeedbedError:
            raise
        except (Exception, SystemExit) as error:  # The user's own code.
            raise reworded("task.loss", target, error) from error
    return OwnLoss(target, function)


def accelerator(name: str) -> str:
    """Return `gpu` or `cpu`; `auto` is the GPU where torch sees a CUDA device."""
    if name != "auto":
        return name
    return "gpu" if torch.cuda.is_available() else "cpu"


def device(name: str) -> torch.device:
    """Return the device of a run on one device of this accelerator."""
    return torch.device("cuda", 0) if accelerator(name) == "gpu" else torch.device("cpu")


def floating_point(precision: str) -> torch.dtype:
    """Return the floating-point type of inputs and targets at a `trainer.precision`."""
    return torch.float64 if precision.startswith("64") else torch.float32


def check_model(spec: RunSpec, net: nn.Module, task: Task) -> None:
    """Raise ConfigError where a forward pass shows that the network does not fit the task.

    As where a torchmetric is not one number, or a loss of the user's own is none.
    """
    require_numbers(task, spec.facts.task, spec.facts.output_size)
    require_loss(task, spec.facts.task, spec.facts.output_size)
    example = example_input(spec, net)
    if example is None:
        require_function_of_parameters(net, task)
    else:
        require_logits(net, task, example)


def example_input(spec: RunSpec, net: nn.Module) -> torch.Tensor | None:
    """Return a batch of one row of zeros; None where the model takes no rows."""
    if spec.facts.task == "minimize":
        return None
    parameter = next(net.parameters(), torch.zeros(()))
    shape = (1, *spec.facts.input_shape)
    return torch.zeros(shape, dtype=parameter.dtype, device=parameter.device)
