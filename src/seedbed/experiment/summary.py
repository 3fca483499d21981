"""What a run prints about itself: one line on the data, and the closing table."""

from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from seedbed.terminal.tables import print_table
from seedbed.terminal.words import dashboard_command, relative


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


def closing_lines(folder: Path, outputs: str) -> str:
    """Return where the run lies and how to look at it."""
    return f"run folder   {relative(folder)}\nTensorBoard  {dashboard_command(Path(outputs))}"
