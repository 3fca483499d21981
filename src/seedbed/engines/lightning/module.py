"""The LightningModule: network, loss, metrics, optimizer and schedule."""

from collections import deque
from collections.abc import Callable, Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.trainer.connectors.logger_connector.fx_validator import _FxValidator
from torch import Tensor, nn
from torch.optim import Optimizer

from seedbed.config.metrics import GRADIENT_DIFFERENCE
from seedbed.engines.lightning.gradient_shares import GradientShares
from seedbed.engines.lightning.resuming.schedule import KEY as SCHEDULE
from seedbed.engines.lightning.resuming.schedule import ScheduleOfBefore
from seedbed.errors import ConfigError, DataError, Diverged, listed, nearest
from seedbed.loggers.logged_epochs import LoggedEpochs
from seedbed.runs.checkpoints import PREFIX
from seedbed.runs.outcome import Curves, copied_weights
from seedbed.training.gradients import Batch, Gradient
from seedbed.training.metrics import EpochMetrics, is_metric
from seedbed.training.tasks import Task
from seedbed.training.tasks.losses import weighted_mean

# (inputs, targets), or (inputs, targets, weights) where the rows have weights.
Rows = tuple[Tensor, ...]

# On an accelerator, asking for a loss waits for the device; so it is asked for this seldom.
STEPS_BETWEEN_CHECKS = 50


class SupervisedModule(pl.LightningModule):
    """LightningModule of supervised training on (inputs, targets) batches.

    Batches (inputs, targets, weights) weigh their rows in the loss, not in the metrics.

    The metrics of an epoch go to every logger in one call, as `split/name` at the epoch's number
    (from 1), and to `trainer.callback_metrics`.

    Args:
        net: The network.
        task: The task: loss, metrics and predictions.
        make_optimizer: Function of the parameters; None (default) for evaluation alone.
        make_scheduler: Function of the optimizer that returns Lightning's scheduler dictionary, or
            None for a constant learning rate.
        schedule: Function that returns what the learning rates follow from (see
            `seedbed.engines.lightning.resuming.schedule`); None (default) for evaluation alone.
        gradient: Computation of the gradient; None (default) for autograd.
        log_every_n_epochs: Epochs between two logged points.
        log_every_n_steps: Optimizer steps between two logged points; None (default) for none.
        watched: Metrics that something depends on, by the config key that names them; None
            (default) for none. The first epoch in which all is measured has to log them.

    Attributes:
        epoch_metrics: Metrics of the last epoch by `split/name`.
        also_logged: Numbers that callbacks log with the metrics of the epoch.
        step_losses: Losses of the last two batches.
        tested_split: Split that the test phase measures.
        tested_metrics: Metrics of the last test phase.
        keeps_validated_weights: Whether the weights that are validated are kept: a callback that
            averages weights validates others than those that train.
        validated_weights: Weights that the validation of the epoch has measured, where they are
            kept; None before it.
        prefix: What the names of the network's weights begin with in a checkpoint.
        kept_with_weights: What else the checkpoint of the best epoch holds: nothing.
    """

    prefix = PREFIX
    kept_with_weights: Mapping[str, Any] = MappingProxyType({})

    def __init__(
        self,
        net: nn.Module,
        task: Task,
        make_optimizer: Callable[[list[nn.Parameter]], Optimizer] | None = None,
        make_scheduler: Callable[[Optimizer], dict[str, Any] | None] | None = None,
        schedule: Callable[[], str] | None = None,
        gradient: Gradient | None = None,
        log_every_n_epochs: int = 1,
        log_every_n_steps: int | None = None,
        watched: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.net = net
        self.task = task
        self.make_optimizer = make_optimizer
        self.make_scheduler = make_scheduler
        self.schedule = schedule
        self._schedule_of_before: ScheduleOfBefore | None = None
        self.gradient = gradient or Gradient()
        self.log_every_n_steps = log_every_n_steps
        self.epoch_metrics: dict[str, float] = {}
        self.metrics_epoch: int | None = None
        self.also_logged: dict[str, float] = {}
        self.step_losses: deque[Tensor] = deque(maxlen=2)
        self._batch_losses: list[tuple[Tensor, Tensor]] = []
        self.tested_split = "test"
        self.tested_metrics: dict[str, float] = {}
        self.keeps_validated_weights = False
        self.validated_weights: dict[str, Tensor] | None = None
        self._logged = LoggedEpochs(log_every_n_epochs)
        self._val_metrics: dict[str, float] = {}
        self._names_logged: dict[str, None] = {}
        self._watched = {} if watched is None else dict(watched)
        self._batch: Batch | None = None
        self._counted_batch = -1
        self._shares = GradientShares()
        self.sums = {
            split: EpochMetrics(task.metrics, task.make_torchmetrics())
            for split in ("train", "val", "test")
        }
        self._own_names = {
            f"{split}/{name}"
            for split, sums in self.sums.items()
            for name in ("loss", *sums.names, *sums.others)
        }

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the network's outputs: values, or logits."""
        return self.net(inputs)  # type: ignore[no-any-return]

    # Training

    def configure_optimizers(self) -> Any:
        """Return the optimizer, and the schedule where there is one."""
        assert self.make_optimizer is not None
        # Frozen parameters too: they may thaw, and without a gradient they are left as they are.
        optimizer = self.make_optimizer(list(self.net.parameters()))
        scheduler = self.make_scheduler(optimizer) if self.make_scheduler else None
        return optimizer if scheduler is None else ([optimizer], [scheduler])

    def on_train_start(self) -> None:
        """Put another schedule in force, where the run goes on with one."""
        if self._schedule_of_before is not None and self.make_scheduler is not None:
            self._schedule_of_before.replace(self.trainer, self.make_scheduler)
            self._schedule_of_before = None

    def on_train_epoch_start(self) -> None:
        """Reset the metrics; Lightning does not call this for an epoch that is resumed."""
        if self.current_epoch < (self.trainer.min_epochs or 0):
            # Lightning would remember it until `min_epochs`, whatever has changed by then.
            self.trainer.should_stop = False
        self.sums["train"].reset()
        self.validated_weights = None
        self._counted_batch = -1
        self.also_logged.pop(GRADIENT_DIFFERENCE, None)

    def training_step(self, batch: Rows, batch_idx: int) -> Tensor:
        """Return the loss of a batch; raise Diverged where it is not finite."""
        inputs, output, targets, weight = self._output(batch)
        loss = self._loss(output, targets, weight)
        due = loss.device.type == "cpu" or (batch_idx + 1) % STEPS_BETWEEN_CHECKS == 0
        # While anomalies are looked for, autograd is to name the operation behind them.
        if due and not torch.is_anomaly_enabled():
            self._check_finite(loss, batch_idx, inputs, targets)
        self._batch = inputs, targets, weight
        total = self._total(targets, weight)
        # L-BFGS evaluates a batch several times; the first time is before its update.
        if batch_idx != self._counted_batch:
            self._count("train", loss, output, targets, total)
            self._counted_batch = batch_idx
            self.step_losses.append(loss.detach())
            if self.log_every_n_steps:
                self._log_step(loss.detach(), total, self.log_every_n_steps)
        window = self.trainer.accumulate_grad_batches
        return self._shares.share(loss, len(output), total, self.trainer.world_size, window)

    def _output(self, batch: Rows) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Return inputs, outputs, targets as the task takes them, and weights, of a batch."""
        inputs, targets, *more = batch
        output = self.task.output(self.net, inputs)
        return inputs, output, self.task.target(targets, output), more[0] if more else None

    def _log_step(self, loss: Tensor, weight: Tensor | None, every_n_steps: int) -> None:
        """Log an optimizer step once: the mean loss of the batches whose gradients it averages."""
        self._batch_losses.append((loss, torch.ones_like(loss) if weight is None else weight))
        if self.trainer.fit_loop.epoch_loop._should_accumulate():
            return
        losses, weights = map(torch.stack, zip(*self._batch_losses, strict=True))
        step, mean = self.global_step + 1, weighted_mean(losses, weights)
        self._batch_losses.clear()
        if step % every_n_steps == 0:
            rate = self._learning_rate()
            values = {"train/loss_step": mean.item(), "train/learning_rate_step": rate}
            self._log(values, step)

    def _loss(self, output: Tensor, targets: Tensor, weight: Tensor | None) -> Tensor:
        # A device may have no row of a last batch that is smaller than the number of devices.
        if not len(output):
            return output.sum() * 0.0
        # A task of the user's own may know no weights.
        weights = () if weight is None else (weight,)
        return self.task.loss(output, targets, *weights)

    def _total(self, targets: Tensor, weight: Tensor | None) -> Tensor | None:
        """Return the sum of the weights of a batch in the loss; None where all rows weigh 1."""
        weights = self.task.weights(targets, weight)
        return None if weights is None else weights.detach().double().sum()

    def _check_finite(self, loss: Tensor, batch_idx: int, *parts: Any) -> None:
        if self.trainer.world_size > 1:
            loss = loss.detach().clone()
            torch.distributed.all_reduce(loss)
        number = loss.item()
        if isfinite(number):
            return
        for name, part in zip(("inputs", "targets"), parts, strict=True):
            # Rows that were too many to be looked at before.
            if isinstance(part, Tensor) and not torch.isfinite(part).all():
                epoch = self.current_epoch + 1
                raise DataError(
                    f"data.train: {name} of batch {batch_idx + 1} in epoch {epoch} are not finite"
                )
        raise self._diverged(number, self.trainer.global_step + 1)

    def _count(
        self, split: str, loss: Tensor, output: Tensor, targets: Tensor, weight: Tensor | None
    ) -> None:
        """Count a batch of a split; `weight` is the sum of the weights of its rows."""
        sums, output = self.sums[split], output.detach()
        prediction = self.task.prediction(output) if sums.others else output
        output, targets = self.task.measured(output, targets)
        sums.add(loss.detach(), output, targets, prediction, weight)

    def backward(self, loss: Tensor, *args: Any, **kwargs: Any) -> None:
        """Compute the gradients as the option `gradient=` says."""
        assert self._batch is not None
        if self.gradient.compare:
            difference = self.gradient.difference(self.net, self.task, self._batch, loss)
            largest = self.also_logged.get(GRADIENT_DIFFERENCE, 0.0)
            self.also_logged[GRADIENT_DIFFERENCE] = max(difference, largest)
        self.gradient.fill(self.net, self.task, self._batch, loss)
        self._batch = None
        window = self.trainer.accumulate_grad_batches
        if window > 1:
            complete = not self.trainer.fit_loop.epoch_loop._should_accumulate()
            self._shares.end_batch(self.net.parameters(), window, complete)

    def on_train_epoch_end(self) -> None:
        """Publish the metrics of the epoch, and log them if due."""
        values = self._finish("train")
        epoch = self.current_epoch + 1
        if not isfinite(values["train/loss"]):
            raise self._diverged(values["train/loss"], self.trainer.global_step)
        self.epoch_metrics = {**values, **self._metrics_of_callbacks(), **self._val_metrics}
        self.metrics_epoch = epoch
        if self._val_metrics or not self.trainer.enable_validation:
            self._require_watched()
        self._val_metrics = {}
        self._log_epoch(epoch)

    # Metrics that callbacks log

    def log(self, name: str, value: Any, *args: Any, **options: Any) -> None:
        """Log a number as Lightning does, for callbacks.

        One of an epoch is a metric of it like Seedbed's own: it is logged with them, at the number
        of the epoch, is part of the record, and can be watched.

        Raises:
            ConfigError: It has the name of a metric of Seedbed's own.
        """
        if name in self._own_names:
            raise ConfigError(f"callbacks: one of them logs '{name}', which Seedbed logs itself")
        levels = (options.get("on_step"), options.get("on_epoch"))
        if self._current_fx_name is not None:
            on_step, on_epoch = _FxValidator.check_logging_and_get_default_levels(
                self._current_fx_name, *levels
            )
            if on_epoch:
                self._names_logged[name] = None
                if not on_step:
                    options["logger"] = False
        super().log(name, value, *args, **options)

    def _metrics_of_callbacks(self) -> dict[str, float]:
        """Return what callbacks have logged since the epoch before, and publish it."""
        logged = self.trainer.callback_metrics if self._names_logged else {}
        values = {name: float(logged[name]) for name in self._names_logged if name in logged}
        if self.trainer.training:  # What was logged beside the training is not of a test.
            values |= {name: value for name, value in self.also_logged.items() if is_metric(name)}
        self._names_logged.clear()
        if self.trainer.world_size > 1:  # All processes are to come to the same decisions.
            values = self.trainer.strategy.broadcast(values)
        if values:
            self._publish(values)
        return values

    def _require_watched(self) -> None:
        """Raise ConfigError where a metric that something depends on is logged by nobody."""
        known = list(self.epoch_metrics)
        for key, name in self._watched.items():
            if name not in known:
                raise ConfigError(
                    f"{key}: '{name}' is not logged, by no callback either."
                    f"{nearest(name, known)} Logged: {listed(known)}"
                )
        self._watched = {}

    def on_train_end(self) -> None:
        """Log the last epoch if it is not logged yet."""
        if self.current_epoch:
            self._log_epoch(self.current_epoch, last=True)

    def log_untrained(self) -> None:
        """Log the metrics of the initial weights, as epoch 0."""
        self.metrics_epoch = 0
        self._log_epoch(0, last=True)

    def _log_epoch(self, epoch: int, last: bool = False) -> None:
        values = {**self.epoch_metrics, **self.also_logged}
        self._logged.add(self.trainer.loggers, epoch, values, last=last)

    def curves(self) -> Curves:
        """Return the numbers logged so far by epoch."""
        return self._logged.curves()

    def _diverged(self, loss: float, step: int) -> Diverged:
        return Diverged(loss, self.current_epoch + 1, step, self._learning_rate())

    def _learning_rate(self) -> float:
        return float(self.trainer.optimizers[0].param_groups[0]["lr"])

    # Validation and test

    def on_validation_model_zero_grad(self) -> None:
        """Keep the gradients of the last step: a rule may look at them at the end of the epoch."""

    def on_validation_epoch_start(self) -> None:
        """Reset the metrics; keep the weights where a callback has put others into the network."""
        self.sums["val"].reset()
        if self.keeps_validated_weights and not self.trainer.sanity_checking:
            self.validated_weights = copied_weights(self.net)

    def validation_step(self, batch: Rows, batch_idx: int) -> None:
        """Add a batch to the metrics."""
        self._evaluation_step("val", batch)

    def on_validation_epoch_end(self) -> None:
        """Publish the metrics; the end of the training epoch logs them."""
        self._val_metrics = self._finish("val")

    def on_test_epoch_start(self) -> None:
        """Reset the metrics."""
        self.sums[self.tested_split].reset()

    def test_step(self, batch: Rows, batch_idx: int) -> None:
        """Add a batch to the metrics."""
        self._evaluation_step(self.tested_split, batch)

    def on_test_epoch_end(self) -> None:
        """Keep the metrics in `tested_metrics`."""
        self.tested_metrics = {**self._metrics_of_callbacks(), **self._finish(self.tested_split)}

    def _evaluation_step(self, split: str, batch: Rows) -> None:
        _, output, targets, weight = self._output(batch)
        loss, total = self._loss(output, targets, weight), self._total(targets, weight)
        self._count(split, loss, output, targets, total)

    def _finish(self, split: str) -> dict[str, float]:
        several = self.trainer.world_size > 1
        computed = self.sums[split].compute(self._gather if several else None)
        values = {f"{split}/{name}": value for name, value in computed.items()}
        self._publish(values)
        return values

    def _publish(self, values: Mapping[str, float]) -> None:
        """Let Lightning's callbacks and schedules see metrics."""
        self.trainer.callback_metrics.update(
            {name: torch.tensor(value, dtype=torch.float64) for name, value in values.items()}
        )

    def _gather(self, sums: Tensor) -> Tensor:
        """Return a tensor of every device, (devices, ...)."""
        # A view that leaves out a part of its storage would be sent with that part.
        own = sums.to(self.device).contiguous()
        everyone = [torch.empty_like(own) for _ in range(self.trainer.world_size)]
        torch.distributed.all_gather(everyone, own)
        return torch.stack(everyone)

    def _log(self, values: dict[str, float], step: int) -> None:
        for logger in self.trainer.loggers:
            logger.log_metrics(values, step=step)

    # Exact resumption

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Save the metrics of the last epoch, and what the learning rates follow from."""
        if self.schedule is not None:
            checkpoint[SCHEDULE] = self.schedule()
        checkpoint["epoch_metrics"] = dict(self.epoch_metrics)
        checkpoint["also_logged"] = dict(self.also_logged)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the metrics of the last epoch."""
        before = checkpoint.get(SCHEDULE)
        if before is not None and self.schedule is not None and before != self.schedule():
            self._schedule_of_before = ScheduleOfBefore(before, checkpoint["lr_schedulers"])
            checkpoint["lr_schedulers"] = []
        self.epoch_metrics = dict(checkpoint["epoch_metrics"])
        self.metrics_epoch = checkpoint.get("metrics_epoch")
        self._logged.go_on_after(self.metrics_epoch)
        self.also_logged = dict(checkpoint["also_logged"])

    def running_epoch(self) -> dict[str, Any]:
        """Return what this process has counted of the running epoch: tensors and plain values."""
        return {
            "sums": self.sums["train"].state_dict(),
            "batch_losses": [(loss.cpu(), weight.cpu()) for loss, weight in self._batch_losses],
            "names_logged": list(self._names_logged),
            "shares": self._shares.state_dict(),
        }

    def load_running_epoch(self, state: dict[str, Any]) -> None:
        """Restore what `running_epoch` has returned."""
        device = self.device
        self.sums["train"].load_state_dict(state["sums"], device)
        for loss, weight in state["batch_losses"]:
            self._batch_losses.append((loss.to(device), weight.to(device)))
        self._names_logged = dict.fromkeys(state["names_logged"])
        self._shares.load_state_dict(state["shares"], device)
