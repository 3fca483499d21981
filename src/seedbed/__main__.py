"""`python -m seedbed` is the same as `seedbed`."""

import os
import sys


def _start() -> None:
    # Python has put the working folder first, and would import its files in place of libraries.
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()) and os.getcwd() != home:
        del sys.path[0]
    from seedbed.cli.main import main

    main()


_start()
