"""Time of `seedbed list runs` over many run folders, the first time and later.

python scripts/list_benchmark.py [--runs 10000] [--rounds 5]
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


def seconds(words: list[str]) -> float:
    """Return how long a command takes, from its start to its end."""
    began = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Make the folders, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        outputs = Path(name) / "outputs"
        make_runs(outputs, options.runs)
        words = [sys.executable, "-m", "seedbed", "list", "runs", f"paths.outputs={outputs}"]
        print(f"{options.runs:,} runs")
        print(f"the first time      {seconds(words):.2f} s")
        later = sorted(seconds(words) for _ in range(options.rounds))
        middle = later[len(later) // 2]
        print(f"later               {middle:.2f} s (from {later[0]:.2f} to {later[-1]:.2f})")
        filtered = seconds([*words, "status=failed", "name=run_9*", "sort=val/loss"])
        print(f"filtered and sorted {filtered:.2f} s")
        print(f"its file            {(outputs / '.runs.json').stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
