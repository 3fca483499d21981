"""Nothing is left behind in the process, however a call ends."""

import gc
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf
from omegaconf.basecontainer import BaseContainer

import seedbed
from seedbed.config.trust.module_path import folders
from seedbed.sweep.execution.display import Display

SHORT = ["data=crop_yield", "trainer.max_epochs=2"]
LONG = ["data=crop_yield", "trainer.max_epochs=50"]


def state() -> dict[str, Any]:
    """Return what belongs to whoever calls."""
    loggers = {name: logging.getLogger(name) for name in ("", "pytorch_lightning", "of.mine")}
    return {
        "argv": (id(sys.argv), list(sys.argv)),
        "path": (id(sys.path), list(sys.path)),
        "environment": dict(os.environ),
        "working folder": os.getcwd(),
        "signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "mask": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "loggers": {
            name: (own.level, list(own.handlers), own.disabled) for name, own in loggers.items()
        },
        "filters": list(warnings.filters),
        "show": warnings.showwarning,
        # Of objects that another command has frozen in this process, some end meanwhile.
        "collector": (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count() > 0),
        "streams": (sys.stdout, sys.stderr),
        "hydra": (GlobalHydra.instance().hydra, HydraConfig.instance().cfg),
        "store": sorted(ConfigStore.instance().repo),
        "resolvers": dict(BaseContainer._resolvers),
        "folders": folders(),
        "random": random.getstate(),
        "numpy": str(np.random.get_state()),
        "torch": torch.get_rng_state().tolist(),
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "precision": torch.get_float32_matmul_precision(),
        "cudnn": (torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic),
        "grad": torch.is_grad_enabled(),
        "anomaly": torch.is_anomaly_enabled(),
        "spec": getattr(sys.modules["__main__"], "__spec__", None),
        "in threads": [thread.name for thread in threading.enumerate() if not thread.daemon],
    }


@pytest.fixture
def _of_mine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set everything to what neither Seedbed nor the libraries would."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    OmegaConf.register_new_resolver("now", lambda *words: "of mine", replace=True)
    monkeypatch.setenv("PL_GLOBAL_SEED", "77")
    random.seed(5)
    np.random.seed(6)
    torch.manual_seed(7)
    torch.set_num_threads(threads + 1)
    torch.set_default_dtype(torch.float64)
    handler = signal.signal(signal.SIGTERM, lambda *words: None)
    mine = logging.getLogger("of.mine")
    mine.addHandler(logging.NullHandler())
    gc.disable()
    with warnings.catch_warnings(), torch.inference_mode(False), torch.no_grad():
        warnings.filterwarnings("ignore", "of mine")
        yield
    gc.enable()
    mine.handlers.clear()
    signal.signal(signal.SIGTERM, handler)
    torch.set_default_dtype(dtype)
    torch.set_num_threads(threads)
    OmegaConf.clear_resolver("now")


def of_many_ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield after each call, with how it ended."""
    keywords: dict[str, Any] = {"progress": False}
    seedbed.compose(*SHORT)
    yield "composed"
    seedbed.train(*SHORT, "trainer.deterministic=true", "trainer.threads=1", **keywords)
    yield "trained"
    seedbed.train(*LONG, "optimizer.lr=1e30", check=False, **keywords)
    yield "diverged"
    with suppress(seedbed.ConfigError):
        seedbed.train("optimizer=adma", **keywords)
    yield "refused"
    seedbed.sweep(*SHORT, axes={"seed": range(2)}, **keywords)
    yield "side by side"
    signals = iter([signal.SIGINT])
    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(
            Display, "show", lambda *words: [os.kill(os.getpid(), each) for each in signals]
        )
        seedbed.sweep(*LONG, axes={"seed": range(2)}, **keywords)
    yield "interrupted"


@pytest.mark.usefixtures("_of_mine")
def test_the_process_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    before = state()
    for ended in of_many_ends(monkeypatch):
        after = state()
        differ = [name for name in before if before[name] != after[name]]
        assert differ == [], (ended, [(before[name], after[name]) for name in differ[:2]])


def test_what_a_run_has_as_default_dtype_is_not_the_callers() -> None:
    expected = seedbed.train(*SHORT, progress=False).metrics
    torch.set_default_dtype(torch.float64)
    try:
        assert seedbed.train(*SHORT, progress=False).metrics == expected
    finally:
        torch.set_default_dtype(torch.float32)


IMPORTS = """
import sys, time
began = time.process_time()
import seedbed
seconds = time.process_time() - began
heavy = [name for name in ("torch", "hydra", "omegaconf", "polars", "numpy") if name in sys.modules]
seedbed.compose("seed=1")
heavy += [name for name in ("torch", "polars") if name in sys.modules]
from seedbed.sweep.results import table  # The room of that name.
import seedbed.sweep.results
assert seedbed.sweep.__name__ == "sweep" and callable(seedbed.sweep)
print(seconds < 0.05, heavy)
"""


def test_the_import_is_light_and_a_config_is_composed_without_torch(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stdout == "True []\n", done.stderr
