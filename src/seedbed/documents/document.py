"""Base of the documents, and the types of their parts.

A key is never renamed, removed or given another type or meaning within a version of its format;
keys may be added. What is not known, and a number that is not finite, is null.
"""

from typing import Annotated, Any

import msgspec

# A number; null where it is not known or not finite.
Number = float | None
# What a key of a config is set to.
Value = str | int | float | bool | None


def says(meaning: str) -> msgspec.Meta:
    """Return the description of a key, for its type's `Annotated`."""
    return msgspec.Meta(description=meaning)


Path = Annotated[str, says("path, from the working folder where it lies below it, else absolute")]
Command = Annotated[str, says("words of a command, quoted for a POSIX shell")]
Time = Annotated[str, says("time in UTC as ISO 8601")]
Metrics = Annotated[dict[str, Number], says("metrics by name, such as val/loss; null: not finite")]


class Part(msgspec.Struct, kw_only=True):
    """Part of a document."""


class Document(msgspec.Struct, kw_only=True, tag_field="format"):
    """Document of a command, whose first key `format` says what it is, and in which version."""


class Note(Part):
    """Something that people should know, as it is printed."""

    about: Annotated[str, says("what it is about: note, weights, jobs ...")]
    text: str


def notes(lines: Any) -> list[Note]:
    """Return lines that are printed, pairs of a title and a text, as notes."""
    return [Note(about=title, text=text) for title, text in lines]
