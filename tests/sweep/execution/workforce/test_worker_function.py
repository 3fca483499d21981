"""What a worker function brings along into a process that has never heard of Seedbed."""

import pickle

import pytest
from hydra._internal.callbacks import Callbacks
from omegaconf import OmegaConf

from seedbed.sweep.execution.workforce.worker_function import WorkerFunction


@pytest.mark.parametrize("resolver", ["now", "hydra"])
def test_the_resolvers_of_hydra_are_there_where_it_arrives(resolver: str) -> None:
    sent = pickle.dumps(WorkerFunction("sweep", "token", print, Callbacks()))  # type: ignore[arg-type]
    OmegaConf.clear_resolver(resolver)
    pickle.loads(sent)
    assert OmegaConf.has_resolver(resolver)
