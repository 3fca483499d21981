"""Facts of rows that follow from files or code: asked of the data, and not asked twice."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig, OmegaConf
from tests.composing import unchecked

from seedbed.config.spec import run_spec
from seedbed.config.validation import check
from seedbed.data import DataModule
from seedbed.data.data_module import Facts
from seedbed.errors import ConfigError

INFERRED = ("task", "input_shape", "output_size", "class_names")


class Words(DataModule):
    """Data whose facts are the words of a file, and which count how often they are read."""

    reads = 0

    @classmethod
    def files(cls, options: Any) -> list[Path]:
        return [Path(options["file"])]

    @classmethod
    def facts(cls, options: Any) -> Facts:
        cls.reads += 1
        path = Path(options["file"])
        if not path.exists():
            raise ConfigError(f"data.file: {path}: no such file")
        names = tuple(path.read_text().split())
        facts = Facts("multiclass", (4,), len(names), class_names=names)
        return replace(facts, task=options.get("task", facts.task))


def _config(file: Path, *words: str, **given: Any) -> DictConfig:
    config = unchecked("task=auto", "model=mlp", *words)
    node = {name: f"${{inferred:{name}}}" for name in INFERRED}
    OmegaConf.set_struct(config, False)
    config.data = None
    config.data = {"_target_": f"{__name__}.Words", "file": str(file), **node, **given}
    return config


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "words"
    path.write_text("red green blue")
    return path


def test_model_and_task_follow_from_what_the_data_say(file: Path) -> None:
    config = _config(file)
    check(config)
    spec = run_spec(config)
    assert (spec.facts.task, spec.facts.input_shape, spec.facts.output_size) == (
        *("multiclass", (4,)),
        3,
    )
    assert spec.facts.class_names == ("red", "green", "blue")
    assert spec.task._target_ == "seedbed.training.tasks.Multiclass"
    assert (spec.task.class_count, spec.task.metrics) == (3, ["accuracy", "f1"])
    assert (spec.model.input_shape, spec.model.output_size) == ([4], 3)


def test_rows_are_asked_again_where_their_file_has_changed(file: Path) -> None:
    config, before = _config(file), Words.reads
    assert [config.data.output_size, config.data.output_size] == [3, 3]
    assert Words.reads == before + 1
    file.write_text("red green blue black")
    assert config.data.output_size == 4
    assert Words.reads == before + 2


def test_a_fact_that_is_given_goes_before_what_is_inferred(file: Path) -> None:
    file.write_text("no yes")
    config = _config(file, task="regression", output_size=1)
    assert run_spec(config).task._target_ == "seedbed.training.tasks.Regression"


def test_what_cannot_be_inferred_is_said_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        check(_config(tmp_path / "missing"))
    assert str(refused.value) == f"data.file: {tmp_path / 'missing'}: no such file"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("task.huber_delta=2", "task.huber_delta: no key of task=multiclass"),
        ("task.metrics=[rmse]", "task.metrics: 'rmse' is not one of accuracy, f1"),
        ("task.loss=mse", "task.loss: 'mse' is not one of cross_entropy"),
    ],
)
def test_keys_of_another_task_than_the_data_pose_are_refused(
    file: Path, word: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message.replace("[", r"\[")):
        check(_config(file, word))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["split=time"], "data.split=time: data.split_by is needed, the name of a column"),
        (["input_scale=standrad"], "a factor other than 0. Did you mean 'standard'?"),
        (["input_scale=[standard,none]"], "'['standard', 'none']' is not null, 'none',"),
        (["input_scale={x:none}"], "data.input_scale: '{'x': 'none'}' is not null"),
        (["val_size=-1"], "data.val_size: -1.0 is out of range"),
        (["encode=onehot"], "data.encode: 'onehot' is not one of one_hot, embedding."),
        (["foo=1"], "data.foo: no such key."),
        (["task=regresion"], "data.task: 'regresion' is not one of"),
        (["columns=3"], "data.columns: 3 is not a mapping"),
    ],
)
def test_a_wrong_key_is_named_before_any_fact_is_asked_for(
    tmp_path: Path, words: list[str], said: str
) -> None:
    keys = [f"data.file={tmp_path / 'none.csv'}", "data.target=y"]  # Nobody looks for the file.
    config = unchecked("data=table", "model=mlp", *keys, *(f"data.{word}" for word in words))
    with pytest.raises(ConfigError) as raised:
        check(config)
    [line] = str(raised.value).splitlines()
    assert said in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["split=time"], "data.split=time: data.split_by is needed, the name of a column"),
        (["collate_fn=3"], "data.collate_fn: 3 is no mapping with the _target_ of one"),
        ([], "data.train._target_: none.Rows cannot be imported"),
    ],
)
def test_a_dataset_that_says_itself_whether_it_is_in_memory(words: list[str], said: str) -> None:
    keys = ["data.train._target_=none.Rows", *(f"data.{word}" for word in words)]
    with pytest.raises(ConfigError) as raised:
        check(unchecked("data=torch_dataset", "model=mlp", *keys))
    assert str(raised.value).startswith(said)


def test_what_a_class_raises_is_said_once(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(options: Any) -> Facts:
        raise ValueError("no rows\nat all")

    monkeypatch.setattr(Words, "facts", fail)
    with pytest.raises(ConfigError) as raised:
        check(_config(file))
    assert str(raised.value) == "data: Words cannot tell what its rows are: ValueError: no rows"


@pytest.mark.parametrize("name", ["${x}", "${oc.env:HOME}", "\\${x}", "${", "a${", "???"])
def test_names_that_a_config_would_look_up_are_refused_as_they_stand(
    file: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "secret")
    file.write_text(f"red {name}")
    with pytest.raises(ConfigError) as error:
        check(_config(file))
    assert f"'{name}' is the name of a class" in str(error.value)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("name", ["${x}", "${oc.env:HOME}", "???"])
def test_a_table_with_such_a_column_trains_once_the_column_is_left_out(
    tmp_path: Path, name: str
) -> None:
    table = tmp_path / "t.csv"
    rows = "".join(f"{x / 7},{x * x / 3},{x % 2}\n" for x in range(20))
    table.write_text(f"a,{name},y\n{rows}")
    words = ("data=table", "task=auto", f"data.file={table}", "data.target=y")
    with pytest.raises(ConfigError, match="is the name of a feature"):
        check(unchecked(*words))
    config = unchecked(*words)
    config.data.columns = {name: "ignore"}
    check(config)
    assert list(config.data.feature_names) == ["a"]


def test_a_target_that_a_config_would_look_up_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("a,${x}\n" + "".join(f"{x / 7},{x % 2}\n" for x in range(20)))
    words = ("data=table", "task=auto", f"data.file={table}", "data.target=y")
    config = unchecked(*words)
    config.data.target = "\\${x}"
    with pytest.raises(ConfigError, match=r"data.target: .* write another name"):
        check(config)
