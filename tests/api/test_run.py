"""A run opened from Python, held against its files, torch and the command line."""

import json
import os
import re
import shutil
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from tests.api.folders import command_in
from tests.experiments import events

import seedbed
from seedbed.reading.json_files import read_plain_json


@pytest.fixture(autouse=True)
def _in_folder(work: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(work)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


@pytest.fixture(name="run")
def _run() -> seedbed.Run:
    return seedbed.Run("run")


@pytest.fixture(name="frame", scope="module")
def _frame(work: Path) -> pl.DataFrame:
    return pl.read_csv(work / "table.csv")


def test_metrics_and_status_are_those_of_the_record(run: seedbed.Run) -> None:
    record = read_plain_json(Path("run/run.json"))
    best, last = record["checkpoints"]["best"], record["checkpoints"]["last"]

    assert run.status == "completed"
    assert run.error is None
    assert run.folder == Path("run")
    assert run.metrics == record["metrics"]
    assert (run.best_metrics, run.best_epoch) == (best["metrics"], best["epoch"])
    assert run.epoch == last["epoch"] == 4
    assert run.command.startswith("seedbed train data=table data.file=table.csv")


def test_curves_are_those_of_the_event_file(run: seedbed.Run) -> None:
    theirs, curves = events(Path("run")), run.curves
    names = [name for name in theirs.Tags()["scalars"] if not name.startswith(("test/", "best/"))]

    assert curves.columns[:3] == ["epoch", "step", "train/loss"]
    assert set(curves.columns) == {"epoch", "step", *names}
    assert curves.get_column("epoch").to_list() == [1, 2, 3, 4]
    for name in names:
        assert curves.get_column(name).to_list() == [each.value for each in theirs.Scalars(name)]


def test_the_config_is_read_and_not_changed(run: seedbed.Run) -> None:
    saved = OmegaConf.load("run/.hydra/config.yaml")

    assert run.config.optimizer.lr == run.config["optimizer.lr"] == saved.optimizer.lr
    assert run.config["model"]["hidden"] == (4,)
    assert run.config.trainer.max_epochs == 4
    assert "file" in run.config.data
    with pytest.raises(AttributeError, match="read, not changed"):
        run.config.seed = 3
    with pytest.raises(TypeError):
        run.config["seed"] = 3  # type: ignore[index]
    with pytest.raises(AttributeError, match="Did you mean 'optimizer'"):
        run.config.optimiser  # noqa: B018
    assert OmegaConf.create(repr(run.config)) == OmegaConf.create(run.config.to_dict())


def test_rows_of_every_kind_are_predicted_as_the_command_line_does(
    run: seedbed.Run, frame: pl.DataFrame, tmp_path: Path
) -> None:
    for output in ("csv", "npy"):
        path = tmp_path / f"predictions.{output}"
        command_in(Path.cwd(), "predict", "run=run", "input=table.csv", f"output={path}")
    theirs = pl.read_csv(tmp_path / "predictions.csv")
    inputs = frame.select("size", "colour")
    pandas = inputs.to_dict(as_series=False)

    assert run.predict("table.csv").equals(theirs)
    assert run.predict(Path("table.csv")).equals(theirs)
    assert run.predict(frame).equals(theirs)
    assert run.predict(frame.lazy()).equals(theirs)
    assert run.predict(inputs.to_dicts()).equals(theirs)
    assert run.predict(inputs.rows()).equals(theirs)
    assert run.predict(inputs.row(0, named=True)).equals(theirs.head(1))
    of_pandas = run.predict(pd.DataFrame(pandas, index=range(100, 160)))
    assert list(of_pandas.index) == list(range(100, 160))
    assert pl.DataFrame({name: of_pandas[name].tolist() for name in of_pandas}).equals(theirs)
    array = np.array(inputs.rows(), dtype=object)
    np.testing.assert_array_equal(run.predict(array), np.load(tmp_path / "predictions.npy"))
    own = run.predict(split="test")
    assert own.columns[:2] == ["row", "kind (true)"]
    chosen = run.predict(frame[own.get_column("row").to_list()])
    assert own.select(chosen.columns).equals(chosen)


def test_what_does_not_fit_is_said_as_the_command_line_says_it(run: seedbed.Run) -> None:
    with pytest.raises(seedbed.ConfigError, match=r"no column 'colour'\. Did you mean 'color'"):
        run.predict(pl.DataFrame({"size": [1.0], "color": ["red"]}))
    with pytest.raises(seedbed.ConfigError, match=r"found shape \(2, 3\)"):
        run.predict(np.zeros((2, 3)))
    with pytest.raises(seedbed.ConfigError, match="of the type set holds no rows"):
        run.predict({1, 2})
    with pytest.raises(seedbed.ConfigError, match="give rows, or split=test"):
        run.predict()
    with pytest.raises(seedbed.ConfigError, match=r"checkpoint=bst: .* Did you mean 'best'"):
        run.predict("table.csv", checkpoint="bst")
    with pytest.raises(seedbed.ConfigError, match="no such file"):
        run.predict("tabel.csv")


@pytest.mark.parametrize("checkpoint", ["best", "last"])
def test_the_model_is_that_of_the_weights(
    run: seedbed.Run, frame: pl.DataFrame, checkpoint: str
) -> None:
    stored = torch.load(f"run/checkpoints/{checkpoint}.ckpt", weights_only=True)["state_dict"]
    model = run.model(checkpoint)

    assert not model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, stored[f"net.{name}"])
    with torch.no_grad():
        probabilities = model(run.prepare(frame)).softmax(dim=1)
    told = run.predict(frame, checkpoint=checkpoint).select(pl.col("^probability of .*$"))
    np.testing.assert_allclose(probabilities, told.to_numpy(), rtol=1e-5, atol=1e-7)


def test_metrics_of_a_split_and_of_rows_are_those_of_evaluate(
    run: seedbed.Run, frame: pl.DataFrame
) -> None:
    command_in(Path.cwd(), "evaluate", "run=run", "output=test.json")
    command_in(Path.cwd(), "evaluate", "run=run", "input=table.csv", "output=table.json")

    assert run.evaluate() == read_plain_json(Path("test.json"))["metrics"]
    theirs = read_plain_json(Path("table.json"))["metrics"]
    assert run.evaluate("table.csv") == theirs
    assert run.evaluate(frame) == theirs
    assert run.evaluate(pd.DataFrame(frame.to_dict(as_series=False))) == theirs
    with pytest.raises(seedbed.ConfigError, match="no column 'kind', the target"):
        run.evaluate(frame.drop("kind"))
    assert not list(Path("run").glob("evaluate-*"))


def test_figures_are_shown_by_notebooks(run: seedbed.Run, tmp_path: Path) -> None:
    assert list(run.figures) == ["matrix"]
    shown = Image.open(BytesIO(run.figures["matrix"]._repr_png_()))
    assert shown.tobytes() == Image.open("run/figures/matrix.png").tobytes()
    with pytest.raises(KeyError):
        run.figures["../../run"]


def test_the_page_is_that_of_the_report(run: seedbed.Run, work: Path) -> None:
    command_in(work, "report", "run", "page=theirs.html")
    written = run.report("ours.html")

    def shown(path: Path | str) -> str:
        return re.sub(r'"written":"[^"]*"', "", Path(path).read_text())

    assert shown(written) == shown("theirs.html")
    assert seedbed.Sweep("sweep").report("ours.html") == Path("ours.html")
    Path("other.html").touch()
    with pytest.raises(seedbed.ConfigError, match="is no page of Seedbed's"):
        run.report("other.html")
    with pytest.raises(seedbed.ConfigError, match=r"page=/proc/x\.html: no such file"):
        run.report("/proc/x.html")


def test_nothing_of_the_process_is_changed(run: seedbed.Run, frame: pl.DataFrame) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state(), list(warnings.filters)
    OmegaConf.register_new_resolver("mul", lambda a, b: "mine", replace=True)
    try:
        run.predict(frame)
        run.model()
        run.evaluate()
        assert OmegaConf.create({"a": "${mul:2,3}"}).a == "mine"
    finally:
        OmegaConf.clear_resolver("mul")
    assert torch.equal(torch.get_rng_state(), before[0])
    assert warnings.filters == before[1]


def test_names_full_of_markup_are_text(run: seedbed.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "<script>alert(1)</script>\x1b[31m\u202e&"
    record = {**run.record, "name": hostile, "command": hostile, "metrics": {hostile: 1.0}}
    monkeypatch.setattr("seedbed.api.run.read_record", lambda path: record)
    page = run._repr_html_()

    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\u202e&amp;" in page
    assert repr(run).startswith("Run('run'): completed, val/loss ")

    many = {**record, "metrics": {f"metric {number}": 1.0 for number in range(500)}}
    monkeypatch.setattr("seedbed.api.run.read_record", lambda path: many)
    assert "and 46" in run._repr_html_()
    assert len(run._repr_html_()) < 30_000


def test_a_run_that_was_killed_is_known_by_its_checkpoints(
    run: seedbed.Run, tmp_path: Path
) -> None:
    shutil.copytree("run", tmp_path / "killed")
    path = tmp_path / "killed/run.json"
    record = {**read_plain_json(path), "status": "running", "metrics": {}, "checkpoints": {}}
    gone = {"host": record["process"]["host"], "pid": 2**30, "start": "never"}
    path.write_text(json.dumps({**record, "metrics_epoch": None, "process": gone}))
    os.utime(path, (0, 0))
    killed = seedbed.Run(tmp_path / "killed")

    assert (killed.status, killed.error, killed.epoch) == ("interrupted", "killed", 4)
    assert killed.best_metrics["val/loss"] == run.best_metrics["val/loss"]
    assert killed.metrics["val/loss"] == run.metrics["val/loss"]
    assert "interrupted (killed), val/loss" in repr(killed)
    assert killed.predict([[1.0, "red"]]).equals(run.predict([[1.0, "red"]]))


def test_a_run_without_weights_says_so(run: seedbed.Run, tmp_path: Path) -> None:
    shutil.copytree("run", tmp_path / "bare", ignore=shutil.ignore_patterns("*.ckpt"))

    with pytest.raises(seedbed.RunFolderError, match=r"best\.ckpt: no such"):
        seedbed.Run(tmp_path / "bare").predict("table.csv")


@pytest.mark.parametrize("status", ["failed", "diverged"])
def test_a_run_that_failed_says_so_where_it_is_to_predict(
    run: seedbed.Run, tmp_path: Path, status: str
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree("run", folder, ignore=shutil.ignore_patterns("*.ckpt"))
    record = json.loads((folder / "run.json").read_text())
    record |= {"status": status, "error": "the loss became inf"}
    (folder / "run.json").write_text(json.dumps(record))
    broken = seedbed.Run(folder)

    for ask in (lambda: broken.predict("table.csv"), broken.evaluate, broken.model):
        with pytest.raises(seedbed.RunFolderError, match=f"{status}: the loss became inf"):
            ask()


def test_a_name_that_is_none_is_told_the_nearest(run: seedbed.Run) -> None:
    for metrics in (run.metrics, run.best_metrics, run.evaluate(split="val")):
        with pytest.raises(KeyError, match=r"val/los: no such metric; there are: .*'val/loss'"):
            metrics["val/los"]
        assert metrics.get("val/los") is None
    with pytest.raises(KeyError, match=r"matrx: no such figure; there are: matrix.*'matrix'"):
        run.figures["matrx"]


def test_columns_by_their_names_are_a_table(run: seedbed.Run, frame: pl.DataFrame) -> None:
    columns = frame.to_dict(as_series=False)

    assert run.predict(columns).equals(run.predict(frame))
    arrays = {name: np.array(column) for name, column in columns.items()}
    assert run.predict(arrays).equals(run.predict(frame))
    for rows in ({"size": [1.0, 2.0], "colour": ["red"]}, {"size": 1.0, "colour": ["red"]}):
        with pytest.raises(seedbed.ConfigError, match=r"^data: a mapping of columns needs lists"):
            run.predict(rows)


@pytest.mark.parametrize("trust", [True, None, 3, [1], ["a b"], "[mine]", b"mine"])
def test_what_names_no_module_is_not_trusted(trust: object) -> None:
    with pytest.raises(seedbed.ConfigError, match=r'trust=\["mynet"\]$'):
        seedbed.load("run", trust=trust)  # type: ignore[arg-type]


def test_one_module_is_trusted_by_its_name_and_messages_are_python(tmp_path: Path) -> None:
    assert seedbed.load("run", trust="mine.net")._trust == ("mine.net",)
    shutil.copytree("run", tmp_path / "theirs")
    for name in ("config.yaml", "resolved.yaml"):
        for file in (tmp_path / "theirs").rglob(name):
            text = file.read_text()
            file.write_text(text.replace("seedbed.models.MLP", "theirs.Net"))

    with pytest.raises(seedbed.RunFolderError, match=r'if you trust it: trust=\["theirs"\]$'):
        seedbed.load(tmp_path / "theirs").predict("table.csv")


@pytest.mark.parametrize("folder", [1, None, b"run", ["run"]])
def test_what_is_no_path_is_refused_by_its_type(folder: Any) -> None:
    for opened in (seedbed.load, seedbed.Run, seedbed.Sweep):
        with pytest.raises(seedbed.ConfigError, match=rf"{type(folder).__name__}: a folder is"):
            opened(folder)
    with pytest.raises(seedbed.ConfigError, match=r"^config_dir: int: a folder is named by"):
        seedbed.compose(config_dir=1)  # type: ignore[arg-type]
