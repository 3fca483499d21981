"""Words of a command: those that are flags of Hydra's, and the overrides among them."""

import re
from typing import NoReturn

from hydra._internal.utils import get_args_parser

from seedbed.errors import ConfigError, nearest


def overrides_among(verb: str, arguments: list[str]) -> list[str]:
    """Return the arguments that are no flags.

    Raises ConfigError for flags that Hydra does not have, instead of showing its whole usage.
    """

    def refuse(message: str) -> NoReturn:
        unknown = re.match(r"unrecognized arguments: (--[\w-]+)", message)
        flags = [flag for flag in ("--json", *parser._option_string_actions) if flag[:2] == "--"]
        hint = f".{near} See" if unknown and (near := nearest(unknown[1], flags)) else ""
        raise ConfigError(f"{message}{hint or '; see'} seedbed {verb} --hydra-help")

    parser = get_args_parser()
    parser.error = refuse  # type: ignore[method-assign]
    parsed = parser.parse_intermixed_args(arguments)
    if parsed.experimental_rerun is not None:  # It would unpickle a file.
        refuse("--experimental-rerun: seedbed repeat run=DIR trains a run again")
    words: list[str] = parsed.overrides
    return words
