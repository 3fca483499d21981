"""`seedbed.train`: one experiment, in this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from seedbed.api.places import folder_of
from seedbed.api.run import Run
from seedbed.api.verbs.progress import RunProgress
from seedbed.api.verbs.running import run_train
from seedbed.api.verbs.words import Override, Value, require_keywords, words_of
from seedbed.application.running import Ended
from seedbed.errors import ConfigError, RunDiverged, RunFailed
from seedbed.terminal.listener import listening
from seedbed.terminal.telling import Told

_SWEEPS = "sweep."


def train(
    *overrides: Override,
    resume: str | os.PathLike[str] | Run | None = None,
    config_dir: str | os.PathLike[str] | None = None,
    progress: bool = True,
    verbose: bool = False,
    check: bool = True,
    **values: Value,
) -> Run:
    """Train one experiment as `seedbed train` does, and return its run.

    The words are those of the command line, and so are the checks, the folder and the project file.
    Nothing of it stays in the process but what was imported: its random numbers, its settings and
    its signal handlers are as before. Runs of several threads follow one another.

    Args:
        *overrides: Words as they are typed in a shell, without its quotes, such as
            `"data=crop_yield"` and `"optimizer.lr=1e-5"`; or mappings of Python values by key, such
            as `{"optimizer.lr": 1e-5}`. A text among values is taken as it is.
        resume: A run, its folder, or `latest`, which goes on; None (default): a new one begins.
        config_dir: Folder of configs of your own; None (default): that of the project file.
        progress: Whether to show epoch and metrics on stderr, or below the cell of a notebook.
        verbose: Whether to print what the command line prints.
        check: Whether a run that fails or diverges raises; else its status says so.
        **values: Python values by the name of a group or key: `seed=1`, `model="mlp"`,
            `optimizer={"lr": 1e-5}`.

    Returns:
        The run, opened from its folder.

    Raises:
        seedbed.ConfigError: The config is wrong; nothing was written.
        seedbed.RunDiverged: The training loss is no longer finite.
        seedbed.RunFailed: The run failed; the cause has the traceback, and `run` the run.
        seedbed.SeedbedError: It cannot be brought to its end, as on a full disk.
        KeyboardInterrupt: It was interrupted: it has saved itself, and goes on by `resume`.

    Examples:
        >>> import seedbed
        >>> run = seedbed.train("data=crop_yield", "trainer.max_epochs=2", progress=False)
        >>> run.status
        'completed'
        >>> seedbed.train("optimizer=adma")
        Traceback (most recent call last):
        ...
        seedbed.errors.ConfigError: optimizer=adma: no such option. Did you mean 'adam'?
        optimizer may be: adagrad, adam, adamw, custom, lbfgs, rmsprop, sgd
    """
    require_keywords(values, train.__kwdefaults__ or ())
    words = [*flags(config_dir), *words_of([*overrides, *resumed("resume", resume)], values)]
    with _shown(progress and not verbose, listens=not verbose) as shown:
        ended, begun = run_train(words, Told(verbose, progress))
        if ended.folder is None:
            raise ConfigError("nothing was run")
        if isinstance(ended.error, ConfigError):
            raise ended.error
        run = Run(ended.folder.absolute(), trust=begun.modules)
        if shown is not None and run.epoch is not None:
            shown(run.epoch, run.epoch, run.metrics)
    if ended.code and check:
        raise _failure(ended, run) from ended.error
    return run


def flags(config_dir: str | os.PathLike[str] | None) -> list[str]:
    """Return the flag that names a folder of configs."""
    return [] if config_dir is None else [f"--config-dir={folder_of('config_dir', config_dir)}"]


def resumed(key: str, folder: Any) -> list[Override]:
    """Return the override that goes on with a folder; none where there is none."""
    return [] if folder is None else [{key: folder}]


@contextmanager
def _shown(progress: bool, *, listens: bool) -> Iterator[RunProgress | None]:
    shown = RunProgress() if progress else None
    try:
        with listening(shown or (lambda *state: None), alone=True) if listens else nullcontext():
            yield shown
    finally:
        if shown is not None:
            shown.close()


def _failure(ended: Ended, run: Run) -> RunFailed:
    record = run.record
    text = str(record.get("error") or ended.error or f"the run has {record['status']}")
    kind = RunDiverged if record["status"] == "diverged" else RunFailed
    return kind(text, run)
