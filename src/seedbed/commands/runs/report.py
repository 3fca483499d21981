"""`seedbed report` of runs: one by itself, several side by side, many below each other."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seedbed.catalogue.collection import Item
from seedbed.catalogue.entry import Entry
from seedbed.catalogue.filters import better_of
from seedbed.catalogue.shown import (
    COLUMNS,
    began,
    epoch_text,
    one_line,
    print_items,
    set_text,
)
from seedbed.config.overrides import typed_word
from seedbed.errors import ConfigError, RunFolderError, listed, nearest
from seedbed.runs.folder import RECORD, record_at, run_folder
from seedbed.runs.resuming.changes_in_words import in_words
from seedbed.terminal.tables import metrics_table, print_table
from seedbed.terminal.words import dashboard_command, relative

if TYPE_CHECKING:
    from rich.table import Table

# Runs that have a column each; more have a row each.
MOST_COLUMNS = 6


def report_runs(items: Sequence[Item], top: int, metrics: Sequence[str] = ()) -> None:
    """Print runs: one with all that is known of it, some side by side, of many the first `top`.

    `metrics` are names or patterns of those that are shown; without any, of one run and of runs
    side by side that are all, of many the one that each watches.
    """
    names = _names(items, metrics)
    if len(items) == 1 and items[0].entry.kind != "sweep":
        _one(items[0], metrics)
        return
    if len(items) <= MOST_COLUMNS:
        print_table(_side_by_side(items, names))
        _print_what_is_equal(items)
    else:
        print_items(items[:top], metrics=names if metrics else ())
        if len(items) > top:
            print(f"and {len(items) - top:,} more; top={len(items)} shows all")
    if best := _best(items):
        print(f"best         {best}")


def _names(items: Sequence[Item], metrics: Sequence[str]) -> list[str]:
    """Return the metrics of items that are asked for; raises ConfigError where there are none."""
    known = list(dict.fromkeys(name for item in items for name in item.entry.metrics))
    for pattern in metrics:
        if not any(fnmatchcase(name, pattern) for name in known):
            hint = nearest(pattern, known)
            raise ConfigError(
                f"metrics={pattern}: no such metric.{hint}\nMetrics: {listed(known, 30)}"
            )
    return [name for name in known if _is_asked(name, metrics)]


def _is_asked(name: str, metrics: Sequence[str]) -> bool:
    return not metrics or any(fnmatchcase(name, pattern) for pattern in metrics)


def _one(item: Item, metrics: Sequence[str] = ()) -> None:
    entry = item.entry
    if entry.status == "damaged":
        raise RunFolderError(f"{item.path}/{RECORD}: {entry.error}")
    about = {
        "run": item.path,
        "status": entry.state + (f": {entry.error}" if _has_reason(entry) else ""),
        "name": entry.name,
        "tags": ", ".join(entry.tags),
        "notes": entry.notes,
        "began": _took(entry),
        "data": " ".join(entry.choices.get(group, "") for group in COLUMNS).strip(),
        "set": set_text(entry),
    }
    for key, text in about.items():
        if text:
            print(f"{key:13}{one_line(text)}")
    try:
        record = record_at(Path(item.path))
    except (ConfigError, OSError):
        return
    if record is None:
        return
    columns = {
        title: {name: value for name, value in values.items() if _is_asked(name, metrics)}
        for title, values in _epochs(record).items()
    }
    if any(columns.values()):
        print_table(metrics_table(columns))
    for line in _parts(record):
        print(line)
    if record.get("stopped"):
        print(f"stopped      {one_line(str(record['stopped']))}")
    if record.get("command"):
        print(f"command      {one_line(str(record['command']))}")
    goes_on = entry.status in ("interrupted", "failed")
    if goes_on and run_folder(item.path).checkpoint("last").is_file():
        print(f"go on        seedbed train {typed_word('resume', item.path)}")
    print(f"TensorBoard  {dashboard_command(Path(item.path))}")


def _has_reason(entry: Entry) -> bool:
    return bool(entry.error) and entry.status in ("failed", "diverged")


def _took(entry: Entry) -> str:
    seconds = "" if entry.seconds is None else f", took {_seconds(entry)} s"
    return f"{began(entry)}{seconds}"


def _seconds(entry: Entry) -> str:
    if entry.seconds is None:
        return ""
    seconds = entry.seconds
    return (
        f"{seconds:.2g}"
        if seconds < 1
        else f"{seconds:.1f}"
        if seconds < 100
        else f"{seconds:,.0f}"
    )


def _epochs(record: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the metrics of the kept epochs, and those of the last one where none is kept."""
    kept = record.get("checkpoints") or {}
    states = {name: state for name in ("best", "last") if (state := kept.get(name))}
    epochs = {name: state.get("epoch") for name, state in states.items()}
    if not states:
        number = record.get("metrics_epoch")
        return {"last" if number is None else f"epoch {number}": _numbers(record.get("metrics"))}
    if len(set(epochs.values())) == 1 and len(epochs) == 2:
        return {f"epoch {epochs['best']} (best, last)": _numbers(states["best"].get("metrics"))}
    return {f"epoch {epochs[n]} ({n})": _numbers(s.get("metrics")) for n, s in states.items()}


def _numbers(metrics: Mapping[str, float | None] | None) -> dict[str, float]:
    return {name: value for name, value in (metrics or {}).items() if value is not None}


def _parts(record: Mapping[str, Any]) -> list[str]:
    """Return a line for each time that the run was gone on with."""
    lines = []
    resumed = record.get("resumed")
    for part in resumed if isinstance(resumed, list) else []:
        if not isinstance(part, Mapping):
            continue
        changed = part.get("changed")
        changes = [
            f"{key} {in_words(key, values[0])} -> {in_words(key, values[1])}"
            for key, values in (changed.items() if isinstance(changed, Mapping) else ())
            if isinstance(values, list) and len(values) == 2
        ]
        was = f"after epoch {part.get('epoch')}, {part.get('status')}"
        lines.append(f"went on      {one_line(', '.join([was, *changes]))}")
    return lines


def _side_by_side(items: Sequence[Item], metrics: Sequence[str]) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for title in _titles(items):
        table.add_column(Text(title), justify="right", overflow="fold")
    for key, cells in _rows(items, metrics).items():
        if any(cells):
            table.add_row(Text(key), *map(Text, cells))
    return table


def _titles(items: Sequence[Item]) -> list[str]:
    """Return what the columns are called: by name, where each has one of its own, else folder."""
    names = [one_line(item.entry.name) for item in items]
    if all(names) and len(set(names)) == len(names):
        return names
    folders = [Path(item.path).name for item in items]
    return folders if len(set(folders)) == len(folders) else [item.path for item in items]


def _rows(items: Sequence[Item], metrics: Sequence[str]) -> dict[str, list[str]]:
    """Return what is shown of items, by key: what differs, and the metrics of the best epoch."""
    entries = [item.entry for item in items]
    rows = {
        "status": [entry.state for entry in entries],
        "jobs": [entry.jobs_text for entry in entries],
        "tags": [one_line(", ".join(entry.tags)) for entry in entries],
        "began": [began(entry) for entry in entries],
        "seconds": [_seconds(entry) for entry in entries],
    }
    keys = dict.fromkeys(key for entry in entries for key in _set(entry))
    for key in keys:
        cells = [_set(entry).get(key, "") for entry in entries]
        if len(set(cells)) > 1:
            rows[one_line(key)] = [one_line(cell) for cell in cells]
    rows["best epoch"] = [epoch_text(entry) for entry in entries]
    for name in metrics:
        values = [entry.metrics.get(name) for entry in entries]
        rows[one_line(name)] = ["" if value is None else f"{value:.6g}" for value in values]
    return rows


def _set(entry: Entry) -> dict[str, str]:
    return {**entry.choices, **{key: str(value) for key, value in entry.values.items()}}


def _print_what_is_equal(items: Sequence[Item]) -> None:
    first, *others = [_set(item.entry) for item in items]
    equal = {key: text for key, text in first.items() if all(o.get(key) == text for o in others)}
    if equal:
        words = " ".join(f"{key}={text}" for key, text in equal.items())
        print(f"equal        {one_line(words)}")
    for title, item in zip(_titles(items), items, strict=True):
        print(f"folder       {item.path}" + ("" if title in item.path else f"  ({title})"))


def _best(items: Sequence[Item]) -> str:
    """Return which is the best by the metric that all of them watch; nothing where they differ."""
    measured = [item for item in items if item.entry.best is not None]
    metrics = {item.entry.metric for item in measured}
    if len(metrics) != 1 or len(measured) < 2:
        return ""
    [metric] = metrics
    choose = min if better_of(metric, items) == "min" else max
    best = choose(measured, key=lambda item: item.entry.best or 0.0)
    return f"{relative(Path(best.path))}, {metric} {best.entry.best:.6g}"
