"""From the words of a multirun to the overrides of each job: a grid, paired axes, a table.

Order and meaning are those of Hydra's own sweeper, which also reads every sweep here.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import isfinite, prod
from pathlib import Path
from typing import NamedTuple

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, RangeSweep
from hydra.errors import HydraException
from omegaconf import DictConfig

from seedbed.config.composition_errors import form_of_call
from seedbed.config.overrides import with_free_keys
from seedbed.errors import ConfigError, listed, nearest
from seedbed.sweep.job import Words

PARAMS = "hydra.sweeper.params"
MOST_JOBS = 1_000_000
MOST_BYTES = 100_000_000


class Axis(NamedTuple):
    """Axis of a sweep: the overrides of one key; a fixed value is an axis of one."""

    words: Words
    sweeps: bool


class KnownKeys:
    """Keys and groups of a composed config, which the columns of a table are looked up in."""

    def __init__(self, config: DictConfig, groups: Iterable[str]) -> None:
        """`groups` are the names that choose options, such as `model`."""
        self.groups = set(groups)
        self.keys = {*self.groups, *_full_keys(config, "")}

    def problem(self, key: str, chosen: Iterable[str]) -> str | None:
        """Return None where the key exists, else what is wrong with it.

        Where some group is among the chosen keys, its option may bring any key along, so that only
        the first name of the key is looked up.
        """
        name = key.partition("@")[0]
        looked_up = name.partition(".")[0] if self.groups & set(chosen) else name
        return None if looked_up in self.keys else f"no such key.{nearest(name, self.keys)}"


def _full_keys(config: DictConfig, prefix: str) -> Iterator[str]:
    for name, node in config.items_ex(resolve=False):
        full_key = prefix + str(name)
        if full_key != "hydra":
            yield full_key
            if isinstance(node, DictConfig) and not node._is_interpolation():
                yield from _full_keys(node, f"{full_key}.") if node else ()


def job_overrides(
    arguments: Sequence[str],
    loader: ConfigLoader | None = None,
    *,
    params: Mapping[str, object] | None = None,
    zip_axes: Sequence[str] = (),
    table: Path | str | None = None,
    known: KnownKeys | None = None,
) -> list[list[str]]:
    """Return the overrides of each job, the last axis running fastest.

    Args:
        arguments: overrides of the command line; they replace those of `params`.
        loader: where globs are looked up.
        params: the sweeps that a config file holds, by key.
        zip_axes: keys whose axes are paired; they lie where the first of them lies.
        table: CSV file; a row is a point of the outermost axis, its columns are keys.
        known: where the columns of the table are looked up.

    Raises:
        ConfigError: an axis without values or without end, paired axes of unequal length, or a
            table that cannot be read.
        HydraException: words that are no overrides.
    """
    parser = OverridesParser.create(config_loader=loader)
    overrides = [*read_params(parser, params or {}), *parser.parse_overrides(list(arguments))]
    axes = _axes(overrides)
    rows = list(_read_table(Path(table), parser).values()) if table is not None else []
    if table is not None:
        _check_columns(Path(table), rows, axes, known)
    paired = _paired(axes, zip_axes)
    lengths = {key: len(axis.words) for key, axis in axes.items() if key not in paired[1:]}
    typed = " ".join(arguments)
    require_few(typed, prod([*lengths.values(), max(1, len(rows))]))
    return [[*row, *words] for row in rows or [()] for words in _grid(axes, paired)]


def require_few(typed: str, jobs: float) -> None:
    """Raise ConfigError where what was typed makes more jobs than a sweep may have."""
    if jobs > MOST_JOBS:
        raise ConfigError(
            f"{typed}: {jobs:,.0f} jobs, and a sweep may have {MOST_JOBS:,}; sweep fewer values"
        )


def read_params(parser: OverridesParser, params: Mapping[str, object]) -> list[Override]:
    """Return the sweeps of a config file; raises ConfigError for one that cannot be read."""
    overrides = []
    for key, sweep in params.items():
        try:
            overrides += parser.parse_overrides([f"{key}={sweep}"])
        except HydraException as error:
            raise ConfigError(f"{PARAMS}: {key}={sweep}: {first_line(error)}") from None
    return overrides


def _axes(overrides: Iterable[Override]) -> dict[str, Axis]:
    """Return the axis of each key; a key that comes twice keeps its place and takes the last."""
    axes = {}
    for override in overrides:
        words = words_of_override(override)
        if not words:
            raise ConfigError(
                f"{override.input_line}: an axis without values; a sweep needs one at least"
            )
        axes[override.get_key_element()] = Axis(words, override.is_sweep_override())
    return axes


def words_of_override(override: Override) -> Words:
    """Return the overrides that a swept one stands for; raises ConfigError where it has no end."""
    line, sweep = str(override.input_line), override.value()
    if override.is_interval_sweep():
        raise ConfigError(
            f"{line}: a grid has no intervals; use a list or range(start,stop,step), or a sampler: "
            "search=tpe"
        )
    if isinstance(sweep, RangeSweep) and not all(
        number is None or isfinite(number) for number in (sweep.start, sweep.stop, sweep.step)
    ):
        raise ConfigError(f"{line}: a range needs finite numbers")
    if isinstance(sweep, RangeSweep) and sweep.step:
        require_few(line, abs(((sweep.stop or 0) - (sweep.start or 0)) / sweep.step))
    try:
        [jobs] = BasicSweeper.split_arguments([override], None)
    except (ValueError, HydraException) as error:
        raise ConfigError(f"{line}: {first_line(error)}") from None
    return tuple(word for job in jobs for word in job)


def _bare(key: str) -> str:
    """Return a key without the sign that says whether it is added."""
    return key.lstrip("+")


def _paired(axes: Mapping[str, Axis], zip_axes: Sequence[str]) -> list[str]:
    """Return the paired keys as they stand in the axes; raises ConfigError for what is no axis."""
    sweeps = {_bare(key): key for key, axis in axes.items() if axis.sweeps}
    zip_axes = [str(key) for key in zip_axes]  # Hydra lets lists in a list of texts pass.
    for key in zip_axes:
        if _bare(key) not in sweeps:
            known = f"Axes: {listed(sweeps)}" if sweeps else "This sweep has none."
            raise ConfigError(f"sweep.zip: {key} is no axis.{nearest(key, sweeps)} {known}")
    paired = list(dict.fromkeys(sweeps[_bare(key)] for key in zip_axes))
    lengths = {key: len(axes[key].words) for key in paired}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise ConfigError(f"sweep.zip: paired axes need equally many values: {counts}")
    return paired


def _grid(axes: Mapping[str, Axis], paired: Sequence[str]) -> Iterator[Words]:
    """Yield every combination of the axes, in which the paired ones are one; words keep places."""
    # The paired keys lie where the first of them does.
    factors = dict.fromkeys(tuple(paired) if key in paired else (key,) for key in axes)
    points = []
    for keys in factors:
        columns = zip(*(axes[key].words for key in keys), strict=True)
        points.append([dict(zip(keys, words, strict=True)) for words in columns])
    for point in product(*points):
        words = {key: word for part in point for key, word in part.items()}
        yield tuple(words[key] for key in axes)


def row_of_job(file: Path, overrides: Sequence[str]) -> int | None:
    """Return the number of the row of a table that a job was made of; None where there is none."""
    rows = _read_table(file, OverridesParser.create())
    made_of = (number for number, words in rows.items() if set(words) <= set(overrides))
    return next(made_of, None)


def _read_table(file: Path, parser: OverridesParser) -> dict[int, Words]:
    """Return the overrides of a CSV file's rows by their numbers; the first row names the keys."""
    try:
        if file.exists() and not (file.is_file() and file.stat().st_size <= MOST_BYTES):
            raise ConfigError(f"sweep.table={file}: no file, or one of more than 100 MB")
        with file.open(newline="", encoding="utf-8-sig") as lines:
            records = list(csv.reader(lines, strict=True, skipinitialspace=True))
    except OSError as error:
        raise ConfigError(f"sweep.table={file}: {(error.strerror or str(error)).lower()}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise ConfigError(f"sweep.table={file}: not a CSV file in UTF-8: {error}") from None
    columns = [_column(file, name.strip(), parser) for name in next(iter(records), [])]
    if twice := [name for name in columns if columns.count(name) > 1]:
        raise ConfigError(f"sweep.table={file}, column {twice[0]}: it is there twice")
    rows = {
        number: _row(file, number, columns, record, parser)
        for number, record in enumerate(records[1:], start=2)
        if any(cell.strip() for cell in record)
    }
    if not rows:
        raise ConfigError(
            f"sweep.table={file}: no rows; it needs a row of keys and a row for each job"
        )
    return rows


def _column(file: Path, name: str, parser: OverridesParser) -> str:
    name = with_free_keys([f"{name}=0"])[0].removesuffix("=0")
    where = f"sweep.table={file}, column {name or 'without a name'}"
    try:
        override = parser.parse_override(f"{name}=0")
    except HydraException:
        override = None
    if override is None or not all(override.key_or_group.split(".")):
        raise ConfigError(f"{where}: not a key such as optimizer.lr")
    if override.is_hydra_override() or override.is_delete() or override.get_key_element() != name:
        raise ConfigError(f"{where}: a table gives values to the keys of a run, and nothing else")
    return name


def _row(
    file: Path, number: int, columns: list[str], cells: list[str], parser: OverridesParser
) -> Words:
    if len(cells) != len(columns):
        raise ConfigError(
            f"sweep.table={file}, row {number}: {len(cells)} cells for {len(columns)} columns; "
            "a cell with a comma needs double quotes"
        )
    return tuple(
        _cell(f"sweep.table={file}, row {number}, column {column}", column, cell.strip(), parser)
        for column, cell in zip(columns, cells, strict=True)
    )


def _cell(where: str, column: str, cell: str, parser: OverridesParser) -> str:
    if not cell:
        raise ConfigError(f"{where}: the cell is empty; write a value, null or ''")
    try:
        override = parser.parse_override(f"{column}={cell}")
    except HydraException as error:
        raise ConfigError(f"{where}: '{cell}' is no value: {first_line(error)}") from None
    if override.is_sweep_override():
        raise ConfigError(f"{where}: '{cell}' is a sweep, and a cell holds one value")
    [word] = words_of_override(override)
    return word


def _check_columns(
    file: Path, rows: list[Words], axes: Mapping[str, Axis], known: KnownKeys | None
) -> None:
    """Raise ConfigError for columns that no config has, or that the command line sets as well."""
    columns = [word.partition("=")[0] for word in rows[0]]
    given = {_bare(key): axis for key, axis in axes.items()}
    for column in columns:
        problem = None
        if axis := given.get(_bare(column)):
            problem = f"the sweep sets this key as well ({axis.words[0]}); leave one out"
        elif known and not column.startswith("+"):
            problem = known.problem(column, {*columns, *given})
        if problem:
            raise ConfigError(f"sweep.table={file}, column {column}: {problem}")


def first_line(error: Exception) -> str:
    """Return the first line of what an error says, of a wrong call how it is written."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return form_of_call(line) or line
