"""Predictions against the network's own outputs, in every format."""

import csv
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from tests.composing import composed
from tests.experiments import built_of, finished, trained

from seedbed.commands.predict import predict
from seedbed.data.tabular import write_output
from seedbed.errors import ConfigError


def predicted(folder: Path, *overrides: str) -> int:
    """Predict in this process."""
    return predict(composed(f"run={folder}", *overrides, verb="predict"), ["seedbed", "predict"])


def test_the_default_experiment_answers_near_54_and_67(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(tmp_path, "logger=none")
    predicted(tmp_path, "input=[[75,63,44]]")
    out = capsys.readouterr().out
    for word in ("temperature (F)", "rainfall (mm)", "humidity (%)"):
        assert word in out
    assert "apples (t/ha)" in out
    assert "oranges (t/ha)" in out
    apples, oranges = (float(word) for word in out.split()[-2:])
    # Least squares says (53.7956, 66.8065); the run is near it after 500 epochs.
    assert apples == pytest.approx(53.8, abs=1.5)
    assert oranges == pytest.approx(66.8, abs=1.5)


def test_inputs_are_scaled_as_in_training(tmp_path: Path) -> None:
    experiment = trained(
        tmp_path, "data=thermometer", "data.input_scale=max", "trainer.max_epochs=5"
    )
    output = tmp_path / "out.npy"
    predicted(tmp_path, "input=[[35.7],[81.9]]", f"output={output}", "checkpoint=last")
    net = experiment.module.net
    with torch.no_grad():
        expected = net(torch.tensor([[35.7 / 81.9], [1.0]]))
    np.testing.assert_allclose(np.load(output), expected.numpy(), rtol=1e-5)


def test_a_csv_in_any_order_of_columns_gives_a_csv(tmp_path: Path) -> None:
    experiment = trained(tmp_path, "trainer.max_epochs=5")
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("region,humidity,temperature,rainfall\nHome,44,75,63\nAway,64,91,88\n")
    predicted(tmp_path, f"input={source}", f"output={output}", "checkpoint=last")
    with output.open() as file:
        header, *rows = list(csv.reader(file))
    assert header == ["apples (t/ha)", "oranges (t/ha)"]
    with torch.no_grad():
        expected = experiment.module.net(torch.tensor([[75.0, 63, 44], [91, 88, 64]]))
    np.testing.assert_allclose(np.array(rows, dtype=float), expected.numpy(), rtol=1e-5)


def test_classes_are_named_with_their_probability(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The line x2 = 0 lies between the clouds at (3, 3), class 0, and (3, -2), class 1.
    trained(
        tmp_path,
        "data=clusters",
        "data.class_names=[upper,lower]",
        "optimizer.lr=0.0",
        "trainer.max_epochs=1",
        "+initial_weights.parameters.weight=[[0.0,-1.0]]",
        "+initial_weights.parameters.bias=[0.0]",
    )
    output = tmp_path / "out.csv"
    predicted(tmp_path, "input=[[3,3],[3,-2]]", f"output={output}")
    with output.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["class"] for row in rows] == ["upper", "lower"]
    probabilities = [float(row["probability"]) for row in rows]
    assert probabilities == pytest.approx([0.952574, 0.880797], rel=1e-5)  # sigmoid(3), sigmoid(2)


POINTS = [[3.0, 3.0], [3.0, -2.0], [0.5, 0.1], [-40.0, 60.0]]


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of logits."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("data", ["blobs", "clusters"])
def test_logits_are_what_the_probabilities_are_made_of(tmp_path: Path, data: str) -> None:
    experiment = trained(tmp_path, f"data={data}", "model=mlp", "trainer.max_epochs=1")
    found = {}
    for applied in ("true", "false"):
        output = tmp_path / f"{applied}.npy"
        rows = str(POINTS).replace(" ", "")
        predicted(tmp_path, f"input={rows}", f"apply_softmax={applied}", f"output={output}")
        found[applied] = np.load(output).astype(float)
    with torch.no_grad():
        logits = experiment.module.net(torch.tensor(POINTS)).numpy()
    np.testing.assert_allclose(found["false"], logits, rtol=1e-5)
    # The logit of class 1 of two, where that of class 0 is 0.
    both = logits if data == "blobs" else np.hstack([0 * logits, logits])
    expected = softmax(both)
    np.testing.assert_allclose(found["true"], expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    ("overrides", "header"),
    [
        (("data=blobs",), ["logit of 0", "logit of 1", "logit of 2"]),
        (("data=blobs", "data.class_names=[a,b,c]"), ["logit of a", "logit of b", "logit of c"]),
        (("data=clusters", "data.class_names=[a,b]"), ["logit"]),
        (("data.input_shape=[3]",), ["apples (t/ha)", "oranges (t/ha)"]),
    ],
)
def test_logits_are_named_by_their_classes(
    tmp_path: Path, overrides: tuple[str, ...], header: list[str]
) -> None:
    experiment = trained(tmp_path, *overrides, "trainer.max_epochs=1", "logger=none")
    output, size = tmp_path / "out.csv", experiment.spec.facts.input_shape[0]
    rows = str([[1.0] * size, [-2.0] * size]).replace(" ", "")
    predicted(tmp_path, f"input={rows}", "apply_softmax=false", f"output={output}")
    with output.open() as file:
        found, *numbers = list(csv.reader(file))
    assert found == header
    with torch.no_grad():
        expected = experiment.module.net(torch.tensor([[1.0] * size, [-2.0] * size]))
    np.testing.assert_allclose(np.array(numbers, dtype=float), expected.numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("input=[[1,2]]",), r"input: found shape \(1, 2\), and the run takes rows of 3"),
        (("input=missing.csv",), "no such file"),
        (("input=[[1,2,3]]", "output=out.txt"), r"must end in \.csv, \.parquet or \.npy"),
        (("input=[[1,2,x]]",), "must hold numbers"),
    ],
)
def test_wrong_input_is_refused(tmp_path: Path, overrides: tuple[str, ...], message: str) -> None:
    trained(tmp_path, "trainer.max_epochs=1", "logger=none")
    with pytest.raises(ConfigError, match=message):
        predicted(tmp_path, *overrides)


def test_a_prediction_that_is_no_number_is_none(tmp_path: Path) -> None:
    trained(tmp_path, "logger=none", "trainer.max_epochs=1")

    with pytest.raises(ConfigError, match="these rows are not finite: 2"):
        predicted(tmp_path, "input=[[75,63,44],[1e38,1e39,1e39]]", "checkpoint=last")


@pytest.mark.parametrize("name", ["in.csv", "./x/../in.csv", "link.csv", "other.csv"])
def test_predictions_are_written_over_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    trained(tmp_path / "run", "trainer.max_epochs=1", "logger=none")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "in.csv").write_text("temperature,rainfall,humidity\n1,2,3\n")
    (tmp_path / "other.csv").write_text("mine")
    (tmp_path / "link.csv").symlink_to("in.csv")
    before = {file: file.read_bytes() for file in tmp_path.glob("*.csv")}
    what = "exists already" if name == "other.csv" else "is the input"
    with pytest.raises(ConfigError, match=rf"output=.*: {what}, .*; type output=.*-2\.csv"):
        predicted(tmp_path / "run", "input=in.csv", f"output={name}")
    assert {file: file.read_bytes() for file in tmp_path.glob("*.csv")} == before


def test_a_file_that_comes_while_predicting_stays(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    output.write_text("mine")
    with pytest.raises(ConfigError, match="exists already"):
        write_output(output, {"a": [1]}, np.zeros(1))
    assert [file.read_text() for file in tmp_path.iterdir()] == ["mine"]


class Squares(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """Rows of a Dataset of one's own, which are read one by one: x and its square."""

    def __len__(self) -> int:
        return 7

    def __getitem__(self, row: int) -> tuple[torch.Tensor, torch.Tensor]:
        x = torch.tensor([0.1 * row])
        return x, x * x


def test_the_rows_of_a_dataset_are_predicted_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Squares, "__module__", "squares")
    monkeypatch.setitem(sys.modules, "squares", SimpleNamespace(Squares=Squares))
    words = (
        "data=torch_dataset",
        "data.train._target_=squares.Squares",
        "data.val._target_=squares.Squares",
        "data.in_memory=false",
        "data.task=regression",
        "data.input_shape=[1]",
        "data.output_size=1",
        "model=mlp",
        "trainer.max_epochs=1",
        "callbacks=quiet",
        "logger=none",
    )
    config = composed(*words)
    experiment = built_of(config, tmp_path / "run", *words)
    plain = OmegaConf.create(OmegaConf.to_container(config, resolve=True))
    OmegaConf.save(plain, experiment.folder.resolved)
    finished(experiment)
    output = tmp_path / "out.csv"
    words = ("split=val", f"output={output}", "trust=[squares]", "checkpoint=last")
    predicted(tmp_path / "run", *words)
    with output.open() as file:
        rows = list(csv.DictReader(file))
    x = torch.arange(7).unsqueeze(1) * 0.1
    assert [int(row["row"]) for row in rows] == list(range(7))
    true = [float(row["target (true)"]) for row in rows]
    np.testing.assert_allclose(true, (x * x)[:, 0], rtol=1e-6)
    with torch.no_grad():
        expected = experiment.module.net(x)[:, 0].numpy()
    np.testing.assert_allclose([float(row["prediction"]) for row in rows], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("predict", "input=[[1]]", "split=test"), "split=test: beside input="),
        (("evaluate", "input=a.csv", "split=test"), "split=test: beside input="),
        (("predict", "input=[[1]]", "file=a.csv"), "file=a.csv: it says where the rows of a split"),
        (("evaluate", "targets=y.npy"), "targets=y.npy: it goes with input="),
        (("evaluate", "split=tset"), "Did you mean 'test'"),
    ],
)
def test_rows_are_named_once(refused: Any, arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(arguments[0], "run=nowhere", *arguments[1:])
