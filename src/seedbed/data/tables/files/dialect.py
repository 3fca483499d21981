"""Dialect of a text file: how its bytes become letters, lines and fields."""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from seedbed.data.tables.files.options import ReadOptions

# Bytes from the beginning of a file that its dialect is found in.
HEAD = 256 * 1024
# Letters between fields, the likeliest first.
SEPARATORS = (",", ";", "\t", "|", ":", " ")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", ":": "colon", " ": "blank"}
_ROWS = 200
_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?|[+-]?\d+\.\d*|[+-]?\d+[eE][+-]?\d+")
_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d+")
_NUMBERS = (_WHOLE, _POINT, _COMMA)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True)
class Dialect:
    """How a text file is written.

    Attributes:
        separator: letter between fields.
        decimal: `.` or `,`.
        encoding: name of the encoding.
        quote: letter around fields; an empty text: none.
        packed: whether the file is packed by gzip.
    """

    separator: str
    decimal: str
    encoding: str
    quote: str
    packed: bool = False

    def __str__(self) -> str:
        """Return the dialect in words, such as `separated by semicolon, decimal comma, cp1252`."""
        separator = _NAMES.get(self.separator, repr(self.separator))
        words = [f"separated by {separator}", "decimal comma" if self.decimal == "," else ""]
        words += [self.encoding, "no quotes" if not self.quote else ""]
        words += [f"quoted by {self.quote}" if self.quote not in ("", '"') else ""]
        words += ["packed by gzip" if self.packed else ""]
        return ", ".join(filter(None, words))


def byte_order_mark(head: bytes) -> str | None:
    """Return the encoding that the first bytes of a file announce."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding
    return None


def unmarked_utf16(head: bytes) -> str | None:
    """Return the encoding where every other byte is zero, as of English text in UTF-16."""
    even, odd = head[0:4096:2], head[1:4096:2]
    if len(odd) < 4:
        return None
    if odd.count(0) > 0.9 * len(odd) and even.count(0) == 0:
        return "utf-16-le"
    if even.count(0) > 0.9 * len(even) and odd.count(0) == 0:
        return "utf-16-be"
    return None


def fields_of(text: str, separator: str, quote: str) -> Iterator[list[str]]:
    """Yield the rows of a text, those without any letters left out."""
    reader = csv.reader(StringIO(text, newline=""), **reader_options(separator, quote))
    return (row for row in reader if any(field.strip() for field in row))


def reader_options(separator: str, quote: str) -> dict[str, Any]:
    """Return the options of csv.reader for a dialect."""
    quoting = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    return {"delimiter": separator, "quotechar": quote or None, "quoting": quoting}


def find_dialect(
    text: str, options: ReadOptions, suffix: str, encoding: str, *, whole: bool, packed: bool
) -> Dialect:
    """Return the dialect of a file.

    Args:
        text: Its beginning.
        options: What the user says of it.
        suffix: End of its name, `.tsv` or another one.
        encoding: The encoding that was found.
        whole: Whether the beginning is all of it; else its last row may be cut off.
        packed: Whether it is packed by gzip.
    """
    quote = options.quote if options.quote is not None else _quote(text)
    if options.separator is not None:
        separator = options.separator
    else:
        likely = ("\t", *SEPARATORS) if suffix in (".tsv", ".tab") else SEPARATORS
        separator = _separator(text, likely, quote, whole)
    decimal = options.decimal
    if decimal is None:
        decimal = "," if _has_decimal_commas(_sample(text, separator, quote, whole)) else "."
    return Dialect(separator, decimal, encoding, quote, packed)


def _sample(text: str, separator: str, quote: str, whole: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in fields_of(text, separator, quote):
            rows.append(row)
            if len(rows) > _ROWS:
                break
        else:
            rows = rows if whole else rows[:-1]
    except csv.Error:
        pass  # A field that is too long; whoever reads all of it says so.
    return rows


def _quote(text: str) -> str:
    """Return the letter around fields: `'` only where it is around one, and `\"` is nowhere."""
    single = re.search(r"(?m)^\s*'[^'\n]*'\s*[,;\t|:]", text)
    return "'" if single and '"' not in text else '"'


def _separator(text: str, likely: Sequence[str], quote: str, whole: bool) -> str:
    """Return the letter that cuts the rows best.

    That is into the same number of fields, then into numbers, then into many fields.
    """
    best, best_score = ",", (0.0, 0.0, 0)
    for separator in dict.fromkeys(likely):
        rows = _sample(text, separator, quote, whole)
        if not rows or len(rows[0]) < 2:
            continue
        numbers = _share_of_numbers(rows[1:])
        if separator in ": " and numbers < 0.5:
            continue  # Words and times of day have those, too.
        alike = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        score = (round(alike, 1), round(numbers, 1), len(rows[0]))
        if score > best_score:
            best, best_score = separator, score
    if best_score == (0.0, 0.0, 0):
        return _separator_below(text, likely, quote, whole)
    return best


def _separator_below(text: str, likely: Sequence[str], quote: str, whole: bool) -> str:
    """Return the letter that cuts the rows below a first line that it does not cut.

    Whoever reads the rows then finds them longer than the header, as below a title.
    """
    for separator in filter(lambda letter: letter not in ": ", likely):
        lengths = {len(row) for row in _sample(text, separator, quote, whole)[1:]}
        if len(lengths) == 1 and lengths != {1}:
            return separator
    return ","


def _share_of_numbers(rows: list[list[str]]) -> float:
    fields = [field.strip() for row in rows for field in row]
    numbers = sum(any(form.fullmatch(field) for form in _NUMBERS) for field in fields)
    return numbers / len(fields) if fields else 0.0


def _has_decimal_commas(rows: list[list[str]]) -> bool:
    """Return whether numbers have commas, and none has a point.

    1,234 may be a thousand: some number must have other than three places, or none before them.
    """
    fields = [field.strip() for row in rows[1:] for field in row]
    if any("." in field and _POINT.fullmatch(field) for field in fields):
        return False
    return any(_COMMA.fullmatch(field) and not _THOUSANDS.fullmatch(field) for field in fields)
