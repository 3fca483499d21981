"""A verb as a Hydra application: compose, check, run; errors and exit codes as one contract.

Hydra composes, prints (`--cfg`, `--info`, `--help`), completes and sweeps. What is added here: the
config is checked before any folder is made, an error is one or two lines, and the exit code says
what happened: 0 done, 1 a run failed, 2 the command or the config is wrong, 128 + n stopped by
signal n.
"""

import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from seedbed.cli.composition import (
    StopBeforeRun,
    composed_once,
    files_within_limits,
    only_own_or_trusted,
    own_files_first,
    package_required,
)
from seedbed.cli.kept_sources import forget_kept_sources, use_kept_sources
from seedbed.cli.requeueing import Requeueing
from seedbed.config.changes import replays, resumes
from seedbed.config.composition_errors import explain
from seedbed.config.groups import COMPOSES, config_folder, is_of_sweep
from seedbed.config.overrides import (
    refuse_repeated_keys,
    trusted_modules,
    with_columns_quoted,
    with_free_keys,
    with_options_of_classes,
    with_paths_quoted,
    words_of,
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
from seedbed.config.trust.module_path import reach
from seedbed.config.trust.restriction import restricted_to, restriction
from seedbed.config.validation import check
from seedbed.errors import (
    ConfigError,
    DiskFull,
    Interrupted,
    SeedbedError,
    disk_full,
    of_a_path,
    out_of_memory,
    stopped_by,
)
from seedbed.experiment.inferred_facts import register_inferred
from seedbed.experiment.weights.source import name_latest
from seedbed.process.output import plain_message
from seedbed.process.signals import UntilItBegins
from seedbed.runs.claim import Claim, claim, folder_named, require_free
from seedbed.runs.folder import HYDRA, RunFolder
from seedbed.runs.hydra_job import (
    interpolated_as_in_run,
    require_hydra_folder,
    resolve_sweep_folder,
    secrets_left_out,
    written_by_run,
)
from seedbed.sweep.continuing.words import words_for_hydra
from seedbed.sweep.job_runner import FAILED, WRONG_CONFIG, JobResult

FULL_ERROR = "HYDRA_FULL_ERROR"
# Of the verbs that compose the config of another one: Hydra makes no folder for them.
_WRITES_NOTHING = ("hydra.run.dir=.", "hydra.output_subdir=null")

Function = Callable[[DictConfig, list[str]], int]


class CheckBeforeRun(Callback):
    """Hydra callback that checks the composed config before Hydra makes a folder.

    Of a sweep it would see the axes in their sweep syntax; its jobs are checked one by one.
    """

    # Hydra makes this callback by its name alone; the verb's own check is put here before.
    prepare: ClassVar[Any] = staticmethod(lambda config: None)
    # What the command has claimed.
    claimed: ClassVar[Claim | None] = None
    # What queues a Slurm job again.
    requeueing: ClassVar[Requeueing | None] = None
    # Whether the composed config is that of a run that is about to start.
    starts_run: ClassVar[bool] = True

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Raise StopBeforeRun where the sweep's folder holds something already."""
        if "optimizer" not in config or not self.starts_run:
            raise StopBeforeRun from ConfigError(
                "only seedbed train sweeps; use this verb without -m"
            )
        try:
            key = "hydra.sweep.dir"
            resolve_sweep_folder(config)
            require_free(folder_named(str(config.hydra.sweep.dir), key), key)
            if self.requeueing is not None:
                self.requeueing.asked(config)
        except Exception as error:
            raise StopBeforeRun from error

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Claim the folder of a run; raise StopBeforeRun where the run must not start."""
        try:
            with interpolated_as_in_run(config):
                if not self.starts_run and "optimizer" in config:
                    if config.resume is not None:
                        raise ConfigError("resume: only seedbed train goes on with a run")
                    _check_trust(config.get("trust") or ())
                    return
                check(config, cut_short=bool(config.hydra.runtime.choices.get("debug")))
                use_kept_sources(config)
                _check_trust(config.get("trust") or ())
                if "optimizer" in config:
                    _check_no_sweep(config)
                    self._start(config)
            if "run" in config:
                from seedbed.sweep.results.members import open_run_or_sweep

                open_run_or_sweep(config.run, config.paths.outputs)
        except Exception as error:
            raise StopBeforeRun from of_a_path(error) or out_of_memory(error) or error

    def _start(self, config: DictConfig) -> None:
        """Prepare a run, and claim its folder; a process that works for another one does not."""
        require_hydra_folder(config)
        if config.resume is not None and os.environ.get("LOCAL_RANK") is None:
            raise ConfigError("resume: only the command says it: seedbed train resume=RUN")
        if config.schedule_of is not None and os.environ.get("LOCAL_RANK") is None:
            raise ConfigError(
                "schedule_of: only the command says it: seedbed train schedule_of=TRIAL"
            )
        name_latest(config)
        key = "hydra.run.dir"
        folder = folder_named(str(config.hydra.run.dir), key)
        is_first = os.environ.get("LOCAL_RANK", "0") == "0"
        if is_first:
            require_free(folder, key)
        self.prepare(config)
        if is_first:
            CheckBeforeRun.claimed = claim(folder, key, HYDRA)
            if self.requeueing is not None:
                self.requeueing.run_begins(folder, config)


def _check_no_sweep(config: DictConfig) -> None:
    """Raise ConfigError where the command says something about a sweep, and is none.

    A preset may: its trials train by themselves as well.
    """
    for word in words_of(config.hydra.overrides.task):
        key = word.partition("=")[0].lstrip("+")
        group = key.partition(".")[0]
        if key != group and is_of_sweep(key):
            raise ConfigError(f"{word}: the keys of {group} need -m: seedbed train -m {word}")
        if is_of_sweep(key) and config[group].get("_target_") is not None:
            raise ConfigError(
                f"{word}: a single run has no other trials; it needs -m: seedbed train -m {word}"
            )


def _check_trust(modules: Iterable[str]) -> None:
    """Raise ConfigError where a trusted module does not exist."""
    for module in modules:
        reach(module)
        try:
            exists = find_spec(module) is not None
        except Exception:  # The package that it would be in does not exist, or fails.
            exists = False
        if not exists:
            raise ConfigError(
                f"trust: no module '{module}', neither in the working folder nor installed"
            )


def run_application(
    verb: str,
    typed: list[str],
    function: Function,
    project: Project,
    prepare: Callable[[DictConfig], None] = lambda config: None,
) -> NoReturn:
    """Run `function` on the config that Hydra composes for the verb, and exit.

    `typed` are the arguments of the command line, which follow those of the project file.
    `function` takes the config and the full command line, and returns the exit code of its job. It
    may raise a SeedbedError, which is shown as its message alone. `prepare` takes the config of a
    run that is about to start, before its folder is made, and may refuse it so, too.
    """
    CheckBeforeRun.requeueing = None
    if verb != "train" or os.environ.get("LOCAL_RANK"):  # Or it works for another process.
        _run_application(verb, typed, function, project, prepare)
    with Requeueing(typed, _outputs(typed, project)) as requeueing, stopped_early():
        CheckBeforeRun.requeueing = requeueing

        def asked(config: DictConfig) -> None:
            requeueing.asked(config)
            prepare(config)

        _run_application(verb, requeueing.words, function, project, asked)


def _outputs(words: Iterable[str], project: Project) -> str:
    """Return the folder of all outputs that the words of a command say, or its project."""
    said = [value_of(word) for word in words if key_of(word) == "paths.outputs"]
    return said[-1] if said else project.outputs


@contextmanager
def stopped_early() -> Iterator[None]:
    """End the process where a signal comes before anything has begun, and say so."""
    handler = Jobs.until_it_begins = UntilItBegins()
    try:
        with handler:
            yield
    except SystemExit:
        if handler.received is not None and not handler.begun:
            sys.stderr.write(f"seedbed: {stopped_by(handler.received)}; nothing had begun\n")
        raise
    finally:
        Jobs.until_it_begins = None


def _run_application(
    verb: str,
    typed: list[str],
    function: Function,
    project: Project,
    prepare: Callable[[DictConfig], None],
) -> NoReturn:
    inherited = project.arguments_before(COMPOSES.get(verb, verb), typed)
    try:
        arguments = with_paths_quoted(with_columns_quoted([*inherited, *typed]))
        if verb in ("train", "inspect"):
            arguments = with_free_keys(with_options_of_classes(arguments))
    except ConfigError as error:
        sys.exit(_show(error, WRONG_CONFIG))
    set_inherited(with_options_of_classes(inherited))
    register_resolvers(named_config_folder(arguments)[0])
    register_inferred()
    register_schema()
    # Hydra would read the name of this option as a number.
    arguments = ["debug='nan'" if word == "debug=nan" else word for word in arguments]
    jobs = Jobs(verb, [sys.argv[0], verb, *arguments], function, os.environ.get(FULL_ERROR))
    full_error = jobs.full_error

    def prepared(config: DictConfig) -> None:
        with environment_variable(FULL_ERROR, jobs.users_full_error):
            prepare(config)

    if verb == "train" and (resumes(typed) or replays(typed)):
        _go_on(arguments, jobs, prepared, project, replays=replays(typed))
    CheckBeforeRun.prepare = staticmethod(prepared)
    folder = str(config_folder())
    composed = COMPOSES.get(verb, verb)
    CheckBeforeRun.starts_run = composed == verb
    application = hydra.main(version_base="1.3", config_path=folder, config_name=composed)(jobs)
    overrides: list[str] = []
    CheckBeforeRun.claimed = None
    try:
        overrides = _overrides(verb, arguments)
        refuse_repeated_keys(overrides)
        jobs.trust = trusted_modules(overrides)
        # Hydra reads overrides in one row only; flags may stand anywhere.
        flags = [word for word in arguments if word not in overrides]
        sys.argv = [sys.argv[0], *flags, *words_for_hydra(overrides)]
        if composed != verb:
            sys.argv += [*_WRITES_NOTHING, f"hydra.help.template=${{help:{verb}}}"]
        # Hydra then hands every exception to us instead of printing it in its own way.
        with (
            environment_variable(FULL_ERROR, "1"),
            composed_once(arguments),
            package_required(),
            only_own_or_trusted(jobs.trust),
            files_within_limits(),
            own_files_first(),
            secrets_left_out(),
        ):
            application()
    except StopBeforeRun as stop:
        cause = stop.__cause__ or stop
        full = disk_full(cause)
        if full is not None and not full_error:
            sys.exit(_show(full, FAILED))
        if isinstance(cause, OmegaConfBaseException):
            cause = explain(cause, composed, overrides)
        if full_error or not isinstance(cause, SeedbedError):
            raise cause from None
        sys.exit(_show(with_origin(str(cause), inherited, project), WRONG_CONFIG))
    except Exception as error:
        # What goes wrong with a sweep on its way, a full disk for one, is no bug either.
        known = jobs.started and isinstance(error, SeedbedError)
        told = error if known else disk_full(error) or of_a_path(error)
        if told is not None and not full_error:
            begun = jobs.started or isinstance(told, DiskFull)
            sys.exit(_show(told, FAILED if begun else WRONG_CONFIG))
        # Before the first job starts, whatever goes wrong is in the command or in a config file.
        if full_error or jobs.started:
            raise
        explained = explain(error, composed, overrides)
        sys.exit(_show(with_origin(str(explained), inherited, project), WRONG_CONFIG))
    finally:
        forget_kept_sources()
        if not jobs.started:
            _withdraw_claim()
    sys.exit(jobs.code)


def _go_on(
    arguments: list[str],
    jobs: "Jobs",
    prepare: Callable[[DictConfig], None],
    project: Project,
    *,
    replays: bool,
) -> NoReturn:
    """Go on with a run, or follow the schedule of another one, and exit.

    Until it has started, whatever goes wrong is in the command.
    """
    from seedbed.cli.replaying import ReplayCommand  # 10 ms, for few commands.
    from seedbed.cli.resuming import ResumeCommand

    CheckBeforeRun.claimed = None
    overrides: list[str] = []
    try:
        overrides = _overrides("train", arguments)
        refuse_repeated_keys(overrides)
        jobs.trust = trusted_modules(overrides)
        _check_trust(jobs.trust)
        flags = [word for word in arguments if word not in overrides]
        kind = ReplayCommand if replays else ResumeCommand
        command = kind(overrides, flags, project.outputs)
        with (
            environment_variable(FULL_ERROR, "1"),
            restricted_to(jobs.trust, overrides),
            files_within_limits(),
            own_files_first(),
            command.opened() as folder,
        ):
            config = command.config(folder)
            task = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
            if command.shows_config:
                print(OmegaConf.to_yaml(task, resolve=True))
                sys.exit(0)
            HydraConfig.instance().set_config(config)
            if replays:
                _begin(config, prepare)
            else:
                prepare(config)
            jobs(task)
    except Exception as error:
        if replays and not jobs.started:
            _withdraw_claim()
        if jobs.full_error or jobs.started:
            raise
        told = disk_full(error) or of_a_path(error) or out_of_memory(error) or error
        code = FAILED if isinstance(told, DiskFull) else WRONG_CONFIG
        sys.exit(_show(explain(told, "train", overrides), code))
    sys.exit(jobs.code)


def _begin(config: DictConfig, prepare: Callable[[DictConfig], None]) -> None:
    """Prepare a run that Hydra has not composed, and claim its folder and write its config."""
    from seedbed.cli.replaying import write_hydra_files

    key, folder = "hydra.run.dir", folder_named(str(config.hydra.run.dir), "hydra.run.dir")
    require_free(folder, key)
    prepare(config)
    CheckBeforeRun.claimed = claim(folder, key, HYDRA)
    write_hydra_files(config, folder)
    if CheckBeforeRun.requeueing is not None:
        CheckBeforeRun.requeueing.run_begins(folder, config)


def _withdraw_claim() -> None:
    """Take back what there is of a run that did not come to start."""
    if (claimed := CheckBeforeRun.claimed) is not None:
        claimed.withdraw(RunFolder(claimed.path).written())


@contextmanager
def environment_variable(name: str, value: str | None) -> Iterator[None]:
    """Set an environment variable for a while; None removes it."""
    before = os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


def _overrides(verb: str, arguments: list[str]) -> list[str]:
    """Return the arguments that are no flags.

    Raises ConfigError for flags that Hydra does not have, instead of showing its whole usage.
    """

    def refuse(message: str) -> NoReturn:
        raise ConfigError(f"{message}; see seedbed {verb} --hydra-help")

    parser = get_args_parser()
    parser.error = refuse  # type: ignore[method-assign]
    parsed = parser.parse_intermixed_args(arguments)
    if parsed.experimental_rerun is not None:  # It would unpickle a file.
        refuse("--experimental-rerun: seedbed repeat run=DIR trains a run again")
    words: list[str] = parsed.overrides
    return words


class Jobs:
    """Task function of Hydra's: runs the jobs that it composes, one or those of a sweep.

    A JobRunner: what a job did is returned. `code` is the exit code of the command, for Hydra
    drops what a task function returns.
    """

    # Acts on signals until a job or a sweep begins.
    until_it_begins: ClassVar[UntilItBegins | None] = None

    def __init__(
        self, verb: str, command: list[str], function: Function, full_error: str | None
    ) -> None:
        """`full_error` is what the user has set HYDRA_FULL_ERROR to."""
        self.verb = verb
        self.command = command
        self.function = function
        self.users_full_error = full_error
        self.full_error = full_error == "1"
        self.started = False
        self.code = 0
        # The modules that the command trusts: never those that a config says.
        self.trust: tuple[str, ...] = ()
        # The errors whose tracebacks were shown.
        self._shown: set[tuple[str, str]] = set()

    def __call__(self, config: DictConfig) -> JobResult:
        """Run one job; what goes wrong is shown and does not stop the others of a sweep."""
        self._begin()
        result = self._run(config)
        self.code = result.code
        return result

    def with_command(self, command: list[str]) -> "Jobs":
        """Return a runner whose jobs say that this was their command."""
        other = copy(self)
        other.command = command
        return other

    def _begin(self) -> None:
        """Take note that what fails from now on is no mistake in the command."""
        self.started = True
        if self.until_it_begins is not None:
            self.until_it_begins.begun = True

    def sweep_begins(
        self, folder: Path, modules: Callable[[], Sequence[str]], requeue: bool
    ) -> None:
        """Take note of what a sweep that begins is."""
        self._begin()
        if CheckBeforeRun.requeueing is not None:
            CheckBeforeRun.requeueing.sweep_begins(folder, modules, requeue)

    def sweep_ended(self, code: int) -> None:
        """Let the command end with the exit code of a sweep."""
        self.code = code

    def _run(self, config: DictConfig) -> JobResult:
        try:
            return JobResult(self._checked(config))
        except Interrupted as interruption:
            sys.exit(128 + interruption.signal_number)
        except KeyboardInterrupt:
            self._clean_up(config)
            raise
        except Exception as error:
            if self.full_error:
                raise
            return self._failed(config, error)

    def _checked(self, config: DictConfig) -> int:
        # Hydra calls back before a single run, but not before the jobs of a sweep.
        composed = HydraConfig.get()
        if composed.mode == RunMode.MULTIRUN:
            check(config, cut_short=bool(composed.runtime.choices.get("debug")))
        # A verb that reads a run makes what somebody else may have named.
        trust = self.trust if "run" in config else restriction()
        with environment_variable(FULL_ERROR, self.users_full_error), restricted_to(trust):
            return self.function(config, self.command)

    def _failed(self, config: DictConfig, error: Exception) -> JobResult:
        refused: SeedbedError | None = of_a_path(error) or out_of_memory(error)
        if refused is not None and self.verb == "train":  # The run had begun.
            refused = SeedbedError(str(refused))
        error = disk_full(error) or refused or error
        if isinstance(error, DiskFull) and HydraConfig.get().mode == RunMode.MULTIRUN:
            raise error  # The other jobs could not write either.
        code = WRONG_CONFIG if isinstance(error, ConfigError) else FAILED
        if code == WRONG_CONFIG:
            self._clean_up(config)
        if not isinstance(error, SeedbedError):
            self.show_traceback(error)
        elif HydraConfig.get().mode != RunMode.MULTIRUN:  # A sweep says which job it was.
            _show(error, code)
        return JobResult(code, str(error))

    def show_traceback(self, error: Exception) -> None:
        """Print where an error comes from; jobs that fail alike show it once."""
        *_, origin = traceback.extract_tb(error.__traceback__) or [None]
        shown = (repr(error), str(origin))
        if shown not in self._shown:
            self._shown.add(shown)
            traceback.print_exception(error)

    def _clean_up(self, config: DictConfig) -> None:
        """Take back what this process has written; for the jobs of a sweep the sweep does."""
        if (claimed := CheckBeforeRun.claimed) is not None:
            claimed.withdraw(written_by_run(claimed.path, config, HydraConfig.get().job.name))


def _show(error: Exception | str, code: int) -> int:
    sys.stderr.write(f"seedbed: {plain_message(str(error))}\n")
    return code
