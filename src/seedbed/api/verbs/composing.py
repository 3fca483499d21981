"""`seedbed.compose`: the config of an experiment, checked, without running it."""

import os

from seedbed.api.config import Config
from seedbed.api.verbs.running import command_in_process, of_train
from seedbed.api.verbs.training import flags
from seedbed.api.verbs.words import Override, Value, require_keywords, words_of
from seedbed.application.checked_config import checked_config
from seedbed.terminal.telling import Told


def compose(
    *overrides: Override,
    config_dir: str | os.PathLike[str] | None = None,
    **values: Value,
) -> Config:
    """Compose the config that `seedbed.train` would train, and check it; nothing is written.

    Args:
        *overrides: Words or mappings, as in `seedbed.train`.
        config_dir: Folder of configs of your own; None (default): that of the project file.
        **values: Python values by the name of a group or key.

    Returns:
        The config, which cannot be changed; its interpolations are resolved.

    Raises:
        seedbed.ConfigError: The config is wrong.

    Examples:
        >>> import seedbed
        >>> config = seedbed.compose("data=crop_yield", {"optimizer.lr": 1e-5})
        >>> config.optimizer.lr
        1e-05
        >>> seedbed.compose("optimizer.lrr=1")
        Traceback (most recent call last):
        ...
        seedbed.errors.ConfigError: optimizer.lrr: no such key. Did you mean 'optimizer.lr'?
        optimizer has: _target_, lr, weight_decay, momentum, dampening, nesterov
    """
    require_keywords(values, compose.__kwdefaults__ or ())
    words = [*flags(config_dir), *words_of(overrides, values)]
    with command_in_process(Told(texts=False, progress=False)) as project:
        return Config(checked_config(of_train(words, project)))
