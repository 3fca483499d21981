"""Figures of the path that parameters took during training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seedbed.analysis.landscape import losses_at
from seedbed.analysis.reference_lines import reference_line
from seedbed.callbacks.figures.axis_labels import feature_labels, target_labels
from seedbed.callbacks.figures.figure_callback import FigureCallback
from seedbed.callbacks.figures.grid import grid_points
from seedbed.callbacks.figures.points import Points
from seedbed.callbacks.figures.rows import SPLIT_NAMES, data_module, rows_of, weighted_rows_of
from seedbed.callbacks.training_state import state_of
from seedbed.config.schema.data import InMemoryData
from seedbed.config.spec import DataFacts, RunSpec
from seedbed.data.scaling import Scaling
from seedbed.errors import ConfigError
from seedbed.models.linear_map import LinearMap, is_linear_map
from seedbed.training.parameters import Element, elements_matching, find_element

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

# Space around the path, as a fraction of its extent.
MARGIN = 0.25
CURVE_POINTS = 400


class ParameterPath(FigureCallback):
    """Base of figures that show some elements of the parameters at the start and after the steps.

    A step is one of the optimizer's. Of more than 10,000 of them the first 1,000 are kept, and of
    the others every second one, every fourth and so on.

    Args:
        every_n_epochs: As in FigureCallback.
        points: Grid points along each axis at which a loss is evaluated.
        every_n_steps: Steps between two points of the path; None (default): it has every step.

    Attributes:
        elements: The elements shown, chosen by `check`.
    """

    elements: Sequence[Element] = ()

    def __init__(
        self,
        every_n_epochs: int | None = None,
        points: int = 60,
        every_n_steps: int | None = None,
    ) -> None:
        super().__init__(every_n_epochs)
        self.points = points
        self._path = Points(every_n_steps or 1)
        self._step = 0

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look at the elements after every step, also where a step calls no other hook."""
        module = state_of(pl_module)

        def after_step(*arguments: Any) -> None:
            self._step += 1
            if self._path.keeps(self._step):
                self._path.put(self._step, self._values(module))

        for optimizer in trainer.optimizers:
            optimizer.register_step_post_hook(after_step)

    def note(self, module: Any, epoch: int) -> None:
        """Add the values at the start, at the end, and where a callback has changed them since."""
        self._path.put(self._step, self._values(module))

    def _values(self, module: Any) -> list[float]:
        return [float(element.of(module.net)) for element in self.elements]

    @property
    def path(self) -> Tensor:
        """Values at the start and after the steps, (points, elements), float64."""
        return torch.from_numpy(self._path.values)

    def unit(self, epoch: int) -> str:
        """Return what a step is called: "epoch", where each of them has a single one."""
        return "epoch" if self._step == epoch else "step"

    def path_name(self, epoch: int) -> str:
        """Return what the path is called in the legend: "path of 240 steps"."""
        unit, every = self.unit(epoch), self._path.every
        thinned = f", every {every}" if every > 1 else ""
        return f"path of {self._step:,} {unit}{'s' * (self._step != 1)}{thinned}"

    def training_loss_at(self, trainer: pl.Trainer, module: Any, points: Tensor) -> Tensor:
        """Return the training loss, (count,), at values (count, elements) of the elements."""
        rows = weighted_rows_of(trainer, "train")
        return losses_at(module.net, module.task, rows, self.elements, points)

    def landscape(
        self, trainer: pl.Trainer, module: Any, point: Tensor | None = None
    ) -> tuple[Array, Array, Array]:
        """Return a grid around the path and a point (2,), x and y, and the loss on it, (y, x)."""
        x, y = _axes_around(self.path, point, self.points)
        losses = self.training_loss_at(trainer, module, grid_points(x, y))
        return x.numpy(), y.numpy(), losses.view(self.points, self.points).numpy()

    def state_dict(self) -> dict[str, Any]:
        """Return the path so far, for the checkpoint."""
        return {"path": self._path.state_dict(), "step": self._step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the path of a resumed run."""
        self._path.load_state_dict(state_dict["path"])
        self._step = state_dict["step"]


class LossLandscape(ParameterPath):
    """Training loss over two elements of the parameters, with the path taken.

    All other elements are held at their final values.

    Args:
        every_n_epochs: As in FigureCallback.
        parameters: The two elements: `weight[0,1]`, or `bias` of a parameter with one element.
        points, every_n_steps: As in ParameterPath.
        log: Whether the contour levels are spaced logarithmically.
    """

    name = "loss_landscape"

    def __init__(
        self,
        every_n_epochs: int | None = None,
        parameters: Sequence[str] = ("weight", "bias"),
        points: int = 60,
        log: bool = True,
        every_n_steps: int | None = None,
    ) -> None:
        super().__init__(every_n_epochs, points, every_n_steps)
        self.parameters = list(parameters)
        # `log` is a method of every Lightning callback.
        self.log_levels = log

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Look up the two elements; raise ConfigError where the network lacks one."""
        super().check(spec, net)
        key = f"callbacks.{self.name}.parameters"
        self.elements = [find_element(net, text, key) for text in self.parameters]
        if len({(element.name, element.index) for element in self.elements}) != 2:
            raise ConfigError(f"{key}: it must name two numbers, and it is {self.parameters}")

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Evaluate the loss on a grid around the path and draw it."""
        from seedbed.figures import loss_landscape

        reference = reference_line(data_module(trainer), module.net, module.task)
        point = None if reference is None else _point_on(reference.trained_as, self.elements)
        others = sum(parameter.numel() for parameter in module.net.parameters()) > 2
        note = " (its other numbers differ)" if others else ""
        return loss_landscape(
            *self.landscape(trainer, module, point),
            self.path.numpy(),
            None if point is None else point.numpy(),
            "" if reference is None else reference.name + note,
            [element.text for element in self.elements],
            self.log_levels,
            path_name=self.path_name(epoch),
            title=_loss_of(self.facts),
        )


class LineRecovery(ParameterPath):
    """Three panels: the loss landscape with the path, the loss by step, and the line in the data.

    Takes the arguments of ParameterPath.
    """

    name = "line_recovery"

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Look up weight and bias."""
        super().check(spec, net)
        self.elements = [find_element(net, name, "model") for name in ("weight", "bias")]

    def misfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Require a linear model of one input with a bias, and a known true or exact line."""
        is_line = is_linear_map(net) and [p.numel() for p in net.parameters()] == [1, 1]
        # A torch Dataset may be read row by row.
        in_memory = isinstance(spec.data, InMemoryData) and getattr(spec.data, "in_memory", True)
        if is_line and in_memory and getattr(spec.task, "loss", None) == "mse":
            return ""
        return "needs rows in memory, model=linear with a bias, one input and target, and mse"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Evaluate the loss along the path and on a grid around it, and draw the panels."""
        from seedbed.figures import line_recovery

        reference = reference_line(data_module(trainer), module.net, module.task)
        assert reference is not None
        point = _point_on(reference.trained_as, self.elements)
        inputs, targets = rows_of(trainer, "train")
        data = data_module(trainer)
        input_label = feature_labels(self.facts, 1)[0] + _scale_note(data.input_scaling)
        target_label = target_labels(self.facts, 1)[0] + _scale_note(data.target_scaling)
        return line_recovery(
            *self.landscape(trainer, module, point),
            self.path.numpy(),
            point.numpy(),
            self.training_loss_at(trainer, module, self.path).numpy(),
            inputs.flatten().numpy(force=True),
            targets.flatten().numpy(force=True),
            parameter_labels=("weight", "bias"),
            data_labels=(input_label, target_label),
            step_name=self.unit(epoch),
            reference_name=reference.name,
            steps=self._path.steps,
            path_name=self.path_name(epoch),
            rows_label=SPLIT_NAMES["train"],
        )


class MinimizationPath(ParameterPath):
    """Curve or contours of a minimized function of one or two variables, with the path taken.

    Takes the arguments of ParameterPath.
    """

    name = "minimization_path"

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Look up the variables: all elements of the parameters."""
        super().check(spec, net)
        self.elements = elements_matching(net, ["*"], "model")

    def misfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Require a function of one or two variables, without data."""
        count = sum(parameter.numel() for parameter in net.parameters())
        if spec.facts.task == "minimize" and count in (1, 2):
            return ""
        return "needs data=none and a function of one or two numbers"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Evaluate the function around the path and draw it."""
        from seedbed.figures import loss_landscape, minimization_path

        names = [element.text for element in self.elements]
        value_label = f"f({', '.join(names)})"
        if len(names) == 1:
            (x,) = _axes_around(self.path, None, CURVE_POINTS)
            return minimization_path(
                x.numpy(),
                self.training_loss_at(trainer, module, x.view(-1, 1)).numpy(),
                self.path.flatten().numpy(),
                self.training_loss_at(trainer, module, self.path).numpy(),
                labels=(names[0], value_label),
                path_name=self.path_name(epoch),
            )
        return loss_landscape(
            *self.landscape(trainer, module),
            self.path.numpy(),
            labels=names,
            log=False,
            value_label=value_label,
            path_name=self.path_name(epoch),
        )


def _loss_of(facts: DataFacts) -> str:
    """Return what the loss of a landscape is of; nothing where there are no rows."""
    return "" if facts.task == "minimize" else f"loss of the {SPLIT_NAMES['train']}"


def _scale_note(scaling: Scaling | None) -> str:
    """Return what the label of an axis says of scaled values."""
    factor = 1.0 if scaling is None else scaling.factor
    if factor is None:
        return ", scaled"
    return "" if factor == 1.0 else f", times {factor:g}"


def _axes_around(path: Tensor, point: Tensor | None, count: int) -> list[Tensor]:
    """Return `count` values (float64) for each element, around a path and a point, with a margin.

    Points of the path (steps, elements) that are not finite are left out.
    """
    shown = path if point is None else torch.cat((path, point.view(1, -1)))
    finite = shown[shown.isfinite().all(dim=1)]
    low, high = finite.min(0).values, finite.max(0).values
    margin = MARGIN * torch.where(high > low, high - low, high.abs().clamp(min=1.0))
    return [
        torch.linspace(float(start), float(end), count, dtype=torch.float64)
        for start, end in zip(low - margin, high + margin, strict=True)
    ]


def _point_on(line: LinearMap, elements: Sequence[Element]) -> Tensor:
    """Return the values (elements,) that elements of a linear model have on a line, float64."""
    values = {"weight": line.weight, "bias": line.bias}
    numbers = [element.within(values[element.name]) for element in elements]
    return torch.tensor(numbers, dtype=torch.float64)
