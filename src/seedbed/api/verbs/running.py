"""A command from Python: run in this process, one at a time, and nothing of it is left behind."""

import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf

from seedbed.api.process_state import process_as_it_was
from seedbed.api.trust import said_in_python
from seedbed.application.running import Command, Ended, run_application, stopped_early
from seedbed.config.project import Project, find_project
from seedbed.config.trust.module_path import set_folders
from seedbed.config.trust.restriction import untrusted_modules
from seedbed.errors import ConfigError, Interrupted, SeedbedError, listed, stopped_by
from seedbed.process import garbage_collection
from seedbed.process.environment import environment_variable
from seedbed.process.program import PROGRAM
from seedbed.process.signals import second_signal_raises
from seedbed.terminal.telling import Told, telling

if TYPE_CHECKING:
    from types import ModuleType

# The thread in which a command runs.
_runs_in: list[int] = []


class Begun:
    """What has begun: the folder, and the modules of the user's that its configs name.

    It stands where the command line queues the job of a cluster again.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.modules: Sequence[str] = ()
        # Asked for the modules while the configs can be read.
        self.named: Callable[[], Sequence[str]] = tuple

    def asked(self, config: DictConfig) -> None:
        """Raise ConfigError where a job of a cluster is to be queued again: it is the script's."""
        if OmegaConf.select(config, "trainer.requeue", default=False):
            raise ConfigError(
                "trainer.requeue=true: from Python the job is that of your script, which would "
                "begin anew; leave it out, or use the command line"
            )

    def run_begins(self, folder: Path, config: DictConfig) -> None:
        """Take note of a run."""
        keys = [str(key) for key in config if key != "hydra"]
        plain = OmegaConf.to_container(OmegaConf.masked_copy(config, keys), resolve=True)
        modules = untrusted_modules(plain)
        self.folder, self.named = folder, lambda: modules

    def sweep_begins(self, folder: Path, modules: Callable[[], Sequence[str]], asks: bool) -> None:
        """Take note of a sweep."""
        self.folder, self.named = folder, modules


@contextmanager
def command_in_process(told: Told) -> Iterator[Project]:
    """Context in which a command may run; gives the project of the working folder.

    Commands of other threads wait for it.

    Raises:
        SeedbedError: One runs already in this thread.
        ConfigError: The project file is wrong.
    """
    if _runs_in == [threading.get_ident()]:
        raise SeedbedError(
            "a run cannot begin within another one; if your script is imported for its classes, "
            "keep what it calls below: if __name__ == '__main__':"
        )
    with (
        said_in_python(),
        process_as_it_was(),
        # No Python that is started puts the working folder first on its module path.
        environment_variable("PYTHONSAFEPATH", "1"),
        telling(told),
        second_signal_raises(),
    ):
        _runs_in[:] = [threading.get_ident()]
        try:
            project = find_project()
            parents = [str(project.file.parent)] if project.file else []
            set_folders([str(Path.cwd()), *parents])
            yield project
        finally:
            _runs_in.clear()


def run_train(words: Sequence[str], told: Told) -> tuple[Ended, Begun]:
    """Run the words of `seedbed train` in this process.

    Raises:
        ConfigError: They are wrong, and nothing was written.
        SeedbedError: What has begun cannot be brought to its end, as on a full disk.
        KeyboardInterrupt: It was interrupted, after it has saved itself.
        Interrupted: Another signal has stopped it, whose own handler has run since.
    """
    begun, stopped = Begun(), 0
    _warn_of_edited_modules()
    try:
        with command_in_process(told) as project, stopped_early():
            _let_others_start_as_command()
            if "torch" not in sys.modules:
                garbage_collection.pause()
            ended = run_application(of_train(words, project, begun))
            begun.modules = begun.named()
            return ended, begun
    except SystemExit as end:
        if not isinstance(end.code, int) or end.code <= 128:
            raise
        stopped = end.code - 128
    raise _stopped(stopped, begun)


def _warn_of_edited_modules() -> None:
    """Warn of modules that are used as they were; the record says so, too."""
    sources: Any = sys.modules.get("seedbed.runs.provenance.sources")
    if sources is not None and (edited := sources.edited_sources()):
        warnings.warn(
            f"{listed(edited, 5)}: edited since imported, and used as it was; importlib.reload "
            "the module, or restart",
            UserWarning,
            stacklevel=4,
        )


def of_train(words: Sequence[str], project: Project, begun: Begun | None = None) -> Command:
    """Return the command `seedbed train` with these words."""
    return Command(
        "train", words, _train, project, _prepare, "seedbed", requeueing=begun, in_script=True
    )


def _stopped(number: int, begun: Begun) -> BaseException:
    """Return what is raised where a signal has stopped a command.

    The handlers of before are back, and one that is not of Ctrl-C is called: as a rule it ends the
    process.
    """
    if number == signal.SIGINT:
        return KeyboardInterrupt(_going_on(number, begun))
    signal.raise_signal(number)
    return Interrupted(number)


def _going_on(number: int, begun: Begun) -> str:
    if begun.folder is None:
        return stopped_by(number)
    return f"{stopped_by(number)}; it goes on with resume={str(begun.folder)!r}"


def _let_others_start_as_command() -> None:
    """Let the processes that a run of several starts run the command line, not this program."""
    sys.argv = [PROGRAM, *sys.argv[1:]]


def _module() -> "ModuleType":
    with garbage_collection.paused_for("seedbed.commands.train"):
        from seedbed.commands import train  # Only when asked: it imports torch.
    garbage_collection.resume()
    return train


def _prepare(config: DictConfig) -> None:
    _module().prepare(config)


def _train(config: DictConfig, command: list[str]) -> int:
    code: int = _module().train(config, command)
    return code
