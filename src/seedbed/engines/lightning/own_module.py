"""Training of a LightningModule of the user's: what it logs becomes the metrics of the run."""

import re
from collections import deque
from collections.abc import Mapping
from contextlib import contextmanager
from math import isfinite
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint as LightningCheckpoint
from pytorch_lightning.trainer.connectors.logger_connector.fx_validator import _FxValidator
from pytorch_lightning.utilities.model_helpers import is_overridden
from torch import Tensor

from seedbed.callbacks.training_state import COMPANION
from seedbed.config.instantiation import make_factory, reworded, target_of
from seedbed.config.spec import Node
from seedbed.errors import ConfigError, Diverged, SeedbedError, listed, nearest
from seedbed.loggers.logged_epochs import LoggedEpochs
from seedbed.runs.outcome import Curves
from seedbed.training.metrics import is_metric

# How a metric says which split it is of.
_OF_SPLIT = re.compile(r"(train|val|valid|validation|test)(?=[/_])")
_NEEDED = ("training_step", "configure_optimizers")


def make_own_module(node: Node) -> pl.LightningModule:
    """Return the LightningModule that `module=` names, with its initial weights.

    Raises:
        ConfigError: it is none, does not take its keys, or lacks what a training needs.
    """
    target, factory = str(target_of(node)), make_factory("module", node)
    if isinstance(factory.func, type):  # Of a class that is none, no key is looked at.
        _require_lightning_module(target, factory.func)
    try:
        module = factory()
    except SeedbedError:
        raise
    except (Exception, SystemExit) as error:
        raise reworded("module", target, error) from error
    _require_lightning_module(target, type(module))
    lacking = [name for name in _NEEDED if not is_overridden(name, module, pl.LightningModule)]
    if lacking:
        raise ConfigError(f"module: {target} has no {' and no '.join(lacking)}")
    return module  # type: ignore[no-any-return]


def _require_lightning_module(target: str, kind: type) -> None:
    if not issubclass(kind, pl.LightningModule):
        others = [base.__module__ for base in kind.__mro__]
        if any(name.startswith("lightning.") for name in others):
            raise ConfigError(
                f"module: {target} is a LightningModule of the package lightning, and Seedbed "
                "trains those of pytorch_lightning: import pytorch_lightning as pl"
            )
        raise ConfigError(
            f"module: {target} is not a LightningModule; a network is model._target_={target}"
        )


class OwnModule(LightningCheckpoint):
    """Companion of a LightningModule of the user's, which trains as it says itself.

    It is a callback that comes after all others but those that keep epochs, which look here for the
    metrics of the epoch: what the module, or a callback, has logged by `self.log` since the epoch
    before. They go to every logger in one call at the number of the epoch (from 1). Of a number
    that is logged at steps alone an epoch has the last one.

    Args:
        module: The LightningModule.
        log_every_n_epochs: Epochs between two logged points.
        log_every_n_steps: Optimizer steps between two points of what is logged at steps; None
            (default) for none.
        watched: Metrics that something depends on, by the config key that names them, which the
            first epoch in which all is measured has to log; None (default) for none.

    Attributes:
        net: The module, whose weights are those of the run.
        task: None: it has its own.
        epoch_metrics, metrics_epoch: Metrics of the last epoch, and its number.
        also_logged: Numbers that callbacks log with the metrics of the epoch.
        step_losses: Losses of the last two batches.
        tested_metrics: Metrics of the test split.
        keeps_validated_weights, validated_weights: As in SupervisedModule.
        prefix: What the names of the weights begin with in a checkpoint: nothing.
        kept_with_weights: What else the checkpoint of the best epoch holds, by key.
    """

    prefix = ""
    task = None

    def __init__(
        self,
        module: pl.LightningModule,
        log_every_n_epochs: int = 1,
        log_every_n_steps: int | None = None,
        watched: Mapping[str, str] | None = None,
    ) -> None:
        self.net = module
        self.log_every_n_steps = log_every_n_steps
        self.epoch_metrics: dict[str, float] = {}
        self.metrics_epoch: int | None = None
        self.also_logged: dict[str, float] = {}
        self.step_losses: deque[Tensor] = deque(maxlen=2)
        self.tested_split = "test"
        self.tested_metrics: dict[str, float] = {}
        self.keeps_validated_weights = False
        self.validated_weights: dict[str, Tensor] | None = None
        self._logged = LoggedEpochs(log_every_n_epochs)
        self._watched = {} if watched is None else dict(watched)
        # What was logged since the epoch before: whether a logger is to have it by epoch.
        self._names: dict[str, bool] = {}
        self._hidden: list[str] = []
        self._validated = False
        setattr(module, COMPANION, self)
        if not is_overridden("on_validation_model_zero_grad", module, pl.LightningModule):
            # The gradients of the last step, which a rule may look at, outlast the validation.
            module.on_validation_model_zero_grad = lambda: None  # type: ignore[method-assign]
        self._log = module.log
        module.log = self.log  # type: ignore[assignment,method-assign]

    # What is logged

    def log(
        self,
        name: str,
        value: Any,
        prog_bar: bool = False,
        logger: bool | None = None,
        on_step: bool | None = None,
        on_epoch: bool | None = None,
        **options: Any,
    ) -> None:
        """Log a number as Lightning does, and note its name.

        Over several processes it is the mean of all rows, unless the module says otherwise.
        """
        hook, trainer = self.net._current_fx_name, self.net._trainer
        if hook is not None and trainer is not None:
            on_step, on_epoch = _FxValidator.check_logging_and_get_default_levels(
                hook, on_step, on_epoch
            )
            at_steps = on_step and self.log_every_n_steps is not None
            self._names[name] = logger is not False and bool(on_epoch or not at_steps)
            if not at_steps:
                logger = False
            if on_epoch:
                options.setdefault("sync_dist", trainer.world_size > 1)
        self._log(name, value, prog_bar, logger, on_step, on_epoch, **options)

    def _collected(self, trainer: pl.Trainer) -> dict[str, float]:
        """Return what was logged since the last time."""
        logged = trainer.callback_metrics
        values = {name: float(logged[name]) for name in self._names if name in logged}
        if trainer.world_size > 1:  # All processes are to come to the same decisions.
            values = trainer.strategy.broadcast(values)
        return values

    # Training

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin an epoch."""
        if trainer.current_epoch < (trainer.min_epochs or 0):
            # Lightning would remember it until `min_epochs`, whatever has changed by then.
            trainer.should_stop = False
        self.validated_weights = None
        self._validated = False

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Keep the loss of the batch; raise Diverged where it is not finite."""
        loss = outputs.get("loss") if isinstance(outputs, Mapping) else outputs
        loss = loss.detach().mean() if isinstance(loss, Tensor) else torch.zeros(())
        if trainer.world_size > 1:
            loss = trainer.strategy.reduce(loss.to(pl_module.device), reduce_op="mean")
        if not isfinite(number := float(loss)):
            raise Diverged(number, trainer.current_epoch + 1, trainer.global_step, _rate(trainer))
        self.step_losses.append(loss)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Note that the epoch is validated."""
        self._validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the metrics of the epoch, and log them if due."""
        also = {name: value for name, value in self.also_logged.items() if is_metric(name)}
        self.epoch_metrics = {**self._collected(trainer), **also}
        self.metrics_epoch = trainer.current_epoch + 1
        if self._validated or not trainer.enable_validation:
            self._require_watched(trainer)
        self._hidden = [name for name, shown in self._names.items() if not shown]
        self._names.clear()
        self._log_epoch(trainer, self.metrics_epoch)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the last epoch if it is not logged yet."""
        if self.metrics_epoch is not None:
            self._log_epoch(trainer, self.metrics_epoch, last=True)

    def _log_epoch(self, trainer: pl.Trainer, epoch: int, last: bool = False) -> None:
        values = {**self.epoch_metrics, **self.also_logged}
        self._logged.add(trainer.loggers, epoch, values, self._hidden, last=last)

    def _require_watched(self, trainer: pl.Trainer) -> None:
        """Raise ConfigError where a metric that something depends on is not logged."""
        known = list(self.epoch_metrics)
        for key, name in self._watched.items():
            if name not in known:
                logged = listed(known) if known else "nothing"
                whose = type(self.net).__name__
                raise ConfigError(
                    f"{key}: '{name}' is not logged by {whose}.{nearest(name, known)}"
                    f" Logged: {logged}"
                )
        self._watched = {}

    def curves(self) -> Curves:
        """Return the numbers logged so far by epoch."""
        return self._logged.curves()

    def log_untrained(self) -> None:
        """Log the metrics of the initial weights, as epoch 0."""
        self.metrics_epoch = 0
        self._logged.add(self.net.trainer.loggers, 0, self.epoch_metrics, last=True)

    # Evaluation

    def measure(self, trainer: pl.Trainer, loader: Any, split: str) -> dict[str, float]:
        """Return what the module logs of a split: by its test_step, or by its validation_step.

        The test_step is for the test split, and the validation_step for the others, if it has both.
        What either logs as of its own split is named after the split that it was measured on.

        Raises:
            ConfigError: It has neither, or logs nothing.
        """
        steps = {
            phase: is_overridden(f"{phase}_step", self.net, pl.LightningModule)
            for phase in ("validation", "test")
        }
        phases = ("test", "validation") if split == "test" else ("validation", "test")
        phase = next((name for name in phases if steps[name]), None)
        kind = type(self.net).__name__
        if phase is None:
            raise ConfigError(
                f"module: {kind} has no validation_step and no test_step to measure by"
            )
        self._names.clear()
        with _limit(trainer, phase, split):
            run = trainer.test if phase == "test" else trainer.validate
            run(self.net, dataloaders=loader, verbose=False)
        values = self._collected(trainer)
        self._names.clear()
        if not values:
            raise ConfigError(f"module: {kind} logs nothing in its {phase}_step")
        return {_named_after(name, phase, split): value for name, value in values.items()}

    def measures(self) -> bool:
        """Return whether the module has a step that measures."""
        steps = ("validation_step", "test_step")
        return any(is_overridden(step, self.net, pl.LightningModule) for step in steps)

    # Checkpoints, and exact resumption

    @property
    def kept_with_weights(self) -> dict[str, Any]:
        """The hyperparameters that the module has saved, with which Lightning makes it again."""
        plain = {name: value for name, value in self.net.hparams.items() if _is_plain(value)}
        return {self.net.CHECKPOINT_HYPER_PARAMS_KEY: plain} if plain else {}

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Leave out hyperparameters that are no plain values, such as networks."""
        checkpoint.pop(self.net.CHECKPOINT_HYPER_PARAMS_KEY, None)
        checkpoint.pop(self.net.CHECKPOINT_HYPER_PARAMS_TYPE, None)
        checkpoint |= self.kept_with_weights

    def state_dict(self) -> dict[str, Any]:
        """Return the metrics of the last epoch, for the checkpoint."""
        return {
            "epoch_metrics": dict(self.epoch_metrics),
            "metrics_epoch": self.metrics_epoch,
            "also_logged": dict(self.also_logged),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the metrics of the last epoch."""
        self.epoch_metrics = dict(state_dict["epoch_metrics"])
        self.metrics_epoch = state_dict.get("metrics_epoch")
        self._logged.go_on_after(self.metrics_epoch)
        self.also_logged = dict(state_dict["also_logged"])

    def running_epoch(self) -> dict[str, Any]:
        """Return what is noted of the running epoch: tensors and plain values."""
        return {"names": dict(self._names)}

    def load_running_epoch(self, state: dict[str, Any]) -> None:
        """Restore what `running_epoch` has returned."""
        self._names = dict(state["names"])


def _is_plain(value: Any) -> bool:
    """Return whether a value can be read from a file without making anything."""
    if isinstance(value, Mapping):
        return all(_is_plain(part) for item in value.items() for part in item)
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or type(value) in (bool, int, float, str)


def _rate(trainer: pl.Trainer) -> float:
    groups = trainer.optimizers[0].param_groups if trainer.optimizers else []
    return float(groups[0]["lr"]) if groups else 0.0


def _named_after(name: str, phase: str, split: str) -> str:
    """Return the name of a metric with the split that was measured in place of the phase's."""
    match = _OF_SPLIT.match(name)
    if match is None or (match[1] == "test") != (phase == "test"):
        return name
    own = {"val": match[1]} if phase == "validation" else {}
    return own.get(split, split) + name[match.end() :]


@contextmanager
def _limit(trainer: pl.Trainer, phase: str, split: str) -> Any:
    """Let a phase use as many batches as the config says of a split."""
    key = f"limit_{'val' if phase == 'validation' else phase}_batches"
    kept = getattr(trainer, key)
    setattr(trainer, key, getattr(trainer, f"limit_{split}_batches"))
    try:
        yield
    finally:
        setattr(trainer, key, kept)
