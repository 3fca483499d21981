"""What a run prints about itself: one line on the data, and the closing table."""

import shlex
import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig


def data_line(choice: str, sizes: dict[str, int], config: DictConfig) -> str:
    """Return what is trained, validated and tested on."""
    data = config.data
    if data.task == "minimize":
        return "data  none: the model is a function of its own parameters"
    if data.get("sample") == "stream":
        train = f"a stream of {data.batches_per_epoch} x {sizes['train']:,} rows an epoch"
    elif "train" in sizes:
        train = f"{sizes['train']:,} rows to train on"
    else:
        train = "rows of your own"
    held = [
        f"{sizes[split]:,} to {verb}"
        for split, verb in (("val", "validate"), ("test", "test"))
        if split in sizes
    ]
    none = ["no validation (data.val_size=0)"] if "val_size" in data and "val" not in sizes else []
    return f"data  {choice}: " + ", ".join([train, *held, *none])


def checkpoint_columns(checkpoints: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Return the metrics of the checkpoints under a title; one column where they are one epoch."""
    by_epoch: dict[int, list[str]] = {}
    for name in ("best", "last"):
        if name in checkpoints:
            by_epoch.setdefault(checkpoints[name]["epoch"], []).append(name)
    return {
        f"epoch {epoch} ({', '.join(names)})": checkpoints[names[0]]["metrics"]
        for epoch, names in by_epoch.items()
    }


def metrics_table(columns: dict[str, dict[str, float]]) -> Any:
    """Return a rich table: one row a metric, one column a state of the model."""
    from rich import box
    from rich.table import Table

    table = Table("metric", box=box.SIMPLE_HEAD, pad_edge=False)
    for title in columns:
        table.add_column(title, justify="right")
    names = dict.fromkeys(name for values in columns.values() for name in values)
    for name in names:
        row = [f"{values[name]:.6g}" if name in values else "" for values in columns.values()]
        table.add_row(name, *row)
    return table


# Of more numbers than these, the table points to the record.
MOST_ROWS = 20


def print_parameters(report: dict[str, Any], data: Any) -> None:
    """Print a row a number of a small model: as trained, in original units, and to compare with."""
    titles = {
        "trained": "trained",
        "original_units": "original units",
        "least_squares": "least squares",
        "true_line": "true line",
    }
    columns = {key: _flat(report[key]) for key in titles if key in report}
    if columns.get("original_units") == columns["trained"]:
        del columns["original_units"]
    names = list(dict.fromkeys(name for numbers in columns.values() for name in numbers))
    if len(names) > MOST_ROWS:
        if "original_units" in report:
            print(f"parameters   {len(columns['trained'])} numbers: see run.json")
        return
    from rich import box
    from rich.table import Table

    table = Table("parameter", box=box.SIMPLE_HEAD, pad_edge=False)
    for key in columns:
        table.add_column(titles[key], justify="right")
    means = _meanings(data) if "original_units" in report else {}
    for name in names:
        values = [f"{one[name]:.6g}" if name in one else "" for one in columns.values()]
        table.add_row(f"{name}  {means.get(name, '')}".rstrip(), *values)
    print_table(table)


def _flat(values: dict[str, Any]) -> dict[str, float]:
    """Return every number under its name and index."""
    found: dict[str, float] = {}

    def add(name: str, index: str, value: Any) -> None:
        if isinstance(value, list):
            for number, one in enumerate(value):
                add(name, f"{index},{number}" if index else str(number), one)
        else:
            found[f"{name}[{index}]" if index else name] = value

    for name, value in values.items():
        if name != "metrics":
            add(name, "", value)
    return found


def _meanings(data: Any) -> dict[str, str]:
    """Return what the numbers of a linear model stand for, where the data name their columns."""
    features, targets = list(data.get("feature_names") or []), list(data.get("target_names") or [])
    found = {
        f"weight[{row},{column}]": f"{target} per {feature}"
        for row, target in enumerate(targets)
        for column, feature in enumerate(features)
    }
    return found | {f"bias[{row}]": target for row, target in enumerate(targets)}


def print_table(table: Any) -> None:
    """Print a rich table to stdout; without a terminal as wide as it needs to be."""
    from rich.console import Console

    # Names of the user's are shown as they are, brackets and colons included.
    console = Console(file=sys.stdout, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, width=10_000, markup=False, emoji=False)
    console.print(table)


def closing_lines(folder: Path, outputs: str) -> str:
    """Return where the run lies and how to look at it."""
    return f"run folder   {relative(folder)}\nTensorBoard  {dashboard_command(Path(outputs))}"


def dashboard_command(folder: Path) -> str:
    """Return the command that shows a folder, as it is typed into a shell."""
    return f"seedbed dashboard {shlex.quote(relative(folder))}"


def relative(path: Path) -> str:
    """Return a path from the working folder, where it lies below it."""
    absolute = path.resolve()
    working = Path.cwd()
    return str(absolute.relative_to(working)) if absolute.is_relative_to(working) else str(absolute)


def jobs_text(count: int) -> str:
    """Return how many jobs, in words."""
    return "1 job" if count == 1 else f"{count:,} jobs"
