"""Standard output and error: every line is written at once, and a lost reader is no error."""

import errno
import io
import os
import select
import sys


class UnfailingFile(io.FileIO):
    """Descriptor for writing; once its reader has gone, what is written goes nowhere."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write all of the data; a closed pipe or a terminal that hung up is no error."""
        rest = memoryview(data)
        while rest:
            try:
                written = super().write(rest)
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.EIO):
                    raise
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
            patient = io.TextIOWrapper(
                UnfailingFile(stream.fileno(), "wb", closefd=False),
                encoding=stream.encoding,
                errors=stream.errors,
                line_buffering=True,
                write_through=stream.write_through,
            )
            setattr(sys, name, patient)
            setattr(sys, f"__{name}__", patient)
