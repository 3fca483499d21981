"""Predictions, metrics and networks of runs, on the terms of the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seedbed.api.metrics import Metrics
from seedbed.api.reading import data_folder, import_what_predicts, reading, warn_of
from seedbed.api.rows import in_kind, source_of
from seedbed.config.project import outputs_folder
from seedbed.errors import ConfigError, listed, nearest
from seedbed.runs.folder import RunFolder
from seedbed.sweep.results.folder import SweepFolder

if TYPE_CHECKING:
    from seedbed.experiment.predicting.member import Asked, Member

_ONE_OF = {
    "checkpoint": ("best", "last"),
    "ensemble": ("best", "all"),
    "accelerator": ("auto", "cpu", "gpu"),
    "split": ("train", "val", "test"),
}


@dataclass(frozen=True)
class Choices:
    """How runs predict: the keys of `seedbed predict` and `evaluate`, with their meanings."""

    checkpoint: str = "best"
    accelerator: str = "auto"
    file: str | None = None
    split: str | None = None
    ensemble: str = "best"
    apply_softmax: bool = True

    def __post_init__(self) -> None:
        """Raise ConfigError where a choice is none."""
        for key, accepted in _ONE_OF.items():
            value = getattr(self, key)
            if value not in accepted and not (key == "split" and value is None):
                near = nearest(str(value), accepted)
                raise ConfigError(f"{key}={value}: must be one of {listed(accepted)}.{near}")
        if self.accelerator == "gpu":
            from seedbed.config.schema.trainer import no_gpu

            for problem in no_gpu("accelerator", "accelerator=cpu"):
                raise ConfigError(problem)


def predict(
    folder: RunFolder | SweepFolder,
    run: RunFolder | None,
    trust: Sequence[str],
    data: Any,
    choices: Choices,
) -> Any:
    """Return what a run, or the jobs of a sweep together, predict; see `Run.predict`.

    Args:
        folder: The folder of the run or the sweep.
        run: A run of it, whose copies of modules stand for those that are trusted.
        trust: Modules that the user trusts.
        data: The rows; None: those of a split.
        choices: How.
    """
    if (data is None) == (choices.split is None):
        raise ConfigError("data: give rows, or split=test for the run's own, one of them")
    if choices.file is not None and choices.split is None:
        raise ConfigError(f"file={choices.file}: it says where the rows of a split are")
    source = None if data is None else source_of(data)
    import_what_predicts()
    from seedbed.commands.predicting import Wanted, predictions_of
    from seedbed.experiment.predicting.told import told_rows

    with reading(run, trust) as trusted:
        wanted = Wanted(
            _asked(trusted, choices),
            source,
            choices.split,
            choices.ensemble,
            choices.apply_softmax,
            outputs_folder(),
        )
        prediction = predictions_of(folder, wanted)
        rows = told_rows(prediction.told, prediction.given)
    warn_of(prediction.lines)
    return in_kind(data, rows)


def evaluate(
    folder: RunFolder | SweepFolder,
    run: RunFolder | None,
    trust: Sequence[str],
    data: Any,
    targets: str | None,
    choices: Choices,
) -> dict[str, float]:
    """Return the metrics of a run, or of a sweep's jobs together; see `Run.evaluate`."""
    source = None if data is None else source_of(data)
    if source is not None and choices.split is not None:
        raise ConfigError(f"split={choices.split}: beside data; one of them says which rows")
    if targets is not None and source is None:
        raise ConfigError(f"targets={targets}: it goes with data, a .npy file of inputs")
    split = choices.split or (None if source is not None else "test")
    import_what_predicts()
    from seedbed.commands.measuring import WantedRows, measured_of

    with reading(run, trust) as trusted:
        evaluation = measured_of(
            folder,
            WantedRows(split, source, targets),
            _asked(trusted, choices, measures=True),
            choices.ensemble,
            outputs_folder(),
        )
    warn_of(evaluation.lines)
    return Metrics(evaluation.measured.metrics)


def opened(folder: RunFolder, trusted: Sequence[str], choices: Choices) -> "Member":
    """Return a run that predicts; its data are not loaded."""
    from seedbed.experiment.predicting.member import open_member

    return open_member(folder, _asked(trusted, choices))


def prepared(folder: RunFolder, trust: Sequence[str], data: Any) -> Any:
    """Return raw rows as the network of a run takes them, on the CPU."""
    import_what_predicts()
    import torch

    from seedbed.experiment.predicting.given_rows import given_rows

    with reading(folder, trust) as trusted:
        member = opened(folder, trusted, Choices(accelerator="cpu"))
        if member.facts.task == "minimize":
            raise ConfigError(f"run={folder.path}: its model is a function without inputs")
        rows = given_rows(source_of(data), member)
        batches = [batch.clone() for batch in rows.batches()]
    warn_of(("note", note) for note in rows.notes)
    return torch.cat(batches)


def _asked(trusted: Sequence[str], choices: Choices, *, measures: bool = False) -> "Asked":
    from seedbed.experiment.predicting.member import Asked

    return Asked(
        list(trusted),
        data_folder(),
        choices.checkpoint,
        choices.accelerator,
        choices.file,
        measures,
    )
