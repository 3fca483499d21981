"""`python -m seedbed` is the same as `seedbed`."""

import os
import sys

if not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):
    # Python has put the working folder first, and would import its files in place of libraries.
    del sys.path[0]

from seedbed.cli.main import main

main()
