"""A folder of images: training, evaluation and predictions, alone and side by side."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import accuracy_score, log_loss
from tests.composing import composed
from tests.data.images.pictures import class_folders, write
from tests.experiments import record, trained

from seedbed.commands.evaluate import evaluate
from seedbed.commands.predict import predict
from seedbed.errors import ConfigError

# As a run's own config holds them.
FACTS = (
    "data.task=binary",
    "data.input_shape=[1,4,5]",
    "data.output_size=1",
    "data.target_names=[]",
    "data.class_names=[cat,dog]",
)
AUGMENTED = ("data.augment.flip=random", "data.augment.crop=1", "data.augment.mixup=0.4")


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return class_folders(tmp_path_factory.mktemp("pets"), rows=12)


@pytest.fixture(scope="module")
def run(pets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    trained(
        folder,
        "data=images",
        f"data.folder={pets}",
        f"data.cache={folder / 'cache'}",
        "data.batch_size=5",
        "model=mlp",
        "trainer.max_epochs=2",
        *FACTS,
        *AUGMENTED,
    )
    return folder


def test_a_run_on_augmented_images_is_measured_on_images_as_they_are(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evaluate(composed(f"run={run}", "split=test", verb="evaluate"), ["seedbed", "evaluate"])

    measured = json.loads((run / "evaluate-test.json").read_text())["metrics"]
    recorded = record(run)["metrics"]
    assert measured["test/loss"] == pytest.approx(recorded["test/loss"], rel=1e-6)
    assert 0 <= recorded["train/accuracy"] <= 1
    # What is decoded goes into the caller's folder, wherever the run's own is.
    assert [path.suffix for path in sorted((tmp_path / "data/images").iterdir())][-2:] == [
        ".json",
        ".npy",
    ]


def test_predictions_name_the_files_and_need_no_folder(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [write(tmp_path / f"new/{name}.png").name for name in ("b", "a")]

    predict(
        composed(f"run={run}", "input=new", "output=out.csv", verb="predict"),
        ["seedbed", "predict"],
    )

    experiment_inputs = torch.stack(
        [torch.from_numpy(np.array(Image.open(tmp_path / "new" / name))) for name in sorted(names)]
    )
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert [row["file_name"] for row in rows] == sorted(names)
    np.save("rows.npy", experiment_inputs.numpy())
    predict(
        composed(f"run={run}", "input=rows.npy", "output=out.npy", verb="predict"),
        ["seedbed", "predict"],
    )
    likelier = ["dog" if p > 0.5 else "cat" for p in np.load("out.npy")[:, 1]]
    assert [row["class"] for row in rows] == likelier
    assert not (tmp_path / "data").exists()


def test_axes_in_another_order_are_refused(run: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.zeros((2, 5, 4), np.uint8))

    with pytest.raises(ConfigError, match="width before height"):
        predict(
            composed(f"run={run}", f"input={tmp_path / 'rows.npy'}", verb="predict"),
            ["seedbed", "predict"],
        )


def test_typed_levels_and_those_of_a_table_are_fractions_too(run: Path, tmp_path: Path) -> None:
    table = tmp_path / "rows.csv"
    table.write_text(",".join(f"p{place}" for place in range(20)) + "\n" + ",".join(["9"] * 20))

    for source in (f"[{[9] * 20}]", str(table)):
        with pytest.raises(ConfigError, match="values from 9 to 9 of the type float64"):
            predict(composed(f"run={run}", f"input={source}", verb="predict"), ["seedbed"])
    fractions = [[[0.5] * 5] * 4]
    assert predict(composed(f"run={run}", f"input={fractions}", verb="predict"), ["seedbed"]) == 0


def test_labelled_images_are_measured_as_the_network_sees_them(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = class_folders(tmp_path / "new", rows=6)
    config = composed(f"run={run}", f"input={folder}", "output=result.json", verb="evaluate")
    evaluate(config, ["seedbed", "evaluate"])
    found = json.loads(Path("result.json").read_text())["metrics"]
    words = (f"run={run}", f"input={folder}", "output=out.csv")
    predict(composed(*words, verb="predict"), ["seedbed", "predict"])
    with Path("out.csv").open() as file:
        rows = list(csv.DictReader(file))
    true = [row["file_name"].split("/")[0] for row in rows]
    assert found["input/accuracy"] == accuracy_score(true, [row["class"] for row in rows])
    probabilities = [float(row["probability of dog"]) for row in rows]
    loss = log_loss([name == "dog" for name in true], probabilities)
    assert found["input/loss"] == pytest.approx(loss, rel=1e-5)
