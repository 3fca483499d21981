"""A run measured on new labelled rows: against scikit-learn and torch on its own checkpoint."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from omegaconf import OmegaConf
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, root_mean_squared_error
from tests.composing import composed
from tests.experiments import built_of, finished, trained

from seedbed.commands.evaluate import evaluate
from seedbed.errors import ConfigError
from seedbed.experiment.training.experiment import Experiment

ROWS = 60
QUIET = ("callbacks=quiet", "logger=none", "optimizer=adam", "trainer.max_epochs=3")


def frame() -> pl.DataFrame:
    random = np.random.default_rng(1)
    length = random.normal(40, 5, ROWS).round(2)
    return pl.DataFrame(
        {
            "name": [f"bird {n}" for n in range(ROWS)],
            "length": [None if n % 9 == 4 else value for n, value in enumerate(length)],
            "island": random.choice(["Biscoe", "Dream"], ROWS),
            "certainty": random.uniform(0.5, 2.0, ROWS).round(3),
            "mass": (50 * length + random.normal(2000, 10, ROWS)).round(1),
            "species": random.choice(["Gentoo", "Adelie", "Chinstrap"], ROWS),
        }
    )


def of_table(folder: Path, target: str, *overrides: str) -> Experiment:
    file = folder / "birds.csv"
    frame().write_csv(file)
    words = ("data=table", f"data.file={file}", f"data.target={target}", *overrides, *QUIET)
    config = composed(*words)
    experiment = built_of(config, folder / "run", *words)
    plain = OmegaConf.create(OmegaConf.to_container(config, resolve=True))
    OmegaConf.save(plain, experiment.folder.resolved)
    return finished(experiment)


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    folder = tmp_path_factory.mktemp("birds")
    return of_table(folder, "species", "data.weight=certainty", "data.columns.mass=ignore")


def measured(folder: Path, source: Path | str, *words: str) -> dict[str, Any]:
    output = folder.parent / "result.json"
    output.unlink(missing_ok=True)
    words = (f"run={folder}", f"output={output}", "checkpoint=last", *words)
    config = composed(*words, "input=x", verb="evaluate")
    config.input = str(source)
    assert evaluate(config, ["seedbed", "evaluate"]) == 0
    return json.loads(output.read_text())  # type: ignore[no-any-return]


def logits_of(experiment: Experiment, rows: list[int]) -> torch.Tensor:
    """What the last weights put out for rows, prepared by the tensors that were trained on."""
    places: dict[int, tuple[str, int]] = {}
    for split in ("train", "val", "test"):
        for place, number in enumerate(experiment.data.row_numbers(split).tolist()):
            places[number] = (split, place)
    data = experiment.data
    inputs = torch.stack([data.table(places[n][0]).inputs[places[n][1]] for n in rows])
    with torch.no_grad():
        return experiment.module.net(inputs)  # type: ignore[no-any-return]


@pytest.mark.parametrize("form", ["csv", "tsv.gz", "parquet", "arrow"])
def test_metrics_of_a_table_are_those_of_scikit_learn(
    birds: Experiment, tmp_path: Path, form: str
) -> None:
    chosen = [5, 40, 2, 31, 17, 8, 22, 50]
    rows = frame()[chosen]
    rows = rows.select(reversed(rows.columns))
    file = tmp_path / f"new.{form}"
    if form == "tsv.gz":
        file.write_bytes(gzip.compress(rows.write_csv(separator="\t").encode()))
    else:
        {"csv": rows.write_csv, "parquet": rows.write_parquet, "arrow": rows.write_ipc}[form](file)
    result = measured(birds.folder.path, file)
    logits = logits_of(birds, chosen)
    names = ["Adelie", "Chinstrap", "Gentoo"]
    true = torch.tensor([names.index(word) for word in rows["species"]])
    predicted = logits.argmax(dim=1)
    weights = torch.tensor(rows["certainty"].to_list())
    losses = torch.nn.functional.cross_entropy(logits, true, reduction="none")
    assert result["metrics"]["input/accuracy"] == accuracy_score(true, predicted)
    f1 = f1_score(true, predicted, average="macro", labels=true.unique(), zero_division=0.0)
    assert result["metrics"]["input/f1"] == pytest.approx(f1, rel=1e-6)
    loss = (weights * losses).sum() / weights.sum()
    assert result["metrics"]["input/loss"] == pytest.approx(float(loss), rel=1e-5)
    assert (result["rows"], result["epoch"], result["split"]) == (8, 3, None)


def test_rows_without_a_target_are_left_out_and_weights_may_lack(
    birds: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = frame()[[5, 40, 2, 31]].with_row_index().drop("certainty")
    blank = pl.when(pl.col("index") == 1).then(None).otherwise(pl.col("species")).alias("species")
    file = tmp_path / "new.csv"
    rows.with_columns(blank).drop("index").write_csv(file)
    result = measured(birds.folder.path, file)
    out = capsys.readouterr().out
    assert "left out, without a target: line 3" in out
    assert "no column 'certainty' (data.weight): all rows weigh the same" in out
    assert result["rows"] == 3
    names = ["Adelie", "Chinstrap", "Gentoo"]
    true = torch.tensor([names.index(frame()["species"][n]) for n in (5, 2, 31)])
    loss = torch.nn.functional.cross_entropy(logits_of(birds, [5, 2, 31]), true)
    assert result["metrics"]["input/loss"] == pytest.approx(float(loss), rel=1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"species": ["Adelie", "Emperor", "Emperor", "Gentoo"]},
            r"line 3, column 'species': 'Emperor' is no class of .*line 4",
        ),
        ({"species": None, "specie": ["Adelie"] * 4}, r"no column 'species', the target.*'specie'"),
        ({"length": None}, "no column 'length'"),
        ({"species": [None] * 4}, "no row has a target"),
        ({"certainty": [1, 2, -1, 4]}, "is below 0"),
        ({"length": [1, 2, "long", 4]}, "line 4, column 'length'"),
    ],
)
def test_wrong_rows_are_refused(
    birds: Experiment, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    rows = frame()[[5, 40, 2, 31]]
    for name, values in change.items():
        kept = rows.drop(name) if name in rows.columns else rows
        rows = kept if values is None else kept.with_columns(pl.Series(name, values, strict=False))
    file = tmp_path / "new.csv"
    rows.write_csv(file)
    before = sorted(birds.folder.path.rglob("*"))
    with pytest.raises(ConfigError, match=f"(?s){said}"):
        measured(birds.folder.path, file)
    assert sorted(birds.folder.path.rglob("*")) == before


def test_amounts_are_measured_in_their_own_units(tmp_path: Path) -> None:
    more = ("data.target_scale=standard", "data.encode=embedding", "model=mlp")
    masses = of_table(tmp_path, "mass", "data.columns.species=ignore", *more)
    chosen = list(range(0, ROWS, 4))
    file = tmp_path / "new.csv"
    frame()[chosen].write_csv(file)
    result = measured(masses.folder.path, file)
    scaling: Any = masses.data.target_scaling  # type: ignore[attr-defined]
    predicted = scaling.undo(logits_of(masses, chosen).double())[:, 0].numpy()
    true = frame()["mass"][chosen].to_numpy()
    mae = mean_absolute_error(true, predicted)
    assert result["metrics"]["input/mae"] == pytest.approx(mae, rel=1e-5)
    rmse = root_mean_squared_error(true, predicted)
    assert result["metrics"]["input/rmse"] == pytest.approx(rmse, rel=1e-5)


def test_own_test_rows_in_a_file_give_the_numbers_of_the_split(
    birds: Experiment, tmp_path: Path
) -> None:
    file = tmp_path / "test.csv"
    frame()[birds.data.row_numbers("test").numpy()].write_csv(file)
    found = measured(birds.folder.path, file)["metrics"]
    kept = birds.checkpoint.last.metrics  # type: ignore[union-attr]
    assert len(found) > 2
    assert found == {k.replace("test/", "input/"): kept[k] for k in kept if k.startswith("test/")}


def test_arrays_and_shipped_tables(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 3)).astype(np.float32)
    words = np.array(["no", "yes"])[(x.sum(axis=1) > 0).astype(int)]
    np.savez(tmp_path / "old.npz", measurements=x, answers=words)
    words_of = (
        "data=arrays",
        f"data.file={tmp_path / 'old.npz'}",
        "data.inputs=measurements",
        "data.targets=answers",
    )
    config = composed(*words_of, *QUIET)
    experiment = built_of(config, tmp_path / "run", *words_of)
    plain = OmegaConf.create(OmegaConf.to_container(config, resolve=True))
    OmegaConf.save(plain, experiment.folder.resolved)
    finished(experiment)
    np.savez(tmp_path / "new.npz", answers=words[:9], measurements=x[:9])
    np.save(tmp_path / "x.npy", x[:9])
    np.save(tmp_path / "y.npy", (words[:9] == "yes").astype(int))
    with torch.no_grad():
        predicted = experiment.module.net(torch.from_numpy(x[:9]))[:, 0] > 0
    run = experiment.folder.path
    expected = accuracy_score(words[:9] == "yes", predicted)
    for source, more in (("new.npz", ()), ("x.npy", (f"targets={tmp_path / 'y.npy'}",))):
        found = measured(run, tmp_path / source, *more)
        assert found["metrics"]["input/accuracy"] == expected
    np.savez(tmp_path / "odd.npz", answers=np.array(["no", "maybe"]), measurements=x[:2])
    with pytest.raises(ConfigError, match=r"row 1 \(counted from 0\): 'maybe' is none of the cl"):
        measured(run, tmp_path / "odd.npz")
    with pytest.raises(ConfigError, match=r"targets=FILE.npy names the file"):
        measured(run, tmp_path / "x.npy")


def test_a_csv_of_a_shipped_table(tmp_path: Path) -> None:
    experiment = trained(tmp_path / "run", *QUIET[1:], "data.target_scale=standard")
    file = tmp_path / "new.csv"
    rows = "oranges,humidity,apples,temperature,rainfall\n70,43,56,73,67\n101,64,81,91,88\n"
    file.write_text(rows)
    found = measured(experiment.folder.path, file)["metrics"]
    inputs = torch.tensor([[73.0, 67.0, 43.0], [91.0, 88.0, 64.0]])
    true = np.array([[56.0, 70.0], [81.0, 101.0]])
    with torch.no_grad():
        output = experiment.module.net(inputs).double()
    predicted = experiment.data.target_scaling.undo(output).numpy()  # type: ignore[attr-defined]
    assert found["input/mae"] == pytest.approx(mean_absolute_error(true, predicted), rel=1e-5)
    file.write_text(rows.replace("apples", "appels"))
    with pytest.raises(ConfigError, match=r"no column 'apples', a target.*'appels'"):
        measured(experiment.folder.path, file)
