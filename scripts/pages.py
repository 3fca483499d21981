"""Sweeps and runs of every kind, and whether their pages say what their files say.

    python scripts/pages.py                     all kinds: two minutes
    python scripts/pages.py --only folds,zip    some of them
    python scripts/pages.py --keep FOLDER       leave the sweeps and their pages there

The page that a sweep writes at its end is compared with that of `seedbed report`, its numbers with
results.csv as polars reads it, its curves with the event files as TensorBoard reads them, and its
configs with the files that Hydra wrote. All of it happens below a folder that looks like a home.
"""

import argparse
import base64
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

USER = "jane.doe"
SHORT = ["trainer.max_epochs=12"]
ROWS = ["data=linear_noise", "data.rows=40", *SHORT]
NOISE = [*ROWS, "data.val_size=10"]
SEARCH = [*NOISE, "optimizer.lr=tag(log,interval(1e-4,1e-1))", "search.seed=1"]
KINDS: dict[str, list[str]] = {
    "grid": ["optimizer.lr=1e-6,1e-5", "seed=0,1,2", *SHORT],
    "options": [*NOISE, "model=linear,mlp", "optimizer=sgd,adam", "sweep.repeats=2"],
    "folds": [*ROWS, "optimizer.lr=0.1,0.01", "sweep.folds=3", "sweep.repeats=2"],
    "refit": [*ROWS, "optimizer.lr=0.1,0.01", "sweep.folds=3", "sweep.refit=true"],
    "zip": [
        *NOISE,
        *("optimizer.lr=0.1,0.01", "optimizer.momentum=0.0,0.9"),
        "sweep.zip=[optimizer.lr,optimizer.momentum]",
    ],
    "table": [*NOISE, "sweep.table=trials.csv"],
    "lists": [*NOISE, "model=mlp", "model.hidden=[4],[4,4]", "data.shuffle=true,false"],
    "alone": [*NOISE, "sweep.fuse=never", "seed=0,1", "+callback@callbacks.loss_curve=loss_curve"],
    "csv logger": [*NOISE, "logger=csv", "seed=0,1", "sweep.fuse=never"],
    "no logger": [*NOISE, "logger=none", "seed=0,1"],
    "search": [*SEARCH, "search=random", "search.trials=24", "sweep.repeats=2"],
    "stop": [*SEARCH, "search=tpe", "search.trials=24", "stop=halving"],
    "objectives": [
        *SEARCH,
        *("search=nsga2", "search.trials=24", "optimized_metric=[val/loss,val/mae]"),
        'search.constraints=["val/mae<=1000"]',
    ],
    "pbt": [*SEARCH, "search=pbt", "search.trials=8"],
    "record": ["optimizer.lr=1e-6,1e-5", "seed=0,1", "sweep.keep=record", *SHORT],
    "best": ["optimizer.lr=1e-6,1e-5", "seed=0,1", "sweep.keep=best", "sweep.top=2", *SHORT],
    "diverging": [*NOISE, "optimizer.lr=0.01,1e30", "seed=0,1"],
    "last": ["optimizer.lr=1e-6,1e-5", "sweep.rank=last", *SHORT],
    "many epochs": ["optimizer.lr=1e-6,1e-5", "trainer.max_epochs=300"],
}
# Runs by themselves.
RUNS: dict[str, list[str]] = {
    "run": [*NOISE, "+callback@callbacks.loss_curve=loss_curve", "name=one"],
    "diverged run": [*NOISE, "optimizer.lr=1e30"],
    "table run": ["data=table", "data.file={home}/rows.csv", "data.target=y", *SHORT],
}
# Sweeps that go on with other words, by those of KINDS that they begin as.
GOES_ON = {"went on": ("grid", ["trainer.max_epochs=20"])}


def main() -> int:
    """Make the sweeps and compare; return 1 where something differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = [*KINDS, *GOES_ON, *RUNS]
    parser.add_argument("--only", default=",".join(kinds), help=f"kinds, of {', '.join(kinds)}")
    parser.add_argument("--keep", type=Path, help="folder in which the sweeps are left")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = (options.keep or Path(temporary)).resolve() / "home" / USER
        working = home / "project"
        working.mkdir(parents=True, exist_ok=True)
        (working / "trials.csv").write_text("optimizer.lr,optimizer.momentum\n0.1,0.5\n0.01,0\n")
        rows = "".join(f"{n},{n % 7}\n" for n in range(60))
        (home / "rows.csv").write_text(f"x,y\n{rows}")
        faults = sum(check(working, kind) for kind in options.only.split(","))
    print(f"{faults} faults")
    return bool(faults)


def check(working: Path, kind: str) -> int:
    """Make a sweep and say what of its page differs; return how much."""
    folder = kind.replace(" ", "_")
    if kind in RUNS:
        return check_run(working, kind, folder)
    begun, words = GOES_ON.get(kind, (kind, []))
    code = seedbed(working, "train", "-m", *KINDS[begun], f"hydra.sweep.dir={folder}")
    if words:
        code = seedbed(working, "train", "-m", f"sweep.resume={folder}", *words)
    page = working / folder / "report.html"
    if not page.is_file():
        print(f"{kind}: no page, exit code {code}")
        return 1
    faults = list(differences(working, folder, document(page)))
    again = working / f"{folder}.html"
    seedbed(working, "report", folder, f"page={again.name}")
    if again.is_file():
        faults += parted(document(page), document(again))
    else:
        faults.append("report writes no page")
    for path in (page, again):
        faults += [f"{path.name} tells {word}" for word in private(working) if word in text(path)]
    size = page.stat().st_size
    print(f"{kind:12} {document(page)['jobs']['count']:4} jobs, {size / 1e6:.1f} MB", *faults)
    return len(faults)


def check_run(working: Path, kind: str, folder: str) -> int:
    """Train a run by itself and say what of its page differs from its record."""
    words = [word.format(home=working.parent) for word in RUNS[kind]]
    seedbed(working, "train", *words, f"hydra.run.dir={folder}")
    page = document(working / folder / "report.html")
    record = json.loads((working / folder / "run.json").read_text())
    values = {name: column[0] for name, column in page["jobs"]["values"].items()}
    faults = [
        f"{name} is {values.get(name)}, and {value} in run.json"
        for name, value in record["metrics"].items()
        if values.get(name) != value
    ]
    faults += differences_of_job(working / folder, 0, page)
    path = working / folder / "report.html"
    faults += [f"{path.name} tells {word}" for word in private(working) if word in text(path)]
    print(
        f"{kind:12} {page['statuses'][page['jobs']['status'][0]]}, {len(page['figures'])} figures",
        *faults,
    )
    return len(faults)


def seedbed(working: Path, *words: str) -> int:
    """Run a command in a folder that looks like a user's; return its exit code."""
    environment = {**os.environ, "HOME": str(working.parent), "USER": USER, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "seedbed", *words]
    done = subprocess.run(
        command, cwd=working, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1) or "not written" in done.stderr:
        print(done.stderr.strip())
    return done.returncode


def text(path: Path) -> str:
    """Return a page without the scripts and licences that all pages have."""
    whole = path.read_text("utf-8")
    return json.dumps(document(path)) + whole[: whole.index("<style>")]


def document(path: Path) -> dict[str, Any]:
    """Return the document in a page."""
    found = re.search(
        r'<script type="application/json" id="document">(.*?)</script>', path.read_text("utf-8")
    )
    assert found is not None
    content: dict[str, Any] = json.loads(found[1])
    return content


def private(working: Path) -> list[str]:
    """Return what must not be in a page."""
    return [str(working), str(working.parent), USER, f'"{platform.node()}"']


def parted(ended: dict[str, Any], reported: dict[str, Any]) -> list[str]:
    """Return what a page at the end of a sweep has otherwise than one of its folder."""
    faults = [
        f"{name} differs from report's"
        for name in ended
        if name not in ("title", "written", "sources", "jobs") and ended[name] != reported[name]
    ]
    jobs, others = ended["jobs"], reported["jobs"]
    return faults + [f"jobs.{n} differs" for n in jobs if n != "folder" and jobs[n] != others[n]]


def differences(working: Path, folder: str, page: dict[str, Any]) -> Iterator[str]:
    """Yield what a page has otherwise than the files of its sweep."""
    table = pl.read_csv(working / folder / "results.csv", infer_schema_length=None)
    jobs = page["jobs"]
    if jobs["number"] != table["number"].to_list():
        yield "other jobs"
        return
    for column in page["columns"]:
        name, values = column["name"], jobs["values"][column["name"]]
        if name not in table.columns:
            yield f"no column {name} in results.csv"
        elif not all(map(same, values, table[name].to_list())):
            yield f"{name} differs from results.csv"
    left = {*table.columns} - {*(c["name"] for c in page["columns"])}
    if left := left - {"number", "status", "folder", "error"}:
        yield f"without {', '.join(sorted(left))}"
    if [page["statuses"][s] for s in jobs["status"]] != table["status"].to_list():
        yield "statuses differ"
    for place, name in enumerate(table["folder"].cast(pl.String).to_list()):
        if name is not None and place < 8:
            path = working / folder / name
            yield from differences_of_job(path, place, page)


def same(value: Any, cell: Any) -> bool:
    """Return whether a value of a page is that of a table."""
    if value is None or cell is None:
        return value is None and cell in (None, "", "null")
    if isinstance(value, str):
        return value == str(cell)
    if isinstance(value, bool):
        return cell in (value, str(value).lower())
    return bool(value == cell)


def differences_of_job(path: Path, place: int, page: dict[str, Any]) -> Iterator[str]:
    """Yield what a page has otherwise than the folder of a job: its config and its curves."""
    configs = page["configs"]
    shown = flat(configs["common"])
    for key, values in configs["differing"].items():
        if values[place] is not None or key in shown:
            shown[key] = values[place]
    saved = flat(yaml.safe_load((path / ".hydra" / "config.yaml").read_text()))
    saved = {k: v for k, v in saved.items() if k.split(".")[0] not in ("paths", "sweep")}
    for key in {**saved, **shown}:
        kept = saved.get(key)
        kept = re.sub(rf"^/.*/home/{USER}(?=/)", "~", kept) if isinstance(kept, str) else kept
        if kept != shown.get(key):
            yield f"job {place}: {key} is {shown.get(key)!r}, and {kept!r} in config.yaml"
    events = EventAccumulator(str(path), size_guidance={"scalars": 0}).Reload()
    curves = page["curves"]
    grid = curves["grid_of_job"][place]
    for name in events.Tags()["scalars"]:
        if name.startswith(("best/", "test/")) or name not in curves["metrics"]:
            continue
        logged = {event.step: event.value for event in events.Scalars(name)}
        kept = curve(curves, name, place) if grid >= 0 else {}
        wrong = [s for s, v in kept.items() if not np.isnan(v) and logged.get(s) != v]
        if wrong or len(kept) < min(len(logged), 12):
            yield f"job {place}: curve of {name} differs at {wrong[:3]}"


def flat(node: Any, prefix: str = "") -> dict[str, Any]:
    """Return a nested config by dotted keys."""
    if isinstance(node, dict) and (node or not prefix):
        return {
            key: leaf
            for name, below in node.items()
            for key, leaf in flat(below, f"{prefix}.{name}" if prefix else str(name)).items()
        }
    return {prefix: node}


def curve(curves: dict[str, Any], name: str, job: int) -> dict[int, float]:
    """Return a curve of a job by epoch."""
    lengths = [len(curves["grids"][grid]) if grid >= 0 else 0 for grid in curves["grid_of_job"]]
    start = sum(lengths[:job])
    numbers = np.frombuffer(base64.b64decode(curves["values"][name]), "<f4")
    epochs = curves["grids"][curves["grid_of_job"][job]]
    return dict(zip(epochs, numbers[start : start + lengths[job]].tolist(), strict=True))


if __name__ == "__main__":
    sys.exit(main())
