"""Words of a command: those that are flags of Hydra's, and the overrides among them."""

from typing import NoReturn

from hydra._internal.utils import get_args_parser

from seedbed.errors import ConfigError


def overrides_among(verb: str, arguments: list[str]) -> list[str]:
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
