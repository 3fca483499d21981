"""Network of a run between raw inputs and answers: what is exported."""

from typing import Literal

import torch
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.model_helpers import is_overridden
from torch import Tensor, nn

from seedbed.data.data_module import DataModule
from seedbed.errors import ConfigError
from seedbed.training.tasks import Task

Meaning = Literal["probabilities", "logits", "values"]


class PrepareNumbers(nn.Module):
    """Preparation of raw inputs as the data of a run prepare them: scaled floats."""

    def __init__(self, data: DataModule) -> None:
        super().__init__()
        self.data = data

    def forward(self, input: Tensor) -> Tensor:
        """Return what the network takes of raw inputs, (rows, *input_shape)."""
        return self.data.model_inputs(input)


class _PredictStep(nn.Module):
    """The predict_step of a LightningModule as a network."""

    def __init__(self, module: LightningModule) -> None:
        super().__init__()
        self.module = module

    def forward(self, input: Tensor) -> Tensor:
        """Return what it predicts."""
        return self.module.predict_step(input, 0)  # type: ignore[no-any-return]


def network_of(net: nn.Module) -> nn.Module:
    """Return what is called with prepared inputs; raise ConfigError where there is nothing.

    Of a LightningModule it is its predict_step, if it has one of its own, as `seedbed predict`
    takes it.
    """
    if not isinstance(net, LightningModule):
        return net
    if is_overridden("predict_step", net, LightningModule):
        return _PredictStep(net)
    if type(net).forward in (LightningModule.forward, nn.Module.forward):
        raise ConfigError(f"module: {type(net).__name__} has no forward")
    return net


class ExportedModel(nn.Module):
    """Model that takes raw inputs, and puts out what a run predicts.

    Args:
        prepare: From raw inputs to those of the network.
        network: The network, or what stands for it.
        task: The task of the run, with the scaling of its targets.
        meaning: `probabilities`, (rows, classes); `logits`, (rows, classes) or (rows, 1);
            `values`, (rows, targets), in their own units.
        two_classes: Whether there are two classes, of which the run predicts the second.
        whole_rows: Whether the output of a row is nan where one of its inputs is.
    """

    def __init__(
        self,
        prepare: nn.Module,
        network: nn.Module,
        task: Task,
        meaning: Meaning,
        *,
        two_classes: bool = False,
        whole_rows: bool = False,
    ) -> None:
        super().__init__()
        self.prepare = prepare
        self.network = network
        self.task = task
        self.meaning = meaning
        self.answers = isinstance(network, _PredictStep)
        self.two_classes = two_classes
        self.whole_rows = whole_rows

    def forward(self, input: Tensor) -> Tensor:
        """Return the answers for raw inputs, (rows, ...)."""
        answers = self._answers(self.network(self.prepare(input)))
        if not self.whole_rows:
            return answers
        lacking = torch.isnan(input).any(dim=1, keepdim=True)
        return torch.where(lacking, torch.full_like(answers, torch.nan), answers)

    def _answers(self, output: Tensor) -> Tensor:
        if not self.answers and self.meaning != "logits":
            output = self.task.prediction(output if output.dim() > 1 else output.unsqueeze(-1))
        if self.meaning == "probabilities" and self.two_classes:
            of_one = output.reshape(-1)
            return torch.stack([1 - of_one, of_one], dim=1)
        return output if output.dim() > 1 else output.unsqueeze(-1)
