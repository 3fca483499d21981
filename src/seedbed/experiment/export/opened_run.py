"""Run that is exported, with all that its predictions take."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from seedbed.config.spec import DataFacts
from seedbed.data import TableFile
from seedbed.data.preparation.stored import from_store
from seedbed.data.tables import TableSchema
from seedbed.engines.lightning.own_module import make_own_module
from seedbed.errors import ConfigError
from seedbed.experiment.build import build_net
from seedbed.experiment.export.exported_model import (
    ExportedModel,
    Meaning,
    PrepareNumbers,
    network_of,
)
from seedbed.experiment.export.table_inputs import PrepareTable, TableInputs, table_inputs
from seedbed.experiment.predicting.member import Asked, Member, open_member
from seedbed.experiment.predictions import by_class, predicted
from seedbed.runs.folder import RunFolder


@dataclass(frozen=True)
class OpenedRun:
    """Run that is exported, on the CPU.

    Attributes:
        member: the run as it predicts.
        meaning: what an exported model puts out.
        schema, inputs: schema of its table, and what an exported model takes of a row of it; None
            of other data.
    """

    member: Member
    meaning: Meaning
    schema: TableSchema | None = None
    inputs: TableInputs | None = None

    @property
    def net(self) -> nn.Module:
        """The network."""
        return self.member.module.net

    def model(self, net: nn.Module) -> ExportedModel:
        """Return the model that is exported, with a network in it.

        Raises:
            ConfigError: The network is a LightningModule without forward.
        """
        data = self.member.data
        table = None if self.inputs is None else PrepareTable(self.inputs, data.placement.dtype)
        model = ExportedModel(
            PrepareNumbers(data) if table is None else table,
            network_of(net),
            self.member.task,
            self.meaning,
            two_classes=self.member.facts.task == "binary",
            whole_rows=self.inputs is not None and not self.inputs.fills,
        )
        return model.eval()

    def rebuilt(self, weights: Mapping[str, Tensor]) -> nn.Module:
        """Return the model with a network that is made anew and given weights."""
        spec = self.member.spec
        net = build_net(spec) if spec.module is None else make_own_module(spec.module)
        net.load_state_dict(weights)
        return self.model(net)

    def answers(self, prepared: Tensor) -> Tensor:
        """Return what the run answers to rows as its network takes them, (rows, answers).

        It is what `seedbed predict` writes.
        """
        member, wanted = self.member, self.meaning != "logits"
        size = member.facts.output_size
        told = predicted(member.module, member.task, size, [prepared], predictions=wanted)
        return (by_class(told, member.facts) if wanted else told).reshape(len(prepared), -1)


def opened_run(folder: RunFolder, asked: Asked, *, softmax: bool) -> OpenedRun:
    """Return a run with the weights of a checkpoint and what it has fitted.

    Args:
        folder: Its folder.
        asked: What is asked of it.
        softmax: Whether a classification answers with probabilities, else with its logits.

    Raises:
        ConfigError: What is in the folder does not go together, or its model takes no inputs.
    """
    member = open_member(folder, asked)
    meaning = _meaning(member.facts, softmax)
    member.data.setup("predict")
    # Who uses it wants numbers, and no graph of their gradients.
    member.module.net.requires_grad_(False)
    if member.preparation is None or not isinstance(member.data, TableFile):
        return OpenedRun(member, meaning)
    schema, fitted = from_store(member.preparation, folder.path)
    return OpenedRun(member, meaning, schema, table_inputs(schema, fitted))


def _meaning(facts: DataFacts, softmax: bool) -> Meaning:
    if facts.task == "minimize":
        raise ConfigError("its model is a function without inputs: there is nothing to export")
    if facts.task == "regression":
        return "values"
    return "probabilities" if softmax else "logits"
