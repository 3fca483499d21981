"""Standard output and error that go on when nobody reads them any more."""

import io
import os
import sys


class _UntilNobodyReads(io.FileIO):
    """Bytes to a pipe; once it is closed at its other end they go nowhere."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write; a closed pipe is no error."""
        try:
            return super().write(data)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return len(data)


def outlive_readers() -> None:
    """Let the process go on where whoever reads its output, `head` for instance, has seen enough.

    A run that trains for hours must not end because of a line that nobody will read.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream is not getattr(sys, f"__{name}__"):
            continue  # Somebody else has taken its place, who knows better.
        stream.flush()
        raw = _UntilNobodyReads(stream.fileno(), "wb", closefd=False)
        patient = io.TextIOWrapper(
            io.BufferedWriter(raw),  # type: ignore[type-var]
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        setattr(sys, name, patient)
        setattr(sys, f"__{name}__", patient)
