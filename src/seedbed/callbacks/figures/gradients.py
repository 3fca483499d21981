"""Log and figure of the gradients that the optimizer is given."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.model_helpers import is_overridden
from torch import nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from seedbed.callbacks.figures.figure_callback import FigureCallback
from seedbed.callbacks.figures.gradient_sums import ALL_CLIPPED, GradientSums, Row, norm_of_all
from seedbed.callbacks.figures.points import Points
from seedbed.callbacks.training_state import state_of
from seedbed.config.spec import RunSpec
from seedbed.errors import ConfigError, Diverged
from seedbed.loggers.metrics_file import AT_STEPS
from seedbed.training.metrics import CLIPPED_NORM, GRADIENT, GRADIENT_NORM, NORM_OF_ALL
from seedbed.training.parameters import Element, elements_matching, parameters_matching

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# A model with more numbers is logged by norms alone, unless its numbers are asked for.
FEW_NUMBERS, MOST_NUMBERS = 20, 100
# What the figure calls the norms of all parameters together.
_ALL, _ALL_CLIPPED = "all parameters", "all, after clipping"


class Gradients(FigureCallback):
    """Norms of the gradient, and of small models its numbers: logged with the metrics, and drawn.

    The gradient is the one that the optimizer is given: of a batch, or of all the batches that
    `trainer.accumulate_grad_batches` averages, over all devices, without the scale of a loss in
    half precision, and however `gradient=` computes it. An epoch has the mean over its steps.

    `train/gradient_norm` is the norm of all parameters together, a metric of the epoch;
    `gradient_norm/NAME` that of one parameter, and `gradient/NAME[0,1]` one of its numbers, before
    clipping. Where gradients are clipped, `train/gradient_norm_clipped` is the norm of all after
    it. A frozen parameter has none. Of several optimizers of a LightningModule of the user's, a
    step is that of one of them, with its parameters. L-BFGS evaluates a batch several times; its
    gradient is the first one of a step.

    Args:
        every_n_epochs: As in FigureCallback.
        every_n_steps: Optimizer steps between two points that are logged by step, too, with
            `_step` after their names; the figure is then drawn by step. None (default): by epoch.
        parameters: Globs over the names of the parameters that are logged one by one.
        numbers: Whether their numbers are logged; None (default): where they are 20 or fewer.
        figure: Whether the figure is drawn; jobs of a sweep that log norms alone train side by
            side.
    """

    name = "gradients"
    shows_weights = False
    of_own_modules = True

    def __init__(
        self,
        every_n_epochs: int | None = None,
        every_n_steps: int | None = None,
        parameters: Sequence[str] = ("*",),
        numbers: bool | None = None,
        figure: bool = True,
    ) -> None:
        super().__init__(every_n_epochs)
        self.every_n_steps = every_n_steps
        self.parameters = list(parameters)
        self.numbers = numbers
        self.figure = figure
        self._elements: list[Element] = []
        self._shown: list[str] = []
        self._sums = GradientSums()
        self._by_epoch, self._by_step = Points(), Points()
        self._clips = False
        # What was read before an optimizer's step, by the optimizer.
        self._read: dict[int, Row] = {}

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Look up the parameters; raise ConfigError where there are none or too many numbers."""
        super().check(spec, net)
        key = f"callbacks.{self.name}"
        self._shown = parameters_matching(net, self.parameters, f"{key}.parameters")
        if not self._shown:
            raise ConfigError(f"{key}.parameters: it names no parameter")
        named = dict(net.named_parameters())
        lazy = any(is_lazy(named[name]) for name in self._shown)
        count = 0 if lazy else sum(named[name].numel() for name in self._shown)
        if self.numbers and (lazy or count > MOST_NUMBERS):
            many = "their number is not known yet" if lazy else f"{count:,} numbers"
            raise ConfigError(f"{key}.numbers: {many}, and at most {MOST_NUMBERS} are logged")
        if self.numbers or (self.numbers is None and 0 < count <= FEW_NUMBERS):
            self._elements = elements_matching(net, self.parameters, f"{key}.parameters")

    # Reading

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the gradients after every step as well: they are clipped by then."""
        clips = is_overridden("configure_gradient_clipping", pl_module, pl.LightningModule)
        self._clips = clips or trainer.gradient_clip_val is not None
        named = dict(state_of(pl_module).net.named_parameters())
        self._sums.start(named, list(dict.fromkeys(e.name for e in self._elements)))

        def after_step(optimizer: Optimizer, *arguments: Any) -> None:
            self._after_step(trainer, optimizer)

        for optimizer in trainer.optimizers:
            optimizer.register_step_post_hook(after_step)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin the means of an epoch."""
        super().on_train_epoch_start(trainer, pl_module)
        self._sums.reset()

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Read the gradient, which is complete, and not clipped yet."""
        again = isinstance(optimizer, torch.optim.LBFGS) and id(optimizer) in self._read
        if not again:
            self._read[id(optimizer)] = self._sums.read(optimizer)

    def _after_step(self, trainer: pl.Trainer, optimizer: Optimizer) -> None:
        read = self._read.pop(id(optimizer), None)
        if read is None:
            return
        if self._clips and not isinstance(optimizer, torch.optim.LBFGS):
            read.values[ALL_CLIPPED], read.there[ALL_CLIPPED] = norm_of_all(optimizer), True
        self._sums.add(read)
        # It is counted when the optimizer has come back.
        step = trainer.global_step + 1
        if self.every_n_steps is None or step % self.every_n_steps:
            return
        self._by_step.add(step // self.every_n_steps, read.plain().tolist())
        values = {f"{name}{AT_STEPS}": value for name, value in self._named(read).items()}
        for logger in trainer.loggers:
            logger.log_metrics(values, step=step)

    def _named(self, row: Row) -> dict[str, float]:
        """Return the numbers that are logged of a step or an epoch, by name."""
        norms = {f"{GRADIENT_NORM}{name}": name in self._shown for name in self._sums.names}
        names = {NORM_OF_ALL: True, CLIPPED_NORM: True, **norms}
        names |= {f"{GRADIENT}{element.text}": True for element in self._elements}
        columns = zip(names.items(), row.plain().tolist(), row.there.tolist(), strict=True)
        return {name: value for (name, shown), value, there in columns if shown and there}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add the means of the epoch to what the module logs."""
        logged = state_of(pl_module).also_logged
        for name in [
            name for name in logged if name.startswith((GRADIENT, GRADIENT_NORM, NORM_OF_ALL))
        ]:
            del logged[name]
        logged.update(self._named(self._end_epoch(trainer.current_epoch + 1)))

    def _end_epoch(self, epoch: int) -> Row:
        row = self._sums.mean()
        self._by_epoch.add(epoch, row.plain().tolist())
        return row

    # Drawing

    def publish(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, epoch: int, stem: str
    ) -> None:
        """Draw the figure, if it is asked for."""
        if self.figure:
            super().publish(trainer, pl_module, epoch, stem)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Draw the gradients of a run that has diverged."""
        if isinstance(exception, Diverged):
            if self._sums.steps:
                self._end_epoch(trainer.current_epoch + 1)
            self.publish(trainer, pl_module, trainer.current_epoch, self.name)

    def shown(self, epoch: int) -> str:
        """Return what the gradients are of."""
        rows = "" if self.facts.task == "minimize" else "batches of training rows, "
        return f"{rows}{super().shown(epoch)}"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Draw the norms, and the numbers of a small model."""
        from seedbed.figures import gradient_curves

        by_step = self.every_n_steps is not None
        points = self._by_step if by_step else self._by_epoch
        at = points.steps * (self.every_n_steps or 1)
        names = [_ALL, _ALL_CLIPPED, *self._sums.names, *(e.text for e in self._elements)]
        rows = points.values if len(at) else points.values.reshape(0, len(names))
        curves = [(name, (at, column)) for name, column in zip(names, rows.T, strict=True)]
        of_all, of_each = curves[: 1 + self._clips], curves[2 : 2 + len(self._sums.names)]
        norms = dict(of_all)
        if len(of_each) > 1:
            norms |= {name: curve for name, curve in of_each if name in self._shown}
        numbers = dict(curves[2 + len(of_each) :])
        several = not by_step and self._sums.steps > 1
        title = "norm of the gradient" + (", mean of an epoch's steps" if several else "")
        return gradient_curves(norms, numbers, "step" if by_step else "epoch", title)

    # Exact resumption

    def state_dict(self) -> dict[str, Any]:
        """Return what was read so far, for the checkpoint."""
        return {
            "sums": self._sums.state_dict(),
            "by_epoch": self._by_epoch.state_dict(),
            "by_step": self._by_step.state_dict(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what a resumed run had read."""
        self._sums.load_state_dict(state_dict["sums"])
        self._by_epoch.load_state_dict(state_dict["by_epoch"])
        self._by_step.load_state_dict(state_dict["by_step"])
