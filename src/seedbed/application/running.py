"""A verb as a Hydra application: compose, check, run; errors as exceptions.

Hydra composes, prints (`--cfg`, `--info`, `--help`), completes and sweeps. What is added here: the
config is checked before any folder is made, and an error is one or two lines. The command line and
Python both run their commands so.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra import version
from hydra._internal.utils import _run_hydra, get_args_parser
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from seedbed.application.before_run import CheckBeforeRun, Requeue, withdraw_claim
from seedbed.application.composition import (
    StopBeforeRun,
    composed_once,
    files_within_limits,
    only_own_or_trusted,
    own_files_first,
    own_launchers,
    package_required,
)
from seedbed.application.flags import overrides_among
from seedbed.application.jobs import FULL_ERROR, Function, Jobs
from seedbed.application.kept_sources import forget_kept_sources
from seedbed.config.changes import replays, resumes
from seedbed.config.composition_errors import explain, refuse_folders
from seedbed.config.groups import COMPOSES, config_folder
from seedbed.config.overrides import (
    refuse_repeated_keys,
    trusted_modules,
    with_columns_quoted,
    with_free_keys,
    with_options_of_classes,
    with_paths_quoted,
)
from seedbed.config.project import (
    Project,
    key_of,
    named_config_folder,
    set_inherited,
    value_of,
    with_origin,
)
from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema.store import register_schema
from seedbed.errors import (
    ConfigError,
    SeedbedError,
    disk_full,
    of_a_path,
)
from seedbed.experiment.inferred_facts import register_inferred
from seedbed.process.environment import environment_variable
from seedbed.process.signals import ending_until_it_begins
from seedbed.runs.hydra_job import secrets_left_out
from seedbed.sweep.continuing.words import words_for_hydra

# Of the verbs that compose the config of another one: Hydra makes no folder for them.
_WRITES_NOTHING = ("hydra.run.dir=.", "hydra.output_subdir=null")


@dataclass(frozen=True)
class Command:
    """Command of a verb.

    Attributes:
        verb: The verb.
        typed: Its words, which follow those of the project file.
        function: Takes the config and the full command line, and returns the exit code of its job.
            It may raise a SeedbedError.
        project: The project of the working folder.
        prepare: Takes the config of a run that is about to start, before its folder is made, and
            may refuse it so, too.
        program: The first word of the command line.
        requeueing: What is done about the job of a cluster; None (default): nothing.
        in_script: Whether Python calls it, to which what is wrong is raised.
    """

    verb: str
    typed: Sequence[str]
    function: Function
    project: Project
    prepare: Callable[[DictConfig], None] = lambda config: None
    program: str = "seedbed"
    requeueing: Requeue | None = None
    in_script: bool = False

    @property
    def inherited(self) -> list[str]:
        """The words of the project file."""
        return self.project.arguments_before(COMPOSES.get(self.verb, self.verb), self.typed)


@dataclass(frozen=True)
class Ended:
    """What became of a command that ran to its end.

    Attributes:
        code: The exit code.
        folder: Of the run or the sweep; None where nothing has begun.
        error: What went wrong with the run; of the jobs of a sweep their records say it.
    """

    code: int
    folder: Path | None = None
    error: Exception | None = None


def run_application(command: Command) -> Ended:
    """Run a command on the config that Hydra composes for it.

    Raises:
        ConfigError: The command or the config is wrong, and nothing has begun.
        SeedbedError: What has begun cannot be brought to its end, as on a full disk.
        SystemExit: Hydra has shown what was asked for, or a signal has stopped what ran.
    """
    CheckBeforeRun.requeueing = command.requeueing
    try:
        return _run(command)
    except Exception:
        if Jobs.until_it_begins is not None:
            Jobs.until_it_begins.end_if_stopped()
        raise
    finally:
        _end_threads()
        CheckBeforeRun.requeueing = None
        CheckBeforeRun.prepare = staticmethod(lambda config: None)
        CheckBeforeRun.claimed = None


def _end_threads() -> None:
    """End the thread of jobs that trained side by side, where there were some."""
    rows: Any = sys.modules.get("seedbed.engines.fused.rows.shuffled_rows")
    if rows is not None:
        rows.end_background()


def arguments_of(command: Command) -> list[str]:
    """Return the words of a command with those of the project, as Hydra needs them.

    What the composition needs besides is registered.
    """
    inherited = command.inherited
    arguments = with_paths_quoted(with_columns_quoted([*inherited, *command.typed]))
    if command.verb in ("train", "inspect"):
        arguments = with_free_keys(with_options_of_classes(arguments))
    set_inherited(with_options_of_classes(inherited))
    register_resolvers(named_config_folder(arguments)[0])
    register_inferred()
    register_schema()
    # Hydra would read the name of this option as a number.
    return ["debug='nan'" if word == "debug=nan" else word for word in arguments]


def _run(command: Command) -> Ended:
    arguments, verb = arguments_of(command), command.verb
    words = [command.program, verb, *arguments]
    jobs = Jobs(verb, words, command.function, os.environ.get(FULL_ERROR))
    jobs.typed, jobs.in_script = list(command.typed), command.in_script

    def prepare(config: DictConfig) -> None:
        with environment_variable(FULL_ERROR, jobs.users_full_error):
            if command.requeueing is not None:
                command.requeueing.asked(config)
            command.prepare(config)

    if verb == "train" and (resumes(command.typed) or replays(command.typed)):
        from seedbed.application.going_on import go_on  # For few commands.

        go_on(arguments, jobs, prepare, command.project, replays=replays(command.typed))
    else:
        CheckBeforeRun.prepare = staticmethod(prepare)
        CheckBeforeRun.claimed = None
        _compose_and_run(command, arguments, jobs)
    return Ended(jobs.code, jobs.folder, jobs.error)


def _compose_and_run(command: Command, arguments: list[str], jobs: Jobs) -> None:
    """Let Hydra compose and run; raises what the command is told of it."""
    verb = command.verb
    composed = COMPOSES.get(verb, verb)
    CheckBeforeRun.starts_run = composed == verb
    overrides: list[str] = []
    try:
        overrides = overrides_among(verb, arguments)
        if verb == "inspect":
            refuse_folders(overrides)
        refuse_repeated_keys(overrides)
        jobs.trust = trusted_modules(overrides)
        # Hydra reads overrides in one row only; flags may stand anywhere.
        flags = [word for word in arguments if word not in overrides]
        words = [*flags, *words_for_hydra(overrides)]
        if composed != verb:
            words += [*_WRITES_NOTHING, f"hydra.help.template=${{help:{verb}}}"]
        with composing(arguments, jobs.trust):
            run_hydra(words, composed, jobs)
    except StopBeforeRun as stop:
        cause = stop.__cause__ or stop
        full = disk_full(cause)
        if full is not None and not jobs.full_error:
            raise full from cause
        if isinstance(cause, OmegaConfBaseException):
            cause = explain(cause, composed, overrides)
        if jobs.full_error or not isinstance(cause, SeedbedError):
            raise cause from None
        raise refusal(cause, command) from None
    except Exception as error:
        # What goes wrong with a sweep on its way, a full disk for one, is no bug either.
        known = jobs.started and isinstance(error, SeedbedError)
        told = error if known else disk_full(error) or of_a_path(error)
        if told is not None and not jobs.full_error:
            if jobs.started and isinstance(told, ConfigError):
                raise SeedbedError(str(told)) from error
            raise told from None if told is error else error
        # Before the first job starts, whatever goes wrong is in the command or in a config file.
        if jobs.full_error or jobs.started:
            raise
        raise refusal(explain(error, composed, overrides), command) from None
    finally:
        forget_kept_sources()
        if not jobs.started:
            withdraw_claim()


def refusal(error: Exception, command: Command) -> ConfigError:
    """Return what a command is refused with, and which words are those of the project file."""
    text = with_origin(str(error), command.inherited, command.project)
    if isinstance(error, ConfigError) and text == str(error):
        return error
    return ConfigError(text)


@contextmanager
def composing(arguments: list[str], trust: Sequence[str]) -> Iterator[None]:
    """Let Hydra compose within what is trusted, and hand every exception to us.

    It would print them in its own way.
    """
    with ExitStack() as stack:
        for context in (
            environment_variable(FULL_ERROR, "1"),
            composed_once(arguments),
            package_required(),
            only_own_or_trusted(trust),
            files_within_limits(),
            own_files_first(),
            own_launchers(),
            secrets_left_out(),
        ):
            stack.enter_context(context)
        yield


def run_hydra(words: Sequence[str], config_name: str, jobs: Jobs) -> None:
    """Let Hydra do what the words of a command line say: compose and run, show, or complete."""
    version.setbase("1.3")
    parser = get_args_parser()
    _run_hydra(
        args=parser.parse_args(list(words)),
        args_parser=parser,
        task_function=jobs,
        config_path=str(config_folder()),
        config_name=config_name,
    )


def outputs_of(words: Iterable[str], project: Project) -> str:
    """Return the folder of all outputs that the words of a command say, or its project."""
    said = [value_of(word) for word in words if key_of(word) == "paths.outputs"]
    return said[-1] if said else project.outputs


@contextmanager
def stopped_early() -> Iterator[None]:
    """End the process where a signal comes before anything has begun, and say so."""
    with ending_until_it_begins() as Jobs.until_it_begins:
        try:
            yield
        finally:
            Jobs.until_it_begins = None
