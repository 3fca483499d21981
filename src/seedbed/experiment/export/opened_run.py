"""Run that is exported, with all that its predictions take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.config.spec import RunSpec
from seedbed.data import DataModule, TableFile
from seedbed.data.data_module import Placement
from seedbed.data.preparation.stored import from_store
from seedbed.data.tables import TableSchema
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.engines.lightning.own_module import OwnModule, make_own_module
from seedbed.errors import ConfigError
from seedbed.experiment.build import build_data, build_net, build_task, floating_point
from seedbed.experiment.evaluation import load_module
from seedbed.experiment.export.exported_model import (
    ExportedModel,
    Meaning,
    PrepareNumbers,
    network_of,
)
from seedbed.experiment.export.table_inputs import PrepareTable, TableInputs, table_inputs
from seedbed.experiment.fitted_task import fitted_task
from seedbed.experiment.predictions import predicted
from seedbed.runs.folder import RunFolder
from seedbed.runs.preparation import stored_preparation
from seedbed.training.tasks import Task


@dataclass(frozen=True)
class OpenedRun:
    """Run that is exported, on the CPU.

    Attributes:
        spec: its spec.
        checkpoint: name of the checkpoint, `best` or `last`.
        epoch: epoch of it.
        module: its module, in evaluation mode.
        data: its data as they are to predict, without rows.
        task: its task, with the scaling of its targets.
        preparation: what it has fitted, as plain values; None: nothing.
        schema, inputs: schema of its table, and what an exported model takes of a row of it; None
            of other data.
        meaning: what an exported model puts out.
    """

    spec: RunSpec
    checkpoint: str
    epoch: int | None
    module: SupervisedModule | OwnModule
    data: DataModule
    task: Task
    preparation: Mapping[str, Any] | None
    schema: TableSchema | None
    inputs: TableInputs | None
    meaning: Meaning

    @property
    def net(self) -> nn.Module:
        """The network."""
        return self.module.net

    def model(self, net: nn.Module) -> ExportedModel:
        """Return the model that is exported, with a network in it.

        Raises:
            ConfigError: The network is a LightningModule without forward.
        """
        dtype = self.data.placement.dtype
        table = None if self.inputs is None else PrepareTable(self.inputs, dtype)
        model = ExportedModel(
            PrepareNumbers(self.data) if table is None else table,
            network_of(net),
            self.task,
            self.meaning,
            two_classes=self.spec.facts.task == "binary",
            whole_rows=self.inputs is not None and not self.inputs.fills,
        )
        return model.eval()

    def rebuilt(self, weights: Mapping[str, Tensor]) -> nn.Module:
        """Return the model with a network that is made anew and given weights."""
        spec = self.spec
        net = build_net(spec) if spec.module is None else make_own_module(spec.module)
        net.load_state_dict(weights)
        return self.model(net)

    def answers(self, prepared: Tensor) -> Tensor:
        """Return what the run answers to rows as its network takes them, (rows, answers).

        It is what `seedbed predict` writes.
        """
        facts = self.spec.facts
        wanted = self.meaning != "logits"
        told = predicted(self.module, self.task, facts.output_size, [prepared], predictions=wanted)
        if facts.task == "binary" and wanted:
            of_one = told.reshape(-1)
            return torch.stack([1 - of_one, of_one], dim=1)
        return told.reshape(len(prepared), -1)


def opened_run(folder: RunFolder, spec: RunSpec, name: str, *, softmax: bool) -> OpenedRun:
    """Return a run with the weights of a checkpoint and what it has fitted.

    Args:
        folder: Its folder.
        spec: Its spec.
        name: The checkpoint, `best` or `last`.
        softmax: Whether a classification answers with probabilities, else with its logits.

    Raises:
        ConfigError: What is in the folder does not go together.
    """
    module, checkpoint = load_module(folder, spec, name)
    data = build_data(spec)
    data.place(Placement(torch.device("cpu"), floating_point(spec.trainer.precision)))
    preparation = stored_preparation(folder, checkpoint)
    schema = inputs = None
    if preparation is not None:
        data.use_preparation(preparation, folder.path)
        if isinstance(data, TableFile):
            schema, fitted = from_store(preparation, folder.path)
            inputs = table_inputs(schema, fitted)
    data.setup("predict")
    module.net.cpu().eval().requires_grad_(False)
    epoch = checkpoint.get("epoch")
    return OpenedRun(
        spec,
        name,
        epoch,
        module,
        data,
        fitted_task(build_task(spec), data),
        preparation,
        schema,
        inputs,
        _meaning(spec, softmax),
    )


def _meaning(spec: RunSpec, softmax: bool) -> Meaning:
    if spec.facts.task == "regression":
        return "values"
    if spec.facts.task in ("binary", "multiclass"):
        return "probabilities" if softmax else "logits"
    raise ConfigError(f"task {spec.facts.task}: nothing to export")
