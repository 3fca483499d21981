"""`seedbed report DIR [DIR ...]`: the closing table of sweeps again, and runs side by side."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.catalogue.collection import Item
from seedbed.catalogue.filters import NAME, SINCE, STATUS, TAGS, Filters, ordered
from seedbed.catalogue.opened_sweeps import OpenedSweep, opened_sweeps
from seedbed.commands.arguments import parse_arguments
from seedbed.commands.runs.report import report_runs
from seedbed.commands.runs.words import chosen, filtered, with_filters
from seedbed.config.metrics import Objective, known_mode
from seedbed.config.project import outputs_folder
from seedbed.config.schema.field import key
from seedbed.documents import answer
from seedbed.errors import ConfigError, listed, nearest
from seedbed.runs.folder import RECORD, has_run
from seedbed.runs.record import read_record
from seedbed.sweep.results.configurations import (
    AVERAGED,
    SECONDS,
    is_of_every_epoch,
    ranked_column,
    shown_axes,
)
from seedbed.sweep.results.folder import open_sweep, resume_word
from seedbed.sweep.results.objectives import Objectives
from seedbed.sweep.results.ranking import (
    closing_table,
    counts_text,
    folds_lines,
    front_lines,
    lines_of_winner,
    unranked_lines,
    winner,
)
from seedbed.sweep.results.table import BEST, BEST_EPOCH, Row, metric_names
from seedbed.terminal.tables import print_table
from seedbed.terminal.words import dashboard_command, jobs_text, relative

USAGE = """report DIR [DIR ...]

Print the closing table of sweeps again, finished or running, and runs with what they reached,
several side by side. DIR: the folder of a sweep, of a run, or of many; a pattern; or latest.

  seedbed report latest                     the newest sweep or run
  seedbed report DIR DIR top=20             over several folders
  seedbed report 'outputs/runs/2026-11-*/*' status=completed model=mlp
  seedbed report DIR sort=seconds           the quickest first
  seedbed report DIR group=false            each job with its folder
  seedbed report DIR --json                 one JSON document, for scripts
  seedbed report DIR metrics='val/*'        all metrics of the validation rows
  seedbed report DIR DIR page=report.html   a page to look at, in one file
"""


@dataclass(frozen=True)
class Keys:
    """Keys of `seedbed report`."""

    sort: str | None = key(
        "column to sort by: a metric, seconds or an axis; null: the optimized metric", None
    )
    mode: str | None = key(
        "min or max, what comes first; null: the better one of a metric, else min",
        None,
        one_of=("min", "max"),
    )
    rank: str | None = key(
        "epoch by which jobs are ranked: best or last; null: as the sweep itself",
        None,
        one_of=("best", "last"),
    )
    top: int = key("rows shown", 10, at_least=1)
    metrics: str | None = key(
        "more metrics to show, such as val/*,train/loss; null: those of the sweep's own table",
        None,
    )
    group: bool = key("a row for all seeds and folds together; false: a row for each job", True)
    page: str | None = key("HTML file to write, which shows all of it; null: print a table", None)
    overwrite: bool = key("write page over a file that is no page of Seedbed's", False)
    status: str | None = key(STATUS, None)
    name: str | None = key(NAME, None)
    tags: str | None = key(TAGS, None)
    since: str | None = key(SINCE, None)
    outputs: str = field(
        default_factory=outputs_folder,
        metadata={"key": "paths.outputs", "meaning": "folder whose newest sweep or run is latest"},
    )


def require_free_page(keys: Keys) -> None:
    """Raise ConfigError where a page cannot be written, or a key says how a table is printed."""
    from seedbed.page.file import require_place

    for name in ("sort", "mode", "top", "group", "metrics"):
        value, default = getattr(keys, name), getattr(Keys, name)
        if value != default:
            raise ConfigError(
                f"{name}={str(value).lower()}: the page has every row and metric, and sorts and "
                "groups them itself; leave it out"
            )
    require_place(Path(str(keys.page)), keys.overwrite)


class Order(NamedTuple):
    """What jobs are judged by; the column to sort by, if another, and what of it comes first."""

    objectives: Objectives
    sort: str | None
    mode: str | None


def report(arguments: Sequence[str]) -> int:
    """Print the table of the sweeps' jobs, how many ended how, and the best one's command."""
    words, others = with_filters(arguments, Keys)
    named, keys = parse_arguments(USAGE, Keys, words)
    if not named:
        raise ConfigError(
            "report: which sweep or run? Name its folder, or latest: seedbed report latest"
        )
    if keys.page is not None:
        require_free_page(keys)
    filters = Filters(keys.status, keys.name, keys.tags, keys.since, others)
    folders, places = chosen(named, keys.outputs)
    items: list[Item] = []
    if places or filters != Filters():
        items = filtered(places or folders, keys.outputs, filters)
        items = ordered(items, keys.sort, keys.mode)
        folders = folders if places else []
    if keys.page is not None:
        write_report_page(items, folders, keys)
    if answer.asked():
        _give_document(items, folders, keys)
        return 0
    if keys.page is not None:
        return 0
    if items:
        report_runs(items, keys.top, names_in(keys.metrics))
    return _report_sweeps(folders, keys) if folders else 0


def write_report_page(items: Sequence[Item], folders: Sequence[str], keys: Keys) -> None:
    """Write the page of some runs and sweeps, and say how large it is."""
    from seedbed.catalogue.page import page_of_folders, say_left_out
    from seedbed.page.file import size_text, write_page

    path = Path(str(keys.page))
    sweeps = [open_sweep(word, keys.outputs, "sweep") for word in folders]
    runs = []
    for item in items:
        if item.entry.status == "damaged" and len(items) + len(folders) > 1:
            say_left_out(item.path, item.entry.error)
        elif item.entry.kind == "sweep":
            sweeps.append(open_sweep(item.path, keys.outputs, "sweep"))
        else:
            runs.append(Path(item.path))
    if not sweeps and not runs:
        raise ConfigError("page: all of these folders are damaged")
    rank: Any = keys.rank
    document = page_of_folders(sweeps, runs, path, rank)
    try:
        size = write_page(path, document)
    except OSError as error:
        raise ConfigError(f"page={path}: {(error.strerror or str(error)).lower()}") from None
    jobs = jobs_text(document.jobs.count)
    print(f"page         {relative(path)}: {jobs}, {size_text(size)}")


def _give_document(items: Sequence[Item], folders: Sequence[str], keys: Keys) -> None:
    """Give what is reported of runs and sweeps as a document."""
    # msgspec's classes, which what is printed need not wait for.
    from seedbed.catalogue.documents.of_sweep import Shown
    from seedbed.catalogue.documents.report import report_document

    sweeps = _opened(folders, keys.outputs)
    rows = [row for sweep in sweeps for row in sweep.rows]
    shown = None
    # A page shows sweeps with other metrics beside each other, too; in one order they cannot be.
    several = len({sweep.plan.objectives.all for sweep in sweeps}) > 1
    if rows and not (keys.page is not None and several):
        objectives, sort, mode = _order(keys, sweeps, rows)
        shown = Shown(objectives, sort, mode, keys.top, keys.group)
    page = None if keys.page is None else relative(Path(keys.page))
    answer.give(report_document(items, sweeps, shown, keys.top, page))


def _report_sweeps(folders: Sequence[str], keys: Keys) -> int:
    sweeps = _opened(folders, keys.outputs)
    rows = [row for sweep in sweeps for row in sweep.rows]
    if not rows:
        print("jobs         none has ended")
        print("\n".join(line for sweep in sweeps for line in _standing(sweep)))
        return 0
    order = _order(keys, sweeps, rows)
    judged_by = order.objectives
    more = _more_columns(keys.metrics, rows, judged_by)
    table = closing_table(
        rows, judged_by, sort=order.sort, mode=order.mode, top=keys.top, group=keys.group, more=more
    )
    if table.rows:
        print_table(table)
    waiting = sum(len(sweep.not_ended) for sweep in sweeps)
    print(f"jobs         {counts_text(rows)}" + (f", {waiting:,} not ended" if waiting else ""))
    for line in (line for sweep in sweeps for line in _standing(sweep)):
        print(line)
    notes = folds_lines(rows, judged_by) if keys.group else []
    for line in notes + unranked_lines(rows, judged_by):
        print(line)
    best = winner(rows, judged_by)
    for line in (line for sweep in sweeps for line in _gone_on_alone(sweep)):
        print(line)
    for sweep in sweeps:
        if best is not None and any(row is best.median for row in sweep.rows):
            lines = lines_of_winner(best, sweep.plan, sweep.folder.path)
            print("\n".join([*front_lines(best, judged_by), *lines]))
    if len(sweeps) == 1:
        print("\n".join([*_search_lines(sweeps[0]), *_files(sweeps[0])]))
    if len(sweeps) == 1 and any(row.folder for row in rows):
        print(f"TensorBoard  {dashboard_command(sweeps[0].folder.path)}")
    return 0


def _search_lines(sweep: OpenedSweep) -> list[str]:
    """Return what is told of a search below its table; of a grid nothing."""
    if sweep.plan.search is None:
        return []
    from seedbed.sweep.results.searched.closing import closing_lines, drawing_of, epochs_of

    drawing = drawing_of(sweep.plan, sweep.rows)
    return closing_lines(drawing, sweep.folder, epochs_of(sweep.rows))


def _files(sweep: OpenedSweep) -> list[str]:
    """Return lines with the table of a sweep, and with what a cross-validation has left."""
    folder = sweep.folder
    lines = [f"results      {relative(folder.results)}"]
    if folder.configurations.is_file():
        over = "seeds" if sweep.plan.folds is None else "folds"
        lines.append(f"             {relative(folder.configurations)}: the means over {over}")
    if folder.out_of_fold.is_file():
        lines.append(f"out of fold  {relative(folder.out_of_fold)}")
    if (folder.refit / RECORD).is_file():
        lines.append(f"refit        {relative(folder.refit)}")
    return lines


def _opened(words: Sequence[str], outputs: str) -> list[OpenedSweep]:
    """Return the sweeps that words name, each once."""
    folders = [open_sweep(word, outputs, "sweep") for word in words]
    for folder in folders:
        folder.clear_leftovers()
    return opened_sweeps(folders)


def _standing(sweep: OpenedSweep) -> list[str]:
    """Return how far a sweep is that has not ended: whether it runs, what is left, how to go on."""
    left = sweep.not_ended
    again = [row for row in sweep.rows if row.status in ("failed", "interrupted")]
    if sweep.folder.is_running():
        alone = sum(_runs(sweep.folder.path / str(number)) for number in left)
        now = f", {alone:,} of them in training" if alone else ""
        return [f"running      {jobs_text(len(left))} to end{now}"]
    if not left and not again:
        return []
    written = sum(has_run(sweep.folder.path / str(number)) for number in left)
    parts = [f"{jobs_text(len(left))} missing"] * bool(left)
    parts += [f"{written:,} of them have a folder already"] * bool(written)
    parts += [f"{len(again):,} to run again"] * bool(again)
    word = resume_word(sweep.folder)
    return [f"stopped      {', '.join(parts)}; go on with: seedbed train -m {word}"]


def _gone_on_alone(sweep: OpenedSweep) -> list[str]:
    """Return a line for jobs that have gone on by `resume=` since the table was written."""
    if not sweep.folder.results.is_file():
        return []
    written = sweep.folder.results.stat().st_mtime
    later = [row for row in sweep.rows if row.folder and _changed(Path(row.folder)) > written]
    reached = {row.number: _epoch_alone(Path(row.folder)) for row in later}
    found = [f"{number} (epoch {epoch})" for number, epoch in reached.items() if epoch is not None]
    if not found:
        return []
    jobs = f"job{'s' * (len(found) > 1)} {listed(found, 5)}"
    return [f"note         {jobs} went on alone since; the table is of before"]


def _changed(folder: Path) -> float:
    try:
        return (folder / RECORD).stat().st_mtime
    except OSError:
        return 0.0


def _epoch_alone(folder: Path) -> int | None:
    """Return the epoch to which a job went on; None where it did not."""
    try:
        record = read_record(folder / RECORD)
    except ConfigError:
        return None
    return record.get("metrics_epoch") if record.get("resumed") else None


def _runs(folder: Path) -> bool:
    """Tell whether a job trains in its folder."""
    try:
        return bool(read_record(folder / RECORD)["status"] == "running")
    except ConfigError:
        return False


def _order(keys: Keys, sweeps: Sequence[OpenedSweep], rows: Sequence[Row]) -> Order:
    """Return what to show and to sort by; raises ConfigError where that is not known."""
    metrics, sort = metric_names(rows), keys.sort
    if sort is not None:
        _refuse_unknown(sort, [*metrics, SECONDS, *shown_axes(rows, keys.group)])
    known = list(dict.fromkeys(sweep.plan.objectives for sweep in sweeps))
    optimized = list(dict.fromkeys(each.all for each in known))
    if sort in metrics:
        modes = {each.mode for every in optimized for each in every if each.metric == sort}
        optimized = [(Objective(sort, modes.pop() if len(modes) == 1 else _better(sort)),)]
    if len(optimized) > 1:
        given = listed(" and ".join(_text(each) for each in every) for every in optimized)
        raise ConfigError(
            f"sweep: these sweeps optimized different metrics: {given}; choose sort=METRIC"
        )
    [objectives] = optimized
    # Bounds that hold for all of them, or for none.
    judged_by = known[0] if len(known) == 1 else Objectives(objectives, known[0].rank)
    judged_by = replace(judged_by, all=objectives)
    judged_by = replace(judged_by, rank=_rank(keys, judged_by, rows))
    if judged_by.several and sort is None and keys.mode is not None:
        raise ConfigError(
            f"mode={keys.mode}: of several objectives the Pareto front comes first; choose "
            "sort=METRIC as well"
        )
    if sort in (None, judged_by.metric):
        if keys.mode is not None:
            judged_by = replace(judged_by, all=(Objective(judged_by.metric, keys.mode),))
        return Order(judged_by, None, None)
    return Order(judged_by, sort, keys.mode or "min")


def names_in(text: str | None) -> list[str]:
    """Return the names and patterns of `metrics=`."""
    return [name for part in (text or "").split(",") if (name := part.strip())]


def _more_columns(text: str | None, rows: Sequence[Row], judged_by: Objectives) -> list[str]:
    """Return the columns of results.csv of the metrics that are asked for.

    They are of the epoch that counts, unless they are named as there: best/val/loss.
    """
    columns = [column for column in metric_names(rows) if column != BEST_EPOCH]
    names = list(dict.fromkeys(column.removeprefix(BEST) for column in columns))
    chosen: dict[str, None] = {}
    for pattern in names_in(text):
        found = [judged_by.column_of(name) for name in names if fnmatchcase(name, pattern)]
        found = [_known(column, columns) for column in found]
        found += [column for column in columns if fnmatchcase(column, pattern)] if not found else []
        if not found:
            hint = nearest(pattern, names)
            raise ConfigError(
                f"metrics={pattern}: no such metric.{hint}\nMetrics: {listed(names, 30)}"
            )
        chosen |= dict.fromkeys(found)
    return [column for column in chosen if column != judged_by.column]


def _known(column: str, columns: Sequence[str]) -> str:
    """Return the column, or that of the last epoch where nothing is kept of the best one."""
    return column if column in columns else column.removeprefix(BEST)


def _better(metric: str) -> str:
    return known_mode(metric) or "min"


def _text(objective: Objective) -> str:
    return f"{objective.metric} ({objective.mode})"


def _rank(keys: Keys, objectives: Objectives, rows: Sequence[Row]) -> str:
    """Return the epoch that counts: the last of metrics whose value in the best is not known."""
    rank, metric = keys.rank or objectives.rank, objectives.metric
    is_known = ranked_column(metric, rank) in metric_names(rows)
    return rank if is_known or not is_of_every_epoch(metric) else "last"


def _refuse_unknown(sort: str, columns: Sequence[str]) -> None:
    if sort not in columns:
        hint = " With group=false there is." if sort in AVERAGED else nearest(sort, columns)
        raise ConfigError(f"sort={sort}: no such column.{hint}\nColumns: {listed(columns, 30)}")
