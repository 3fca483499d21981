"""Printed summary of a run: a line on the data, and the closing table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seedbed.config.instantiation import keys_of
from seedbed.config.spec import DataFacts, Node, RunSpec
from seedbed.data import DataModule
from seedbed.runs.folder import RunFolder
from seedbed.runs.outcome import RunOutcome
from seedbed.terminal.tables import metrics_table, print_table
from seedbed.terminal.words import dashboard_command, relative


def data_line(choice: str, sizes: Mapping[str, int], data: Node) -> str:
    """Return a line on the rows for training, validation and test.

    Args:
        choice: name of the data option.
        sizes: rows by split, as far as they are known.
        data: the data option.
    """
    keys = keys_of(data)
    if keys["task"] == "minimize":
        return "data  none: the model is a function of its own parameters"
    if keys.get("sample") == "stream":
        train = f"a stream of {keys['batches_per_epoch']} x {sizes['train']:,} rows an epoch"
    elif "train" in sizes:
        train = f"{sizes['train']:,} rows to train on"
    else:
        train = "rows of your own"
    held = [
        f"{sizes[split]:,} to {verb}"
        for split, verb in (("val", "validate"), ("test", "test"))
        if split in sizes
    ]
    # Of rows that stay in a Dataset of the user's none can be held out.
    splits = "val_size" in keys and keys.get("in_memory", True) is True
    none = ["no validation (data.val_size=0)"] if splits and "val" not in sizes else []
    return f"data  {choice}: " + ", ".join([train, *held, *none])


# Classes whose weights are shown.
_CLASSES_SHOWN = 10


def class_weights_line(task: Any, class_names: Sequence[str]) -> str:
    """Return a line on the weights of classes that follow from the training rows, or nothing.

    Args:
        task: the task, once it is fitted.
        class_names: name of each class; where they have none, they are numbered from 0.
    """
    weights = getattr(task, "class_weights", None)
    if weights is None or not task.fits_targets:
        return ""
    values = weights.tolist()
    names = class_names if len(class_names) == len(values) else list(map(str, range(len(values))))
    shown = [f"{n} {v:.4g}" for n, v in zip(names, values, strict=True)][:_CLASSES_SHOWN]
    more = [f"{len(values) - len(shown):,} more"] if len(values) > len(shown) else []
    return "classes weigh " + ", ".join([*shown, *more])


def print_outcome(outcome: RunOutcome, spec: RunSpec, folder: RunFolder, data: DataModule) -> None:
    """Print the closing table of a run, why it stopped, and where its folder is."""
    columns = epoch_columns(outcome)
    parameters: dict[str, Any] = dict(outcome.parameters)
    if "least_squares" in parameters:
        columns["least squares"] = parameters["least_squares"]["metrics"]
    if columns:
        print_table(metrics_table(columns))
    if "trained" in parameters:
        print_parameters(parameters, spec.facts, outcome.last.epoch if outcome.last else None)
    if correct := _correct_answers(outcome, spec, data):
        print(correct)
    if outcome.stopped:
        print(f"stopped      {outcome.stopped}")
    print(closing_lines(folder.path, spec.outputs))
    if spec.trainer.profiler:
        profile = folder.path / "fit-profile.txt"
        if profile.is_file():
            print(profile.read_text(encoding="utf-8"))
        print(f"profile      {relative(profile)}")


def _correct_answers(outcome: RunOutcome, spec: RunSpec, data: DataModule) -> str:
    """Return the number of test rows that were classified right; "" where it is not known."""
    accuracy, rows = outcome.metrics.get("test/accuracy"), data.rows("test")
    if accuracy is None or rows is None or spec.trainer.limit_test_batches != 1.0:
        return ""
    return f"test         {round(accuracy * rows):,} of {rows:,} right"


def epoch_columns(outcome: RunOutcome) -> dict[str, dict[str, float]]:
    """Return the metrics of the best and the last epoch by title; once where they are the same.

    Of a run that was stopped within an epoch, those of the last whole one stand for the last.
    """
    titles: dict[int, list[str]] = {}
    metrics: dict[int, dict[str, float]] = {}
    for name, state in (("best", outcome.best), ("last", outcome.last)):
        if state is not None and state.metrics:
            titles.setdefault(state.epoch, []).append(name)
            metrics.setdefault(state.epoch, state.metrics)
    columns = {f"epoch {epoch} ({', '.join(titles[epoch])})": metrics[epoch] for epoch in metrics}
    if outcome.metrics and outcome.metrics_epoch not in metrics:
        known = outcome.metrics_epoch is not None
        columns[f"epoch {outcome.metrics_epoch}" if known else "last"] = outcome.metrics
    return columns


def print_parameters(report: dict[str, Any], facts: DataFacts, epoch: int | None = None) -> None:
    """Print a table of a small model's parameters, as trained, in original units and references.

    Args:
        report: As `seedbed.analysis.reference_lines.parameters_report` returns it.
        facts: Facts of the data, for the names of the columns.
        epoch: Epoch after which the parameters are these; None where that is not known.
    """
    titles = {
        "trained": "trained" if epoch is None else f"trained, epoch {epoch}",
        "original_units": "original units",
        "least_squares": "least squares",
        "true_line": "true line",
    }
    columns = {key: _flat(report[key]) for key in titles if key in report}
    if columns.get("original_units") == columns["trained"]:
        del columns["original_units"]
    names = list(dict.fromkeys(name for numbers in columns.values() for name in numbers))
    from rich import box
    from rich.table import Table

    table = Table("parameter", box=box.SIMPLE_HEAD, pad_edge=False)
    for key in columns:
        table.add_column(titles[key], justify="right")
    means = _meanings(facts) if "original_units" in report else {}
    for name in names:
        values = [f"{column[name]:.6g}" if name in column else "" for column in columns.values()]
        table.add_row(f"{name}  {means.get(name, '')}".rstrip(), *values)
    print_table(table)


def _flat(values: dict[str, Any]) -> dict[str, float]:
    """Return every number by its name and index: `weight[0,1]`."""
    return {
        f"{name}[{','.join(map(str, index))}]" if index else name: number
        for name, value in values.items()
        if name != "metrics"
        for index, number in np.ndenumerate(value)
    }


def _meanings(facts: DataFacts) -> dict[str, str]:
    """Return the meaning of each number of a linear model, where the columns have names."""
    targets = dict(enumerate(facts.target_names))
    weights = {
        f"weight[{row},{column}]": f"{target} per {feature}"
        for row, target in targets.items()
        for column, feature in enumerate(facts.feature_names)
    }
    return weights | {f"bias[{row}]": target for row, target in targets.items()}


def closing_lines(folder: Path, outputs: str) -> str:
    """Return the lines with the run folder, its page and the command of its dashboard."""
    page = folder / "report.html"
    lines = [f"run folder   {relative(folder)}"]
    lines += [f"page         {relative(page)}"] * page.is_file()
    # One asked for elsewhere is not among the others.
    among = Path(outputs) if folder.resolve().is_relative_to(Path(outputs).resolve()) else folder
    return "\n".join([*lines, f"TensorBoard  {dashboard_command(among)}"])
