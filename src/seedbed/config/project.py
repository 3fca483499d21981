"""What holds for every command in a folder: where runs are written."""

import os


def outputs_folder() -> str:
    """Return the folder that runs and sweeps are written to."""
    return os.environ.get("SEEDBED_OUTPUTS", "outputs")
