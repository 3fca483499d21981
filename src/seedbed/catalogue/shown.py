"""What is shown of a catalogue: lines on a terminal, a table in a pipe, and a CSV file."""

import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from seedbed.catalogue.collection import Item
from seedbed.catalogue.entry import Entry
from seedbed.config.groups import GROUPS
from seedbed.errors import ConfigError, plain
from seedbed.files import atomic_file

if TYPE_CHECKING:
    from rich.table import Table

# Groups with a column of their own, and what all others are as long as nobody chooses.
COLUMNS = ("data", "model", "optimizer")
BY_DEFAULT = {"module": "none", "gradient": "autograd", "scheduler": "constant"}
# What follows from the data, or from the machine.
FOLLOWS = ("task", "trainer")
# A terminal has columns of a table where it is as wide as they are.
ELLIPSIS = "…"
INDENT = "    "
# Letters of the column of what was set; output= has it whole, in a column a key.
WIDEST_SET = 240


def print_items(
    items: Sequence[Item], of_sweeps: bool = False, metrics: Sequence[str] = ()
) -> None:
    """Print items: as a table where stdout is no terminal, or is as wide; else two lines each.

    With `of_sweeps` the table has the columns of a list that holds sweeps alone; with `metrics` a
    column for each, and it is always a table.
    """
    cells = _cells_of_sweep if of_sweeps else _cells
    table = _table([_with_metrics(cells(item), item, metrics) for item in items], metrics)
    if sys.stdout.isatty() and not metrics:
        width = shutil.get_terminal_size().columns
        if _width(table) > width:
            print("\n".join(lines(items, width)))
            return
    from seedbed.terminal.tables import print_table

    print_table(table)


def _width(table: "Table") -> int:
    from rich.console import Console

    return Console(width=100_000).measure(table).maximum


def _with_metrics(cells: dict[str, str], item: Item, metrics: Sequence[str]) -> dict[str, str]:
    """Return the cells of an item with metrics of its best epoch before its folder."""
    folder = cells.pop("folder")
    values = {name: number(item.entry.metrics.get(name)) for name in metrics}
    return {**cells, **values, "folder": folder}


def _table(rows: Sequence[Mapping[str, str]], metrics: Sequence[str] = ()) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    titles = [title for title in rows[0] if any(row[title] for row in rows)] if rows else []
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        right = title in ("value", "epoch", "seconds", *metrics)
        table.add_column(Text(one_line(title)), justify="right" if right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(row[title]) for title in titles))
    return table


def _cells(item: Item) -> dict[str, str]:
    entry = item.entry
    choices = {group: entry.choices.get(group, "") for group in COLUMNS}
    return {
        "began": began(entry),
        "status": entry.state,
        "jobs": entry.jobs_text,
        **choices,
        "set": _cut(one_line(set_text(entry)), WIDEST_SET),
        "best": entry.metric if entry.best is not None else "",
        "value": number(entry.best),
        "epoch": epoch_text(entry),
        "name": one_line(entry.name),
        "tags": one_line(", ".join(entry.tags)),
        "folder": item.path,
    }


def _cells_of_sweep(item: Item) -> dict[str, str]:
    entry = item.entry
    return {
        "began": began(entry),
        "status": entry.state.partition(",")[0],
        "jobs": _ended_text(entry),
        "varies": _cut(one_line(axes_text(entry)), WIDEST_SET),
        "best": entry.metric if entry.best is not None else "",
        "value": number(entry.best),
        "name": one_line(entry.name),
        "tags": one_line(", ".join(entry.tags)),
        "folder": item.path,
    }


def _ended_text(entry: Entry) -> str:
    """Return how many jobs have ended, of those planned, and how many of them not as planned."""
    others = {status: count for status, count in entry.ended.items() if status != "completed"}
    told = ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in others.items())
    done = f"{sum(entry.ended.values()):,} of {entry.jobs:,}"
    return f"{done} ({told})" if told else done


def axes_text(entry: Entry) -> str:
    """Return the keys that the jobs of a sweep differ in: `optimizer.lr (4) x seed (5)`.

    Of a search that is its sampler with the keys, whose values it draws.
    """
    if (sampler := entry.choices.get("search")) is not None:
        return f"{sampler}: {', '.join(entry.axes)}"
    return " x ".join(f"{key} ({count:,})" for key, count in entry.axes.items())


def lines(items: Iterable[Item], width: int) -> list[str]:
    """Return two lines for each item, no longer than a terminal is wide, but for its folder."""
    return [line for item in items for line in _two_lines(item, width)]


def _two_lines(item: Item, width: int) -> tuple[str, str]:
    entry = item.entry
    options = " ".join(entry.choices[group] for group in COLUMNS if group in entry.choices)
    jobs = f"{entry.jobs_text} " if entry.kind == "sweep" else ""
    start = f"{began(entry)}  {entry.state:12}  "
    best = ""
    if entry.best is not None:
        at = f" at {text}" if (text := epoch_text(entry)) else ""
        best = f"  {entry.metric} {number(entry.best)}{at}"
    room = width - len(start) - len(best)
    first = start + _cut(one_line(jobs + options), room).ljust(max(room, 0)) + best
    about = [f'"{entry.name}"'] * bool(entry.name)
    about += [f"[{', '.join(entry.tags)}]"] * bool(entry.tags)
    about += [entry.error] if entry.status in ("failed", "damaged", "diverged") else []
    about += [set_text(entry)]
    second = f"{INDENT}{item.path}  "
    return _cut(first, width), second + _cut(one_line("  ".join(about)), width - len(second))


def _cut(text: str, width: int) -> str:
    text = text.rstrip()
    return text if len(text) <= width else f"{text[: width - 1]}{ELLIPSIS}" if width > 3 else ""


def one_line(text: str) -> str:
    """Return a text on one line, with nothing that steers a terminal."""
    return plain(" ".join(text.split()))


def began(entry: Entry) -> str:
    """Return when something began, in local time."""
    try:
        return datetime.fromtimestamp(entry.began).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):  # Who knows what a record says.
        return ""


def number(value: float | None) -> str:
    """Return a number in four digits, which tell runs apart."""
    return "" if value is None else f"{value:.4g}"


def epoch_text(entry: Entry) -> str:
    """Return the best epoch, and of how many: `7/20`; of a sweep's best job that is not known.

    Where no best epoch is known it is the last one.
    """
    if entry.best_epoch is None:
        return str(entry.epoch) if entry.epoch else ""
    return f"{entry.best_epoch}/{entry.epoch}" if entry.epoch else str(entry.best_epoch)


def set_text(entry: Entry) -> str:
    """Return what was set, as words of a command: options that no column has, then keys."""
    chosen = {
        group: option
        for group, option in entry.choices.items()
        if group not in (*COLUMNS, *FOLLOWS) and BY_DEFAULT.get(group) != option
    }
    return " ".join(f"{key}={value}" for key, value in {**chosen, **entry.values}.items())


def write_items(path: Path, items: Sequence[Item]) -> None:
    """Write all that is known of items as a CSV file, a column for each key that was set.

    Raises ConfigError where something is there already, or the file cannot be written.
    """
    import csv
    import io

    metrics = dict.fromkeys(name for item in items for name in item.entry.metrics)
    keys = dict.fromkeys(key for item in items for key in item.entry.values)
    file = io.StringIO(newline="")
    table = csv.writer(file, lineterminator="\n")
    about = ["folder", "kind", "status", "error", "name", "tags", "notes", "began", "finished"]
    about += ["seconds", "jobs", *GROUPS, "metric", "best_epoch", "epoch"]
    table.writerow([*about, *metrics, *keys])
    for path_of_item, entry in items:
        moment = datetime.fromtimestamp(entry.began).astimezone().isoformat(timespec="seconds")
        cells = [path_of_item, entry.kind, entry.state, entry.error, entry.name]
        cells += [", ".join(entry.tags), entry.notes, moment, entry.finished]
        numbers = [entry.seconds, entry.jobs or None]
        rest = [entry.choices.get(group, "") for group in GROUPS]
        ended = [entry.metric, entry.best_epoch, entry.epoch]
        values = [*(entry.metrics.get(name) for name in metrics), *map(entry.values.get, keys)]
        row = [*cells, *numbers, *rest, *ended, *values]
        table.writerow([plain(value) if isinstance(value, str) else value for value in row])
    try:
        with atomic_file(path, new=True) as written:
            written.write(file.getvalue().encode())
    except FileExistsError:
        raise ConfigError(f"output={path}: is there already; name another file") from None
