"""Out-of-fold predictions: of each row by the models of the fold in which it was validated."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from seedbed.config.instantiation import keys_of
from seedbed.config.spec import DataFacts, RunSpec, run_spec
from seedbed.data import DataModule
from seedbed.data.data_module import Placement
from seedbed.errors import RunFolderError
from seedbed.experiment.build import (
    NetworkBuilder,
    build_data,
    build_task,
    device,
    floating_point,
)
from seedbed.experiment.fitted_task import fitted_task
from seedbed.files import write_atomically
from seedbed.reading.content import inside
from seedbed.runs.checkpoints import PREFIX, read_checkpoint
from seedbed.runs.folder import RunFolder, run_folder
from seedbed.runs.record import MEASURED
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.results.configurations import FOLD
from seedbed.sweep.results.ranking import Winner
from seedbed.sweep.results.table import Row, cell
from seedbed.terminal.words import relative

# The columns that come first, whatever the data call theirs.
ROW, FOLD_COLUMN = "row", "fold"


@dataclass(frozen=True)
class FoldPredictions:
    """Predictions of the rows of one fold.

    Attributes:
        fold: its number.
        rows: numbers of the rows in the dataset, from 0.
        ids: values of the id columns, by name.
        targets: (rows, targets), or classes, (rows,).
        predictions: mean over the seeds: (rows, targets), in the targets' units; of a
            classification probabilities, (rows, classes).
        digits: digits that they have.
        facts: what the data say of their rows.
    """

    fold: int
    rows: list[int]
    ids: Mapping[str, Sequence[Any]]
    targets: Tensor
    predictions: Tensor
    digits: int
    facts: DataFacts


def write_out_of_fold(worker: Worker, best: Winner) -> list[str]:
    """Write the out-of-fold predictions of a configuration; return the lines that say so.

    Raises RunFolderError where the weights of a fold are missing or damaged.
    """
    if worker.options.keep == "record":
        return ["out of fold  none: sweep.keep=record keeps no weights; sweep.keep=best does"]
    folds: dict[int, list[Row]] = {}
    for row in best.jobs:
        of_fold = folds.setdefault(_fold(worker, row), [])
        if row.status in MEASURED:
            of_fold.append(row)
    predicted = [_of_fold(worker, fold, rows) for fold, rows in sorted(folds.items()) if rows]
    path = worker.folder.out_of_fold
    write_atomically(path, csv_text(predicted).encode())
    count = sum(len(fold.rows) for fold in predicted)
    lines = [f"out of fold  {relative(path)}: {count:,} rows"]
    if lacking := [str(fold) for fold, rows in sorted(folds.items()) if not rows]:
        lines.append(f"             without those of fold {', '.join(lacking)}: no job completed")
    return lines


def _fold(worker: Worker, row: Row) -> int:
    text = cell(row.axes.get(FOLD, ""))
    if not (text.isascii() and text.isdecimal()):
        raise RunFolderError(f"{worker.folder.plan}: damaged: job {row.number} is of no fold")
    return int(text)


def _of_fold(worker: Worker, fold: int, rows: Sequence[Row]) -> FoldPredictions:
    """Return the mean predictions of jobs, which differ in their seeds, for their fold."""
    with worker.composer.applied(worker.plan.jobs[rows[0].number]) as config:
        spec = run_spec(config)
    data = build_data(spec)
    data.place(Placement(device(spec.trainer.accelerator), floating_point(spec.trainer.precision)))
    data.prepare_data()
    data.setup("fit")
    numbers, targets = _numbers_and_targets(data)
    predict = Predictor(spec, data)
    predictions = (predict(_folder(worker, row), worker.plan.rank) for row in rows)
    mean = sum(predictions, start=torch.zeros((), dtype=torch.float64)) / len(rows)
    digits = 17 if spec.trainer.precision.startswith("64") else 9
    return FoldPredictions(
        fold, numbers, data.id_columns("val"), targets, mean, digits, _facts(spec)
    )


def _facts(spec: RunSpec) -> DataFacts:
    """Return the facts of the data; the target of a classification, too, is called as its key."""
    target = keys_of(spec.data).get("target")
    if spec.facts.target_names or not isinstance(target, str):
        return spec.facts
    return replace(spec.facts, target_names=(target,))


def _numbers_and_targets(data: DataModule) -> tuple[list[int], Tensor]:
    parts = list(data.rows_to_check("val"))
    numbers = [int(number) for part in parts for number in part.numbers]
    return numbers, torch.cat([part.batch[1].cpu() for part in parts])


def _folder(worker: Worker, row: Row) -> RunFolder:
    if not row.folder:
        raise RunFolderError(f"{worker.folder.path}: the folder of job {row.number} was not kept")
    return run_folder(inside(worker.folder.path, row.folder))


class Predictor:
    """Predictor of the validation rows by the jobs of one fold."""

    def __init__(self, spec: RunSpec, data: DataModule) -> None:
        """The data are set up."""
        self.spec = spec
        self.data = data
        self.task = fitted_task(build_task(spec), data)
        self._net: nn.Module | None = None

    def __call__(self, folder: RunFolder, checkpoint: str) -> Tensor:
        """Return what a job predicts of the validation rows, in their order, as float64.

        Values in the units of the targets, (rows, targets); of a classification probabilities,
        (rows, classes), of two classes as well.

        Args:
            folder: The job's.
            checkpoint: `best` or `last`; the last where there is no best.
        """
        name = folder.kept(checkpoint)
        with torch.inference_mode():
            values = self._values(folder, name).cpu().double()
        if self.spec.facts.task == "binary":
            return torch.stack([1 - values.reshape(-1), values.reshape(-1)], dim=1)
        return values.reshape(len(values), -1)

    def _values(self, folder: RunFolder, name: str) -> Tensor:
        inputs = (batch[0] for batch in self.data.evaluation_loader("val"))
        if self.spec.module is None:
            net = self._with_weights(folder.checkpoint(name))
            return torch.cat([self.task.prediction(net(batch)) for batch in inputs])
        # Only here: jobs side by side need no Lightning.
        from seedbed.experiment.evaluation import load_module
        from seedbed.experiment.predictions import predicted

        module, _ = load_module(folder, self.spec.of_checkpoint(), name)
        module.net.to(self.data.placement.device).eval()
        return predicted(module, self.task, self.spec.facts.output_size, inputs)

    def _with_weights(self, path: Path) -> nn.Module:
        """Return the network, which all jobs share, with the weights of a checkpoint."""
        if self._net is None:
            spec = self.spec.of_checkpoint()
            net = NetworkBuilder(spec).build(spec.seed, spec.initial_weights)
            self._net = net.to(self.data.placement.device).eval()
        content = read_checkpoint(path)
        try:
            weights = content["state_dict"]
            self._net.load_state_dict(
                {name.removeprefix(PREFIX): value for name, value in weights.items()}
            )
        except Exception as error:  # What should be weights may be anything.
            reason = " ".join(str(error).split())[:200]
            raise RunFolderError(f"{path}: does not fit the model of the job: {reason}") from None
        return self._net


# The file


def csv_text(folds: Sequence[FoldPredictions]) -> str:
    """Return the predictions of all folds as CSV, in the order of the rows in the dataset."""
    ids = list(folds[0].ids)
    labelled = labels(folds[0].facts, folds[0].predictions.shape[1])
    names = [ROW, FOLD_COLUMN, *ids]
    names += [f"target {name}" if name in names else name for name in labelled.targets]
    lines = sorted((line for fold in folds for line in _lines(fold)), key=lambda line: line[0])
    text = StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows([[*names, *labelled.predictions], *lines])
    return text.getvalue()


def _lines(fold: FoldPredictions) -> Iterator[list[Any]]:
    names, is_class = list(fold.facts.class_names), fold.facts.task != "regression"
    targets = fold.targets.reshape(len(fold.rows), -1).tolist()
    values, ids = fold.predictions.tolist(), list(fold.ids.values())
    for place, row in enumerate(fold.rows):
        cells = [row, fold.fold, *(column[place] for column in ids)]
        if is_class:
            chosen = max(range(len(values[place])), key=values[place].__getitem__)
            classes = [int(targets[place][0]), chosen]
            cells += [names[number] if names else number for number in classes]
        else:
            cells += targets[place]
        yield [*cells, *(f"{value:.{fold.digits}g}" for value in values[place])]


@dataclass(frozen=True)
class Labels:
    """Names of the columns of targets and of predictions."""

    targets: list[str]
    predictions: list[str]


def labels(facts: DataFacts, size: int) -> Labels:
    """Return the names of the columns, of `size` values or classes."""
    names = list(facts.target_names)
    if facts.task == "regression":
        if len(names) != size:
            names = ["target"] if size == 1 else [f"target {n}" for n in range(1, size + 1)]
        one = ["prediction"] if "prediction" not in names else ["predicted"]
        return Labels(names, one if size == 1 else [f"prediction of {name}" for name in names])
    target = names[0] if len(names) == 1 else "target"
    classes = list(facts.class_names) or [str(number) for number in range(size)]
    predicted = "class" if target != "class" else "predicted class"
    return Labels([target], [predicted, *(f"probability of {name}" for name in classes)])
