"""Options of reading a table, all of which are found from the file where they are not said."""

import codecs
from dataclasses import dataclass

from seedbed.errors import ConfigError

# Words for a value that is missing, besides an empty field.
NULL_VALUES = (
    *("NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NAN", "-nan", "-NaN"),
    *("null", "NULL", "Null", "None", "none", "NONE"),
)


@dataclass(frozen=True)
class ReadOptions:
    """How a text file is read.

    Attributes:
        separator: one letter between two fields; None: found.
        decimal: `.` or `,`; None: found.
        encoding: a name that Python knows; None: found among UTF-8, UTF-16 and Windows-1252.
        quote: one letter around fields, or an empty text for none; None: found.
        null_values: words for a missing value, besides nothing; None: `NULL_VALUES`.
    """

    separator: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    quote: str | None = None
    null_values: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Raise ConfigError for a letter that is none, and for an encoding that nobody knows."""
        separator = {"\\t": "\t", "tab": "\t"}.get(self.separator or "", self.separator)
        object.__setattr__(self, "separator", separator)
        if separator is not None and (not _is_letter(separator) or separator in "\"'.\n\r"):
            raise ConfigError(
                f"data.separator: {separator!r} is not one letter, such as ',' ';' '|' or tab"
            )
        if self.decimal not in (None, ".", ","):
            raise ConfigError(f"data.decimal: {self.decimal!r} is neither '.' nor ','")
        if self.quote and not (_is_letter(self.quote) and self.quote != separator):
            raise ConfigError(f"data.quote: {self.quote!r} is not one letter, such as '\"', or ''")
        if self.encoding is not None:
            _require_encoding(self.encoding)

    @property
    def missing_words(self) -> list[str]:
        """Words that stand for a missing value, the empty one included."""
        words = NULL_VALUES if self.null_values is None else self.null_values
        return ["", *(word.strip() for word in words)]


def _is_letter(text: str) -> bool:
    return len(text) == 1 and text.isascii()


def _require_encoding(name: str) -> None:
    try:
        # Some codecs, such as base64, are no encodings of text.
        if "a".encode(name).decode(name) != "a" or codecs.lookup(name).name == "idna":
            raise LookupError
    except (LookupError, UnicodeError, TypeError, ValueError):
        raise ConfigError(
            f"data.encoding: '{name}' is no encoding; known are utf-8, utf-16, cp1252, latin-1 "
            "and others of Python's"
        ) from None
