"""`seedbed.sweep`: every combination of some values, or a search, in this process."""

import os
from collections.abc import Mapping

from seedbed.api.sweep import Sweep
from seedbed.api.verbs.running import run_train
from seedbed.api.verbs.training import flags, resumed
from seedbed.api.verbs.words import Override, Value, axis_words, require_keywords, words_of
from seedbed.errors import ConfigError
from seedbed.terminal.telling import Told


def sweep(
    *overrides: Override,
    axes: Mapping[str, Value] | None = None,
    resume: str | os.PathLike[str] | Sweep | None = None,
    config_dir: str | os.PathLike[str] | None = None,
    progress: bool = True,
    verbose: bool = False,
    **values: Value,
) -> Sweep:
    """Train every combination of the axes as `seedbed train -m` does, and return the sweep.

    All jobs are composed and checked before the first one begins; those that differ in numbers
    alone train side by side. A job that fails or diverges does not stop the others, and raises
    nothing: the sweep's results say so.

    Args:
        *overrides: Words or mappings, as in `seedbed.train`; a word may be an axis of its own:
            `"seed=range(0,10)"`.
        axes: The values of each key: any iterable of Python values, or a text in the form of the
            command line, such as `"interval(1e-5,1e-1)"` for a search.
        resume: A sweep, its folder, or `latest`: what of it has not ended runs; None (default): a
            new one begins.
        config_dir: Folder of configs of your own; None (default): that of the project file.
        progress: Whether to show how many jobs are done, on stderr or below the cell of a notebook.
        verbose: Whether to print what the command line prints: the plan, and the closing table.
        **values: Python values by the name of a group or key, such as `sweep={"folds": 5}`.

    Returns:
        The sweep, opened from its folder.

    Raises:
        seedbed.ConfigError: The config of a job is wrong; nothing was written.
        seedbed.SeedbedError: It cannot be brought to its end, as on a full disk; it can go on.
        KeyboardInterrupt: It was interrupted: what has ended is there, and the rest runs by
            `resume`.

    Examples:
        >>> import seedbed
        >>> sweep = seedbed.sweep(
        ...     "data=crop_yield",
        ...     "trainer.max_epochs=2",
        ...     axes={"optimizer.lr": [1e-6, 1e-5], "seed": range(2)},
        ...     progress=False,
        ... )
        >>> sorted(path.name for path in sweep.folder.glob("[0-9]*"))
        ['0', '1', '2', '3']
    """
    require_keywords(values, sweep.__kwdefaults__ or ())
    typed = words_of([*overrides, *resumed("sweep.resume", resume)], values)
    for word in typed:
        if word.replace(" ", "") == "sweep.plan=true":
            raise ConfigError("sweep.plan=true: shows a plan and trains nothing: seedbed train -m")
    words = [*flags(config_dir), "-m", *typed, *axis_words({} if axes is None else axes)]
    ended, begun = run_train(words, Told(verbose, progress))
    if ended.folder is None:
        raise ConfigError("nothing was run")
    return Sweep(ended.folder.absolute(), trust=begun.modules)
