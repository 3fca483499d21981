"""Figures of how the training went: loss by epoch, and the path of single parameters."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor, nn

from seedbed.analysis.landscape import loss_over
from seedbed.analysis.reference_lines import least_squares_line, reference_line
from seedbed.callbacks.figures.figure import FigureCallback, array, data_of, rows_of
from seedbed.callbacks.figures.labels import feature_labels, target_labels
from seedbed.callbacks.figures.prediction_figures import grid, pair
from seedbed.config.schema.data import InMemoryData
from seedbed.config.spec import RunSpec
from seedbed.errors import ConfigError, Diverged
from seedbed.models.linear_map import LinearMap, is_linear_map
from seedbed.training.parameters import Element, elements_matching, find_element

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Room around the path, as a share of what it spans.
MARGIN = 0.25
CURVE_POINTS = 400


class LossCurve(FigureCallback):
    """The losses by epoch; where an exact solution is known, its loss as a line."""

    name = "loss_curve"

    def __init__(self, every_n_epochs: int | None = None) -> None:
        super().__init__(every_n_epochs)
        self._curves: dict[str, dict[int, float]] = {}

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the numbers of the epoch before, which are known by now."""
        self._keep(pl_module, trainer.current_epoch)
        super().on_train_epoch_start(trainer, pl_module)

    def _keep(self, pl_module: pl.LightningModule, epoch: int) -> None:
        metrics: dict[str, float] = dict(pl_module.epoch_metrics)  # type: ignore[arg-type]
        for name, value in metrics.items():
            if name.endswith("/loss") and epoch > 0:
                self._curves.setdefault(name, {})[epoch] = value

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw all epochs."""
        self._keep(pl_module, trainer.current_epoch)
        super().on_train_end(trainer, pl_module)

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """Draw how a run diverged."""
        if isinstance(exception, Diverged):
            self._keep(pl_module, trainer.current_epoch)
            self.publish(trainer, pl_module, trainer.current_epoch, self.name)

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure."""
        from seedbed.figures import loss_curve

        curves = {
            name: (np.array(list(values)), np.array(list(values.values())))
            for name, values in self._curves.items()
        }
        exact = least_squares_line(data_of(trainer), module.net, module.task)
        loss = None if exact is None else exact.metrics["train/loss"]
        return loss_curve(curves, reference=loss, reference_name="least squares")

    def state_dict(self) -> dict[str, Any]:
        """Return the curves so far."""
        return {"curves": self._curves}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on with the curves of the run that is taken up."""
        self._curves = state_dict["curves"]


class PathFigure(FigureCallback):
    """Base of the figures that show the path of some numbers of the model, a point an epoch."""

    elements: Sequence[Element] = ()

    def __init__(self, every_n_epochs: int | None = None) -> None:
        super().__init__(every_n_epochs)
        self._path: dict[int, list[float]] = {}

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add where the epochs before have led to."""
        self._extend(pl_module, trainer.current_epoch)
        super().on_train_epoch_start(trainer, pl_module)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Add where the training has ended."""
        self._extend(pl_module, trainer.current_epoch)
        super().on_train_end(trainer, pl_module)

    def _extend(self, pl_module: pl.LightningModule, epoch: int) -> None:
        net = pl_module.net
        assert isinstance(net, nn.Module)
        self._path[epoch] = [float(element.of(net)) for element in self.elements]

    @property
    def path(self) -> Tensor:
        """The numbers at the start and after each epoch, (epochs + 1, elements), float64."""
        return torch.tensor(list(self._path.values()), dtype=torch.float64)

    def losses_at(self, trainer: pl.Trainer, module: Any, points: Tensor) -> Tensor:
        """Return the loss on the training rows at points of the elements."""
        inputs, targets = rows_of(trainer, "train")
        return loss_over(module.net, module.task, inputs, targets, self.elements, points)

    def state_dict(self) -> dict[str, Any]:
        """Return the path so far."""
        return {"path": self._path}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on along the path of the run that is taken up."""
        self._path = state_dict["path"]


class LossLandscape(PathFigure):
    """The loss over two numbers of the model, the others as they ended, with the path taken."""

    name = "loss_landscape"

    def __init__(
        self,
        every_n_epochs: int | None = None,
        parameters: Sequence[str] = ("weight", "bias"),
        points: int = 60,
        log: bool = True,
    ) -> None:
        super().__init__(every_n_epochs)
        self.parameters = list(parameters)
        self.points = points
        # Lightning gives every callback a method `log`.
        self.log_scale = log

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Find the two numbers; raises ConfigError where the network lacks one."""
        super().check(spec, net)
        key = f"callbacks.{self.name}.parameters"
        self.elements = [find_element(net, text, key) for text in self.parameters]
        if len({(element.name, element.index) for element in self.elements}) != 2:
            raise ConfigError(f"{key}: it must name two numbers, and it is {self.parameters}")

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure."""
        from seedbed.figures import loss_landscape

        found = reference_line(data_of(trainer), module.net, module.task)
        point = None if found is None else point_of(found.trained_as, self.elements)
        axes = axes_around(self.path, point, self.points)
        losses = self.losses_at(trainer, module, grid(*axes)).view(self.points, self.points)
        return loss_landscape(
            array(axes[0]),
            array(axes[1]),
            array(losses),
            array(self.path),
            None if point is None else array(point),
            "" if found is None else found.name + self._held(module.net),
            pair([element.text for element in self.elements]),
            self.log_scale,
        )

    def _held(self, net: nn.Module) -> str:
        """Return a remark where the reference differs from the plane in other numbers too."""
        others = sum(parameter.numel() for parameter in net.parameters()) > 2
        return " (its other numbers differ)" if others else ""


class LineRecovery(PathFigure):
    """Three panels: the landscape with the path, the loss by epoch, the line as it moved."""

    name = "line_recovery"

    def __init__(self, every_n_epochs: int | None = None, points: int = 60) -> None:
        super().__init__(every_n_epochs)
        self.points = points

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Find weight and bias."""
        super().check(spec, net)
        self.elements = [find_element(net, name, "model") for name in ("weight", "bias")]

    def unfit(self, spec: RunSpec, net: nn.Module) -> str:
        """Only a line over one input can be drawn as one, and only mse has an exact solution."""
        one = is_linear_map(net) and [p.numel() for p in net.parameters()] == [1, 1]
        in_memory = isinstance(spec.data, InMemoryData)
        if one and in_memory and getattr(spec.task, "loss", None) == "mse":
            return ""
        return "needs rows in memory, model=linear with a bias, one input and target, and mse"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure, over the inputs as the model takes them."""
        from seedbed.figures import line_recovery

        found = reference_line(data_of(trainer), module.net, module.task)
        assert found is not None
        point = point_of(found.trained_as, self.elements)
        axes = axes_around(self.path, point, self.points)
        losses = self.losses_at(trainer, module, grid(*axes)).view(self.points, self.points)
        inputs, targets = rows_of(trainer, "train")
        scale = float(data_of(trainer).input_scale)
        scaled = "" if scale == 1.0 else f", times {scale:g}"
        feature = feature_labels(self.facts, 1)[0]
        return line_recovery(
            array(axes[0]),
            array(axes[1]),
            array(losses),
            array(self.path),
            array(point),
            array(self.losses_at(trainer, module, self.path)),
            array(inputs).reshape(-1),
            array(targets).reshape(-1),
            parameter_labels=("weight", "bias"),
            data_labels=(feature + scaled, target_labels(self.facts, 1)[0]),
            step_name="epoch",
            reference_name=found.name,
        )


class MinimizationPath(PathFigure):
    """A function of one or two numbers, and the way down it."""

    name = "minimization_path"

    def __init__(self, every_n_epochs: int | None = None, points: int = 80) -> None:
        super().__init__(every_n_epochs)
        self.points = points

    def check(self, spec: RunSpec, net: nn.Module) -> None:
        """Take all numbers of the function."""
        super().check(spec, net)
        self.elements = elements_matching(net, ["*"], "model")

    def unfit(self, spec: RunSpec, net: nn.Module) -> str:
        """More than two numbers cannot be drawn."""
        count = sum(parameter.numel() for parameter in net.parameters())
        if spec.facts.task == "minimize" and count in (1, 2):
            return ""
        return "needs data=none and a function of one or two numbers"

    def draw(self, trainer: pl.Trainer, module: Any, epoch: int) -> "Figure":
        """Return the figure."""
        from seedbed.figures import minimization_path_1d, minimization_path_2d

        names = [element.text for element in self.elements]
        value = f"f({', '.join(names)})"
        if len(names) == 1:
            (axis,) = axes_around(self.path, None, CURVE_POINTS)
            values = self.losses_at(trainer, module, axis.view(-1, 1))
            reached = self.losses_at(trainer, module, self.path)
            return minimization_path_1d(
                array(axis),
                array(values),
                array(self.path.view(-1)),
                array(reached),
                labels=(names[0], value),
            )
        axes = axes_around(self.path, None, self.points)
        values = self.losses_at(trainer, module, grid(*axes)).view(self.points, self.points)
        return minimization_path_2d(
            array(axes[0]),
            array(axes[1]),
            array(values),
            array(self.path),
            labels=pair(names),
            value_label=value,
        )


def axes_around(path: Tensor, point: Tensor | None, count: int) -> list[Tensor]:
    """Return `count` numbers along each element, around the path and a point, with room."""
    shown = path if point is None else torch.cat((path, point.view(1, -1)))
    finite = shown[shown.isfinite().all(dim=1)]
    low, high = finite.min(0).values, finite.max(0).values
    room = MARGIN * torch.where(high > low, high - low, high.abs().clamp(min=1.0))
    return [
        torch.linspace(float(start), float(end), count, dtype=torch.float64)
        for start, end in zip(low - room, high + room, strict=True)
    ]


def point_of(line: LinearMap, elements: Sequence[Element]) -> Tensor:
    """Return the numbers of a line that the elements of a linear model stand for, float64."""
    values = {"weight": line.weight, "bias": line.bias}
    numbers = [element.within(values[element.name]) for element in elements]
    return torch.tensor(numbers, dtype=torch.float64)
