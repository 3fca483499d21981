"""Time of `seedbed list runs` and `list sweeps` over many folders, the first time and later.

python scripts/list_benchmark.py [--runs 10000] [--sweeps 10000] [--rounds 5]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def record(number: int) -> dict[str, Any]:
    """Return the fields of the run.json of a run of an ordinary size, with 30 hyperparameters."""
    started = (BEGAN + timedelta(minutes=number)).isoformat()
    metrics = {
        f"{split}/{name}": 1.0 / (number + place)
        for split in ("train", "val")
        for place, name in enumerate(("loss", "accuracy", "f1", "precision"), start=1)
    }
    kept = {"epoch": 20, "step": 400, "metrics": metrics}
    keys = {f"optimizer.key_{place}": place / 7 for place in range(25)}
    return {
        "status": ("completed", "failed", "interrupted")[number % 17 % 3],
        "metrics": metrics,
        "metrics_epoch": 20,
        "checkpoints": {"best": kept, "last": kept},
        "name": f"run_{number}",
        "tags": ["baseline"] * (number % 2),
        "notes": None,
        "hyperparameters": {"data": "table", "model": "mlp", "optimizer": "adam", **keys},
        "seed": number,
        "data": {"choice": "table", "fingerprint": "0" * 64},
        "command": "seedbed train data=table data.file=rows.csv data.target=y model=mlp",
        "versions": {"seedbed": "0.1.0", "python": "3.11.2", "torch": "2.13.0"},
        "git": {"commit": "0" * 40, "branch": "main", "dirty": False},
        "process": {"host": "here", "pid": 1, "start": ""},
        "started": started,
        "finished": started,
        "seconds": 3.5,
        "error": None,
    }


def make_runs(outputs: Path, runs: int) -> None:
    """Write run folders, a hundred a day."""
    for number in range(runs):
        day = (BEGAN + timedelta(days=number // 100)).date().isoformat()
        folder = outputs / "runs" / day / f"{number:05}-abcdef"
        (folder / ".hydra").mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps(record(number), indent=2))


def make_sweeps(outputs: Path, sweeps: int) -> None:
    """Write folders of sweeps of twenty jobs each, a hundred a day; one in ten was stopped."""
    axes = {"optimizer.lr": ["0.1", "0.01", "0.001", "0.0001"], "seed": [*map(str, range(5))]}
    pairs = [(rate, seed) for rate in axes["optimizer.lr"] for seed in axes["seed"]]
    always = ["data=table", "data.file=rows.csv", "data.target=y", "model=mlp", "optimizer=adam"]
    jobs = [
        {"number": number, "overrides": [*always, f"optimizer.lr={rate}", f"seed={seed}"]}
        for number, (rate, seed) in enumerate(pairs)
    ]
    plan = {
        "config_hash": "0" * 64,
        "data_files": {"rows.csv": "0" * 64},
        "optimized_metric": "val/loss",
        "optimized_mode": "min",
        "rank": "best",
        "notes": None,
        "choices": {"data": "table", "model": "mlp", "optimizer": "adam", "task": "regression"},
        "flags": [],
        "axes": axes,
        "rounds": [{"groups": [[*range(20)]], "alone": {}, "notes": {}, "jobs": jobs}],
    }
    names = [f"{split}/{name}" for split in ("train", "val") for name in ("loss", "rmse", "r2")]
    names += ["best/epoch", *(f"best/{name}" for name in names)]
    head = ["number", "optimizer.lr", "seed", "status", *names, "seconds", "folder", "error"]
    for number in range(sweeps):
        day = (BEGAN + timedelta(days=number // 100)).date().isoformat()
        folder = outputs / "sweeps" / day / f"{number:05}-abcdef"
        (folder / ".sweep").mkdir(parents=True)
        started = (BEGAN + timedelta(minutes=number)).isoformat()
        labels = {"started": started, "name": f"sweep_{number}", "tags": ["a"] * (number % 2)}
        (folder / "sweep.json").write_text(json.dumps({**labels, **plan}, indent=2))
        rows = [
            [place, rate, seed, "completed", *((number + place) / 7 for _ in names), 3.5, place, ""]
            for place, (rate, seed) in enumerate(pairs)
        ]
        lines = [head, *rows[: 18 if number % 10 == 2 else 20]]
        text = "\n".join(",".join(map(str, line)) for line in lines)
        (folder / "results.csv").write_text(text.replace(".0,", ",") + "\n")


def seconds(words: list[str]) -> float:
    """Return how long a command takes, from its start to its end."""
    began = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Make the folders, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--sweeps", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        outputs = Path(name) / "runs" / "outputs"
        make_runs(outputs, options.runs)
        print(f"{options.runs:,} runs")
        measure("runs", outputs, "run", options.rounds)
        outputs = Path(name) / "sweeps" / "outputs"
        make_sweeps(outputs, options.sweeps)
        print(f"{options.sweeps:,} sweeps of 20 jobs")
        measure("sweeps", outputs, "sweep", options.rounds)


def measure(kind: str, outputs: Path, called: str, rounds: int) -> None:
    """Print how long a list takes."""
    words = [sys.executable, "-m", "seedbed", "list", kind, f"paths.outputs={outputs}"]
    print(f"the first time      {seconds(words):.2f} s")
    later = sorted(seconds(words) for _ in range(rounds))
    print(f"later               {later[rounds // 2]:.2f} s ({later[0]:.2f} to {later[-1]:.2f})")
    filtered = seconds([*words, "status=failed,interrupted", f"name={called}_9*", "sort=val/loss"])
    print(f"filtered and sorted {filtered:.2f} s")
    print(f"as JSON             {seconds([*words, '--json', 'limit=null']):.2f} s")
    size = sum(file.stat().st_size for file in outputs.glob(".*.json"))
    print(f"its file            {size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
