"""Answer of a command with `--json`: one document on stdout, all else on stderr.

The descriptor of stdout itself is turned to stderr for as long as the command runs, so that neither
a library nor a process that it starts can write between the document's lines.
"""

import io
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from seedbed.errors import SeedbedError
from seedbed.process.output import UnfailingFile, tell_of_lost

if TYPE_CHECKING:
    from seedbed.documents.document import Document

FLAG = "--json"
# What steers a terminal, and JSON leaves as it is.
_STEERING = re.compile(r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Answer:
    """The document of a command.

    `document` is what was given; `last_word` makes one when the command has ended, where none was
    given until then. `error` is what was last said to be wrong.
    """

    def __init__(self) -> None:
        self.document: Document | Mapping[str, Any] | None = None
        self.last_word: Callable[[int], Document | None] | None = None
        self.error = ""


_answer: Answer | None = None


def asked() -> bool:
    """Return whether the command is to end with a document."""
    return _answer is not None


def give(document: "Document | Mapping[str, Any]") -> None:
    """Let this be the document of the command; without `--json` nothing happens.

    A mapping is a schema, which is a document of its own.
    """
    if _answer is not None:
        _answer.document = document


def give_at_end(make: "Callable[[int], Document | None]") -> None:
    """Let `make` give the document when the command has ended, however it does.

    It takes the exit code, and returns None where there is nothing to tell.
    """
    if _answer is not None:
        _answer.last_word = make


def note_error(message: str) -> None:
    """Note what is said on stderr to be wrong, for a command that gives no other document."""
    if _answer is not None:
        _answer.error = message


@contextmanager
def answering() -> Iterator[None]:
    """Context of a command with `--json`; at its end the document is written to stdout."""
    global _answer
    answer = _answer = Answer()
    code = 1
    with _stdout_is_stderr() as stdout:
        try:
            yield
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
            raise
        except KeyboardInterrupt:
            code = 130
            raise
        except BaseException as error:  # Its traceback is shown.
            answer.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            _answer = None
            stdout.write(_text(answer, code))
            stdout.flush()


def _text(answer: Answer, code: int) -> str:
    import msgspec  # Only where there is a document.

    content = _content(answer, code)
    try:
        text = msgspec.json.encode(content, enc_hook=_plain).decode()
    except UnicodeEncodeError:  # The name of a file that is not text in UTF-8.
        readable = _readable(msgspec.to_builtins(content, enc_hook=_plain))
        text = msgspec.json.encode(readable).decode()
    return _STEERING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text) + "\n"


def _content(answer: Answer, code: int) -> "Document | Mapping[str, Any]":
    """Return the document of a command that has ended with an exit code."""
    from seedbed.documents.errors import error_document

    document = answer.document
    if document is None and answer.last_word is not None:
        try:
            document = answer.last_word(code)
        except (SeedbedError, OSError) as error:  # The folder has gone, or is damaged.
            answer.error = answer.error or str(error)
    return error_document(code, answer.error) if document is None else document


def _plain(value: Any) -> Any:
    """Return a number of numpy's as one of Python's, and anything else as its text."""
    return value.item() if hasattr(value, "item") else str(value)


def _readable(value: Any) -> Any:
    """Return plain values whose texts can be written, the bytes of others as their codes."""
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_readable(key): _readable(item) for key, item in value.items()}
    return [_readable(item) for item in value] if isinstance(value, list | tuple) else value


@contextmanager
def _stdout_is_stderr() -> Iterator[TextIO]:
    """Context in which what is written to stdout goes to stderr; yields the true stdout."""
    stdout = sys.stdout
    stdout.flush()
    if not _is_descriptor(stdout, 1):  # A test's, or a notebook's.
        sys.stdout = sys.stderr
        try:
            yield stdout
        finally:
            sys.stdout = stdout
        return
    kept = os.dup(1)
    os.dup2(2, 1)
    file = UnfailingFile(kept, "wb", closefd=False)
    try:
        yield io.TextIOWrapper(file, encoding="utf-8", write_through=True)
    finally:
        stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        if tell_of_lost(file):
            sys.exit(1)


def _is_descriptor(stream: TextIO, number: int) -> bool:
    try:
        return stream.fileno() == number
    except (OSError, ValueError):
        return False
