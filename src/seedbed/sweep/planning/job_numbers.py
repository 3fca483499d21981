"""Numbers that each job of a group has for itself, as plain values."""

from dataclasses import dataclass, replace
from typing import Any

from omegaconf import DictConfig, OmegaConf

from seedbed.config.instantiation import keys_of, target_of
from seedbed.config.known_keys import varying_keys
from seedbed.config.schema.callbacks import EarlyStopping
from seedbed.config.spec import RunSpec, run_spec
from seedbed.engines.fused.early_stopping import EarlyStoppingRule
from seedbed.engines.fused.optimizers import RULES
from seedbed.runs.hydra_job import raw_value


@dataclass(frozen=True)
class JobNumbers:
    """Numbers and options that a job of a group has for itself, as plain values."""

    seed: int
    model: dict[str, Any]
    initial_weights: dict[str, Any]
    data: dict[str, Any]
    task: dict[str, float]
    optimizer: dict[str, float]
    scheduler: dict[str, Any]
    gradient_clip_val: float | None
    max_epochs: int
    early_stopping: EarlyStoppingRule | None


def numbers_of(config: DictConfig, like: JobNumbers | None = None) -> JobNumbers:
    """Read what a job has for itself.

    `like` is a job that differs from this one in nothing but seed, optimizer and numbers of its
    model: it saves time.
    """
    rule = RULES[_value(config, "optimizer", "_target_")]
    optimizer = {name: _number(config, name) for name in rule.numbers}
    if like is not None:
        seed = _value(config, "seed")
        # To resolve ${seed} takes OmegaConf a third of the plan's time.
        follows = raw_value(config, ("data", "seed")) == "${seed}"
        data = {**like.data, "seed": seed if follows else _value(config, "data", "seed")}
        model = _resolved({name: _value(config, "model", name) for name in like.model})
        return replace(like, seed=seed, model=model, data=data, optimizer=optimizer)
    return _numbers_of_spec(run_spec(config), optimizer)


def _numbers_of_spec(spec: RunSpec, optimizer: dict[str, float]) -> JobNumbers:
    assert spec.trainer.max_epochs is not None
    constant = target_of(spec.scheduler) is None
    task, model = keys_of(spec.task), keys_of(spec.model)
    # A class of the user's own may do anything with a key of this name.
    is_known = getattr(type(spec.model), "_target_", None) == target_of(spec.model)
    return JobNumbers(
        seed=spec.seed,
        model=_resolved(
            {name: model[name] for name in varying_keys("model") if is_known and name in model}
        ),
        initial_weights=keys_of(spec.initial_weights),
        data=keys_of(spec.data),
        task={name: task[name] for name in varying_keys("task") if name in task},
        optimizer=optimizer,
        scheduler={"_target_": None} if constant else keys_of(spec.scheduler),
        gradient_clip_val=spec.trainer.gradient_clip_val,
        max_epochs=spec.trainer.max_epochs,
        early_stopping=_early_stopping(spec),
    )


def _resolved(model: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a model with the units of each hidden layer in `hidden` alone."""
    size = model.get("hidden_size")
    if size is None:
        return model
    return {**model, "hidden": [size] * len(model["hidden"]), "hidden_size": None}


def hidden_sizes(job: JobNumbers) -> tuple[int, ...]:
    """Return the units of each hidden layer of a job's network; () where nothing is known of it."""
    return tuple(job.model.get("hidden", ()))


def _value(config: DictConfig, *path: str) -> Any:
    """Return a value as it is once resolved; a plain one is read in a tenth of OmegaConf's time."""
    value = raw_value(config, path)
    if isinstance(value, int | float) or (isinstance(value, str) and "$" not in value):
        return value
    for name in path:
        config = config[name]
    return OmegaConf.to_container(config) if OmegaConf.is_config(config) else config


def _number(config: DictConfig, name: str) -> float:
    """Return a number of the optimizer."""
    if name in ("beta1", "beta2"):
        return float(config.optimizer.betas[int(name[-1]) - 1])
    return float(_value(config, "optimizer", name))


def _early_stopping(spec: RunSpec) -> EarlyStoppingRule | None:
    for node in spec.callbacks.values():
        if isinstance(node, EarlyStopping):
            assert node.monitor is not None and node.mode is not None
            return EarlyStoppingRule(node.monitor, node.mode, node.min_delta, node.patience)
    return None
