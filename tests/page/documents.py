"""Documents of pages, as plain values, made by drawing numbers: no training."""

import base64
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Document = dict[str, Any]
STATUSES = ["completed", "stopped_early", "diverged", "failed", "interrupted", "running"]
# What could break out of its place, or deceive who reads it: markup, terminal signs, direction.
HOSTILE_NAMES = [
    "<script>window.broken = 1</script>",
    "<img src=x onerror=window.broken=1>",
    "</script><script>window.broken = 1</script>",
    "\x1b[31mred\x1b[0m\x07",
    "\u202egnp.exe",
    "=HYPERLINK(0)",
    "a\"b'c`d\\e",
    "__proto__",
    "constructor",
    "{{title}}",
]


def column(name: str, kind: str, type: str = "number", **more: Any) -> dict[str, Any]:
    """Return a column of a document."""
    given = {"meaning": None, "mode": None, "log": False, "of_best": None}
    return {"name": name, "kind": kind, "type": type, **given, **more}


def packed(curves: np.ndarray[Any, Any]) -> str:
    """Return curves as the document has them."""
    return base64.b64encode(np.ascontiguousarray(curves, "<f4").tobytes()).decode()


def cells(values: Any) -> list[Any]:
    """Return numbers as the document has them."""
    return [value if np.isfinite(value) else str(value) for value in np.asarray(values).tolist()]


def document(
    settings: Mapping[str, Sequence[Any]],
    averaged: Mapping[str, Sequence[Any]],
    results: Mapping[str, Sequence[Any]],
    statuses: Sequence[str],
    curves: Mapping[str, np.ndarray[Any, Any]] | None = None,
    **more: Any,
) -> Document:
    """Return a document of one sweep.

    Args:
        settings: of each axis its values, a configuration each.
        averaged: of seed and fold their values within a configuration, a job each.
        results: of each metric its values, a job each; jobs of a configuration follow each other.
        statuses: a job each.
        curves: of each metric an array, jobs x epochs.
        more: other parts of the document.
    """
    count = len(statuses)
    size = max((len(values) for values in averaged.values()), default=1)
    configurations = count // size
    assert count == configurations * size
    of_job = np.repeat(np.arange(configurations), size)
    columns = [
        column(name, "axis", _type(values), log=name.endswith("lr"))
        for name, values in settings.items()
    ]
    columns += [column(name, "averaged") for name in averaged]
    for name in results:
        of_best = name.removeprefix("best/") if name.startswith("best/") else None
        mode = "max" if name.endswith("accuracy") else "min" if name.endswith("loss") else None
        kind = "result" if name == "seconds" else "metric"
        columns.append(column(name, kind, mode=mode, of_best=of_best))
    values: dict[str, Any] = {
        name: [given[place] for place in of_job] for name, given in settings.items()
    }
    values |= {name: list(given) * configurations for name, given in averaged.items()}
    values |= {name: cells(given) for name, given in results.items()}
    words = [
        [
            f"{key}={value}"
            for key, value in (*_at(settings, of_job[job]), *_at(averaged, job % size))
        ]
        for job in range(count)
    ]
    counts = {status: list(statuses).count(status) for status in dict.fromkeys(statuses)}
    name = "outputs/sweeps/2026-11-26/08-02-07-884a70"
    epochs = {len(curve[0]) for curve in (curves or {}).values()}
    return {
        "format": "seedbed-page/1",
        "title": "crop yield, learning rates",
        "written": "2026-11-26T12:00:00Z",
        "sources": [
            {
                "name": name,
                "kind": "sweep",
                "command": "seedbed train -m data=crop_yield optimizer=adam seed=range(0,100)",
                "started": "2026-11-26T08:02:07Z",
                "finished": "2026-11-26T08:02:14Z",
                "seconds": 7.3,
                "running": False,
                "versions": {"seedbed": "0.1.0", "python": "3.11.2", "torch": "2.13.0"},
                "git": {"commit": "0123456789abcdef" * 2, "branch": "main", "dirty": True},
                "data": {"name": "crop_yield", "fingerprint": "ab12" * 16, "rows": 15},
                "counts": {**counts, "missing": 0},
                "go_on": None,
                "search": None,
                "notes": [],
                "labels": {"name": "rates", "tags": ["crop"], "notes": None},
            }
        ],
        "objectives": [{"metric": "val/loss", "mode": "min"}],
        "rank": "best",
        "constraints": [],
        "columns": columns,
        "constants": [["model", "mlp"], ["optimizer", "adam"], ["trainer.max_epochs", "50"]],
        "statuses": STATUSES,
        "jobs": {
            "count": count,
            "source": [0] * count,
            "number": list(range(count)),
            "configuration": of_job.tolist(),
            "status": [STATUSES.index(status) for status in statuses],
            "values": values,
            "folder": [f"{name}/{job}" for job in range(count)],
            "command": [f"seedbed train data=crop_yield {' '.join(each)}" for each in words],
        },
        "configurations": {
            "count": configurations,
            "values": {name: list(given) for name, given in settings.items()},
        },
        "curves": {
            "metrics": list(curves or {}),
            "unit": "epoch",
            "thinned": None,
            "grids": [list(range(1, length + 1)) for length in epochs],
            "grid_of_job": [0 if curves else -1] * count,
            "values": {name: packed(curve) for name, curve in (curves or {}).items()},
        },
        "configs": {
            "common": {"model": {"hidden": [64, 64], "name": "mlp"}, "optimizer": {"name": "adam"}},
            "differing": {
                name: values[name] for name in [*settings, *averaged]
            },
        },
        "errors": {},
        "figures": [],
        "figures_left_out": 0,
        "importances": [],
        **more,
    }  # fmt: skip


def ten_by_hundred() -> Document:
    """Return ten learning rates of a hundred seeds each; the largest diverges, two are alike."""
    draw = np.random.default_rng(0)
    rates = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 2e-3, 3e-3, 1e-2, 3e-2, 0.1]
    reached = [0.9, 0.62, 0.31, 0.17, 0.101, 0.1, 0.1202, 0.15, 0.24, 0.6]
    luck = draw.normal(0, 0.02, 100)
    losses = np.concatenate([level * np.exp(luck + draw.normal(0, 0.03, 100)) for level in reached])
    statuses = ["completed"] * 1000
    errors = {}
    for job in range(900, 1000, 3):
        statuses[job] = "diverged"
        errors[str(job)] = {"message": "val/loss is not finite in epoch 12", "traceback": None}
    statuses[905] = "failed"
    traceback = (
        'Traceback (most recent call last):\n  File "own.py", line 3, in load\nOSError: full\n'
    )
    errors["905"] = {"message": "OSError: full", "traceback": traceback}
    epochs = np.arange(1, 51)
    shape = np.exp(-epochs / 9)
    curves = losses[:, None] * (1 + 6 * shape + draw.normal(0, 0.02, (1000, 50)))
    diverged = np.array([status == "diverged" for status in statuses])
    curves[diverged, 12:] = np.nan
    last = np.where(diverged, np.nan, curves[:, -1])
    best = curves.copy()
    best[np.isnan(best)] = np.inf
    return document(
        {"optimizer.lr": rates},
        {"seed": list(range(100))},
        {
            "train/loss": last * 0.8,
            "val/loss": last,
            "val/accuracy": np.clip(1 - last, 0, 1),
            "best/val/loss": np.where(diverged, np.nan, best.min(1)),
            "best/val/accuracy": np.where(diverged, np.nan, np.clip(1 - best.min(1), 0, 1)),
            "best/epoch": best.argmin(1) + 1,
            "seconds": draw.gamma(4, 0.01, 1000),
        },
        statuses,
        {"train/loss": curves * 0.8, "val/loss": curves},
        errors=errors,
        importances=[{"objective": "val/loss", "importances": {"optimizer.lr": 1.0}}],
    )


def ten_thousand(seeds: int = 5) -> Document:
    """Return 10,000 jobs of six axes, so many seeds a configuration."""
    draw = np.random.default_rng(1)
    count = 10_000 // seeds
    rates = 10 ** draw.uniform(-5, -1, count)
    decay = 10 ** draw.uniform(-6, -2, count)
    width = draw.choice([16, 32, 64, 128, 256], count)
    dropout = np.round(draw.uniform(0, 0.5, count), 3)
    level = 0.1 + (np.log10(rates) + 2.7) ** 2 / 10 + dropout / 10 + 1 / width
    losses = np.repeat(level, seeds) * np.exp(draw.normal(0, 0.05, 10_000))
    curves = losses[:, None] * (1 + 5 * np.exp(-np.arange(1, 21) / 4))
    statuses = np.where(draw.uniform(size=10_000) < 0.01, "failed", "completed").tolist()
    return document(
        {
            "optimizer.lr": rates.tolist(),
            "optimizer.weight_decay": decay.tolist(),
            "model.hidden": [f"[{size},{size}]" for size in width],
            "model.dropout": dropout.tolist(),
            "optimizer": draw.choice(["adam", "adamw", "sgd"], count).tolist(),
            "data.input_scale": draw.choice(["standard", "min_max"], count).tolist(),
        },
        {"seed": list(range(seeds))} if seeds > 1 else {},
        {
            "train/loss": losses * 0.9,
            "val/loss": losses * 1.05,
            "val/accuracy": np.clip(1 - losses, 0, 1),
            "best/val/loss": losses,
            "best/epoch": draw.integers(1, 21, 10_000),
            "seconds": draw.gamma(4, 0.01, 10_000),
        },
        statuses,
        {"val/loss": curves},
    )


def hostile() -> Document:
    """Return jobs whose names, values and errors are markup, terminal signs and other traps."""
    draw = np.random.default_rng(2)
    names = HOSTILE_NAMES
    made = document(
        {name: [*names[place:], *names[:place]] for place, name in enumerate(names)},
        {"seed": [0, 1]},
        {"val/loss": draw.uniform(size=20), "<b>val</b>/loss": draw.uniform(size=20)},
        ["completed"] * 19 + ["failed"],
        {"val/loss": draw.uniform(size=(20, 5)), "<b>val</b>/loss": draw.uniform(size=(20, 5))},
        title=names[0],
        constants=[[name, name] for name in names],
        errors={"19": {"message": names[1], "traceback": "\n".join(names)}},
        importances=[{"objective": names[0], "importances": dict.fromkeys(names, 0.1)}],
        constraints=[names[1]],
    )
    for key in ("folder", "command"):
        made["jobs"][key] = [names[job % len(names)] for job in range(20)]
    [source] = made["sources"]
    source.update(name=names[0], command=names[2], notes=names, go_on=names[1])
    source["labels"] = {"name": names[0], "tags": names, "notes": names[1]}
    source["data"] = {"name": names[0], "fingerprint": names[1], "rows": 3}
    source["git"] = {"commit": names[1], "branch": names[0], "dirty": True}
    return made


def two_objectives() -> Document:
    """Return a search of 60 trials with three seeds, judged by a loss and by the parameters."""
    draw = np.random.default_rng(3)
    rates = 10 ** draw.uniform(-4, -1, 60)
    width = draw.integers(4, 129, 60)
    level = 0.2 + (np.log10(rates) + 2.5) ** 2 / 8 + 3 / width
    losses = np.repeat(level, 3) * np.exp(draw.normal(0, 0.03, 180))
    curves = losses[:, None] * (1 + 4 * np.exp(-np.arange(1, 31) / 6))
    made = document(
        {"optimizer.lr": rates.tolist(), "model.width": width.tolist()},
        {"seed": [0, 1, 2]},
        {
            "val/loss": losses,
            "best/val/loss": losses,
            "best/epoch": np.full(180, 30),
            "parameters": np.repeat(width * 12 + 1, 3),
        },
        ["completed"] * 180,
        {"val/loss": curves},
        objectives=[
            {"metric": "val/loss", "mode": "min"},
            {"metric": "parameters", "mode": "min"},
        ],
        importances=[
            {"objective": "val/loss", "importances": {"optimizer.lr": 0.7, "model.width": 0.3}},
            {"objective": "parameters", "importances": {"optimizer.lr": 0, "model.width": 1}},
        ],
    )
    made["sources"][0]["search"] = {"sampler": "nsga2", "trials": 60, "rule": None}
    made["sources"][0]["go_on"] = "seedbed train -m sweep.resume=latest search.trials=120"
    return made


def cross_validation() -> Document:
    """Return three configurations of five folds with two seeds each."""
    draw = np.random.default_rng(4)
    hard = np.repeat(draw.normal(0, 0.05, 5), 2)
    losses = np.concatenate([level + hard + draw.normal(0, 0.01, 10) for level in (0.3, 0.32, 0.5)])
    return document(
        {"optimizer.lr": [0.01, 0.003, 0.001]},
        {"data.fold": np.repeat(np.arange(5), 2).tolist(), "seed": [0, 1] * 5},
        {"val/loss": losses * 1.1, "best/val/loss": losses, "best/epoch": np.full(30, 7)},
        ["completed"] * 30,
        {"val/loss": losses[:, None] * (1 + np.exp(-np.arange(1, 11) / 3))},
    )


def one_seed() -> Document:
    """Return six configurations of one seed each."""
    losses = np.array([0.5, 0.3, 0.31, 0.9, 0.35, 0.4])
    return document(
        {"optimizer.lr": [0.1, 0.01, 0.003, 0.001, 0.02, 0.03]},
        {},
        {"val/loss": losses * 1.2, "best/val/loss": losses, "best/epoch": np.full(6, 9)},
        ["completed"] * 6,
        {"val/loss": losses[:, None] * (1 + np.exp(-np.arange(1, 11) / 3))},
    )


def single_run() -> Document:
    """Return one run."""
    made = document(
        {},
        {},
        {"val/loss": [0.25], "best/val/loss": [0.2], "best/epoch": [8], "test/loss": [0.22]},
        ["completed"],
        {"val/loss": np.exp(-np.arange(1, 11) / 3)[None]},
    )
    made["sources"][0].update(kind="run", name="outputs/runs/2026-11-26/03-04-53-7d9810")
    made["jobs"]["folder"] = ["."]
    return made


def all_failed() -> Document:
    """Return four jobs that failed before their first epoch: no result, no curve."""
    nothing = np.full(4, np.nan)
    errors = {str(job): {"message": "OSError: no rows", "traceback": None} for job in range(4)}
    return document(
        {"optimizer.lr": [0.1, 0.01]},
        {"seed": [0, 1]},
        {"val/loss": nothing, "best/val/loss": nothing},
        ["failed"] * 4,
        errors=errors,
    )


def with_figures() -> Document:
    """Return three configurations of two seeds with deep configs and two figures of most jobs."""
    draw = np.random.default_rng(5)
    losses = np.repeat([0.2, 0.25, 0.4], 2) * np.exp(draw.normal(0, 0.05, 6))
    optimizers = ["adam", "adam", "sgd"]
    rates = [0.01, 0.003, 0.1]
    shared = {
        "data": {"name": "penguins", "split": {"kind": "random", "shares": [0.6, 0.2, 0.2]}},
        "model": {"hidden": [64, 64], "activation": "relu", "dropout": 0.0},
        "trainer": {"max_epochs": 30, "precision": 32, "clip": None},
        "optimizer": {"weight_decay": 0.0},
    }
    by_job: dict[str, list[Any]] = {
        "optimizer.name": np.repeat(optimizers, 2).tolist(),
        "optimizer.lr": np.repeat(rates, 2).tolist(),
        "optimizer.betas": [[0.9, 0.999]] * 4 + [None] * 2,
        "optimizer.momentum": [None] * 4 + [0.9] * 2,
        "seed": [0, 1] * 3,
    }
    figures = [
        {
            "job": job,
            "name": name,
            "title": name.replace("_", " "),
            "source": picture(80 + 20 * job),
        }
        for job in range(5)
        for name in ("confusion_matrix", "loss_curve")
    ]
    return document(
        {"optimizer": optimizers, "optimizer.lr": rates},
        {"seed": [0, 1]},
        {
            "val/loss": losses * 1.1,
            "val/accuracy": 1 - losses * 1.1,
            "best/val/loss": losses,
            "best/val/accuracy": 1 - losses,
            "best/epoch": np.arange(20, 26),
            "seconds": draw.gamma(4, 0.1, 6),
        },
        ["completed"] * 6,
        {"val/loss": losses[:, None] * (1 + 5 * np.exp(-np.arange(1, 31) / 5))},
        configs={"common": shared, "differing": by_job},
        figures=figures,
        figures_left_out=2,
    )


def picture(width: int, height: int = 60) -> str:
    """Return a grey picture as the data URI of a PNG."""
    rows = b"".join(b"\0" + bytes(range(width)) for _ in range(height))

    def chunk(kind: bytes, content: bytes) -> bytes:
        size = struct.pack(">I", len(content))
        return size + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
    return f"data:image/png;base64,{base64.b64encode(png + chunk(b'IEND', b'')).decode()}"


DOCUMENTS: dict[str, Callable[[], Document]] = {
    make.__name__: make
    for make in (
        ten_by_hundred,
        ten_thousand,
        hostile,
        two_objectives,
        cross_validation,
        one_seed,
        single_run,
        all_failed,
        with_figures,
    )
}


def _type(values: Sequence[Any]) -> str:
    return "text" if any(isinstance(value, str) for value in values) else "number"


def _at(columns: Mapping[str, Sequence[Any]], place: int) -> list[tuple[str, Any]]:
    return [(name, values[place]) for name, values in columns.items()]
