"""Text of a file: all of its bytes looked through once, and turned into UTF-8 where they are not.

Polars reads zero bytes as letters, ends a quotation that nobody closes wherever it likes, and
stops at what is no UTF-8 without a word of where.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seedbed.data.tables.files.content import Content
from seedbed.data.tables.files.dialect import HEAD, byte_order_mark, unmarked_utf16
from seedbed.errors import ConfigError

# Bytes of one line, and of a file that is not in UTF-8, which is held twice.
LONGEST_LINE = 16 * 2**20
LARGEST_DECODED = 2 * 2**30
_CHUNK = 4 * 2**20
# Letters below a blank that no text has: all but tab, the ends of lines and pages.
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\x0b\x0c\x1a\x1b"))


@dataclass(frozen=True)
class Text:
    """Text of a file in UTF-8.

    Attributes:
        source: the file, or the text where it was packed or written in another encoding.
        encoding: the encoding of the file.
        head: its beginning, decoded.
        whole: whether the beginning is all of it.
        lines: how often a line ends in it.
        quotes: how many double quotes it has.
        separator: letter between fields that its first line names, as Excel writes it.
    """

    source: Path | bytes
    encoding: str
    head: str
    whole: bool
    lines: int
    quotes: int
    separator: str | None = None

    @property
    def skipped(self) -> int:
        """Lines before the head: that with the separator."""
        return int(self.separator is not None)


def text_of(content: Content, encoding: str | None, key: str) -> Text:
    """Return the text of a file.

    `encoding` is what the user says, None: found; `key` names the file in messages. Raises
    ConfigError where it is no text, has a line that no table has, or is not in that encoding.
    """
    source: Path | bytes = content.source
    where = f"{key}={content.path}"
    head, _ = _head(source)
    said = encoding is not None
    encoding = encoding or byte_order_mark(head) or unmarked_utf16(head)
    if encoding is None:
        _refuse_binary(head, where)
        encoding = "utf-8"
    if not is_utf8(encoding):
        source, encoding = _decoded(source, encoding, where)
    source = _with_new_lines(source)
    seen = _looked_through(source, where)
    if seen.wrong is not None and (said or byte_order_mark(head)):
        raise ConfigError(
            f"{where}: line {seen.wrong[0]} is not in UTF-8 (byte {seen.wrong[1]:#04x}); "
            "data.encoding=cp1252 or latin-1 may be right"
        )
    if seen.wrong is not None:
        source, encoding = _decoded(source, "cp1252", where)
    head, whole = _head(source)
    letters = head.decode("utf-8", "ignore").lstrip("\ufeff")
    named = re.match(r"sep=([^\s\w])\r?\n", letters)
    letters = letters[named.end() :] if named else letters
    separator = named[1] if named else None
    return Text(source, encoding, letters, whole, seen.lines, seen.quotes, separator)


def is_utf8(encoding: str) -> bool:
    """Return whether a text in an encoding can be read as one in UTF-8."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")


def chunks(source: Path | bytes) -> Iterator[bytes]:
    """Yield the bytes of a file, some million at a time."""
    if isinstance(source, bytes):
        yield from (source[at : at + _CHUNK] for at in range(0, len(source), _CHUNK))
        return
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _head(source: Path | bytes) -> tuple[bytes, bool]:
    """Return the beginning of a text, its first line included, and whether it is all of it."""
    if isinstance(source, bytes):
        length = HEAD + max(0, source[:LONGEST_LINE].find(b"\n"))
        return source[:length], len(source) <= length
    with source.open("rb") as file:
        head = file.read(HEAD)
        if b"\n" not in head:
            head += file.readline(LONGEST_LINE) + file.read(HEAD)
        return head, source.stat().st_size <= len(head)


def _refuse_binary(head: bytes, where: str) -> None:
    """Raise ConfigError where the beginning of a file is no text."""
    if 0 in head:
        line = head[: head.index(0)].count(b"\n") + 1
        raise ConfigError(
            f"{where}: no text: line {line} has a zero byte; a table is CSV, Parquet or Arrow"
        )
    controls = len(head) - len(head.translate(None, _CONTROL))
    if controls > len(head) / 100:
        raise ConfigError(f"{where}: no text but binary; a table is CSV, Parquet or Arrow")


def _decoded(source: Path | bytes, encoding: str, where: str) -> tuple[bytes, str]:
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > LARGEST_DECODED:
        raise ConfigError(
            f"{where}: {size:,} bytes in {encoding}; more than {LARGEST_DECODED:,} are read in "
            "UTF-8 alone"
        )
    content = b"".join(chunks(source))
    # What Windows writes; five of its bytes mean nothing, and Latin-1 gives a meaning to all.
    for candidate in [encoding, "latin-1"] if encoding == "cp1252" else [encoding]:
        try:
            return content.decode(candidate).lstrip("\ufeff").encode(), candidate
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            reason = error.reason
        except UnicodeEncodeError:
            line, reason = 1, "it holds halves of letters"
    raise ConfigError(f"{where}: line {line} is not in {encoding} ({reason})")


def _with_new_lines(source: Path | bytes) -> Path | bytes:
    """Return a text whose lines end as everywhere, where they end as on old Macs."""
    head, _ = _head(source)
    if b"\n" in head or b"\r" not in head:
        return source
    return b"".join(chunks(source)).replace(b"\r", b"\n")


@dataclass
class _Seen:
    """What was seen of a text: its lines, double quotes, and the first byte that is no UTF-8.

    `wrong` has its line and value. `rest` are the bytes of a letter that a chunk cuts.
    """

    lines: int = 0
    quotes: int = 0
    wrong: tuple[int, int] | None = None
    rest: bytes = b""


def _looked_through(source: Path | bytes, where: str) -> _Seen:
    """Return what is seen in all of a text; raise ConfigError for what no table has."""
    seen, length = _Seen(), 0
    for chunk in chunks(source):
        at = chunk.find(b"\0")
        if at >= 0:
            line = seen.lines + chunk[:at].count(b"\n") + 1
            raise ConfigError(f"{where}: line {line} has a zero byte; text has none")
        first = chunk.find(b"\n")
        length += first if first >= 0 else len(chunk)
        after = len(chunk) - chunk.rfind(b"\n") if first >= 0 else 0
        if max(length, after) > LONGEST_LINE:
            line = seen.lines + 1 + (0 if length > LONGEST_LINE else chunk.count(b"\n"))
            size = LONGEST_LINE // 2**20
            raise ConfigError(f"{where}: line {line} is longer than {size} MB, as no table's is")
        length = after if first >= 0 else length
        if seen.wrong is None:
            _check_utf8(chunk, seen)
        # Far quicker than bytes.count.
        seen.lines += int(np.count_nonzero(np.frombuffer(chunk, np.uint8) == ord("\n")))
        seen.quotes += chunk.count(b'"') if b'"' in chunk else 0
    if seen.rest and seen.wrong is None:
        seen.wrong = seen.lines + 1, seen.rest[0]
    return seen


def _check_utf8(chunk: bytes, seen: _Seen) -> None:
    """Take note of the first byte of a chunk that is no part of UTF-8."""
    if not seen.rest and chunk.isascii():
        return
    text, seen.rest = seen.rest + chunk, b""
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(text) - 3 and error.reason == "unexpected end of data":
            seen.rest = text[error.start :]
            text = text[: error.start]
        else:
            seen.wrong = seen.lines + text[: error.start].count(b"\n") + 1, text[error.start]
