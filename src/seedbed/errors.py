"""Errors that a user can mend, and parts of their messages.

Every error of this module is shown as its message alone, without a traceback. A traceback means a
bug: either ours or in code that the user's config named.
"""

import errno
import re
from collections.abc import Iterable
from difflib import get_close_matches
from signal import Signals
from typing import Any

# Controls of a terminal but tab, line feed and the carriage return of bars; what turns text.
STEERING = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Return a text with the characters that steer a terminal as their codes, such as `\\x1b`."""
    return STEERING.sub(lambda sign: sign[0].encode("unicode_escape").decode(), text)


class SeedbedError(Exception):
    """Error that the user can mend; the message says how, in one or two lines."""

    def __str__(self) -> str:
        """Return the message, which steers no terminal whatever names it holds."""
        return plain(super().__str__())


class ConfigError(SeedbedError):
    """Error in the command or the config; nothing was written. Exit code 2."""


class DoesNotFit(ConfigError):
    """Config that is right by itself, and does not fit the rows or the length of the run."""


class OtherData(ConfigError):
    """Data that are not those that a run was trained on."""


class DataError(SeedbedError):
    """Data file that is missing, damaged or does not fit the run."""


class RunFolderError(ConfigError):
    """Folder that is no run folder, or whose content cannot be trusted."""


class Interrupted(SeedbedError):
    """Stop by a signal, raised between two steps, so that all state is whole."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(stopped_by(signal_number))
        self.signal_number = signal_number


class ProcessLost(SeedbedError):
    """End of a run of several processes, since one of them has gone or does not answer."""


class DiskFull(SeedbedError):
    """Full disk: nothing more can be written; what was written before is whole."""


class RunFailed(SeedbedError):
    """Failure of a run; the run's folder has its record, and its traceback is the cause.

    Attributes:
        run: The run, as `seedbed.Run`.
    """

    def __init__(self, message: str, run: Any) -> None:
        super().__init__(message)
        self.run = run


class RunDiverged(RunFailed):
    """Divergence of a run: its training loss is no longer finite."""


def stopped_by(signal_number: int) -> str:
    """Return what to say of a stop by a signal."""
    return f"stopped by signal {signal_number} ({signal_name(signal_number)})"


def signal_name(number: int) -> str:
    """Return the name of a signal, such as `SIGTERM`."""
    try:
        return Signals(number).name
    except ValueError:  # Real-time signals have none.
        return f"signal {number}"


# What the system says of a path that somebody named: no bug of ours.
_OF_A_PATH = (
    *(errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP),
    *(errno.ENOTDIR, errno.EISDIR, errno.ENOENT, errno.EEXIST),
)


def of_a_path(error: BaseException | None) -> ConfigError | None:
    """Return what to say where a path that the command names cannot be read or written."""
    if not isinstance(error, OSError) or error.errno not in _OF_A_PATH or not error.filename:
        return None
    path = error.filename if error.filename2 is None else error.filename2
    return ConfigError(f"{path}: {(error.strerror or str(error)).lower()}")


def out_of_memory(error: BaseException) -> ConfigError | None:
    """Return what to say where there is less memory than the config asks for."""
    text = str(error)
    asked = re.search(r"can't allocate memory|out of memory|Unable to allocate", text)
    if not isinstance(error, MemoryError) and not (isinstance(error, RuntimeError) and asked):
        return None
    size = re.search(r"(?:allocate|of) ([\d.]+ ?[KMGTPE]?i?B|\d+ bytes)", text)
    needed = f": {size[1]} at once" if size else ""
    return ConfigError(f"not enough memory{needed}; use fewer rows, a smaller model or batch")


def disk_full(error: BaseException) -> DiskFull | None:
    """Return what to say where a write failed because the disk, or the user's share, is full."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
        # torch raises another error while it leaves the file that it could not write.
        before = error.__cause__ or error.__context__
        return None if before is None else disk_full(before)
    return DiskFull("no space left on the disk" + (f": {error.filename}" if error.filename else ""))


def known_cause(error: BaseException | None) -> SeedbedError | None:
    """Return the error of Seedbed's own that an exception was raised from; None: there is none."""
    while error is not None and not isinstance(error, SeedbedError):
        error = error.__cause__ or error.__context__
    return error


class Diverged(SeedbedError):
    """Divergence: the training loss is no longer finite."""

    def __init__(self, loss: float, epoch: int, step: int, learning_rate: float) -> None:
        hint = "try a smaller optimizer.lr, a scaled input, or trainer.gradient_clip_val"
        super().__init__(
            f"the loss became {loss} in epoch {epoch} (step {step}) at learning rate "
            f"{learning_rate:g}: {hint}"
        )
        self.loss = loss
        self.epoch = epoch
        self.step = step
        self.learning_rate = learning_rate


def doubled_activation(key: str, function: str, loss: str) -> str:
    """Return why outputs that went through a softmax or sigmoid are refused before such a loss."""
    return (
        f"{key}: the outputs pass through a {function}, but task.loss={loss} takes logits and "
        "applies it itself; done twice it flattens the gradient.\n"
        "Leave it out: seedbed predict gives probabilities (apply_softmax=true)."
    )


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the closest of the known words, or nothing.

    One of the same letters is closer than any other.
    """
    by_lower = {name.lower(): name for name in known}
    word = "gpu" if word.lower() == "cuda" and "gpu" in by_lower else word
    swapped = [name for name in by_lower if sorted(name) == sorted(word.lower())]
    matches = [by_lower[name] for name in swapped] or [
        by_lower[name] for name in get_close_matches(word.lower(), by_lower, n=1, cutoff=0.5)
    ]
    return f" Did you mean '{matches[0]}'?" if matches else ""


def listed(words: Iterable[object], most: int = 20) -> str:
    """Return the words separated by commas, cut after `most` of them."""
    texts = [str(word) for word in words]
    rest = f", and {len(texts) - most} more" if len(texts) > most else ""
    return ", ".join(texts[:most]) + rest
