"""A command of a Slurm job: it is queued again where it is stopped, and then goes on by itself.

`trainer.requeue=true` asks for it. The command notes its folder under the number of the job; when
the job starts again, the same command finds it there and goes on.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from omegaconf import DictConfig, OmegaConf

from seedbed.config.overrides import trusted_modules, typed_word
from seedbed.config.project import key_of, value_of
from seedbed.config.trust.restriction import untrusted_modules
from seedbed.errors import ConfigError
from seedbed.process.slurm import at_sudden_end, is_cancelled, requeue, slurm_job
from seedbed.runs.folder import RunFolder
from seedbed.runs.heartbeat import SECONDS_UNTIL_GONE
from seedbed.runs.record import read_record
from seedbed.runs.resuming.requeued import Note, note_path, read_note, write_note
from seedbed.terminal.words import relative

# The signals by which a cluster takes its machine back; those of a person end a run for good.
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
# Of the words of a sweep, those that stand beside sweep.resume as well.
_OF_SWEEP = ("trust", "paths.data", "paths.outputs", "sweep.on_failure")
SECONDS_BETWEEN_LOOKS = 5.0


class Requeueing:
    """Context of `seedbed train`, which queues its Slurm job again where that is asked for.

    Args:
        words: the words of the command, which `words` then are: others where it goes on.
        outputs: folder of all outputs.

    Outside of Slurm, or in a process that works for another one, it does nothing.
    """

    def __init__(self, words: Sequence[str], outputs: str) -> None:
        job = slurm_job()
        self.job = job if job is not None and job.is_first else None
        self.outputs = outputs
        self.command = list(words)
        self.words = list(words)
        # Until a config is composed.
        self.is_wanted = any(_asks(word) for word in words)
        self.folder: Path | None = None
        if self.job is not None:
            note = read_note(note_path(outputs, self.job, self.command))
            if note is not None and note.restarts < self.job.restarts:
                self.words = self._going_on(note)

    def __enter__(self) -> "Requeueing":
        at_sudden_end(self.ended)
        return self

    def __exit__(self, kind: object, error: BaseException | None, *more: object) -> None:
        at_sudden_end(None)
        if isinstance(error, SystemExit) and isinstance(error.code, int):
            self.ended(error.code)

    def ended(self, code: int) -> None:
        """Queue the job again where this exit code says that the cluster has stopped it."""
        if self.job is None or not self.is_wanted or code - 128 not in SIGNALS:
            return
        name = f"Slurm job {self.job.id}"
        if code - 128 == signal.SIGTERM and is_cancelled(self.job):
            said = f"{name} was cancelled, and is not queued again"
            print(f"seedbed: {said}", file=sys.stderr, flush=True)
            return
        problem = requeue(self.job)
        where = "" if self.folder is None else f"; it goes on in {relative(self.folder)}"
        if problem is None:
            said = f"{name} is queued again{where}"
        else:
            said = f"scontrol requeue {self.job.id}: {problem}; the job is not queued again"
        print(f"seedbed: {said}", file=sys.stderr, flush=True)

    def asked(self, config: DictConfig) -> None:
        """Take note of what a composed config asks for."""
        if any(key_of(word) == "sweep.resume" for word in self.words):  # Its jobs say it.
            return
        self.is_wanted = bool(OmegaConf.select(config, "trainer.requeue", default=False))
        sweep = OmegaConf.select(config, "sweep", default={})
        if sweep.get("detach") and not sweep.get("plan"):  # It is refused for it.
            return
        if self.is_wanted and slurm_job() is None:
            print(
                "seedbed: trainer.requeue=true has no effect: SLURM_JOB_ID says of no Slurm job",
                file=sys.stderr,
            )

    def run_begins(self, folder: Path, config: DictConfig) -> None:
        """Note the folder of a run, before it begins."""
        if self.job is None or not self.is_wanted:
            return
        keys = [str(key) for key in config if key != "hydra"]
        plain = OmegaConf.to_container(OmegaConf.masked_copy(config, keys), resolve=True)
        self._note("run", folder, untrusted_modules(plain))

    def sweep_begins(self, folder: Path, modules: Callable[[], Sequence[str]], asks: bool) -> None:
        """Note the folder of a sweep, whose jobs may ask for it, and name classes of modules."""
        self.is_wanted = asks
        if self.job is not None and self.is_wanted:
            self._note("sweep", folder, modules())

    def _note(self, kind: Literal["run", "sweep"], folder: Path, modules: Sequence[str]) -> None:
        assert self.job is not None
        self.folder = folder
        trust = list(dict.fromkeys([*trusted_modules(self.command), *modules]))
        note = Note(kind, os.path.abspath(folder), self.job.restarts, trust)
        write_note(note_path(self.outputs, self.job, self.command), note)

    def _going_on(self, note: Note) -> list[str]:
        """Return the words that go on where the job was stopped; its own where it must begin anew.

        Ends the process where the command has come to its end before, as one of several of the job.
        """
        self.folder = Path(note.folder)
        trust = [f"trust=[{','.join(note.trust)}]"] if note.trust else []
        if note.kind == "sweep":
            if not (self.folder / "sweep.json").is_file():
                return self.command
            kept = [word for word in self.command if _is_kept(word)]
            self._say_it_goes_on()
            return ["-m", _word("sweep.resume", note.folder), *kept, *trust]
        state = self._state_of_run()
        if state in ("completed", "stopped_early", "diverged"):
            print(f"{state} before this job was queued again: {relative(self.folder)}")
            sys.exit(1 if state == "diverged" else 0)
        if not RunFolder(note.folder).checkpoint("last").is_file():
            return self.command
        self._say_it_goes_on()
        return [_word("resume", note.folder), *trust]

    def _say_it_goes_on(self) -> None:
        assert self.job is not None
        assert self.folder is not None
        again = f"Slurm job {self.job.id} has started again and goes on in"
        print(f"seedbed: {again} {relative(self.folder)}", file=sys.stderr, flush=True)

    def _state_of_run(self) -> str:
        """Return the status of the run; where it was killed elsewhere its heart may beat on."""
        assert self.folder is not None
        until = time.monotonic() + SECONDS_UNTIL_GONE + SECONDS_BETWEEN_LOOKS
        record = RunFolder(self.folder).record
        while True:
            try:
                status = str(read_record(record)["status"])
            except (ConfigError, OSError):
                return ""
            if status != "running" or time.monotonic() > until:
                return status
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _asks(word: str) -> bool:
    return key_of(word) == "trainer.requeue" and value_of(word).lower() == "true"


def _is_kept(word: str) -> bool:
    key = key_of(word)
    return (key in _OF_SWEEP and key != "trust") or key.startswith("hydra/launcher")


def _word(key: str, value: str) -> str:
    """Return an override as the command line gives it to Hydra, without the quotes of a shell."""
    import shlex

    return shlex.split(typed_word(key, value))[0]
