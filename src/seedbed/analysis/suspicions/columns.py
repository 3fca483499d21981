"""Suspicious columns of a table: those that tell the target, hold next to nothing, or codes."""

from collections.abc import Iterator

import polars as pl

from seedbed.config.overrides import null_values_word
from seedbed.data.tables.places import value_text
from seedbed.data.tables.schema import TableSchema

# A rank correlation, or a share of rows told right, from which a column tells the target.
TELLS = 0.999
# Share of the rows with one and the same value from which a column is nearly constant.
NEARLY_ALL = 0.995
MOSTLY_MISSING = 0.5
FEWEST_ROWS = 10
# Numbers that are often written for what is missing.
_STAND_INS = (-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0, -99999.0)
_KEY = "\0value"


def suspicious_columns(frame: pl.DataFrame, schema: TableSchema) -> Iterator[str]:
    """Yield what is suspicious of the columns of a table.

    Args:
        frame: All rows, in the types of the schema.
        schema: What the columns are.
    """
    inputs = [column.name for column in schema.inputs]
    if len(frame) < FEWEST_ROWS:
        yield f"there are only {len(frame)} rows"
        return
    for name in inputs:
        yield from _of_values(frame[name])
    for target in schema.targets if schema.task else ():
        for name in inputs:
            told = _tells(frame, name, target, schema)
            if told:
                yield f"column '{name}' gives the target '{target}' away: {told}"
    yield from _alike(frame, inputs)


def _of_values(column: pl.Series) -> Iterator[str]:
    missing = column.null_count() / len(column)
    if missing > MOSTLY_MISSING:
        yield f"column '{column.name}' has no value in {missing:.0%} of the rows"
        return
    counted = column.drop_nulls().value_counts(sort=True, name=_KEY)
    value, count = counted.row(0)
    share = count / (len(column) - column.null_count())
    if share >= NEARLY_ALL:
        yield f"column '{column.name}' is {value_text(value)} in {share:.1%} of the rows"
    if column.dtype == pl.Float64:
        yield from _stand_ins(column, counted)


def _stand_ins(column: pl.Series, counted: pl.DataFrame) -> Iterator[str]:
    """Yield numbers that stand for what is missing: often there, and far from all others."""
    for number, count in counted.filter(pl.col(column.name).is_in(_STAND_INS)).iter_rows():
        others = column.filter(column != number).drop_nulls()
        least, most = others.min(), others.max()
        if count < 2 or not isinstance(least, float) or not isinstance(most, float):
            continue
        gap = max(least - number, number - most)
        if gap > 2 * (most - least) or (gap > most - least and count >= 5):
            said = null_values_word([f"{number:g}"])
            yield (
                f"column '{column.name}' is {number:g} in {count:,} rows, far from all others "
                f"({least:g} to {most:g}); if that is missing: {said}"
            )


# ---- Columns that tell the target ----------------------------------------------------------------


def _tells(frame: pl.DataFrame, name: str, target: str, schema: TableSchema) -> str:
    """Return how well a column alone tells the target, where it is too well; else nothing."""
    both = frame.select(
        pl.col(name).alias("x"), pl.col(target).alias("y"), pl.col(name).is_null().alias("no")
    ).drop_nulls("y")
    whole = both.drop_nulls("x")
    if len(whole) < FEWEST_ROWS:
        return ""
    if schema.task == "regression":
        return _tells_number(whole.with_columns(pl.col("y").cast(pl.Float64)))
    if _share_told(both, "no") >= TELLS:
        return "whether it has a value tells the class"
    if whole["x"].dtype in (pl.String, pl.Boolean):
        # A word a row would tell any class.
        if whole["x"].n_unique() * 3 > len(whole) or _share_told(whole, "x") < TELLS:
            return ""
        return f"each of its {whole['x'].n_unique()} values has one class"
    if len(schema.class_names) == 2 and _share_on_one_side(whole) >= TELLS:
        return "a single threshold on it tells the class"
    if _share_in_order(whole) >= TELLS:
        return "its values lie apart by class"
    return ""


def _tells_number(both: pl.DataFrame) -> str:
    if both["x"].dtype == pl.Boolean or both["x"].n_unique() == 1:
        return ""
    if both["x"].dtype == pl.String:
        groups = both.group_by("x").agg(pl.col("y").n_unique().alias("different"))
        exact = bool((groups["different"] == 1).all()) and both["y"].n_unique() > 2
        return "each of its words has one value" if exact and len(groups) * 3 < len(both) else ""
    ranks = both.select(pl.corr(pl.col("x").cast(pl.Float64), "y", method="spearman")).item()
    if ranks is None or abs(ranks) < TELLS:
        return ""
    return f"their ranks correlate by {ranks:.4f}"


def _share_told(both: pl.DataFrame, name: str) -> float:
    """Return the share of rows whose class is the most frequent one of their value."""
    if both[name].n_unique() == 1:
        return 0.0
    most = both.group_by(name, "y").len().group_by(name).agg(pl.col("len").max())
    return float(most["len"].sum()) / len(both)


def _share_on_one_side(both: pl.DataFrame) -> float:
    """Return the largest share of rows that one threshold puts on the side of their class."""
    first = both["y"] == both["y"].unique().sort()[0]
    frame = pl.DataFrame({"x": both["x"], "first": first.cast(pl.Int64)})
    counts = frame.group_by("x").agg(pl.col("first").sum(), pl.len()).sort("x")
    firsts, rows = counts["first"].cum_sum(), counts["len"].cum_sum().cast(pl.Int64)
    below = firsts + (first.sum() * -1 + len(both) - rows + firsts)  # Right if the first lie below.
    best = max(int(below.max()), len(both) - int(below.min()))
    return best / len(both)


def _share_in_order(both: pl.DataFrame) -> float:
    """Return 1 where the values of different classes lie in intervals apart; else 0."""
    spans = both.group_by("y").agg(pl.col("x").min().alias("low"), pl.col("x").max().alias("high"))
    spans = spans.sort("low")
    apart = spans["low"][1:].to_physical() > spans["high"][:-1].to_physical()
    return float(bool(apart.all()))


def _alike(frame: pl.DataFrame, names: list[str]) -> Iterator[str]:
    """Yield columns whose values are the same."""
    hashes: dict[int, str] = {}
    for name in names:
        digest = hash((str(frame.schema[name]), tuple(_digest(frame[name]))))
        if digest in hashes and frame[name].equals(frame[hashes[digest]], null_equal=True):
            yield f"columns '{hashes[digest]}' and '{name}' are the same"
        hashes.setdefault(digest, name)


def _digest(column: pl.Series) -> list[int]:
    """Return two sums over the hashes of the values, the second one by their order."""
    hashes = column.hash(0)
    return [int(hashes.sum()), int(hashes.gather_every(3).sum())]
