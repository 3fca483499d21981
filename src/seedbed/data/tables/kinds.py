"""Kinds of columns, from all of their values."""

import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from seedbed.config.overrides import columns_word, null_values_word, typed_word
from seedbed.data.tables.dates import MOSTLY, Dated, find_dates, parse_dates
from seedbed.data.tables.places import Where, mean, rows_text, value_text
from seedbed.data.tables.schema import Kind, Values
from seedbed.errors import listed

# Words that a category may have: found as one, and said to be one.
MOST_WORDS, MOST_SAID_WORDS = 1000, 100_000
# From so many rows on it counts what share of the words differs.
FEWEST_ROWS = 10
_LONG, _SENTENCE = 100, 3
# Words that mean false and true, in small letters.
BOOLEANS = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"), ("off", "on"), ("0", "1"))
_IDENTIFIER = re.compile(r"(?i)(?:.*[_ .-])?(?:id|uuid|guid|index|rowid|row_?(?:number|no|num))")
_CAMEL_IDENTIFIER = re.compile(r".*[a-z0-9](?:Id|ID)")
_CODE = re.compile(
    r"(?i)(?:.*[_ .-])?(?:zip|zip_?code|post_?code|postal_?code|plz|code|fips|phone|sku|isbn|ean)"
)
# A number with a unit, a sign of money, or letters between its digits.
_MEASURE = (
    r"^[+-]?[$€£]?\s?\d[\d.,']*(?:[ \u00a0\u202f]\d{3})*\s?"
    r"(?:%|‰|[$€£]|°C?|[kmcµn]?[gmlsWVA]|min|h|[kMGT]?(?:B|Hz)|USD|EUR|GBP)?$"
)
_VALUES: dict[type[pl.DataType], Values] = {
    pl.Boolean: "boolean",
    pl.Date: "date",
    pl.Datetime: "datetime",
    pl.Time: "time",
    pl.Int64: "integer",
    pl.Float64: "float",
}


@dataclass(frozen=True)
class Finding:
    """What a column was found to be.

    Attributes:
        kind: its kind.
        values: how its values are stored.
        format: of dates in text.
        words: of booleans in text, those for false and true.
        note: what people should know.
        problem: why it cannot be used without a word of the user's; empty: it can.
        ways: kinds that the user may say it is.
    """

    kind: Kind
    values: Values = "text"
    format: str | None = None
    words: tuple[str, ...] = ()
    note: str = ""
    problem: str = ""
    ways: tuple[Kind, ...] = ("ignore",)


def find_kind(column: pl.Series, where: Where, decimal: str = ".") -> Finding:
    """Return what a column is.

    Args:
        column: All of its values, without blanks around words.
        where: Says where a row is, of which the first is 0.
        decimal: What numbers among words have for a point.
    """
    values = stored_as(column)
    if column.null_count() == len(column):
        return Finding("ignore", values, note="no values")
    if values == "text":
        return _words(column, where, decimal)
    if column.min() == column.max() and column.null_count() == 0:
        return Finding("ignore", values, note=f"constant: {value_text(column[0])}")
    if values == "boolean":
        return Finding("boolean", values)
    if values in ("date", "datetime"):
        return Finding("date", values)
    if values == "time":
        return Finding("time", values)
    return _numbers(column, values, where)


def stored_as(column: pl.Series) -> Values:
    """Return how the values of a column are stored."""
    return _VALUES.get(column.dtype.base_type(), "text")


def is_named_as_identifier(name: str) -> bool:
    """Return whether a column is called as identifiers are: `id`, `user_id`, `PassengerId`."""
    return bool(_IDENTIFIER.fullmatch(name) or _CAMEL_IDENTIFIER.fullmatch(name))


# ---- Numbers -------------------------------------------------------------------------------------


def _numbers(column: pl.Series, values: Values, where: Where) -> Finding:
    if values == "float":
        endless = infinite_rows(column)
        problem = f"infinite in {rows_text(endless, where)}" if len(endless) else ""
        return Finding("number", values, problem=problem)
    named = is_named_as_identifier(column.name)
    if named and column.null_count() == 0 and column.n_unique() == len(column):
        return Finding("id", values, note="a number that differs in every row, named as an id")
    if _CODE.fullmatch(column.name):
        note = f"looks like a code; if so: {columns_word(column.name, 'category')}"
        return Finding("number", values, note=note)
    if _counts_rows(column):
        note = f"counts the rows; if it means nothing: {columns_word(column.name, 'id')}"
        return Finding("number", values, note=note)
    return Finding("number", values)


def _counts_rows(column: pl.Series) -> bool:
    if len(column) < FEWEST_ROWS or column.null_count() or column[1] - column[0] != 1:
        return False
    return bool((column.diff().drop_nulls() == 1).all())


def infinite_rows(column: pl.Series) -> pl.Series:
    """Return the rows of a Float64 column that are not finite."""
    # Far quicker than a look at each: a sum is finite where all are, or nearly so.
    total: Any = column.sum()
    if total is None or abs(total) < float("inf"):
        return pl.Series([], dtype=pl.UInt32)
    return column.is_infinite().fill_null(False).arg_true()


# ---- Words ---------------------------------------------------------------------------------------


def _words(column: pl.Series, where: Where, decimal: str) -> Finding:
    counted = column.drop_nulls().value_counts(name=_COUNT)
    words, counts = counted.to_series(0), counted.to_series(1)
    if len(words) == 1 and column.null_count() == 0:
        return Finding("ignore", note=f"constant: {value_text(words[0])}")
    booleans = boolean_words(words)
    if booleans and len(words) > 1:
        return Finding("boolean", words=booleans)
    pointed = words.str.replace(decimal, ".", literal=True) if decimal != "." else words
    numbers = pointed.cast(pl.Float64, strict=False).is_not_null()
    share = float(counts.filter(numbers).sum()) / float(counts.sum())
    if share == 1.0:
        return _codes(words)
    if share >= MOSTLY:
        return _mixed(column, words.filter(~numbers), "number", where)
    dated = find_dates(words)
    if dated is not None:
        return _dates(column, words, dated, where)
    if len(words) >= FEWEST_ROWS and mean(words.str.contains(_MEASURE)) >= MOSTLY:
        example = value_text(words.filter(words.str.contains(_MEASURE)).min())
        problem = (
            f"numbers with a unit, or with other separators ('{example}'); write numbers alone"
        )
        return Finding("category", problem=problem, ways=("category", "ignore"))
    finding = _text(column, words)
    if share >= 1 - MOSTLY and finding.kind == "category" and not finding.problem:
        return Finding("category", note=f"{share:.0%} of the rows are numbers, the others words")
    return finding


_COUNT = "\0count"


def boolean_words(words: pl.Series) -> tuple[str, ...]:
    """Return the words for false and true where the different words are two of those, or one."""
    if not 0 < len(words) <= 6:
        return ()
    small = {word.lower() for word in words.to_list()}
    for pair in BOOLEANS:
        if small <= set(pair):
            written = {word.lower(): word for word in sorted(words.to_list())}
            return tuple(written.get(word, word) for word in pair)
    return ()


def _codes(words: pl.Series) -> Finding:
    """Return the kind of whole numbers that are written with zeros in front."""
    if len(words) <= MOST_WORDS:
        return Finding("category", note="numbers with zeros in front, so codes")
    problem = f"codes with zeros in front, {len(words):,} different ones"
    return Finding("category", problem=problem, ways=("number", "id", "ignore"))


def _mixed(column: pl.Series, others: pl.Series, wanted: str, where: Where) -> Finding:
    """Return the kind of numbers, or dates, among which are a few other words: none, unasked."""
    rows = column.is_in(others.implode()).fill_null(False).arg_true()
    shown = listed([f"'{value_text(word)}'" for word in others.sort().head(5).to_list()])
    more = f" and {len(others) - 5} more words" if len(others) > 5 else ""
    hint = _hint_on_numbers(others) if wanted == "number" else ""
    if not hint:
        hint = f"; if that is missing: {null_values_word(others.sort().head(3).to_list())}"
        hint += f" and {len(others) - 3} more words" if len(others) > 3 else ""
    problem = f"{wanted}s but for {shown}{more} in {rows_text(rows, where)}{hint}"
    return Finding("category", problem=problem, ways=("category", "ignore"))


def _hint_on_numbers(words: pl.Series) -> str:
    if words.str.contains(r"^[+-]?\d{1,3}(?:[,. ']\d{3})+$").any():
        return "; thousands are written without separators"
    if words.str.contains(r"^[+-]?\d+,\d+$").any():
        return "; data.decimal=, reads decimal commas"
    return ""


def _dates(column: pl.Series, words: pl.Series, dated: Dated, where: Where) -> Finding:
    parsed = parse_dates(words, dated.format, dated.values)
    if parsed.null_count():
        wanted = "time" if dated.values == "time" else "date"
        return _mixed(column, words.filter(parsed.is_null()), wanted, where)
    kind: Kind = "time" if dated.values == "time" else "date"
    return Finding(kind, dated.values, dated.format, note=dated.note)


def _text(column: pl.Series, words: pl.Series) -> Finding:
    """Return whether words are names of rows, sentences, or a category."""
    rows = len(column) - column.null_count()
    blanks = mean(words.str.count_matches(" ", literal=True))
    lengths = mean(words.str.len_chars())
    mostly_different = len(words) > rows / 2 and rows >= FEWEST_ROWS
    if mostly_different and (blanks >= _SENTENCE - 1 or lengths > _LONG):
        problem = "free text, of which no network here makes sense"
        return Finding("category", problem=problem)
    if len(words) == len(column) and (rows > 2 or is_named_as_identifier(column.name)):
        return Finding("id", note="words that differ in every row")
    if mostly_different and is_named_as_identifier(column.name):
        return Finding("id", note=f"named as an id, {len(words):,} different words")
    if len(words) > MOST_WORDS:
        problem = f"{len(words):,} different words in {rows:,} rows, many for a category"
        ways: tuple[Kind, ...] = ("category", "id", "ignore")
        if len(words) > MOST_SAID_WORDS:
            ways = ("id", "ignore")
        return Finding("category", problem=problem, ways=ways)
    if is_named_as_identifier(column.name):
        said = columns_word(column.name, "id")
        by = typed_word("data.split_by", column.name)
        note = (
            f"named as an id: {said} leaves it out; data.split=group {by} keeps its rows together"
        )
        return Finding("category", note=note)
    return Finding("category")
