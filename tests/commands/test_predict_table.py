"""Predictions of a table's run from raw rows, against its network on rows prepared in training."""

import csv
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from omegaconf import OmegaConf
from tests.composing import composed
from tests.experiments import built_of, finished

from seedbed.commands.evaluate import evaluate
from seedbed.commands.predict import predict
from seedbed.data import TableFile
from seedbed.errors import ConfigError, RunFolderError, SeedbedError
from seedbed.experiment.training.experiment import Experiment
from seedbed.runs.checkpoints import read_checkpoint
from seedbed.runs.preparation import stored_preparation

ROWS = 60


def _frame() -> pl.DataFrame:
    random = np.random.default_rng(1)
    length = random.normal(40, 5, ROWS).round(2)
    return pl.DataFrame(
        {
            "name": [f"bird {n}" for n in range(ROWS)],
            "length": [None if n % 9 == 4 else value for n, value in enumerate(length)],
            "island": random.choice(["Biscoe", "Dream"], ROWS),
            "ringed": random.choice(["yes", "no"], ROWS),
            "seen": [f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in range(ROWS)],
            "mass": (50 * length + random.normal(2000, 10, ROWS)).round(1),
            "species": random.choice(["Gentoo", "Adelie", "Chinstrap"], ROWS),
        }
    )


def _trained(folder: Path, target: str, *overrides: str) -> Experiment:
    file = folder / "birds.csv"
    _frame().write_csv(file)
    words = ("data=table", f"data.file={file}", f"data.target={target}", *overrides)
    words = (*words, "callbacks=quiet", "logger=none", "trainer.max_epochs=3", "optimizer=adam")
    config = composed(*words)
    experiment = built_of(config, folder / "run", *words)
    OmegaConf.save(
        OmegaConf.create(OmegaConf.to_container(config, resolve=True)), experiment.folder.resolved
    )
    return finished(experiment)


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    return _trained(tmp_path_factory.mktemp("birds"), "species")


@pytest.fixture(scope="module")
def masses(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    overrides = ("data.target_scale=standard", "data.encode=embedding", "model=mlp")
    return _trained(tmp_path_factory.mktemp("masses"), "mass", *overrides)


def _predicted(experiment: Experiment, source: Any, *more: str) -> None:
    config = composed(f"run={experiment.folder.path}", "input=[]", *more, verb="predict")
    config.input = source
    predict(config, ["seedbed", "predict"])


def _outputs(experiment: Experiment, split: str) -> torch.Tensor:
    """What the last weights put out for the rows of a split, as they were prepared in training."""
    with torch.no_grad():
        return experiment.module.net(experiment.data.table(split).inputs)


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_file_of_raw_rows_gives_classes_and_all_probabilities(
    birds: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = birds.data.numbers("test").numpy()
    rows = _frame()[numbers].drop("species").with_columns(extra=pl.lit("x"))
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    rows.select(reversed(rows.columns)).write_csv(source)
    _predicted(birds, str(source), f"output={output}", "checkpoint=last")
    probabilities = _outputs(birds, "test").softmax(dim=1).numpy()
    names = ["Adelie", "Chinstrap", "Gentoo"]
    written = _read(output)
    assert list(written[0]) == [
        "name",
        "class",
        "probability",
        *(f"probability of {n}" for n in names),
    ]
    found = [[float(row[f"probability of {name}"]) for name in names] for row in written]
    np.testing.assert_allclose(found, probabilities, rtol=1e-5)
    assert [row["class"] for row in written] == [names[n] for n in probabilities.argmax(axis=1)]
    assert [row["name"] for row in written] == rows["name"].to_list()
    err = capsys.readouterr().err
    assert "note         columns that the run was not trained on: extra" in err


@pytest.mark.parametrize("form", ["mappings", "lists", "parquet"])
def test_rows_may_be_typed_or_come_in_another_file(
    birds: Experiment, tmp_path: Path, form: str
) -> None:
    numbers = birds.data.numbers("val").numpy()
    rows = _frame()[numbers].drop("species", "name")
    output = tmp_path / "out.parquet"
    source: Any = str(tmp_path / "in.parquet")
    if form == "parquet":
        rows.with_columns(pl.col("seen").str.to_date()).write_parquet(source)
    else:
        source = rows.to_dicts() if form == "mappings" else [list(row) for row in rows.iter_rows()]
    _predicted(birds, source, f"output={output}", "checkpoint=last")
    probabilities = _outputs(birds, "val").softmax(dim=1).numpy()
    written = pl.read_parquet(output)
    np.testing.assert_allclose(written[:, 2:].to_numpy(), probabilities, rtol=1e-5)
    assert written.columns[:2] == ["class", "probability"]


def test_targets_are_told_in_their_own_units(masses: Experiment, tmp_path: Path) -> None:
    output, numbers = tmp_path / "out.csv", masses.data.numbers("test").numpy()
    _predicted(masses, str(masses.spec.data.file), f"output={output}", "checkpoint=last")
    scaling = masses.data.target_scaling
    wanted = scaling.undo(_outputs(masses, "test").double())[:, 0].numpy()
    found = np.array([float(row["mass"]) for row in _read(output)])
    assert len(found) == ROWS
    np.testing.assert_allclose(found[numbers], wanted, rtol=1e-5)
    assert abs(found.mean() - _frame()["mass"].mean()) < 400


def test_missing_and_unseen_values_are_told_and_are_as_in_training(
    masses: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"length": None, "island": "Mars", "ringed": "no", "seen": "2024-03-01", "species": "NA"}
    _predicted(masses, row, "checkpoint=last")
    found = capsys.readouterr()
    assert "note         column 'island': not seen in training: Mars" in found.err
    fitted = masses.data.fitted_preparation
    frame = pl.DataFrame(
        {"length": [None], "island": ["Mars"], "ringed": [False], "species": [None]},
        schema_overrides={"length": float, "species": str},
    ).with_columns(seen=pl.date(2024, 3, 1))
    inputs = torch.from_numpy(fitted.apply(frame))
    assert fitted.feature_names[-2:] == ["island", "species"]
    assert inputs[0, -2] == 0
    with torch.no_grad():
        wanted = masses.data.target_scaling.undo(masses.module.net(inputs).double())
    assert f"{float(wanted):.6g}" in found.out


def test_rows_that_cannot_be_predicted_stay_in_their_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = _trained(tmp_path, "species", "data.missing=drop")
    file = str(run.spec.data.file)
    whole = _frame()["length"].is_not_null()
    for ending in ("csv", "parquet", "npy"):
        _predicted(run, file, f"output={tmp_path / 'out'}.{ending}")
    written = _read(tmp_path / "out.csv")
    assert [row["name"] for row in written] == _frame()["name"].to_list()
    assert [bool(row["class"]) for row in written] == whole.to_list()
    stored = pl.read_parquet(tmp_path / "out.parquet")
    assert stored["probability"].is_not_null().to_list() == whole.to_list()
    values = np.load(tmp_path / "out.npy")
    assert (~np.isnan(values)).all(axis=1).tolist() == whole.to_list()
    np.testing.assert_allclose(values[whole], stored[:, 3:].filter(whole).to_numpy(), rtol=1e-6)
    said = capsys.readouterr()
    assert "note         7 rows lack a value and have no prediction: line 6, line 15," in said.err
    assert "53 predictions written to" in said.out

    row = {name: value for name, value in _frame().row(0, named=True).items() if name != "species"}
    _predicted(run, [{**row, "length": None}, row], f"output={tmp_path / 'two.csv'}")
    assert "note         1 row lacks a value and has no prediction: row 1;" in (
        (said := capsys.readouterr()).err
    )
    assert "1 prediction written to" in said.out
    _predicted(run, [{**row, "length": None}, row])
    assert len(capsys.readouterr().out.split("\n")) >= 4
    with pytest.raises(ConfigError, match="input: every row lacks a value, and the run was traine"):
        _predicted(run, {**row, "length": None})


def test_a_lacking_column_is_told_with_those_of_the_file(birds: Experiment, tmp_path: Path) -> None:
    for name, said in (
        ("ISLAND", "no column 'island'. 'ISLAND' differs in capital letters alone: rename it"),
        ("isle", "no column 'island'. Did you mean 'isle'?"),
        ("x", "no column 'island'.\nColumns"),
    ):
        source = tmp_path / f"{name}.csv"
        _frame().rename({"island": name}).write_csv(source)
        with pytest.raises(ConfigError) as refused:
            _predicted(birds, str(source))
        assert f"input={source}: {said}" in str(refused.value)
        columns = f"name, length, {name}, ringed, seen, mass, species"
        assert str(refused.value).endswith(f"\nColumns: {columns}")


RIGHT = {"length": 40, "island": "Dream", "ringed": "yes", "seen": "2024-01-01", "mass": 4000}


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ([RIGHT, {**RIGHT, "mass": "heavy"}], "input: row 2, column 'mass': 'heavy' is no number"),
        ([{**RIGHT, "mass": True}], "input: row 1, column 'mass': 'true' is no number"),
        (
            [RIGHT, {"length": 1}],
            "row 2 has no 'island' (and ringed, seen, mass). A value that is missing is null",
        ),
        ([{**RIGHT, "seen": "soon"}], "input: row 1, column 'seen': 'soon' is no date"),
        (
            [{**RIGHT, "ringed": "maybe"}],
            "input: row 1, column 'ringed': 'maybe' is no 'no' or 'yes'",
        ),
        (
            [{**RIGHT, "mass": [1]}],
            "input: row 1, column 'mass': [1] is neither a number nor a word",
        ),
        (
            [[1, 2]],
            "input: row 1 has 2 values, and the run takes 5: length, island, ringed, seen, m",
        ),
        (
            [{name: RIGHT[name] for name in RIGHT if name != "mass"} | {"Mass": 1}],
            "input: row 1 has no 'mass'. Did you mean 'Mass'? A value",
        ),
        ([3.5], "input: row 1 has 1 values, and the run takes 5"),
        ([], "is neither a file, or rows such as [{island: Biscoe"),
        ([RIGHT, "x"], "input: row 2 is 'x', and should be a file, or rows such as"),
        ("nowhere.csv", "input=nowhere.csv: no such file"),
        ("[{Größe: 1}]", "input=[{Größe: 1}]: neither a file nor rows that can be read"),
    ],
)
def test_wrong_rows_are_refused_with_row_and_column(
    birds: Experiment, source: Any, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        _predicted(birds, source)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("length,island,ringed,seen\n40,Dream,yes,2024-01-01\n", "no column 'mass'"),
        (
            "length,island,ringed,seen,mass\n40,Dream,yes,2024-01-01,1\n40,Dream,no,2024-01-02,x\n",
            "line 3, column 'mass': 'x' is no number",
        ),
        ("length,island,ringed,seen,mass\n", "no rows"),
    ],
)
def test_wrong_files_are_refused_with_line_and_column(
    birds: Experiment, tmp_path: Path, content: str, said: str
) -> None:
    source = tmp_path / "in.csv"
    source.write_text(content)
    with pytest.raises(ConfigError, match=said):
        _predicted(birds, str(source))


@pytest.fixture
def stored(birds: Experiment) -> Iterator[Path]:
    """The file of what the run has fitted, which is put back."""
    path = birds.folder.preparation
    content = path.read_bytes()
    yield path
    path.write_bytes(content)


def test_what_was_fitted_is_in_the_folder_and_in_both_checkpoints(
    birds: Experiment, stored: Path
) -> None:
    content = json.loads(stored.read_text())
    assert content["preparation"] == birds.data.preparation
    assert content["preparation"]["fitted"]["rows"] == birds.data.rows("train")
    for name in ("best", "last"):
        checkpoint = read_checkpoint(birds.folder.checkpoint(name))
        assert checkpoint["preparation"] == content["preparation"]
    assert stored in set(birds.folder.written())


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"inputs": 3}, "fitted: inputs: expected array, got int"),
        ({"inputs": []}, r"data\.input_shape: \[\d+\], but these rows have the shape \[0\]"),
        (
            {"inputs": [{"kind": "missing", "column": "secret"}]},
            "its schema has no input 'secret' that is a number or category or",
        ),
    ],
)
def test_a_preparation_of_somebody_elses_is_read_within_limits(
    birds: Experiment, stored: Path, monkeypatch: pytest.MonkeyPatch, broken: Any, said: str
) -> None:
    content = json.loads(stored.read_text())
    content["preparation"]["fitted"] |= broken
    stored.write_text(json.dumps(content))
    # As if a checkpoint of another version had none.
    monkeypatch.setattr(
        "seedbed.experiment.predicting.member.stored_preparation",
        lambda folder, _: stored_preparation(folder),
    )
    with pytest.raises((RunFolderError, ConfigError), match=said):
        _predicted(birds, [RIGHT])


ODD = [None, True, 0, -1, 1e308, float("nan"), 2**70, "", "x", [], {}, ["a"], {"a": 1}, "\x00"]
ODD += ["number", "category", "date", "boolean", "time", "hour", "year", "%", "target", [1, 2]]


def _places(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every value in nested lists and dictionaries, as keys."""
    inside = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in inside:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*above, key))


@pytest.mark.parametrize("stage", ["predict", "test"])
def test_a_preparation_with_a_wrong_value_anywhere_is_refused_or_does_no_harm(
    birds: Experiment, tmp_path: Path, stage: str
) -> None:
    random, plain = Random(0), birds.data.preparation
    assert plain is not None
    places, refused = list(_places(plain)), 0
    for _ in range(100):
        changed = deepcopy(plain)
        *above, last = random.choice(places)
        node: Any = changed
        for key in above:
            node = node[key]
        if random.random() < 0.2:
            del node[last]
        else:
            node[last] = random.choice(ODD)
        data = TableFile(birds.spec.data)
        try:
            data.use_preparation(changed, "run")
            data.setup(stage)
            if stage == "predict":
                frame = data.new_rows(birds.spec.data.file).table.frame
                assert data.prepared(frame).shape[1:] == tuple(birds.spec.facts.input_shape)
            else:
                assert int(data.table("test").targets.max()) < 3
        except SeedbedError:
            refused += 1
    assert 20 < refused < 100


def test_a_run_is_evaluated_on_the_file_that_it_was_trained_on_alone(
    birds: Experiment, tmp_path: Path
) -> None:
    def evaluated(*more: str) -> None:
        config = composed(f"run={birds.folder.path}", *more, verb="evaluate")
        evaluate(config, ["seedbed", "evaluate"])

    evaluated()
    found = json.loads((birds.folder.path / "evaluate-test.json").read_text())
    recorded = json.loads(birds.folder.record.read_text())["checkpoints"]["best"]["metrics"]
    assert found["metrics"]["test/loss"] == pytest.approx(recorded["test/loss"])
    file = Path(birds.spec.data.file)
    content = file.read_bytes()
    file.write_text("password\nsecret\n")
    try:
        with pytest.raises(ConfigError, match="not the file that the run was trained on") as said:
            evaluated()
        assert "secret" not in str(said.value)
        moved = tmp_path / "moved.csv"
        moved.write_bytes(content)
        evaluated(f"file={moved}", "split=val")
        with pytest.raises(
            ConfigError, match=f"file={file}: not the data that the run was trained"
        ):
            evaluated(f"file={file}")
        with pytest.raises(ConfigError, match=r"file=gone\.csv: neither a file nor a folder"):
            evaluated("file=gone.csv")
    finally:
        file.write_bytes(content)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_split_is_predicted_with_row_numbers_ids_and_what_is_true(
    birds: Experiment, tmp_path: Path, suffix: str
) -> None:
    output, numbers = tmp_path / f"out.{suffix}", birds.data.row_numbers("test")
    config = composed(
        f"run={birds.folder.path}", "split=test", f"output={output}", "checkpoint=last",
        verb="predict",
    )  # fmt: skip
    predict(config, ["seedbed", "predict"])
    table = (pl.read_csv if suffix == "csv" else pl.read_parquet)(output)
    assert table.columns[:5] == ["row", "name", "species (true)", "class", "probability"]
    assert table["row"].to_list() == numbers.tolist()
    rows = _frame()[numbers.numpy()]
    assert table["name"].to_list() == rows["name"].to_list()
    assert table["species (true)"].to_list() == rows["species"].to_list()
    probabilities = _outputs(birds, "test").softmax(dim=1).numpy()
    np.testing.assert_allclose(table[:, 5:].to_numpy(), probabilities, rtol=1e-5)


def test_a_split_in_own_units_and_from_a_file_that_moved(
    masses: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = tmp_path / "moved.csv"
    moved.write_bytes(Path(masses.spec.data.file).read_bytes())
    output = tmp_path / "out.csv"
    words = (f"run={masses.folder.path}", "split=val", f"file={moved}")
    predict(composed(*words, f"output={output}", verb="predict"), ["seedbed", "predict"])
    rows = _read(output)
    wanted = _frame()["mass"][masses.data.row_numbers("val").numpy()].to_list()
    assert [float(row["mass (true)"]) for row in rows] == wanted
    with moved.open("a") as file:
        file.write(_frame().write_csv(include_header=False).splitlines()[0] + "\n")
    with pytest.raises(ConfigError, match="not the data that the run was trained on"):
        predict(composed(*words, verb="predict"), ["seedbed", "predict"])
    config = composed(*words[:2], f"output={tmp_path / 'out.npy'}", verb="predict")
    predict(config, ["seedbed", "predict"])
    assert "numbers alone: row, name, mass (true) would be in" in capsys.readouterr().out
