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
        "2 rows of the validation set (100.0%) with the inputs of rows of the training set",
        "1 of 2 inputs are the same in all training rows: b",
    ]


@pytest.fixture
def flowers(tmp_path):
    """A table with an answer in a column, the same plants on both sides, and a rare class."""
    rows = [
        f"{row % 25}.5,P{row % 30},{['rose', 'lily'][row % 2]},{row % 2 * 10 + row % 25 % 7}"
        for row in range(60)
    ]
    rows += ["77.5,P1,iris,30", "78.5,P2,iris,31", "79.5,P3,iris,32"]
    (tmp_path / "flowers.csv").write_text("\n".join(["width,plant_id,name,answer", *rows]))


@pytest.mark.usefixtures("flowers")
def test_a_table_with_its_suspicions(command, tmp_path):
    words = ["data=table", "data.file=flowers.csv", "data.target=name", "sweep.folds=5"]
    outcome = command("inspect", *words, "data.columns={plant_id: id}")
    assert (outcome.code, outcome.err) == (0, "")
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert "column kind becomes missing note" in lines
    assert "plant_id id left out as data.columns says" in lines
    assert "name category target (multiclass)" in lines
    assert "task multiclass: iris, lily, rose" in lines
    suspicions = [line for line in lines if line.startswith("suspicious")]
    parts = [
        "classes with fewer rows than the 5 folds: iris (2)",
        "column 'answer' gives the target 'name' away: its values lie apart by class",
        "inputs of rows of the training set",
        "with the 'plant_id' of training rows; data.split=group data.split_by=plant_id",
    ]
    for part in parts:
        assert any(part in line for line in suspicions), (part, suspicions)
    assert [path.name for path in tmp_path.iterdir()] == ["flowers.csv"]


@pytest.mark.usefixtures("flowers")
def test_a_table_without_a_target(command):
    outcome = command("inspect", "data=table", "data.file=flowers.csv")
    assert (outcome.code, outcome.err) == (0, "")
    lines = [" ".join(line.split()) for line in outcome.out.splitlines()]
    assert lines[0] == "data.file=flowers.csv: 63 rows, separated by comma, utf-8"
    assert any(line.startswith("plant_id category its words named as an id") for line in lines)
    assert lines[-1].startswith("next name the target")


@pytest.mark.usefixtures("flowers")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data.file=flower.csv"], "data.file=flower.csv: no such file. Did you mean 'flowers."),
        (["data.file=flowers.csv", "data.target=nam"], "Did you mean 'name'?"),
        (["data.target=name"], "data.file: a value is required"),
        ([], "data.file"),
    ],
)
def test_a_wrong_table_is_refused(refused, words, said):
    assert said in refused("inspect", "data=table", *words, function=None)


def test_a_run_is_none_of_its_configs(refused, tmp_path):
    (tmp_path / "sweep/17").mkdir(parents=True)
    for word in ("run=sweep/17", "sweep/17"):
        said = refused("inspect", word)
        assert said == (
            f"seedbed: {word}: inspect takes a config, such as data=crop_yield; what became of a "
            "run: seedbed report sweep/17, or seedbed evaluate run=sweep/17\n"
        )
