"""Epochs that a search trains until it is within 1 % of the best of 1,000 full trainings.

    python scripts/search_epochs.py                 every table of scripts/tables.py
    python scripts/search_epochs.py --only iris     some of them
    python scripts/search_epochs.py --curves FILE   keep the curves there, and take them from there

Of each table 1,000 random settings of an MLP (learning rate, weight decay, hidden size) train to
their end; then every rule of `stop=` decides on their curves as it does in a search, in generations
and in many orders of the trials. Nothing is trained twice.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tables import FOLDS, NAMES, Data, data_of

TRIALS, EPOCHS = 1000, 100
HIDDEN_SIZES = (8, 16, 32)
Curves = NDArray[np.float64]


def curves_of(data: Data, trials: int = TRIALS) -> tuple[Curves, Curves]:
    """Return the validation losses of random settings after every epoch, (trials, epochs) each.

    These are the means over the folds of the losses, and of the best ones up to then.
    """
    from seedbed.engines.fused.engine import Engine
    from seedbed.sweep.planning.fusing import make_group

    random = np.random.default_rng(0)
    rates, decays = 10 ** random.uniform(-5, 0, trials), 10 ** random.uniform(-6, -1, trials)
    sizes = random.integers(0, len(HIDDEN_SIZES), trials)
    curves = np.full((FOLDS, trials, EPOCHS), np.nan)
    for place, hidden in enumerate(HIDDEN_SIZES):
        chosen = np.flatnonzero(sizes == place)
        spec, numbers = _specified(data, hidden)
        lanes = [(fold, trial) for trial in chosen for fold in range(FOLDS)]
        jobs = [
            _with(numbers, fold, lr=float(rates[trial]), weight_decay=float(decays[trial]))
            for fold, trial in lanes
        ]
        outcomes = Engine(make_group(spec, jobs, EPOCHS)).train()
        for (fold, trial), outcome in zip(lanes, outcomes, strict=True):
            assert outcome.curves is not None
            losses = outcome.curves.values["val/loss"]
            curves[fold, trial, outcome.curves.epochs - 1] = losses
    return curves.mean(axis=0), np.fmin.accumulate(curves, axis=2).mean(axis=0)


def _with(numbers: Any, fold: int, **values: float) -> Any:
    from dataclasses import replace

    data = {**numbers.data, "fold": fold}
    return replace(numbers, optimizer={**numbers.optimizer, **values}, data=data)


def _specified(data: Data, hidden: int) -> tuple[Any, Any]:
    """Return the spec of an MLP on a table, and the numbers of a job of it."""
    from hydra import compose, initialize_config_dir

    from seedbed.config.groups import config_folder
    from seedbed.config.resolvers import register_resolvers
    from seedbed.config.schema import register_schema
    from seedbed.config.spec import run_spec
    from seedbed.experiment.inferred_facts import register_inferred
    from seedbed.sweep.planning.job_numbers import numbers_of

    register_resolvers()
    register_inferred()
    register_schema()
    words = [*data.words, f"data.folds={FOLDS}", "data.fold=0", "optimizer=adam"]
    words += ["model=mlp", f"model.hidden=[{hidden}]", "data.batch_size=64"]
    words.append(f"trainer.max_epochs={EPOCHS}")
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        config = compose("train", overrides=words)
        return run_spec(config), numbers_of(config)


def main() -> None:
    """Print the epochs of every rule, over all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="tables, with commas between")
    parser.add_argument("--curves", type=Path, help="file in which the curves are kept")
    options = parser.parse_args()
    names = list(filter(None, options.only.split(","))) or list(NAMES)
    if unknown := set(names) - set(NAMES):
        sys.exit(f"search_epochs: no table {', '.join(unknown)}; tables: {', '.join(NAMES)}")
    kept = dict(np.load(options.curves)) if options.curves and options.curves.is_file() else {}
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            if name not in kept:
                started = time.perf_counter()
                kept[name], kept[f"{name}/best"] = curves_of(data_of(name, Path(folder)))
                print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
                if options.curves:
                    np.savez(options.curves, **kept)


if __name__ == "__main__":
    main()
