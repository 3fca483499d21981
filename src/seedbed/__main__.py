"""`python -m seedbed` is the same as `seedbed`."""

from seedbed.cli.main import main

main()
