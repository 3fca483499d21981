"""Tests of the data module of a table in a file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.preprocessing import StandardScaler

from seedbed.config.schema.data.table import TableFile as Options
from seedbed.data import TableFile
from seedbed.data.data_module import Placement
from seedbed.errors import ConfigError, RunFolderError

ROWS = 60


def _frame(rows: int = ROWS) -> pl.DataFrame:
    random = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "name": [f"row{n}" for n in range(rows)],
            "length": random.normal(40, 5, rows).round(2),
            "island": random.choice(["Biscoe", "Dream"], rows),
            "sold": random.choice([True, False], rows),
            "mass": random.normal(4000, 500, rows).round(1),
            "species": random.choice(["Gentoo", "Adelie", "Chinstrap"], rows),
            "weight": random.uniform(0.5, 2, rows).round(3),
        }
    ).with_columns(pl.when(pl.int_range(rows) % 7 == 3).then(None).otherwise("length").alias("x"))


def _file(folder: Path, frame: pl.DataFrame | None = None, name: str = "table.csv") -> str:
    path = folder / name
    table = _frame().drop("x") if frame is None else frame
    table.write_parquet(path) if path.suffix == ".parquet" else table.write_csv(path)
    return str(path)


def _options(file: str, target: Any = "species", **keys: Any) -> Options:
    """The options as a config has them, with the facts that follow from the file."""
    keys = {"input_scale": "standard", "val_size": 0.2, "test_size": 0.2, **keys}
    options = Options(file=file, target=target, **keys)
    facts = TableFile.facts(options)
    return replace(
        options,
        task=facts.task,
        input_shape=list(facts.input_shape),
        output_size=facts.output_size,
        class_names=list(facts.class_names),
        feature_names=list(facts.feature_names),
        target_names=list(facts.target_names),
    )


def _set_up(file: str, target: Any = "species", **keys: Any) -> TableFile:
    data = TableFile(_options(file, target, **keys))
    data.setup("fit")
    return data


def test_a_table_becomes_rows_of_numbers_and_classes(tmp_path: Path) -> None:
    data, frame = _set_up(_file(tmp_path), columns={"weight": "ignore"}), _frame()
    assert [data.rows(split) for split in ("train", "val", "test")] == [36, 12, 12]
    assert data.options.feature_names == [
        "length",
        "island=Biscoe",
        "island=Dream",
        "sold",
        "mass",
    ]
    assert data.options.class_names == ["Adelie", "Chinstrap", "Gentoo"]
    chosen = {split: data.numbers(split).numpy() for split in ("train", "val", "test")}
    scaler = StandardScaler().fit(frame["length", "mass"].to_numpy()[chosen["train"]])
    for split, numbers in chosen.items():
        table, rows = data.table(split), frame[numbers]
        scaled = scaler.transform(rows["length", "mass"].to_numpy())
        np.testing.assert_allclose(table.inputs[:, [0, 4]], scaled, rtol=1e-5, atol=1e-6)
        assert table.inputs[:, 2].tolist() == (rows["island"] == "Dream").cast(float).to_list()
        names = [data.options.class_names[code] for code in table.targets.tolist()]
        assert names == rows["species"].to_list()
        assert data.id_columns(split) == {"name": rows["name"].to_list()}
    # What figures ask for is in the units of the columns.
    assert data.input_scaling is not None
    raw = data.input_scaling.undo(table.inputs)
    np.testing.assert_allclose(raw[:, 0], rows["length"].to_numpy(), rtol=1e-5)
    torch.testing.assert_close(data.model_inputs(raw), table.inputs, rtol=1e-4, atol=1e-5)


def test_targets_are_scaled_by_the_training_rows_and_weights_follow(tmp_path: Path) -> None:
    data = _set_up(_file(tmp_path), ["mass", "length"], target_scale="standard", weight="weight")
    frame, numbers = _frame(), data.numbers("train").numpy()
    targets = frame["mass", "length"].to_numpy()
    scaler = StandardScaler().fit(targets[numbers])
    assert data.options.task == "regression"
    assert data.options.target_names == ["mass", "length"]
    np.testing.assert_allclose(
        data.table("train").targets, scaler.transform(targets[numbers]), rtol=1e-5, atol=1e-6
    )
    val = data.numbers("val").numpy()
    np.testing.assert_allclose(
        data.table("val").weights, frame["weight"].to_numpy()[val], rtol=1e-6
    )
    [batch] = list(data.rows_to_check("val"))
    np.testing.assert_allclose(batch.batch[1], targets[val])


def test_folds_have_one_shape_though_words_are_rare(tmp_path: Path) -> None:
    frame = (
        _frame()
        .drop("x")
        .with_columns(
            rare=pl.when(pl.int_range(ROWS) == 5).then(pl.lit("odd")).otherwise(pl.lit("even"))
        )
    )
    file = _file(tmp_path, frame)
    keys = {"folds": 3, "val_size": 0.0, "test_size": 0.0, "columns": {"rare": "category"}}
    folds = [_set_up(file, fold=fold, **keys) for fold in range(3)]
    names = {tuple(data.options.feature_names) for data in folds}
    [features] = names
    place = features.index("rare=odd")
    seen = [bool(data.table("train").inputs[:, place].any()) for data in folds]
    assert sorted(seen) == [False, True, True]
    unseen = folds[seen.index(False)]
    assert not unseen.table("val").inputs[:, [place, place - 1]].all(dim=1).any()
    assert (unseen.table("val").inputs[:, [place, place - 1]].sum(dim=1) == 0).sum() == 1


def test_rows_of_files_of_their_own_validate_and_test(tmp_path: Path) -> None:
    frame = _frame().drop("x")
    file, val = _file(tmp_path, frame[:40]), _file(tmp_path, frame[40:50], "val.parquet")
    test = _file(tmp_path, frame[50:].select(reversed(frame.columns)), "test.csv")
    data = _set_up(file, val_file=val, test_file=test, weight="weight")
    assert [data.rows(split) for split in ("train", "val", "test")] == [40, 10, 10]
    assert data.id_columns("test") == {"name": frame["name"][50:].to_list()}
    np.testing.assert_allclose(data.table("val").weights, frame["weight"][40:50], rtol=1e-6)


def test_what_a_run_has_stored_is_used_and_nothing_is_fitted(tmp_path: Path) -> None:
    file = _file(tmp_path)
    trained = _set_up(file)
    again = TableFile(replace(trained.options, input_scale="robust", split_seed=3))
    assert trained.preparation is not None
    again.use_preparation(trained.preparation, "run")
    again.setup("test")
    assert again.preparation == trained.preparation
    rows = again.numbers("val")
    raw = torch.from_numpy(trained.fitted_preparation.apply(_frame(), rows.numpy()))
    torch.testing.assert_close(again.table("val").inputs, raw)


@pytest.mark.parametrize("broken", ["schema", "fitted"])
def test_a_stored_preparation_that_is_none_is_refused(tmp_path: Path, broken: str) -> None:
    data = _set_up(_file(tmp_path))
    assert data.preparation is not None
    with pytest.raises(RunFolderError, match=f"run: {broken}: "):
        data.use_preparation({**data.preparation, broken: {"columns": 3}}, "run")


def test_another_file_is_told_by_its_bytes_before_it_is_read(tmp_path: Path) -> None:
    data = _set_up(_file(tmp_path))
    data.require_source(data.fingerprint)
    _file(tmp_path, _frame(30).drop("x"))
    with pytest.raises(ConfigError, match="is not the file that the run was trained on"):
        TableFile(data.options).require_source(data.fingerprint)
    (tmp_path / "table.csv").unlink()
    with pytest.raises(ConfigError, match=r"table\.csv: no such file"):
        TableFile(data.options).require_source(data.fingerprint)


def test_rows_without_a_value_are_filled_left_out_or_refused(tmp_path: Path) -> None:
    file = _file(tmp_path, _frame().drop("length"))
    filled = _set_up(file)
    assert "x missing" in filled.options.feature_names
    dropped = _set_up(file, missing="drop")
    assert sum(dropped.rows(split) or 0 for split in ("train", "val", "test")) == ROWS - 9
    with pytest.raises(
        ConfigError, match=r"column 'x' has no value in line 5, line 12, line 19 and"
    ):
        _set_up(file, missing="error")


def test_a_class_that_training_has_not_is_told_with_its_line(tmp_path: Path) -> None:
    frame = _frame().drop("length")
    file = _file(tmp_path, frame[:40])
    val = frame[40:50].with_columns(
        species=pl.Series([*frame["species"][40:46], "Rockhopper", None, "Gentoo", "Gentoo"])
    )
    val_file = _file(tmp_path, val, "val.csv")
    with pytest.raises(ConfigError, match=r"val_file=.*: line 8, column 'species': 'Rockhopper'"):
        _set_up(file, val_file=val_file, missing="drop")


def test_inputs_are_of_the_type_of_the_run(tmp_path: Path) -> None:
    data = TableFile(_options(_file(tmp_path)))
    data.place(Placement(dtype=torch.float64))
    data.setup("fit")
    assert data.table("train").inputs.dtype == torch.float64


def test_a_task_that_is_said_goes_before_the_inferred_one(tmp_path: Path) -> None:
    frame = _frame().drop("x").with_columns(grade=pl.int_range(ROWS) % 3)
    file = _file(tmp_path, frame)
    assert TableFile.facts(Options(file=file, target="grade")).task == "multiclass"
    facts = TableFile.facts(Options(file=file, target="grade", task="regression"))
    assert (facts.task, facts.output_size, facts.target_names) == ("regression", 1, ("grade",))
    with pytest.raises(ConfigError, match=r"data\.task=binary: the target poses multiclass"):
        TableFile.facts(Options(file=file, target="grade", task="binary"))


@pytest.mark.parametrize("seed", range(4))
def test_rows_that_are_not_trained_on_change_nothing_that_is_fitted(
    tmp_path: Path, seed: int
) -> None:
    random = np.random.default_rng(seed)
    parts = np.array(["train"] * 30 + ["val"] * 15 + ["test"] * 15)[random.permutation(ROWS)]
    frame = _frame().drop("name").with_columns(part=pl.Series(parts))
    others = (parts != "train").nonzero()[0]
    changed = frame.to_dicts()
    for to, taken in zip(others, random.permutation(others), strict=True):
        # Another row of those, of the same part, with values that no other row has.
        new = {"length": 1e6, "island": "Mars", "sold": None, "mass": -1e6, "x": None}
        changed[to] = {**frame.row(taken, named=True), **new, "part": parts[to]}
    keys: dict[str, Any] = {
        "split": "column",
        "split_by": "part",
        "val_size": 0.0,
        "test_size": 0.0,
        "input_scale": ["standard", "robust", "min_max", "max"][seed],
        "encode": ["one_hot", "embedding"][seed % 2],
        "columns": {"weight": "ignore"},
    }
    fitted = []
    for table in (frame, pl.DataFrame(changed, schema=frame.schema)):
        data = _set_up(_file(tmp_path, table), **keys)
        assert data.preparation is not None
        fitted.append(data.preparation["fitted"])
    assert fitted[0] == fitted[1]
