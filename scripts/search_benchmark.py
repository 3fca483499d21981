"""What a search costs: beside the grid of its size, Optuna over a plain loop, and Ray Tune.

python scripts/search_benchmark.py                      every part
python scripts/search_benchmark.py --only search,optuna some of the parts
python scripts/search_benchmark.py --quick              small sizes, which only try the script

All train the same: a network of 2, 16 and 1 units on two clusters of points, 100 epochs with Adam
in batches of 100, the validation loss after every epoch; learning rate and weight decay are
searched. Seedbed's times are those of whole commands, from the start to the last file, a folder a
trial. Optuna and Ray Tune are timed on a few trials, without their start-up, and write nothing but
what they must. Ray Tune needs the package ray[tune], which Seedbed does not install.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from sweep_benchmark import (
    CORES,
    Finished,
    Row,
    at_least,
    at_most,
    run_sweep,
    shown,
    table_text,
)

RATE, DECAY = (1e-4, 1e-1), (1e-6, 1e-2)
# This script as the program of a rival.
RIVAL = "rival"
PHASED = "phased"


@dataclass(frozen=True)
class Sizes:
    """How much is measured; `few` trials stand for all of a rival's."""

    trials: int = 1000
    epochs: int = 100
    few: int = 50
    generation: int = 50
    rounds: int = 3


QUICK = Sizes(8, 3, 2, 4, 1)


# ---- What trains ---------------------------------------------------------------------------------


def words(sizes: Sizes) -> list[str]:
    """Return what all commands of Seedbed have in common."""
    return [
        "data=clusters",
        "data.val_size=200",
        "model=mlp",
        "model.hidden=[16]",
        "optimizer=adam",
        f"trainer.max_epochs={sizes.epochs}",
    ]


def grid_words(sizes: Sizes) -> list[str]:
    """Return the words of a grid of as many jobs as there are trials."""
    rates = 2 ** int(math.log2(sizes.trials) / 2)
    while sizes.trials % rates:
        rates -= 1
    axes = ((RATE, rates, "lr"), (DECAY, sizes.trials // rates, "weight_decay"))
    return [
        *words(sizes),
        *(f"optimizer.{key}={','.join(spaced(*ends, count))}" for ends, count, key in axes),
    ]


def spaced(low: float, high: float, count: int) -> list[str]:
    """Return so many numbers, equally far apart in their logarithms."""
    return [f"{low * (high / low) ** (n / max(1, count - 1)):.6g}" for n in range(count)]


def search_words(sizes: Sizes, sampler: str, *more: str) -> list[str]:
    """Return the words of a search."""
    ranges = (("lr", RATE), ("weight_decay", DECAY))
    return [
        *words(sizes),
        f"search={sampler}",
        f"search.trials={sizes.trials}",
        *(f"optimizer.{key}=tag(log,interval({low},{high}))" for key, (low, high) in ranges),
        *more,
    ]


def trained_in_a_loop(
    epochs: int, rate: float, decay: float, report: Callable[[int, float], None] | None = None
) -> float:
    """Train the network in a plain loop over tensors in memory; return its best validation loss.

    The rows are those of a fixed sample that has been split as Seedbed splits it, in size.
    """
    import torch
    from torch import nn

    torch.set_num_threads(1)  # Two would only wait for each other.
    torch.manual_seed(0)
    labels = torch.arange(1000) % 2
    inputs = torch.randn(1000, 2) + 2.0 * labels.unsqueeze(1)
    targets = labels.float().unsqueeze(1)
    train, val = slice(0, 800), slice(800, 1000)
    net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=rate, weight_decay=decay)
    loss_of = nn.BCEWithLogitsLoss()
    best = math.inf
    for epoch in range(epochs):
        net.train()
        for rows in torch.randperm(800).split(100):
            optimizer.zero_grad()
            loss_of(net(inputs[train][rows]), targets[train][rows]).backward()
            optimizer.step()
        net.eval()
        with torch.no_grad():
            loss = float(loss_of(net(inputs[val]), targets[val]))
        best = min(best, loss)
        if report is not None:
            report(epoch, loss)
    return best


# ---- The rivals, each in a process of its own ----------------------------------------------------


def optuna_loop(trials: int, epochs: int) -> float:
    """Return the seconds of a study of Optuna's default sampler over the plain loop."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial: "optuna.Trial") -> float:
        rate = trial.suggest_float("lr", *RATE, log=True)
        return trained_in_a_loop(epochs, rate, trial.suggest_float("decay", *DECAY, log=True))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, n_trials=1)  # What only the first one does.
    started = time.perf_counter()
    study.optimize(objective, n_trials=trials)
    return time.perf_counter() - started


def ray_tune(trials: int, epochs: int) -> float:
    """Return the seconds of Ray Tune's random search, a core a trial."""
    import ray
    from ray import tune

    ray.init(num_cpus=CORES, include_dashboard=False, log_to_driver=False)

    def objective(config: Mapping[str, float]) -> dict[str, float]:
        return {"loss": trained_in_a_loop(epochs, config["lr"], config["decay"])}

    space = {"lr": tune.loguniform(*RATE), "decay": tune.loguniform(*DECAY)}

    def tuned(count: int) -> float:
        tuning = tune.TuneConfig(num_samples=count, metric="loss", mode="min", reuse_actors=True)
        started = time.perf_counter()
        tune.Tuner(objective, param_space=space, tune_config=tuning).fit()
        return time.perf_counter() - started

    tuned(CORES)
    seconds = tuned(trials)
    ray.shutdown()
    return seconds


RIVALS: dict[str, Callable[[int, int], float]] = {"optuna": optuna_loop, "ray": ray_tune}


def rival_seconds(name: str, sizes: Sizes, folder: Path) -> float:
    """Return the seconds that a rival takes for each trial."""
    report = folder / f"{name}.json"
    command = [sys.executable, __file__, RIVAL, name, str(sizes.few), str(sizes.epochs)]
    quiet = {
        "RAY_AIR_NEW_OUTPUT": "0",
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    }
    with (folder / "output").open("w") as output:
        done = subprocess.run(
            [*command, str(report)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **quiet},
        )
    if done.returncode:
        last = "\n".join((folder / "output").read_text().splitlines()[-10:])
        sys.exit(f"search_benchmark: {name} failed\n{last}")
    return float(json.loads(report.read_text())) / sizes.few


# ---- The parts -----------------------------------------------------------------------------------


@dataclass
class Bench:
    """The commands that several parts need; each is run so often as the sizes say, in turn."""

    sizes: Sizes
    folder: Path
    seconds: dict[str, float] | None = None

    def search_and_grid(self) -> dict[str, float]:
        """Return the median seconds of the search and of the grid of its size."""
        if self.seconds is None:
            commands = {
                "search": search_words(self.sizes, "random", "stop=none"),
                "search with stop=top_k_after": search_words(self.sizes, "random"),
                "grid": grid_words(self.sizes),
            }
            taken: dict[str, list[float]] = {name: [] for name in commands}
            for _ in range(self.sizes.rounds):
                for name, typed in commands.items():
                    taken[name].append(self._run(typed).seconds)
            self.seconds = {name: median(times) for name, times in taken.items()}
        return self.seconds

    def _run(self, typed: Sequence[str]) -> Finished:
        finished = run_sweep(self.folder, typed)
        if len(finished.jobs) != self.sizes.trials:
            sys.exit(f"search_benchmark: {len(finished.jobs)} jobs of {self.sizes.trials}")
        return finished


def search(bench: Bench) -> list[Row]:
    """Compare a random search with the grid of its size."""
    seconds, trials = bench.search_and_grid(), bench.sizes.trials
    return [
        Row(f"grid of {trials:,} jobs: command to last file", shown(seconds["grid"], "s")),
        Row(f"random search of {trials:,} trials, stop=none", shown(seconds["search"], "s")),
        at_most("  of the grid's time", seconds["search"] / seconds["grid"], 1.3, "times"),
        Row(
            "  with stop=top_k_after, its default",
            shown(seconds["search with stop=top_k_after"], "s"),
        ),
    ]


def rival(name: str, title: str, asked: float | None) -> Callable[[Bench], list[Row]]:
    """Return the part that compares the search with a rival."""

    def part(bench: Bench) -> list[Row]:
        if find_spec(name) is None:
            return [Row(title, "not measured: it is not installed")]
        each = rival_seconds(name, bench.sizes, bench.folder)
        ratio = each * bench.sizes.trials / bench.search_and_grid()["search"]
        figure = f"  {bench.sizes.trials:,} of them / the search"
        compared = Row(figure, shown(ratio, "times"))
        return [
            Row(f"{title}: each of {bench.sizes.few} trials", shown(each, "s")),
            at_least(figure, ratio, asked, "times") if asked is not None else compared,
        ]

    return part


def tpe(bench: Bench) -> list[Row]:
    """Measure the share of sampling and bookkeeping in a search by TPE."""
    report = bench.folder / "phases.json"
    program = (sys.executable, __file__, PHASED, str(report), repr(time.perf_counter()))
    generation = f"search.generation={bench.sizes.generation}"
    typed = search_words(bench.sizes, "tpe", generation, "stop=none")
    run = run_sweep(bench.folder, typed, program)
    seconds: dict[str, float] = json.loads(report.read_text())
    rows = [
        Row(
            f"tpe, {bench.sizes.trials:,} trials in generations of {bench.sizes.generation}",
            shown(run.seconds, "s"),
        )
    ]
    rows += [Row(f"  {phase}", shown(taken, "s")) for phase, taken in seconds.items()]
    share = (seconds.get("sample", 0.0) + seconds.get("journal", 0.0)) / run.seconds
    return [*rows, at_most("  sampling and bookkeeping, of all", share, 1 / 3, "")]


PARTS: dict[str, Callable[[Bench], list[Row]]] = {
    "search": search,
    "tpe": tpe,
    "optuna": rival("optuna", "Optuna over a plain PyTorch loop", 20),
    "ray": rival("ray", f"Ray Tune, {CORES} trials at a time", None),
}


def main() -> None:
    """Measure the parts that are asked for and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas between them")
    parser.add_argument("--quick", action="store_true", help="small sizes, which try the script")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        parser.error(f"no part {unknown[0]}; parts: {', '.join(PARTS)}")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(QUICK if arguments.quick else Sizes(), Path(folder))
        rows: list[Row] = []
        for name in names:
            rows += PARTS[name](bench)
    print(table_text(rows))


def as_program(arguments: list[str]) -> Any:
    """Be one of the programs that this script starts."""
    if arguments[:1] == [RIVAL]:
        name, few, epochs, report = arguments[1:]
        Path(report).write_text(json.dumps(RIVALS[name](int(few), int(epochs))))
    elif arguments[:1] == [PHASED]:
        from sweep_benchmark import report_phases

        report_phases(Path(arguments[1]), float(arguments[2]), arguments[3:])
    else:
        main()


if __name__ == "__main__":
    as_program(sys.argv[1:])
