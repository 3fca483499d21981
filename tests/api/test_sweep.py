"""A sweep opened from Python, held against polars on its table and the command line."""

import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.api.folders import command_in

import seedbed
from seedbed.api.frames.results import typed
from seedbed.reading.json_files import read_plain_json


@pytest.fixture(autouse=True)
def _in_folder(work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(work)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


@pytest.fixture(name="sweep")
def _sweep() -> seedbed.Sweep:
    return seedbed.Sweep("sweep")


def test_results_are_those_of_the_table(sweep: seedbed.Sweep) -> None:
    table = pl.read_csv("sweep/results.csv", infer_schema_length=None)
    theirs = table.with_columns(pl.col("folder", "error").cast(pl.String))

    assert sweep.results.equals(theirs.cast({"best/epoch": pl.Int64}))
    assert sweep.results.schema["optimizer.lr"] == pl.Float64
    assert len(sweep) == 6
    assert sweep.status == "completed"
    assert sweep.counts == {"completed": 6}
    assert sweep.axes == {"optimizer.lr": ["0.001", "0.01", "0.1"], "seed": ["0", "1"]}


def test_configurations_are_means_over_seeds_the_best_first(sweep: seedbed.Sweep) -> None:
    column = "best/val/loss"
    theirs = (
        pl.read_csv("sweep/results.csv")
        .group_by("optimizer.lr")
        .agg(pl.col(column).mean(), pl.col(column).std().alias("deviation"), pl.len().alias("jobs"))
        .sort(column)
    )
    shown = sweep.configurations

    assert shown.get_column("optimizer.lr").to_list() == theirs["optimizer.lr"].to_list()
    assert shown.get_column("jobs").to_list() == theirs["jobs"].to_list()
    assert shown.get_column(column).to_list() == pytest.approx(theirs[column].to_list())
    spread = shown.get_column(f"{column} deviation").to_list()
    assert spread == pytest.approx(theirs["deviation"].to_list())
    assert sweep.metrics[column] == shown.get_column(column)[0]
    assert len(sweep.front) == 1


def test_the_best_is_that_of_the_report(sweep: seedbed.Sweep) -> None:
    printed = command_in(Path.cwd(), "report", "sweep")
    [line] = [line for line in printed.splitlines() if line.startswith("best alone")]

    assert f"optimizer.lr={sweep.best.config.optimizer.lr} seed={sweep.best.config.seed} " in line
    assert [run.config.seed for run in sweep.best_jobs] == [0, 1]
    assert sweep.config == sweep.best.config


def test_jobs_are_runs(sweep: seedbed.Sweep) -> None:
    assert [run.folder.name for run in sweep] == ["0", "1", "2", "3", "4", "5"]
    assert sweep[-1].folder == Path("sweep/5")
    assert sweep[3].metrics["val/loss"] == sweep.results["val/loss"][3]
    with pytest.raises(IndexError, match="job 6: the sweep has 6 jobs"):
        sweep[6]
    with pytest.raises(seedbed.RunFolderError, match="no refit"):
        sweep.refit  # noqa: B018


def test_curves_have_the_jobs_beside_them(sweep: seedbed.Sweep) -> None:
    curves = sweep.curves

    assert curves.columns[:4] == ["job", "epoch", "step", "train/loss"]
    for number, run in enumerate(sweep):
        own = curves.filter(pl.col("job") == number).drop("job")
        assert own.equals(run.curves)
    joined = curves.join(sweep.results, left_on="job", right_on="number")
    assert joined.get_column("optimizer.lr").n_unique() == 3


def test_a_sweep_predicts_and_is_measured_as_the_command_line_does(sweep: seedbed.Sweep) -> None:
    command_in(Path.cwd(), "predict", "run=sweep", "input=table.csv", "output=of_sweep.csv")
    command_in(Path.cwd(), "evaluate", "run=sweep", "ensemble=all", "output=of_sweep.json")

    assert sweep.predict("table.csv").equals(pl.read_csv("of_sweep.csv"))
    theirs = read_plain_json(Path("of_sweep.json"))["metrics"]
    assert sweep.evaluate(ensemble="all") == pytest.approx(theirs)


def test_a_folder_says_what_it_is(work: Path) -> None:
    assert isinstance(seedbed.load("sweep"), seedbed.Sweep)
    assert isinstance(seedbed.load(Path("sweep/0")), seedbed.Run)
    with pytest.raises(seedbed.RunFolderError, match=r"no run folder, it has no run\.json"):
        seedbed.load(work)
    with pytest.raises(seedbed.RunFolderError, match="latest: no run and no sweep in nowhere"):
        seedbed.load("latest", outputs="nowhere")
    with pytest.raises(seedbed.ConfigError, match=r"of one run; open it by seedbed\.Run or"):
        seedbed.Sweep("run")
    with pytest.raises(seedbed.RunFolderError, match=r"of a sweep; open it by seedbed\.Sweep or"):
        seedbed.Run("sweep")


def test_jobs_go_by_numbers_and_slices(sweep: seedbed.Sweep) -> None:
    assert [run.folder.name for run in sweep[4:]] == ["4", "5"]
    assert sweep[np.int64(1)].folder.name == "1"
    with pytest.raises(TypeError, match=r"sweep\['x'\]: jobs go by their numbers, from 0 to 5"):
        sweep["x"]  # type: ignore[call-overload]
    with pytest.raises(KeyError, match=r"val/los: no such metric"):
        sweep.metrics["val/los"]


def test_a_job_without_its_folder_is_known_by_its_numbers(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["optimizer.lr=1e-6,1e-5", "trainer.max_epochs=2", "sweep.keep=record"]
    command_in(tmp_path, "train", "-m", *words, "hydra.sweep.dir=kept")
    sweep = seedbed.Sweep("kept")

    assert len(sweep) == len(sweep.results) == 2
    assert sweep.runs == []
    assert sweep.curves.get_column("job").to_list() == [0, 0, 1, 1]
    with pytest.raises(seedbed.RunFolderError, match=r"job 1 has kept no folder; sweep\.keep=all"):
        sweep[1]
    with pytest.raises(seedbed.RunFolderError, match="job 1 has kept no folder"):
        sweep.best  # noqa: B018


def test_a_sweep_is_shown(sweep: seedbed.Sweep) -> None:
    assert repr(sweep).startswith("Sweep('sweep'): completed, 6 jobs, best val/loss ")
    assert "<td" in sweep._repr_html_()
    assert "optimizer.lr" in sweep._repr_html_()


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2", ""], [1, 2, None]),
        (["0.1", "null", "1e-3"], [0.1, None, 0.001]),
        (["true", "false"], [True, False]),
        (["[64,64]", "[8]"], ["[64,64]", "[8]"]),
        (["1", "adam"], ["1", "adam"]),
        (["1_000"], ["1_000"]),
        (["", ""], [None, None]),
        (["0.1", "inf"], [0.1, float("inf")]),
    ],
)
def test_axes_have_their_types(cells: list[str], values: list[object]) -> None:
    assert typed("x", cells).to_list() == values


def test_what_is_read_needs_no_torch(work: Path) -> None:
    code = (
        "import sys, seedbed; sweep = seedbed.load('sweep'); run = sweep.best; "
        "sweep.results, sweep.configurations, sweep.curves, sweep.status, run.metrics, run.curves, "
        "run.config, sweep._repr_html_(), run._repr_html_(); "
        "print([name for name in ('torch', 'tensorboard', 'hydra') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=work, capture_output=True, text=True)

    assert done.stdout == "[]\n", done.stderr
