"""Provenance of a run: what its record says of where it comes from, and the files beside it."""

from seedbed.experiment.provenance.hyperparameters import (
    config_folders,
    hyperparameters,
    preset_keys,
)
from seedbed.experiment.provenance.record import (
    Environment,
    ProvenanceKeeper,
    data_fields,
    environment_of_command,
    provenance_of_job,
)

__all__ = [
    "Environment",
    "ProvenanceKeeper",
    "config_folders",
    "data_fields",
    "environment_of_command",
    "hyperparameters",
    "preset_keys",
    "provenance_of_job",
]
