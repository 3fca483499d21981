"""Tables that come with scikit-learn: Seedbed's cross-validation beside scikit-learn's own models.

    python scripts/tables.py                       every part
    python scripts/tables.py --only linear,mlp     some of: linear, mlp, seeds, large
    python scripts/tables.py --rows 100000         a smaller table for `large`

Both see the same rows in each fold. `linear` compares `model=linear` with linear and logistic
regression, `mlp` `model=mlp` with scikit-learn's MLP of the same sizes, rate, batches and epochs;
`seeds` what 5 folds of 20 seeds cost beside one fold and seed; `large` what reading a million rows
costs beside polars' own reader. A command is a process of its own, timed from start to exit.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, median, pstdev
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

FOLDS, SEEDS = 5, 20
SEEDBED = (sys.executable, "-m", "seedbed")
MEBIBYTE = 2**20
# Sizes, rate and batches of the MLPs on both sides.
HIDDEN, RATE, BATCH = 32, 0.003, 32
CLASSES = ("breast_cancer", "wine", "iris", "digits")
NAMES = ("diabetes", *CLASSES)
Row = tuple[str, str, str, str]


@dataclass(frozen=True)
class Data:
    """Table that comes with scikit-learn, as a CSV file.

    Attributes:
        name: its name there.
        file: the CSV, whose last column is the target.
        inputs: (rows, columns).
        targets: (rows,), numbers of classes but of a regression.
    """

    name: str
    file: Path
    inputs: np.ndarray
    targets: np.ndarray

    @property
    def is_regression(self) -> bool:
        """Whether the target is a number."""
        return self.name == "diabetes"

    @property
    def words(self) -> list[str]:
        """Overrides that choose this table."""
        kind = "number" if self.is_regression else "category"
        return [
            *("data=table", f"data.file={self.file}", "data.target=target"),
            *(f"data.columns={{target: {kind}}}", "data.val_size=0", "data.test_size=0"),
        ]


def main() -> None:
    """Measure the named parts, or all, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="parts, with commas between")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the large table")
    # That the last epoch is the last one is asked for.
    warnings.filterwarnings("ignore", message="Stochastic Optimizer: Maximum iterations")
    parser.add_argument("--reader", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.reader:
        reader, file = options.reader.split(":", 1)
        print(*measured(reader, file))
        return
    parts: dict[str, Callable[[Path], Iterator[Row]]] = {
        "linear": linear,
        "mlp": mlp,
        "seeds": seeds,
        "large": lambda folder: large(folder, options.rows),
    }
    chosen = list(filter(None, options.only.split(","))) or list(parts)
    if unknown := set(chosen) - set(parts):
        sys.exit(f"tables: no part {', '.join(unknown)}; parts: {', '.join(parts)}")
    table = Table("figure", "Seedbed", "beside it", "asked", title=f"{os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            for row in parts[name](Path(folder)):
                table.add_row(*row)
                print(" | ".join(row), file=sys.stderr)
    Console(width=140).print(table)


# ---- Data, folds and commands --------------------------------------------------------------------


def data_of(name: str, folder: Path) -> Data:
    """Return a table of scikit-learn's, written as a CSV file."""
    from sklearn import datasets

    loaded = getattr(datasets, f"load_{name}")()
    names = [str(column) for column in loaded.feature_names]
    frame = pl.DataFrame(loaded.data, schema=names).with_columns(target=pl.Series(loaded.target))
    file = folder / f"{name}.csv"
    frame.write_csv(file)
    return Data(name, file, loaded.data, loaded.target)


def folds_of(data: Data) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the rows that train and those that validate of each fold, as Seedbed cuts them."""
    from seedbed.experiment.build import build_data

    spec = specified([*data.words, f"data.folds={FOLDS}", "data.fold=0"])
    for fold in range(FOLDS):
        rows: Any = build_data(replace(spec, data=replace(spec.data, fold=fold)))
        rows.setup("fit")
        yield rows.numbers("train").numpy(), rows.numbers("val").numpy()


def specified(words: Sequence[str]) -> Any:
    """Return the spec of a run."""
    from hydra import compose, initialize_config_dir

    from seedbed.config.groups import config_folder
    from seedbed.config.resolvers import register_resolvers
    from seedbed.config.schema import register_schema
    from seedbed.config.spec import run_spec
    from seedbed.experiment.inferred_facts import register_inferred

    register_resolvers()
    register_inferred()
    register_schema()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return run_spec(compose("train", overrides=list(words)))


def command(folder: Path, *words: str) -> tuple[float, Path]:
    """Run `seedbed train` and return its seconds, and the folder that it wrote."""
    outputs = Path(tempfile.mkdtemp(dir=folder))
    started = time.perf_counter()
    finished = subprocess.run(
        [*SEEDBED, "train", *words, f"paths.outputs={outputs}"],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    if finished.returncode:
        sys.exit(f"tables: seedbed train {' '.join(words)}:\n{finished.stderr}")
    seconds = time.perf_counter() - started
    [written] = [*outputs.glob("sweeps/*/*"), *outputs.glob("runs/*/*")]
    return seconds, written


def crossed(data: Data, folder: Path, metric: str, *words: str) -> tuple[list[float], float]:
    """Return the last validation metric of each fold, and the seconds of the command."""
    seconds, sweep = command(folder, "-m", *data.words, f"sweep.folds={FOLDS}", *words)
    with (sweep / "results.csv").open(newline="", encoding="utf-8") as file:
        return [float(row[f"val/{metric}"]) for row in csv.DictReader(file)], seconds


def beside(data: Data, model: Callable[[], Any]) -> tuple[list[float], float]:
    """Return scikit-learn's error or accuracy of each fold, on standardised inputs, and seconds."""
    from sklearn.preprocessing import StandardScaler

    results, seconds = [], 0.0
    for train, val in folds_of(data):
        scaler = StandardScaler().fit(data.inputs[train])
        started = time.perf_counter()
        fitted = model().fit(scaler.transform(data.inputs[train]), data.targets[train])
        seconds += time.perf_counter() - started
        answers = fitted.predict(scaler.transform(data.inputs[val]))
        right = data.targets[val]
        error = float(np.mean((answers - right) ** 2)) if data.is_regression else 0.0
        results.append(error if data.is_regression else float(np.mean(answers == right)))
    return results, seconds


def compared(
    title: str, ours: tuple[list[float], float], theirs: tuple[list[float], float], lower: bool
) -> Row:
    """Return the row of two cross-validations; neither may be worse by a standard deviation."""
    (own, own_seconds), (others, seconds) = ours, theirs
    deviation = pstdev(others)
    worse = (mean(own) - mean(others)) * (1 if lower else -1)
    verdict = "reached" if worse <= deviation else "MISSED"
    return (
        title,
        f"{mean(own):.5g} ± {pstdev(own):.2g}, {own_seconds:.1f} s with start",
        f"{mean(others):.5g} ± {deviation:.2g}, {seconds:.1f} s of fitting alone",
        f"no worse than one standard deviation: {verdict}",
    )


# ---- Parts ---------------------------------------------------------------------------------------


def linear(folder: Path) -> Iterator[Row]:
    """Compare the linear model with the exact solution, and with logistic regression."""
    from sklearn.linear_model import LinearRegression, LogisticRegression

    data = data_of("diabetes", folder)
    exact = ["model=linear", "optimizer=lbfgs", "data.batch_size=null", "trainer.max_epochs=50"]
    own, seconds = crossed(data, folder, "loss", *exact)
    others, _ = beside(data, LinearRegression)
    apart = max(abs(a - b) / b for a, b in zip(own, others, strict=True))
    yield (
        f"diabetes, linear, {FOLDS} folds: mse",
        f"{mean(own):.6g}, {seconds:.1f} s with start",
        f"{mean(others):.6g}, exact; largest difference of a fold {apart:.1e}",
        f"rtol 1e-3: {'reached' if apart <= 1e-3 else 'MISSED'}",
    )
    for name in CLASSES:
        data = data_of(name, folder)
        # The penalty of scikit-learn's default, C=1, per row.
        penalty = FOLDS / (FOLDS - 1) / len(data.targets)
        words = ["model=linear", "optimizer=adam", "optimizer.lr=0.01", "trainer.max_epochs=100"]
        words.append(f"optimizer.weight_decay={penalty:.3g}")
        ours = crossed(data, folder, "accuracy", *words)
        theirs = beside(data, lambda: LogisticRegression(max_iter=1000))
        yield compared(f"{name}, linear, {FOLDS} folds: accuracy", ours, theirs, lower=False)


def mlp(folder: Path) -> Iterator[Row]:
    """Compare MLPs of the same sizes, rate, batches and epochs."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    for name in NAMES:
        data = data_of(name, folder)
        epochs = 100
        kind = MLPRegressor if data.is_regression else MLPClassifier
        sizes = {"hidden_layer_sizes": (HIDDEN,), "learning_rate_init": RATE, "batch_size": BATCH}

        def model(kind: Any = kind, sizes: Mapping[str, Any] = sizes, epochs: int = epochs) -> Any:
            # Without penalty, and without an end before the last epoch.
            return kind(
                **sizes, max_iter=epochs, alpha=0.0, n_iter_no_change=epochs, random_state=0
            )

        metric = "loss" if data.is_regression else "accuracy"
        ours = crossed(data, folder, metric, *mlp_words(epochs))
        title = f"{name}, MLP of {HIDDEN}, {FOLDS} folds: {metric}"
        yield compared(title, ours, beside(data, model), lower=data.is_regression)


def mlp_words(epochs: int) -> list[str]:
    """Return the overrides of an MLP."""
    return [
        *("model=mlp", f"model.hidden=[{HIDDEN}]", "optimizer=adam", f"optimizer.lr={RATE}"),
        *(f"data.batch_size={BATCH}", f"trainer.max_epochs={epochs}"),
    ]


def seeds(folder: Path, rounds: int = 3) -> Iterator[Row]:
    """Compare 5 folds of 20 seeds with one fold and seed."""
    data = data_of("diabetes", folder)
    # The same numbers of epochs and of files.
    words = [*data.words, *mlp_words(100)]
    one, many = [], []
    for _ in range(rounds):
        alone = command(folder, *words, f"data.folds={FOLDS}", "data.fold=0")
        one.append(alone[0])
        sweep = [f"sweep.folds={FOLDS}", f"seed=range({SEEDS})"]
        many.append(command(folder, "-m", *words, *sweep)[0])
    ratio = median(a / b for a, b in zip(many, one, strict=True))
    yield (
        f"diabetes, MLP: {FOLDS} folds of {SEEDS} seeds",
        f"{median(many):.1f} s, {ratio:.2f} times",
        f"{median(one):.1f} s for one fold and seed",
        f"at most 1.5 times: {'reached' if ratio <= 1.5 else 'MISSED'}",
    )


def large(folder: Path, rows: int, rounds: int = 3) -> Iterator[Row]:
    """Compare reading, inferring and preparing a large table with polars' own reading."""
    file = folder / "large.csv"
    write_large(file, rows)
    figures: dict[str, list[tuple[float, float]]] = {"polars": [], "seedbed": []}
    for _ in range(rounds):
        for reader, measures in figures.items():
            own = [sys.executable, __file__, "--reader", f"{reader}:{file}"]
            printed = subprocess.run(own, capture_output=True, text=True, check=True).stdout
            seconds, bytes_taken = map(float, printed.split())
            measures.append((seconds, bytes_taken))
    ours, theirs = (
        [median(values) for values in zip(*figures[reader], strict=True)]
        for reader in ("seedbed", "polars")
    )
    size = file.stat().st_size / MEBIBYTE
    for place, what, unit, most in ((0, "time", "s", 3.0), (1, "memory", "MiB", 4.0)):
        ratio = ours[place] / theirs[place]
        scale = 1 if unit == "s" else MEBIBYTE
        yield (
            f"{rows:,} rows, 30 columns, {size:.0f} MiB: {what}",
            f"{ours[place] / scale:.4g} {unit}, {ratio:.2f} times",
            f"{theirs[place] / scale:.4g} {unit} of pl.read_csv",
            f"at most {most:g} times: {'reached' if ratio <= most else 'MISSED'}",
        )


def write_large(file: Path, rows: int) -> None:
    """Write a CSV of 25 columns of numbers, 5 of them whole, and 5 of words; the last one last."""
    random = np.random.default_rng(0)
    columns: dict[str, Any] = {f"x{place}": random.normal(size=rows) for place in range(20)}
    columns |= {f"n{place}": random.integers(0, 1000, rows) for place in range(5)}
    for place in range(5):
        words = np.array([f"word{number}" for number in range(3 + 4 * place)])
        columns[f"c{place}"] = words[random.integers(0, len(words), rows)]
    pl.DataFrame(columns).write_csv(file, float_precision=6)


def measured(reader: str, file: str) -> tuple[float, float]:
    """Return the seconds and the bytes of memory that a reader takes, in this process."""
    work = prepared() if reader == "seedbed" else pl.read_csv
    before, started = most_memory(), time.perf_counter()
    kept = work(file)
    seconds = time.perf_counter() - started
    assert len(kept)
    return seconds, most_memory() - before


def most_memory() -> float:
    """Return the most bytes that this process has had in memory; the system counts from exec on."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(peak) * 1024


def prepared() -> Callable[[str], Any]:
    """Return the function that reads, infers and prepares; what it imports is imported by then."""
    from seedbed.data.preparation import FitOptions, fit
    from seedbed.data.preparation.loading import kinds_of_inputs, loaded
    from seedbed.data.tables import infer_schema, read_table

    def inputs(file: str) -> Any:
        table = read_table(file)
        schema = infer_schema(table, ["c0"])
        whole = loaded(table, schema, "fill")
        targets = dict.fromkeys(schema.targets, schema.class_names)
        train = np.arange(len(whole.frame))[: len(whole.frame) * 4 // 5]
        fitted = fit(whole.frame, kinds_of_inputs(schema), targets, train, FitOptions())
        return fitted.apply(whole.frame)

    return inputs


if __name__ == "__main__":
    main()
