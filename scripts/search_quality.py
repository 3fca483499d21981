"""Quality of searches: simple regret of Seedbed's samplers beside Optuna's own, at equal epochs.

  python scripts/search_quality.py                         everything, about an hour of one core
  python scripts/search_quality.py --only tpe,optuna       some methods
  python scripts/search_quality.py --seeds 3 --tasks iris  less of it

Of each method and task, with ten seeds: the best value of the trials that were trained to their end
within the epochs of 100 and of 500 full trainings, less the best value of the grid. Methods are
ranked by it on each task and seed, and the mean rank is printed with its standard error; equal ones
share a rank. The value of a trial is its validation loss in its best epoch, for all alike.

What is trained is looked up (scripts/search_curves.py): a grid of 1,296 real trainings a task, and
between them an interpolation. Seedbed's samplers are asked and told in generations, as its sweep
does, and its rules decide on the curves. Optuna's are asked and told one by one, with its own
MedianPruner as it comes where that is said. Population based training changes the keys on the way,
which no table holds: it trains for real, and its regret may be below zero.

What has been computed is kept in outputs/search_curves/quality.jsonl and not computed again.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from search_curves import KEPT, TASKS, Array, Axis, Curves, curves_of

BUDGETS = (100, 500)
SEEDS = 10
GENERATIONS = (10, 25, 50, 100)
# More than any budget pays for.
TRIALS = 100_000
RESULTS = KEPT / "quality.jsonl"


@dataclass(frozen=True)
class Method:
    """Method that is measured.

    Attributes:
        name: what the table calls it.
        sampler: tpe, cmaes or random.
        generation: trials that are asked for at once; None: as the sampler advises.
        stop: whether the default rule stops trials.
        own: whether it is Seedbed's sampler, or Optuna's as it comes.
    """

    name: str
    sampler: str
    generation: int | None = None
    stop: bool = False
    own: bool = True

    def search(self, seed: int, axes: Sequence[Axis]) -> Any:
        """Return a search that has not begun."""
        if self.own:
            return OurSearch(self.sampler, seed, axes, self.generation, self.stop)
        return OptunaSearch(optuna_sampler(self.sampler, seed), axes)


# ---- Searches ------------------------------------------------------------------------------------


class OptunaSearch:
    """Study of Optuna's, asked for one trial after another."""

    size = 1

    def __init__(self, sampler: Any, axes: Sequence[Axis]) -> None:
        import optuna

        self.axes = axes

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        self.study = optuna.create_study(sampler=sampler)
        self._asked: list[Any] = []

    def ask(self, count: int) -> Array:
        """Return the next points."""
        self._asked = [self.study.ask() for _ in range(count)]
        return np.array([suggested(trial, self.axes) for trial in self._asked])

    def tell(self, values: Sequence[float | None], curves: Sequence[Array]) -> None:
        """Tell the study, with the last value of a trial that was stopped."""
        from optuna.trial import TrialState

        for trial, value, curve in zip(self._asked, values, curves, strict=True):
            if value is None:
                trial.report(float(curve[-1]), len(curve))
                self.study.tell(trial, state=TrialState.PRUNED)
            else:
                self.study.tell(trial, value)


def suggested(trial: Any, axes: Sequence[Axis]) -> list[float]:
    """Return the point that a trial of Optuna's suggests."""
    return [
        float(
            trial.suggest_int(axis.key, int(axis.low), int(axis.high), log=axis.log)
            if axis.whole
            else trial.suggest_float(axis.key, axis.low, axis.high, log=axis.log)
        )
        for axis in axes
    ]


def optuna_sampler(name: str, seed: int) -> Any:
    """Return a sampler of Optuna's as it comes."""
    from optuna import samplers

    kinds = {
        "tpe": samplers.TPESampler,
        "cmaes": samplers.CmaEsSampler,
        "random": samplers.RandomSampler,
    }
    return kinds[name](seed=seed)


# ---- Running -------------------------------------------------------------------------------------


def searched(method: Method, curves: Curves, seed: int, epochs: int) -> list[tuple[int, float]]:
    """Return the epochs spent, and the value, of each trial that was trained to its end."""
    search, rule = (
        method.search(seed, curves.task.axes),
        stopping_rule(curves) if method.stop else None,
    )
    spent, trials, ended = 0, 0, []
    earlier = np.empty((0, curves.grid.shape[1]))
    while spent < epochs:
        asked = curves.at(search.ask(search.size))
        lengths = rule(earlier, asked) if rule else np.full(len(asked), asked.shape[1])
        known = np.where(np.arange(asked.shape[1]) < lengths[:, None], asked, np.nan)
        values: list[float | None] = []
        for curve, length in zip(asked, lengths, strict=True):
            spent += int(length)
            whole = length == len(curve)
            values.append(float(curve.min()) if whole else None)
            if whole:
                ended.append((spent, float(curve.min())))
        search.tell(values, [curve[:n] for curve, n in zip(asked, lengths, strict=True)])
        earlier, trials = np.concatenate([earlier, known]), trials + len(asked)
    return ended


def stopping_rule(curves: Curves) -> Callable[[Array, Array], Array]:
    """Return the default rule: it says how many epochs each of a generation trains."""
    from seedbed.config.schema.stop import TopKAfter as Options
    from seedbed.training.trial_stopping.top_k_after import TopKAfter
    from seedbed.training.trial_stopping.trials import Trials

    epochs, options = curves.task.epochs, Options()
    [look] = options.looks(epochs)
    rule = TopKAfter(look, options.reduction_factor)

    def lengths(earlier: Array, asked: Array) -> Array:
        # Judged by the best up to then, as in a search.
        both = np.concatenate([earlier, asked])[:, :look].min(axis=1)[:, None, None]
        running = np.arange(len(both)) >= len(earlier)
        trials = Trials(
            numbers=np.arange(len(both)),
            epochs=rule.epochs,
            values=both,
            measured=both,
            present=np.ones(both.shape[:2], bool),
            best=both[:, 0],
            running=running,
            completed=np.zeros(len(both), bool),
        )
        stopped = {place - len(earlier) for place in rule.stops(trials)}
        return np.array([look if place in stopped else epochs for place in range(len(asked))])

    return lengths


def optuna_default(curves: Curves, seed: int, epochs: int) -> list[tuple[int, float]]:
    """Return what `searched` does, of Optuna's default study with its MedianPruner."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna_sampler("tpe", seed)
    study = optuna.create_study(sampler=sampler, pruner=optuna.pruners.MedianPruner())
    spent, ended = 0, []
    while spent < epochs:
        trial = study.ask()
        [curve] = curves.at(np.array([suggested(trial, curves.task.axes)]))
        for epoch, value in enumerate(curve, start=1):
            trial.report(float(value), epoch)
            spent += 1
            if trial.should_prune() and epoch < len(curve):
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
                break
        else:
            study.tell(trial, float(curve.min()))
            ended.append((spent, float(curve.min())))
    return ended


def methods() -> dict[str, Any]:
    """Return how each method searches, by its name: a function of curves, seed and epochs."""
    alone = [Method(f"optuna {name}", name, 1, own=False) for name in ("tpe", "cmaes", "random")]
    ours = [
        Method(name + " + top_k_after" * stop, name, stop=stop)
        for stop in (False, True)
        for name in ("tpe", "cmaes", "random")
    ]
    sizes = [
        Method(f"{name}, {size} at once", name, size)
        for name in ("tpe", "cmaes")
        for size in GENERATIONS
    ]
    every = [*alone, *ours, *sizes]
    return {
        "optuna tpe + median": optuna_default,
        "pbt": population,
        **{method.name: partial(searched, method) for method in every},
    }


class OurSearch:
    """Sampler of Seedbed's, asked for the jobs of its next generation and told of their rows."""

    def __init__(
        self, name: str, seed: int, axes: Sequence[Axis], size: int | None, stops: bool
    ) -> None:
        """`size` is that of a generation, None: the one that the sampler advises."""
        from seedbed.config.schema import search as schema
        from seedbed.sweep.results.objectives import one_objective

        kinds = {"tpe": ("TPE", "tpe"), "cmaes": ("CMAES", "cmaes"), "random": ("Random", "random")}
        kind, module = kinds[name]
        sampler = getattr(import_module(f"seedbed.sweep.search.samplers.{module}"), kind)
        options = getattr(schema, kind)(trials=BUDGETS[0], seed=seed)
        objectives = one_objective("val/loss", "min")
        self.axes = axes
        self.sampler = sampler(our_space(axes), options, objectives, size, stops)
        self.size = self.sampler.generation
        options.trials = TRIALS  # It ends with the epochs.
        self._told = 0

    def ask(self, count: int) -> Array:
        """Return the next points."""
        jobs = self.sampler.ask(count)
        values = [dict(word.split("=", 1) for word in words) for words in jobs]
        return np.array([[float(value[axis.key]) for axis in self.axes] for value in values])

    def tell(self, values: Sequence[float | None], curves: Sequence[Array]) -> None:
        """Tell the sampler the rows of the jobs."""
        from seedbed.sweep.results.table import Row

        rows = []
        for value, curve in zip(values, curves, strict=True):
            status = "completed" if value is not None else "stopped_early"
            metrics = {"best/epoch": 1 + int(curve.argmin()), "best/val/loss": float(curve.min())}
            reports = {len(curve): [float(curve.min())]}
            rows.append(Row(self._told, {}, status, "", metrics, reports=reports))
            self._told += 1
        self.sampler.tell(rows)


def our_space(axes: Sequence[Axis]) -> Any:
    """Return the space of the grid as Seedbed's searches have it."""
    from seedbed.sweep.search.space.dimensions import Dimension, Number, Space

    numbers = [Number(axis.low, axis.high, log=axis.log, whole=axis.whole) for axis in axes]
    return Space((), tuple(map(Dimension, (axis.key for axis in axes), numbers)))


def measured(case: tuple[str, str, int, int]) -> dict[str, Any]:
    """Return the regrets of a method on a task with a seed, after each budget up to the largest."""
    name, task, seed, most = case
    curves = curves_of(task)
    epochs = curves.task.epochs
    search = methods()[name]
    ended = search(curves, seed, most * epochs) if name != "pbt" else []
    regrets = {}
    for trainings in (budget for budget in BUDGETS if budget <= most):
        if name == "pbt":  # Each budget is a population of its own.
            ended = search(curves, seed, trainings * epochs)
        within = [value for spent, value in ended if spent <= trainings * epochs]
        regrets[str(trainings)] = min(within) - curves.best if within else None
    return {"method": name, "task": task, "seed": seed, "most": most, "regrets": regrets}


def population(curves: Curves, seed: int, epochs: int) -> list[tuple[int, float]]:
    """Return what `searched` does, of a population that is trained for real, for so many epochs.

    It has as many trials as full trainings are paid for. Hidden units stay as they are: weights of
    one size cannot take over those of another.
    """
    task = curves.task
    swept = [axis.word for axis in task.axes if not axis.whole]
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *(sys.executable, "-m", "seedbed", "train", "-m", *task.words, "model=mlp"),
            *("model.hidden_size=32", "optimizer=adam", f"trainer.max_epochs={task.epochs}"),
            *("search=pbt", f"search.trials={epochs // task.epochs}", f"search.seed={seed}"),
            *(*swept, "sweep.keep=record", "sweep.figures=false", f"hydra.sweep.dir={folder}/pbt"),
        ]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        if finished.returncode not in (0, 1):
            sys.exit(f"search_quality: seedbed ended with {finished.returncode}: {finished.stderr}")
        with (Path(folder) / "pbt" / "results.csv").open(newline="") as file:
            values = [row["best/val/loss"] for row in csv.DictReader(file)]
    return [(epochs, min(float(value) for value in values if value))]


# ---- Table ---------------------------------------------------------------------------------------


def ranks(results: Sequence[dict[str, Any]], names: Sequence[str], budget: int) -> dict[str, Any]:
    """Return the ranks of the methods, one for each task and seed that all of them have."""
    regrets: dict[tuple[str, int], dict[str, float]] = defaultdict(dict)
    for result in results:
        if str(budget) in result["regrets"] and result["method"] in names:
            value = result["regrets"][str(budget)]
            case = result["task"], result["seed"]
            regrets[case][result["method"]] = float("inf") if value is None else value
    ranked: dict[str, list[float]] = defaultdict(list)
    for values in regrets.values():
        if set(values) == set(names):
            for name in names:
                less = sum(other < values[name] for other in values.values())
                equal = sum(other == values[name] for other in values.values())
                ranked[name].append(less + (equal + 1) / 2)
    return ranked


def print_ranks(results: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    """Print the mean rank of each method after each budget."""
    from rich.console import Console
    from rich.table import Table

    by_budget = {budget: ranks(results, names, budget) for budget in BUDGETS}
    table = Table("method", title=f"mean rank of {len(names)} methods, 1 is best")
    for budget in BUDGETS:
        cases = max(map(len, by_budget[budget].values()), default=0)
        table.add_column(f"after {budget} trainings ({cases} cases)", justify="right")
    order = sorted(names, key=lambda name: mean(by_budget[BUDGETS[0]].get(name) or [99.0]))
    for name in order:
        table.add_row(name, *(_cell(by_budget[budget].get(name, [])) for budget in BUDGETS))
    Console(width=120).print(table)


def _cell(values: Sequence[float]) -> str:
    if len(values) < 2:
        return "-"
    return f"{mean(values):.2f} ± {stdev(values) / len(values) ** 0.5:.2f}"


def cases_of(
    options: argparse.Namespace, names: Sequence[str]
) -> Iterator[tuple[str, str, int, int]]:
    """Yield what is to be measured: the cheap cases of all methods first."""
    tasks = list(filter(None, options.tasks.split(","))) or list(TASKS)
    for seed in range(options.seeds):
        for name in names:
            for task in tasks:
                yield name, task, seed, options.budget


def main() -> None:
    """Measure what is missing and print the ranks."""
    known = list(methods())
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help=f"methods, with ; between: {'; '.join(known)}")
    parser.add_argument("--tasks", default="", help="tasks, with commas between")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--budget", type=int, default=BUDGETS[-1], help="most full trainings")
    parser.add_argument("--workers", type=int, default=1, help="processes")
    parser.add_argument("--table", action="store_true", help="print what is there, and stop")
    options = parser.parse_args()
    names = list(filter(None, options.only.split(";"))) or known
    if unknown := set(names) - set(known):
        sys.exit(f"search_quality: no method {'; '.join(unknown)}; methods: {'; '.join(known)}")
    results = _read()
    done = {(each["method"], each["task"], each["seed"]): each["most"] for each in results}
    cases = [] if options.table else list(cases_of(options, names))
    missing = [case for case in cases if done.get(case[:3], 0) < case[3]]
    with ProcessPoolExecutor(options.workers) as pool:
        for result in pool.map(measured, missing):
            results.append(result)
            with RESULTS.open("a") as file:
                file.write(json.dumps(result) + "\n")
    print_ranks(_read(), names)


def _read() -> list[dict[str, Any]]:
    """Return what has been measured, the largest budget of each case."""
    if not RESULTS.is_file():
        return []
    results = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    results.sort(key=lambda result: result["most"])
    latest = {(each["method"], each["task"], each["seed"]): each for each in results}
    return list(latest.values())


if __name__ == "__main__":
    main()
