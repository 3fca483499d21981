"""Dates and times of day in text: which of the usual formats their words follow."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from seedbed.data.tables.places import mean

# Those with a year of two places come first, since `%Y` takes those, too.
_DATES = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y"),
    *("%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y"),
    *("%b %d, %Y", "%B %d, %Y"),
)
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S%.f", "%I:%M %p", "%I:%M:%S %p")
_ZONED = ("%Y-%m-%dT%H:%M:%S%#z", "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%#z")
_SAMPLE = 200
# Of words that are meant to be dates, this many must be some.
MOSTLY = 0.8


@dataclass(frozen=True)
class Dated:
    """Words that are dates or times.

    Attributes:
        values: `date`, `datetime` or `time`.
        format: their format, as strptime has it.
        note: where another format fits as well: what they are read as.
    """

    values: Literal["date", "datetime", "time"]
    format: str
    note: str = ""


# Dates that are whole numbers, where the user says that they are dates.
COMPACT = "%Y%m%d"


def known_formats() -> set[str]:
    """Return all formats that dates and times in text are read by."""
    return {COMPACT, *(form for _, formats in _formats() for form in formats)}


def find_dates(words: pl.Series) -> Dated | None:
    """Return the format of different words, most of which follow it; None where none does."""
    sample = words.head(_SAMPLE)
    # A quick look: each has a digit or the letters of a month, and something between numbers.
    likely = sample.str.contains(r"^[0-9A-Za-z]{1,9}[-/.: ,]") & sample.str.contains(r"\d")
    if mean(likely) < MOSTLY or mean(sample.str.len_bytes()) > 40:
        return None
    for values, formats in _formats():
        fitting = [form for form in formats if _share(sample, form, values) >= MOSTLY]
        if fitting:
            whole = [form for form in fitting if _share(words, form, values) == 1.0]
            kept = whole or fitting[:1]
            swapped = len(whole) > 1 and {kept[0][:5], kept[1][:5]} == {"%m/%d", "%d/%m"}
            note = "read as month/day/year; day/month/year fits as well" if swapped else ""
            return Dated(values, kept[0], note)
    return None


def _formats() -> list[tuple[Literal["date", "datetime", "time"], list[str]]]:
    clocks = [f"{date}{gap}{clock}" for date in _DATES for gap in " T" for clock in _CLOCKS]
    return [
        ("date", list(_DATES)),
        ("time", list(_CLOCKS)),
        ("datetime", [*clocks, *_ZONED]),
    ]


def _share(words: pl.Series, form: str, values: str) -> float:
    parsed = parse_dates(words, form, values)
    return 1.0 - parsed.null_count() / len(words) if len(words) else 0.0


def parse_dates(words: pl.Series, form: str, values: str) -> pl.Series:
    """Return words as Date, Datetime without a zone (UTC where they have one), or Time.

    What does not follow the format is null.
    """
    if values == "time":
        return words.str.to_time(form, strict=False)
    if values == "date":
        dates = words.str.to_date(form, strict=False)
    else:
        dates = words.str.to_datetime(form, strict=False, time_unit="us")
        if dates.dtype.time_zone is not None:  # type: ignore[attr-defined]
            dates = dates.dt.replace_time_zone(None)
    # Years that nobody means: `%Y` reads 07 as the year 7.
    return dates.set(~dates.dt.year().is_between(1000, 9999), None)
