"""Trials that differ in network sizes and dropout, side by side and one after another.

python scripts/wide_groups.py                       100 trials of each network, in pairs
python scripts/wide_groups.py --trials 20 --rounds 1

The trials are random in learning rate, weight decay, hidden size (16 to 256) and dropout (0 to
0.5); they are jobs of a table, so that both ways train the same ones. Times are of whole commands,
from the start to the last file, a folder a trial: user CPU time of the process, and by the clock.
"""

import argparse
import csv
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from sweep_benchmark import SEEDBED, at_most, fail, table_text

NETWORKS = {
    "one hidden layer on clusters": ("data=clusters", "data.val_size=200", "model.hidden=[1]"),
    "one hidden layer on 10 columns": (
        "data=linear_noise",
        "data.rows=1000",
        "data.features=10",
        "data.val_size=200",
        "data.batch_size=32",
        "model.hidden=[1]",
    ),
    "two hidden layers on clusters": ("data=clusters", "data.val_size=200", "model.hidden=[1,1]"),
}
# Of the time of one after another.
GOAL = 0.2


def write_trials(path: Path, trials: int, seed: int = 0) -> None:
    """Write a table of random trials."""
    draw = random.Random(seed)
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(
            ["optimizer.lr", "optimizer.weight_decay", "model.hidden_size", "model.dropout"]
        )
        for _ in range(trials):
            rate, decay = 10 ** draw.uniform(-4, -1), 10 ** draw.uniform(-6, -2)
            table.writerow(
                [
                    f"{rate:.6g}",
                    f"{decay:.6g}",
                    draw.randint(16, 256),
                    f"{draw.uniform(0, 0.5):.6g}",
                ]
            )


def seconds_of(folder: Path, words: Sequence[str]) -> tuple[float, float, str]:
    """Return the user CPU seconds and those by the clock of a sweep, and what it printed."""
    runs, output = folder / "sweep", folder / "output"
    command = [*SEEDBED, "train", "-m", *words, f"hydra.sweep.dir={runs}"]
    with output.open("w") as file:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        clock = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text()
    if process.returncode:
        fail(f"exit code {process.returncode} of {' '.join(words)}\n{text[-2000:]}")
    shutil.rmtree(runs)
    return usage.ru_utime, clock, text


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=2, help="pairs of each network")
    parser.add_argument("--only", help="a part of a network's name")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = folder / "trials.csv"
        write_trials(table, arguments.trials)
        for network, network_words in NETWORKS.items():
            if arguments.only and arguments.only not in network:
                continue
            words = [
                *network_words,
                "model=mlp",
                "optimizer=adam",
                f"sweep.table={table}",
                f"trainer.max_epochs={arguments.epochs}",
            ]
            ratios: list[tuple[float, float]] = []
            for _ in range(arguments.rounds):
                beside = seconds_of(folder, words)
                alone = seconds_of(folder, [*words, "sweep.fuse=never"])
                ratios.append((beside[0] / alone[0], beside[1] / alone[1]))
                print(
                    f"{network}: side by side {beside[0]:.1f} s of user CPU ({beside[1]:.1f} s by "
                    f"the clock), one after another {alone[0]:.1f} s ({alone[1]:.1f} s)",
                    flush=True,
                )
                print("\n".join(li for li in beside[2].splitlines() if "side by side" in li))
            for place, what in enumerate(("user CPU", "clock")):
                of_all = median(pair[place] for pair in ratios)
                rows.append(at_most(f"{network}, {what}, of one after another", of_all, GOAL, ""))
    print(table_text(rows))


if __name__ == "__main__":
    main()
