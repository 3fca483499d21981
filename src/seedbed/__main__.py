"""`python -m seedbed` is the same as `seedbed`."""

from seedbed.cli import main

main()
