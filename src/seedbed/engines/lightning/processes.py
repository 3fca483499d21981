"""Processes of a distributed run: the first one starts the others, and all end together.

A process that waits for another in vain is told so by torch after `trainer.timeout` seconds, and at
once where the other has gone. What torch cannot tell, since the process is not waiting for the
others or they have not met yet, a thread looks after in each of them.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import timedelta
from threading import Event, Lock, Thread
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.utilities.distributed import _set_num_threads_if_needed
from pytorch_lightning.strategies import DDPStrategy
from pytorch_lightning.strategies.launchers import _SubprocessScriptLauncher

from seedbed.errors import Interrupted, ProcessLost, SeedbedError
from seedbed.process.identity import seconds_since_start, state_of
from seedbed.process.program import started_by_path
from seedbed.process.signals import SIGNALS, blocked, received_signals
from seedbed.process.slurm import tell_of_sudden_end

# The pid of the first process, for those that it starts.
FIRST = "SEEDBED_FIRST_PROCESS"
_MASTER = ("MASTER_ADDR", "MASTER_PORT")
# Exit code of a process that has waited for another in vain.
WAITED_IN_VAIN = 75
SECONDS_BETWEEN_LOOKS = 0.2
# The time that the thread of the training has to say itself what it knows of a process that ended.
SECONDS_TO_END = 2.0

# Called with why the run ends where the thread of the training cannot end it; returns the code.
End = Callable[[SeedbedError], int]


class Launcher(_SubprocessScriptLauncher):
    """Launcher of the other processes; Lightning's would kill the first one if another ends."""

    @property
    def is_interactive_compatible(self) -> bool:
        """A notebook may launch, since the others run the command line, and not its cells."""
        return True

    def launch(
        self, function: Callable[..., Any], *args: Any, trainer: Any = None, **kwargs: Any
    ) -> Any:
        """Start the other processes, the first time, and call the function."""
        environment = self.cluster_environment
        environment.validate_settings(num_devices=self.num_processes, num_nodes=self.num_nodes)
        if not environment.creates_processes_externally:
            os.environ[FIRST] = str(os.getpid())
            # That another process has gone is said by us; torch would add pages of addresses.
            os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
            with blocked(), started_by_path():
                self._call_children_scripts()
        _set_num_threads_if_needed(num_processes=self.num_processes)
        return function(*args, **kwargs)

    def lost(self) -> tuple[int, int] | None:
        """Return number and exit code of a process that has not ended well, where there is one."""
        codes = [process.poll() for process in self.procs]
        return next(((rank, code) for rank, code in enumerate(codes, start=1) if code), None)

    def end(self) -> None:
        """Kill the other processes; only the first one has something to write."""
        for process in self.procs:
            process.kill()
            process.wait()

    def forget(self) -> None:
        """Leave nothing of the processes to the next run of this one, which starts its own."""
        if self.procs:
            if torch.distributed.is_initialized():
                torch.distributed.destroy_process_group()
            for name in (FIRST, "LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", *_MASTER):
                os.environ.pop(name, None)


class Strategy(DDPStrategy):
    """DistributedDataParallel whose processes wait for each other `seconds` at most.

    Until they have met, it is as much longer as the first process itself took to start.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(timeout=timedelta(seconds=seconds))

    def _configure_launcher(self) -> None:
        assert self.cluster_environment is not None
        self._launcher = Launcher(self.cluster_environment, self.num_processes, self.num_nodes)

    def setup_distributed(self) -> None:
        """Let the processes meet."""
        self._timeout = timedelta(seconds=self.seconds + seconds_since_start())
        super().setup_distributed()
        torch.distributed.distributed_c10d._set_pg_timeout(timedelta(seconds=self.seconds))


@contextmanager
def ending_together(
    trainer: pl.Trainer, timeout: float, end: End
) -> Iterator[AbstractContextManager[None]]:
    """Context of a run, and of the writing of its outcome, in which no process outlives another.

    The first process ends the others when it leaves it, and they do not leave it without an error.
    `end` is called in a thread where the training cannot end the run itself, with the reason; the
    process ends after it. The context that is given is that of the run alone: it raises
    ProcessLost, or Interrupted, in place of what torch says of a process that does not answer.
    """
    if trainer.world_size == 1:
        yield nullcontext()
        return
    launcher: Any = trainer.strategy.launcher
    kind = _WatchOthers if trainer.is_global_zero else _WatchFirst
    watch = kind(launcher, timeout, end)
    with received_signals() as watch.received:
        watch.start()
        try:
            yield watch.explaining()
            if isinstance(watch, _WatchFirst):
                watch.stay()
        finally:
            watch.over.set()
            launcher.end()
            launcher.forget()
            watch.join(SECONDS_BETWEEN_LOOKS)


class _Watch(Thread):
    """Thread that ends this process where another has gone; `over` says that the run has ended."""

    def __init__(self, launcher: Launcher, timeout: float, end: End) -> None:
        super().__init__(name="other-processes", daemon=True)
        self.launcher = launcher
        self.timeout = timeout
        self.over = Event()
        # Returns the signal that has come, whether or not the thread of the training knows of it.
        self.received: Callable[[], int | None] = lambda: None
        self._end = end
        self._ending = Lock()

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Raise, in place of what torch says where it could not communicate, why that is so."""
        try:
            yield
        except RuntimeError as error:
            if not _is_of_communication(error):
                raise
            raise self.reason() from None

    def reason(self) -> SeedbedError:
        """Return why the processes could not communicate."""
        raise NotImplementedError

    def end_process(self, reason: SeedbedError) -> None:
        """Write and say what is known, and end this process, whatever its other threads do."""
        with self._ending:  # Never left: the other thread that comes here waits for the end.
            code = 1
            with suppress(Exception):
                code = self._end(reason)
            self.launcher.end()
            with suppress(Exception):
                tell_of_sudden_end(code)
            os._exit(code)


class _WatchOthers(_Watch):
    """Thread of the first process."""

    def run(self) -> None:
        while not self.over.wait(SECONDS_BETWEEN_LOOKS):
            number = self.received()
            # Until all have met, the thread of the training may wait for them, deaf to signals.
            if number is not None and not torch.distributed.is_initialized():
                if not self.over.wait(SECONDS_TO_END):
                    self.end_process(Interrupted(number))
                return
            lost = self.launcher.lost()
            if lost is None:
                continue
            # Where the processes have met, torch tells the training as soon as it communicates.
            met = torch.distributed.is_initialized() and lost[1] != WAITED_IN_VAIN
            if not self.over.wait(self.timeout if met else SECONDS_TO_END):
                self.end_process(self.reason())

    def reason(self) -> SeedbedError:
        """Return why the run ends: what became of another process, or that it does not answer."""
        deadline = time.monotonic() + SECONDS_TO_END
        while (lost := self.launcher.lost()) is None and time.monotonic() < deadline:
            time.sleep(0.05)  # A connection ends a little earlier than its process.
        if lost is None:
            return _no_answer("another process", self.timeout)
        return _why_lost(*lost, self.timeout)


class _WatchFirst(_Watch):
    """Thread of a process that the first one has started."""

    def __init__(self, launcher: Launcher, timeout: float, end: End) -> None:
        super().__init__(launcher, timeout, end)
        self.first = int(os.environ.get(FIRST, "0"))

    def run(self) -> None:
        # Counted, not measured: this process may be stopped as well, for as long as somebody likes.
        looks = 0
        while self.first and not self.over.wait(SECONDS_BETWEEN_LOOKS):
            looks = looks + 1 if self._first_is_stopped() else 0
            self._end_without_first(stopped=looks * SECONDS_BETWEEN_LOOKS > self.timeout)

    def _first_is_stopped(self) -> bool:
        return state_of(self.first) == "T"

    def _end_without_first(self, stopped: bool) -> None:
        if os.getppid() != self.first:
            self.end_process(ProcessLost("the first process of the run was killed, so all ended"))
        if stopped:
            os.kill(self.first, signal.SIGKILL)
            self.end_process(_no_answer("the first process", self.timeout))

    def reason(self) -> SeedbedError:
        """End this process: with what is known if the first one cannot, else silently."""
        deadline = time.monotonic() + SECONDS_TO_END
        while self.first and time.monotonic() < deadline:
            self._end_without_first(self._first_is_stopped())
            time.sleep(0.05)
        os._exit(WAITED_IN_VAIN)  # The first process sees it, and says so.

    def stay(self) -> None:
        """Wait to be ended by the first process, or by the thread if that one cannot."""
        while self.first:
            time.sleep(SECONDS_BETWEEN_LOOKS)


def _why_lost(rank: int, code: int, timeout: float) -> SeedbedError:
    number = -code if code < 0 else code - 128
    if number in SIGNALS:
        return Interrupted(number)
    if code == WAITED_IN_VAIN:
        return ProcessLost(
            f"process {rank} waited {timeout:g} s for another in vain, so all were ended; if that "
            "was only slow, raise trainer.timeout"
        )
    how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with code {code}"
    return ProcessLost(f"process {rank} of the run {how}, so all were ended")


def _no_answer(which: str, timeout: float) -> ProcessLost:
    return ProcessLost(
        f"{which} did not answer for {timeout:g} s, so all were ended; if it was only slow, raise "
        "trainer.timeout"
    )


def _is_of_communication(error: RuntimeError) -> bool:
    """Tell whether torch says that it could not communicate; Gloo's errors have no class."""
    if isinstance(error, torch.distributed.DistError):
        return True
    return any(word in str(error) for word in ("gloo/transport", "Gloo", "NCCL"))
