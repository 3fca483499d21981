"""Standard output and standard error: there when they are printed, no error when nobody reads."""

import io
import os
import sys


class _PipeWithoutError(io.FileIO):
    """A raw stream to which writing goes on, into nothing, once its pipe's reader is gone."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write; a closed pipe is no error."""
        try:
            return super().write(data)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return len(data)


def outlive_readers() -> None:
    """Replace sys.stdout and sys.stderr by streams for runs that train for hours.

    A reader that has seen enough, such as `head`, does not end the run. Each line is written when
    it is printed, to files and pipes too, so that a log shows how far a run is, both streams are
    in order in it, and a process that is killed has lost none.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or stream is not getattr(sys, f"__{name}__"):
            continue  # Somebody else has taken its place, who knows better.
        stream.flush()
        raw = _PipeWithoutError(stream.fileno(), "wb", closefd=False)
        # Of PYTHONUNBUFFERED, the text layer alone would write through only as far as a buffer.
        replacement = io.TextIOWrapper(
            raw if stream.write_through else io.BufferedWriter(raw),  # type: ignore[type-var]
            encoding=stream.encoding,
            errors=stream.errors,
            line_buffering=True,
            write_through=stream.write_through,
        )
        setattr(sys, name, replacement)
        setattr(sys, f"__{name}__", replacement)
