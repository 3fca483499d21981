"""`seedbed inspect`: the rows that `seedbed train` would see; trains nothing, makes no folder."""

from collections.abc import Iterator, Mapping

import polars as pl
from omegaconf import DictConfig, OmegaConf

from seedbed.analysis.suspicions.columns import suspicious_columns
from seedbed.analysis.suspicions.rows import suspicious_rows
from seedbed.analysis.suspicions.splits import CALLED, suspicious_classes, suspicious_splits
from seedbed.commands.inspected import (
    Part,
    class_counts,
    class_names,
    parts_of,
    target_names,
)
from seedbed.config.overrides import typed_word
from seedbed.config.spec import DataFacts, run_spec
from seedbed.config.validation import check
from seedbed.data import DataModule
from seedbed.data.datasets.table_file import TableFile
from seedbed.data.tables import (
    ReadOptions,
    infer_schema,
    read_table,
    schema_lines,
)
from seedbed.documents import answer
from seedbed.errors import ConfigError, DataError, listed
from seedbed.experiment.build import build_data
from seedbed.experiment.notes import notes_on_targets
from seedbed.terminal.inspection import class_table, number_table
from seedbed.terminal.tables import print_table

# Columns of a table are judged by so many rows at most, evenly spread.
MOST_ROWS = 200_000


def inspect(config: DictConfig, command: list[str]) -> int:
    """Print schema, splits, class balance and what is suspicious of the data of a config."""
    try:
        if _lacks_target(config):
            _show_columns(config)
            return 0
        check(config)
        spec = run_spec(config)
        data = build_data(spec)
        data.prepare_data()
        data.setup("fit")
    except DataError as error:  # As of train: nothing was begun.
        raise ConfigError(str(error)) from None
    if spec.facts.task == "minimize":
        text = "these data have no rows: the model is a function of its own parameters"
        print(text)
        if answer.asked():
            from seedbed.documents.data import inspection

            answer.give(inspection(task=spec.facts.task, notes=[text]))
        return 0
    if (description := data.description()) is not None:
        print_table(description)
    if isinstance(data, TableFile):
        for note in data.schema.notes:
            print(f"note         {note}")
    parts = dict(parts_of(data))
    for line in _facts(spec.facts, parts):
        print(line)
    _print_splits(spec.facts, parts)
    folds = OmegaConf.select(config, "data.folds") or OmegaConf.select(config, "sweep.folds")
    lines = (*_suspicions(data, spec.facts, parts, folds), *notes_on_targets(spec, data))
    suspicions = list(dict.fromkeys(lines))
    for line in suspicions or ["nothing"]:
        print(f"suspicious   {line}")
    if answer.asked():
        schema = data.schema if isinstance(data, TableFile) else None
        from seedbed.commands.documents.inspection import inspection_document

        answer.give(inspection_document(spec.facts, parts, schema, suspicions))
    return 0


# ---- A table without a target --------------------------------------------------------------------


def _lacks_target(config: DictConfig) -> bool:
    """Return whether these are a table's file whose target nobody has said."""
    return "file" in config.data.keys() and OmegaConf.is_missing(config.data, "target")  # noqa: SIM118


def _show_columns(config: DictConfig) -> None:
    """Print what the columns of a table are, where there is no more to say."""
    data = config.data
    if OmegaConf.is_missing(data, "file"):
        raise ConfigError("data.file: which one? Such as data.file=penguins.csv")
    columns = {str(name): str(kind) for name, kind in (data.columns or {}).items()}
    words = None if data.null_values is None else tuple(data.null_values)
    options = ReadOptions(data.separator, data.decimal, data.encoding, data.quote, words)
    table = read_table(data.file, options, columns)
    schema = infer_schema(table, (), columns, {"weight": data.weight, "split": data.split_by})
    print(f"{table.source}: {schema.rows:,} rows" + (f", {table.dialect}" if table.dialect else ""))
    print_table(schema_lines(schema))
    for note in schema.notes:
        print(f"note         {note}")
    suspicions = list(suspicious_columns(table.frame, schema))
    for line in suspicions:
        print(f"suspicious   {line}")
    names = [column.name for column in schema.columns if column.kind != "id"]
    word = typed_word("data.target", names[-1])
    print(f"next         name the target, for splits and classes: {word}")
    if answer.asked():
        from seedbed.commands.documents.inspection import columns_document

        answer.give(columns_document(schema, suspicions, word))


# ---- Rows, whatever holds them -------------------------------------------------------------------


def _facts(facts: DataFacts, parts: Mapping[str, Part]) -> Iterator[str]:
    names = facts.class_names if facts.class_names else facts.target_names
    yield f"task         {facts.task}" + (f": {listed(names, 10)}" if names else "")
    shape = " x ".join(map(str, facts.input_shape))
    called = f" ({listed(facts.feature_names, 8)})" if facts.feature_names else ""
    if (part := parts.get("train")) is None or not len(part.inputs):
        yield f"inputs       {shape}{called}"
        return
    kind = str(part.inputs.dtype).removeprefix("torch.")
    low, high = float(part.inputs.min()), float(part.inputs.max())
    yield f"inputs       {shape}{called}, {kind} from {low:.6g} to {high:.6g}"
    if part.rows is not None and len(part.inputs) < part.rows:
        yield f"note         only the first {len(part.inputs):,} rows were looked at"


def _print_splits(facts: DataFacts, parts: Mapping[str, Part]) -> None:
    if not parts:
        print("splits       not known before they are drawn")
        return
    sizes = {CALLED[split]: part.rows for split, part in parts.items()}
    if facts.task == "regression":
        names = target_names(facts)
        values = {
            CALLED[split]: part.targets.double().reshape(len(part.targets), -1).numpy()
            for split, part in parts.items()
        }
        print_table(number_table(names, values, sizes))
    else:
        counts = {CALLED[split]: row for split, row in class_counts(facts, parts).items()}
        print_table(class_table(class_names(facts), counts))


def _suspicions(
    data: DataModule, facts: DataFacts, parts: Mapping[str, Part], folds: int | None
) -> Iterator[str]:
    if facts.task != "regression":
        yield from suspicious_classes(class_counts(facts, parts), class_names(facts), folds)
    if isinstance(data, TableFile):
        frames, schema = data.frames(), data.schema
        names = [column.name for column in schema.of_role("input", "target")]
        every = pl.concat([frame.select(names) for frame in frames.values()])
        yield from suspicious_columns(every.gather_every(-(-len(every) // MOST_ROWS)), schema)
        yield from suspicious_splits(frames, schema)
    else:
        inputs = {split: part.inputs for split, part in parts.items()}
        yield from suspicious_rows(inputs, facts.feature_names)
