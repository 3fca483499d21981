"""Epochs that a search trains until it is within 1 % of the best of 1,000 full trainings.

    python scripts/search_epochs.py                 every table of scripts/tables.py
    python scripts/search_epochs.py --only iris     some of them
    python scripts/search_epochs.py --curves FILE   keep the curves there, and take them from there

Of each table 1,000 random settings of an MLP (learning rate 1e-5 to 1, weight decay 1e-6 to 0.1, 8
to 32 hidden units) train to their end, each on five folds; then every rule of `stop=` decides on
their curves as it does in a search, by the mean over the folds. Nothing is trained twice.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from tables import FOLDS, NAMES, Data, data_of

TRIALS, EPOCHS = 1000, 100
# Random fifths of the trials, in which the rules are tried again.
PARTS = 10
TITLES = (
    *("table", "stop", "epochs", "of all", "over the best", "by the epoch's own loss"),
    "within 1 % in a fifth of the trials",
)
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


def rules() -> dict[str, Any]:
    """Return the rules of `stop` as they are by default, by name; None trains all to their end."""
    from seedbed.config.schema import stop
    from seedbed.training.trial_stopping.making import make_rule

    options = {
        "top_k_after": stop.TopKAfter(),
        "halving": stop.Halving(),
        "hyperband": stop.Hyperband(),
        "median": stop.Median(),
    }
    return {"none": None} | {name: make_rule(each, EPOCHS) for name, each in options.items()}


def searched(
    values: Curves, best: Curves, rule: Any, generation: int, by_best: bool = True
) -> tuple[int, float]:
    """Return the epochs that a search trains in all, and the best loss that it finds.

    Args:
        values: Losses after every epoch, (trials, epochs).
        best: The best losses up to then.
        rule: Rule that stops trials; None: none does.
        generation: Trials that train side by side.
        by_best: Whether the best loss so far counts, or that of the epoch.
    """
    from seedbed.config.metrics import Objective
    from seedbed.training.trial_stopping.judge import EarlierTrial, Judge

    if rule is None:
        return values.size, float(best[:, -1].min())
    judged, earlier, epochs, lowest = best if by_best else values, [], 0, np.inf
    for first in range(0, len(values), generation):
        trials = np.arange(first, min(first + generation, len(values)))
        judge = Judge(rule, [Objective("loss", "min")], trials.tolist(), earlier, by_best=False)
        running, ends = np.ones(len(trials), dtype=bool), np.full(len(trials), EPOCHS)
        nobody = np.zeros(len(trials), dtype=bool)
        for epoch in rule.epochs:
            losses = np.where(running, judged[trials, epoch - 1], np.nan)
            stops = list(judge.after_epoch(epoch, {"loss": losses}, running, nobody))
            running[stops], ends[stops] = False, epoch
        epochs += int(ends.sum())
        lowest = min(lowest, float(best[trials, ends - 1].min()))
        for place, trial in enumerate(trials.tolist()):
            status = "completed" if running[place] else "stopped_early"
            earlier.append(EarlierTrial(trial, status, judge.reports(place)))
    return epochs, lowest


def rows_of(name: str, values: Curves, best: Curves) -> Iterator[list[str]]:
    """Yield for each rule the epochs that it trains, and how near it comes to the best."""
    target, full = float(best[:, -1].min()), values.size
    random = np.random.default_rng(0)
    parts = [random.choice(len(values), len(values) // 5, replace=False) for _ in range(PARTS)]
    for rule_name, rule in rules().items():
        # The median is that of completed trials: side by side with all others it stops nothing.
        generation = 50 if rule_name == "median" else len(values)
        epochs, lowest = searched(values, best, rule, generation)
        _, other = searched(values, best, rule, generation, by_best=False)
        within = [
            searched(values[part], best[part], rule, min(generation, len(part)))[1]
            <= 1.01 * best[part, -1].min()
            for part in parts
        ]
        share = f"{epochs:,}", f"{100 * epochs / full:.0f} %"
        yield [
            name,
            rule_name,
            *share,
            _over(lowest, target),
            _over(other, target),
            f"{np.mean(within):.2f}",
        ]


def _over(loss: float, target: float) -> str:
    if loss == target:
        return "0"
    return f"{100 * (loss / target - 1):.1f} %" if target else f"{loss:.2g} over 0"


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
    table = Table(*TITLES, title=f"{TRIALS:,} trials of {EPOCHS} epochs, means over {FOLDS} folds")
    for name in names:
        for row in rows_of(name, kept[name], kept[f"{name}/best"]):
            table.add_row(*row)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
