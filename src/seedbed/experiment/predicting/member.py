"""A finished run as it predicts: its network with the weights of an epoch, its data and task."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from seedbed.config.instantiation import keys_of
from seedbed.config.schema.data import SPLITS, Data
from seedbed.config.schema.model import Model
from seedbed.config.spec import DataFacts, RunSpec
from seedbed.data import DataModule
from seedbed.data.data_module import Placement
from seedbed.engines.lightning.module import SupervisedModule
from seedbed.engines.lightning.own_module import OwnModule
from seedbed.errors import ConfigError, OtherData, RunFolderError
from seedbed.experiment.build import build_data, build_task, device, floating_point
from seedbed.experiment.evaluation import load_module
from seedbed.experiment.fitted_task import fitted_task
from seedbed.experiment.predicting.similar_runs import similar_spec
from seedbed.experiment.predicting.weights import ChosenWeights, Picked, chosen_weights
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_spec, with_checkpoints
from seedbed.runs.preparation import stored_preparation
from seedbed.runs.record import read_record
from seedbed.training.tasks import Task


@dataclass(frozen=True)
class Asked:
    """What is asked of a run that is read.

    Attributes:
        trust: modules that it may load classes from.
        data_folder: folder that data are downloaded to.
        checkpoint: `best` or `last`.
        accelerator: `auto`, `cpu` or `gpu`.
        file: where the data of the run are now; None: where it says.
        measures: whether its metrics are taken; else a loss and torchmetrics of the user's own are
            not made.
    """

    trust: Sequence[str]
    data_folder: str
    checkpoint: str = "best"
    accelerator: str = "auto"
    file: str | None = None
    measures: bool = False


@dataclass
class Member:
    """A run that predicts, alone or as one of an ensemble.

    Attributes:
        folder, spec, record: the folder, its spec and the fields of run.json.
        module: the module, with the weights; its network is in evaluation mode.
        checkpoint: content of the checkpoint.
        name: which it is, `best` or `last`.
        preparation: what the run has fitted; None where nothing was.
        data: the data, placed where the run predicts; none of its rows are loaded.
        asked: which checkpoint was asked for.
    """

    folder: RunFolder
    spec: RunSpec
    record: Mapping[str, Any]
    module: SupervisedModule | OwnModule
    checkpoint: Mapping[str, Any]
    name: str
    preparation: Mapping[str, Any] | None
    data: DataModule
    asked: str

    @property
    def facts(self) -> DataFacts:
        """What the data of the run say of their rows."""
        return self.spec.facts

    @property
    def task(self) -> Task:
        """The task, with the scaling of the targets; after the data are set up."""
        return fitted_task(build_task(self.spec), self.data)

    def weights(self) -> ChosenWeights:
        """Return which weights are used, and what people should know of them."""
        picked = Picked(self.spec.optimized_metric, self._validated_rows())
        return chosen_weights(self.record, self.checkpoint, self.name, self.asked, picked)

    def _validated_rows(self) -> int | None:
        """Return how many rows picked the best epoch; None where that is not known."""
        if not self.spec.optimized_metric.startswith("val"):
            return None
        if self.data.has_split("val"):
            return self.data.rows("val")
        counts: Any = (self.record.get("data") or {}).get("rows")
        count = counts.get("val") if isinstance(counts, Mapping) else None
        return count if type(count) is int else None

    def picked(self) -> str:
        """Return which weights are used, and by what they were picked, in words."""
        by = f", picked by {self.spec.optimized_metric}" if self.name == "best" else ""
        return self.weights().called + by


def open_member(
    folder: RunFolder, asked: Asked, *, own_rows: bool = False, like: Member | None = None
) -> Member:
    """Return a run that predicts; its data are not loaded.

    Args:
        folder: Its folder.
        asked: What is asked of it.
        own_rows: Whether the rows that the run was trained and measured on are needed.
        like: A run that was opened before, and is not needed any more; where the two differ in seed
            and fold alone, its network gets the weights of this one.

    Raises:
        RunFolderError: It is damaged, or names code that is not trusted.
        ConfigError: Its model takes no inputs.
    """
    _require_weights(folder, asked.checkpoint)
    similar = None if like is None else similar_spec(folder, like.folder, like.spec)
    spec = similar or of_file(
        load_spec(
            folder, list(asked.trust), asked.data_folder, measures=asked.measures, own_rows=own_rows
        ),
        asked.file,
    )
    name = folder.kept(asked.checkpoint)
    # What a network of the user's own draws when it is made may be no part of its checkpoint.
    reused = like.module if like is not None and similar and _is_ours(spec) else None
    module, checkpoint = load_module(folder, spec, name, reused)
    data, where = build_data(spec), device(asked.accelerator)
    data.place(Placement(where, floating_point(spec.trainer.precision)))
    preparation = stored_preparation(folder, checkpoint)
    if preparation is not None:
        data.use_preparation(preparation, folder.path)
    module.net.to(where).eval()
    record = with_checkpoints(read_record(folder.record), folder)
    return Member(
        folder, spec, record, module, checkpoint, name, preparation, data, asked.checkpoint
    )


def _require_weights(folder: RunFolder, checkpoint: str) -> None:
    """Raise RunFolderError that says what became of a run which failed before it had weights."""
    if folder.checkpoint(folder.kept(checkpoint)).is_file():
        return
    record = read_record(folder.record)
    if record["status"] in ("failed", "diverged"):
        error = f": {record['error']}" if record.get("error") else ""
        raise RunFolderError(
            f"{folder.path}: the run has no weights, its status is {record['status']}{error}"
        )


def _is_ours(spec: RunSpec) -> bool:
    return spec.module is None and isinstance(spec.model, Model)


def of_file(spec: RunSpec, file: str | None) -> RunSpec:
    """Return the spec of a run whose data lie elsewhere now; raise ConfigError of other data."""
    if file is None:
        return spec
    if not os.path.exists(file):
        raise ConfigError(f"file={file}: neither a file nor a folder")
    for name in ("file", "folder"):
        if isinstance(spec.data, Data) and keys_of(spec.data).get(name) is not None:
            changed: Any = {name: file}
            return replace(spec, data=replace(spec.data, **changed))
    raise ConfigError(f"file={file}: the data of this run are no file or folder of yours")


def load_own_rows(member: Member, split: str, file: str | None) -> None:
    """Load the rows that a run was trained and measured on.

    Args:
        member: The run.
        split: Split that is needed: train, val or test.
        file: Where its data are now, as it was typed.

    Raises:
        ConfigError: The data are others than those of the run, or have no such split.
    """
    data, spec = member.data, member.spec
    try:
        data.require_source((member.record.get("data") or {}).get("fingerprint"))
    except OtherData:
        if file is None:
            raise
        raise ConfigError(
            f"file={file}: not the data that the run was trained on; the key says where they lie "
            "now.\nNew rows with known targets: seedbed evaluate input=..."
        ) from None
    data.prepare_data()
    data.setup("test")
    if data.has_split(split):
        return
    can_hold_out = f"{split}_size" in keys_of(spec.data)
    advice = f"train with data.{split}_size=0.2, or " if can_hold_out else ""
    others = " or ".join(f"split={name}" for name in SPLITS if data.has_split(name))
    raise ConfigError(f"split={split}: this run holds no rows out for it; {advice}choose {others}")


def on_device(value: Any, where: torch.device) -> Any:
    """Return tensors, alone or in containers, on a device."""
    from torch.utils._pytree import tree_map_only

    return tree_map_only(torch.Tensor, lambda tensor: tensor.to(where), value)
