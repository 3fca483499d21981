"""Standard output and error: every line is written at once, and a lost reader is no error.

Names and texts in files of others may hold what steers a terminal; it is written as its code.
"""

import errno
import io
import os
import re
import select
import sys

from seedbed.errors import STEERING, plain

# Colours, one line up, a line erased, and the cursor: what tables and bars are drawn by.
_DRAWING = re.compile(r"(\x1b\[(?:[0-9;]*m|[0-9]*[AK]|\?25[lh]))")
MOST_LINES, MOST_LETTERS = 3, 1_000


def plain_message(text: str) -> str:
    """Return an error's message as it is shown: plain, in few lines that can be read."""
    lines = plain(text).replace("\r", "\\r").split("\n")
    if len(lines) > MOST_LINES:  # Problems of one cause, as a rule.
        lines = [*lines[: MOST_LINES - 1], f"and {len(lines) - MOST_LINES + 1} more problems"]
    return "\n".join(
        line if len(line) <= MOST_LETTERS else f"{line[: MOST_LETTERS - 200]} ... {line[-180:]}"
        for line in lines
    )


class PlainText(io.TextIOWrapper):
    """Stream of text that steers no terminal but by what draws tables and bars on one."""

    def write(self, text: str) -> int:
        """Write a text, or what `plain` makes of it."""
        if not STEERING.search(text):
            return super().write(text)
        if not self.isatty():
            return super().write(plain(text))
        parts = _DRAWING.split(text)  # Every other one draws.
        parts[::2] = map(plain, parts[::2])
        return super().write("".join(parts))


class UnfailingFile(io.FileIO):
    """Descriptor for writing; once nothing can be written, what is written goes nowhere.

    `lost` says why, where it is not that a reader has seen enough.
    """

    lost: OSError | None = None

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write all of the data; a closed pipe, a lost terminal or a full disk is no error."""
        rest = memoryview(data)
        while rest:
            try:
                written = super().write(rest)
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.EIO):
                    self.lost = error
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
                break
            if written is None:  # A descriptor that does not block is full.
                select.select([], [self], [])
            rest = rest[written or 0 :]
        return len(data)


def set_up_output() -> None:
    """Set up the process's streams for runs that take hours and may be killed.

    Each line is in the file or pipe as soon as it is printed, whatever PYTHONUNBUFFERED says, so
    that stdout and stderr keep their order and nothing is lost with the process. A run does not
    fail because its reader (`head`, for instance) has seen enough, or because a stream is closed.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            # Takes the free number, too: else the next file would be opened in its place.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        elif mode == "w" and stream is getattr(sys, f"__{name}__"):
            stream.flush()
            # No BufferedWriter below: the text layer would hand lines to it, and they would wait.
            patient = PlainText(
                UnfailingFile(stream.fileno(), "wb", closefd=False),
                encoding=stream.encoding,
                errors=stream.errors,
                line_buffering=True,
                write_through=stream.write_through,
            )
            setattr(sys, name, patient)
            setattr(sys, f"__{name}__", patient)


def tell_of_lost_output() -> bool:
    """Say on stderr that stdout could not be written to its end; return whether that is so."""
    file = getattr(sys.stdout, "buffer", None)
    return isinstance(file, UnfailingFile) and tell_of_lost(file)


def tell_of_lost(file: UnfailingFile) -> bool:
    """Say on stderr that a file in stdout's place could not be written; return whether it is so."""
    if file.lost is None:
        return False
    reason = (file.lost.strerror or str(file.lost)).lower()
    sys.stderr.write(f"seedbed: stdout: {reason}; what was printed since is lost\n")
    return True
