"""What a run prints about itself: one line on the data, and the closing table."""

import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig


def data_line(choice: str, sizes: dict[str, int], config: DictConfig) -> str:
    """Return what is trained, validated and tested on."""
    data = config.data
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


def print_table(table: Any) -> None:
    """Print a rich table to stdout; without a terminal as wide as it needs to be."""
    from rich.console import Console

    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console = Console(file=sys.stdout, width=10_000)
    console.print(table)


def closing_lines(folder: Path, outputs: str) -> str:
    """Return where the run lies and how to look at it."""
    return (
        f"run folder   {relative(folder)}\nTensorBoard  seedbed dashboard {relative(Path(outputs))}"
    )


def relative(path: Path) -> str:
    """Return a path from the working folder, where it lies below it."""
    absolute = path.resolve()
    working = Path.cwd()
    return str(absolute.relative_to(working)) if absolute.is_relative_to(working) else str(absolute)
