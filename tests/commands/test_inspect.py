"""`seedbed inspect`: what it prints of rows, splits and suspicions; it writes nothing."""

import pytest
import torch

from seedbed.analysis.suspicions.rows import suspicious_rows


def test_classes_by_split(command, tmp_path):
    outcome = command("inspect", "data=clusters", "data.rows=100", "data.val_size=0.2")
    assert (outcome.code, outcome.err) == (0, "")
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert "task binary: 0, 1" in lines
    assert "class training validation" in lines
    assert "all 80 20" in lines
    assert lines[-1] == "suspicious nothing"
    assert not any(tmp_path.iterdir())


def test_targets_by_split(command):
    outcome = command("inspect", "data=crop_yield", "data.test_size=5", "sweep.repeats=2")
    assert outcome.code == 0
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert "target training test" in lines
    assert "rows 10 5" in lines
    assert any("mean ± std" in line for line in lines)


def test_no_data(command):
    assert "these data have no rows" in command("inspect", "data=none", "model=bowl").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data.val_size=99"], "none is left for training"),
        (["data=clustres"], "Did you mean 'clusters'?"),
        (["-m", "seed=0,1"], "only seedbed train sweeps"),
        (["data.fil=x.csv"], "data.fil: no such key"),
    ],
)
def test_what_is_wrong_is_refused_as_train_refuses_it(refused, words, said):
    assert said in refused("inspect", *words, function=None)


def test_rows_of_tensors_that_are_suspicious():
    train = torch.arange(12.0).reshape(6, 2) % 7
    train[:, 1] = 4.0
    inputs = {"train": train, "val": train[:2], "test": train[3:] + 100}
    assert list(suspicious_rows(inputs, ["a", "b"])) == [
        "2 rows of the validation set (100.0%) have the inputs of rows of the training set",
        "1 of 2 inputs are the same in all training rows: b",
    ]
