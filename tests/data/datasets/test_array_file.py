"""Arrays of the user's own: found by their names, and refused where they do not fit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from seedbed.config.schema.data.arrays import ArrayFile as Options
from seedbed.data import ArrayFile
from seedbed.errors import ConfigError

X = np.arange(60.0).reshape(20, 3)
Y = np.arange(20) % 2


def options(**given: Any) -> Options:
    return Options(**{"val_size": 0.0, "test_size": 0.0, **given})


def loaded(**given: Any) -> ArrayFile:
    facts = ArrayFile.facts(options(**given))
    names = ("task", "input_shape", "output_size", "class_names")
    inferred: dict[str, Any] = {name: getattr(facts, name) for name in names}
    data = ArrayFile(options(**{**inferred, **given}))
    data.setup("fit")
    return data


def saved(folder: Path, **arrays: np.ndarray) -> str:
    np.savez(folder / "x.npz", **arrays)
    return str(folder / "x.npz")


@pytest.mark.parametrize(
    ("inputs", "targets"), [("x", "y"), ("X", "Y"), ("features", "label"), ("arr_0", "arr_1")]
)
def test_arrays_are_found_by_their_names(tmp_path: Path, inputs: str, targets: str) -> None:
    file = saved(tmp_path, other=Y, **{inputs: X, targets: Y})

    data = loaded(file=file)

    assert data.table("train").inputs.tolist() == X.tolist()
    assert data.table("train").targets.tolist() == Y.tolist()
    assert data.options.task == "binary"


def test_npy_files_and_safetensors_hold_the_same_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    save_file({"x": X, "y": Y}, tmp_path / "x.safetensors")

    pair = loaded(inputs=str(tmp_path / "x.npy"), targets=str(tmp_path / "y.npy"))
    whole = loaded(file=str(tmp_path / "x.safetensors"))

    for data in (pair, whole):
        assert data.table("train").inputs.tolist() == X.tolist()
        assert data.table("train").targets.tolist() == Y.tolist()


def test_test_rows_beside_the_others_are_the_test_set(tmp_path: Path) -> None:
    file = saved(tmp_path, x_train=X, y_train=Y, x_test=X[:4] + 1, y_test=Y[:4])

    data = loaded(file=file, test_size=0.5)

    assert data.rows("train") == 20
    assert data.table("test").inputs.tolist() == (X[:4] + 1).tolist()


def test_validation_rows_can_be_named(tmp_path: Path) -> None:
    file = saved(tmp_path, x=X, y=Y, dev=X[:6], dev_y=Y[:6])

    data = loaded(file=file, val_inputs="dev", val_targets="dev_y", val_size=0.3)

    assert (data.rows("train"), data.rows("val")) == (20, 6)


def test_other_arrays_are_columns_of_splits_and_weights(tmp_path: Path) -> None:
    groups, weights = np.repeat(np.arange(5), 4), np.arange(20.0)
    file = saved(tmp_path, x=X, y=Y, patient=groups, worth=weights)

    data = loaded(file=file, split="group", split_by="patient", val_size=0.2, weight="worth")

    held_out = set(groups[data.numbers("val").numpy()])
    assert len(held_out) == 1
    assert not held_out & set(groups[data.numbers("train").numpy()])
    table = data.table("val")
    assert table.weights is not None
    assert table.weights.tolist() == data.numbers("val").tolist()
    with pytest.raises(ConfigError, match=r"no column 'patent'. Did you mean 'patient'"):
        loaded(file=file, split="group", split_by="patent", val_size=0.2)


def test_labels_that_begin_with_1_are_mapped(tmp_path: Path) -> None:
    data = loaded(file=saved(tmp_path, x=X, y=Y + 1))

    assert data.options.class_names == ("1", "2")
    assert data.table("train").targets.tolist() == Y.tolist()


def test_inputs_of_one_number_a_row_are_a_column(tmp_path: Path) -> None:
    data = loaded(file=saved(tmp_path, x=X[:, 0], y=Y))

    assert data.options.input_shape == (1,)
    assert data.table("train").inputs.shape == (20, 1)


@pytest.mark.parametrize(
    ("arrays", "given", "said"),
    [
        ({"x": X, "y": Y[:19]}, {}, "'x' has 20 rows, 'y' 19"),
        ({"x": X, "z": Y}, {}, "data.targets: null, and no array of"),
        ({"x": X, "y": Y}, {"inputs": "xx"}, "data.inputs=xx: not in"),
        ({"x": X[:0], "y": Y[:0]}, {}, "'x' is empty, of shape [0, 3]"),
        ({"x": np.array(3.0), "y": Y}, {}, "'x' is a single number, and rows are needed"),
        ({"x": X.astype(str), "y": Y}, {}, "inputs are numbers"),
        ({"x": np.array([None, 1]), "y": Y}, {}, "Python objects"),
        (
            {"x": X, "y": Y, "a": X[:, :2], "b": Y},
            {"val_inputs": "a", "val_targets": "b"},
            "data.val_inputs: rows of 'a' have the shape [2], those of 'x' [3]",
        ),
        ({"x": X, "y": Y}, {"task": "multiclass", "output_size": 1}, "to be 1 classes"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    tmp_path: Path, arrays: dict[str, np.ndarray], given: dict[str, Any], said: str
) -> None:
    file = saved(tmp_path, **arrays)

    with pytest.raises(ConfigError) as caught:
        loaded(file=file, **given)

    assert said in str(caught.value)


def test_a_run_is_measured_on_the_file_that_it_was_trained_on(tmp_path: Path) -> None:
    file = saved(tmp_path, x=X, y=Y)
    data = loaded(file=file)
    data.require_source(data.fingerprint)

    saved(tmp_path, x=X + 1, y=Y)

    with pytest.raises(ConfigError, match="is not the file that the run was trained on"):
        data.require_source(data.fingerprint)
