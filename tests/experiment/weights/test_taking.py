"""Runs that start from another's weights: alone, and what their records and lines say."""

import hashlib
import shutil
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from tests.composing import composed, specified
from tests.engines.lightning import own_modules
from tests.experiments import PROVENANCE, built, built_of, finished, record, trained

from seedbed.errors import ConfigError
from seedbed.experiment.build import build_net
from seedbed.experiment.evaluation import load_module
from seedbed.experiment.training.experiment import Experiment
from seedbed.experiment.training.loading import load
from seedbed.experiment.weights.notes import notes_on_weights, print_weights
from seedbed.experiment.weights.source import name_latest, words_with_latest_named
from seedbed.runs.checkpoints import read_checkpoint
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_spec

ROWS = ("data=blobs", "data.rows=40", "data.features=2", "logger=none", "trainer=cpu")
MLP = ("model=mlp", "model.hidden=[5]", "optimizer=adam")
WORDS = (*ROWS, *MLP, "trainer.max_epochs=2")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of three classes, of two epochs."""
    folder = tmp_path_factory.mktemp("outputs") / "runs" / "2026-01-01" / "a"
    trained(folder, *WORDS, "data.val_size=8", "callbacks=quiet", "seed=7")
    return folder


def start(folder: Path | str, *more: str) -> dict[str, torch.Tensor]:
    """Return the weights that a run starts from."""
    return build_net(specified(*WORDS, f"initial_weights.run='{folder}'", *more)).state_dict()


def kept(folder: Path, name: str = "best") -> dict[str, torch.Tensor]:
    content = torch.load(folder / "checkpoints" / f"{name}.ckpt", weights_only=True)
    return {name.removeprefix("net."): v for name, v in content["state_dict"].items()}


def assert_equal(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize("name", ["best", "last"])
def test_a_run_starts_from_a_checkpoint_of_another(source: Path, name: str) -> None:
    assert_equal(start(source, f"initial_weights.checkpoint={name}"), kept(source, name))
    assert_equal(start(source / "checkpoints" / f"{name}.ckpt"), kept(source, name))


def test_what_is_not_taken_is_drawn_as_without(source: Path) -> None:
    fresh = build_net(specified(*WORDS)).state_dict()
    found = start(source, "initial_weights.exclude=['output*']")

    hidden = {name: value for name, value in kept(source).items() if name.startswith("hidden")}
    assert_equal(found, {**fresh, **hidden})


def test_random_numbers_go_on_as_without(source: Path) -> None:
    start(source)
    after = torch.rand(3)
    build_net(specified(*WORDS))
    assert torch.equal(torch.rand(3), after)


def test_values_that_are_given_go_before(source: Path) -> None:
    found = start(source, "+initial_weights.parameters.output_linear.bias=[1.0,2.0,3.0]")
    assert found["output_linear.bias"].tolist() == [1.0, 2.0, 3.0]
    assert torch.equal(found["output_linear.weight"], kept(source)["output_linear.weight"])


def test_a_run_in_double_precision_takes_single_numbers(source: Path) -> None:
    found = start(source, "trainer.precision=64-true")
    assert found["output_linear.bias"].dtype == torch.float64
    assert torch.equal(found["output_linear.bias"], kept(source)["output_linear.bias"].double())


def test_the_record_and_the_first_lines_say_what_was_taken(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (f"initial_weights.run='{source}'", "initial_weights.exclude=[output_linear.bias]")
    finished(started_run(tmp_path, *words))
    digest = hashlib.sha256((source / "checkpoints/best.ckpt").read_bytes()).hexdigest()
    found = record(tmp_path)["initial_weights"]
    assert found["sha256"] == digest
    assert (found["run"], found["checkpoint"], found["epoch"]) == (str(source), "best", 2)
    assert (found["taken"], found["excluded"]) == (3, ["output_linear.bias"])
    assert (found["missing"], found["left_over"]) == ([], [])
    lines = capsys.readouterr().out.splitlines()
    assert f"weights      3 of 4 taken from {source}, epoch 2 (best, last)" in lines
    assert "excluded     output_linear.bias" in lines


def started_run(folder: Path, *words: str) -> Experiment:
    """Return a run that records what it starts from, as `seedbed train` does."""
    experiment = built(folder, *WORDS, *words)
    assert experiment.weights is not None
    PROVENANCE[id(experiment)]["initial_weights"] = experiment.weights.record()
    return experiment


def test_with_frozen_parameters_only_the_others_train(source: Path, tmp_path: Path) -> None:
    words = (f"initial_weights.run='{source}'", "freeze.parameters=['hidden*']")
    trained(tmp_path, *WORDS, *words)
    assert torch.equal(kept(tmp_path)["hidden_linear.weight"], kept(source)["hidden_linear.weight"])
    assert not torch.equal(
        kept(tmp_path)["output_linear.weight"], kept(source)["output_linear.weight"]
    )


def test_a_thaw_trains_what_was_taken(source: Path, tmp_path: Path) -> None:
    words = ("freeze.parameters=['hidden*']", "freeze.until_epoch=2", "initial_weights.run=")
    experiment = built(tmp_path, *WORDS, *words[:2], f"{words[2]}'{source}'")
    hidden = experiment.module.net.hidden_linear.weight
    before = hidden.detach().clone()
    finished(experiment)
    assert not torch.equal(hidden, before)


# ---- Modules of the user's own ------------------------------------------------------------------


def test_a_lightning_module_of_the_users_starts_from_a_run_of_its_own(tmp_path: Path) -> None:
    words = (
        *("data=linear_noise", "data.rows=20", "data.val_size=5", "logger=none", "trainer=cpu"),
        *("trainer.max_epochs=1", f"module._target_={own_modules.__name__}.Line"),
    )
    trained(tmp_path / "a", *words)
    first = built(tmp_path / "b", *words, f"initial_weights.run='{tmp_path / 'a'}'", "seed=5")
    weights = torch.load(tmp_path / "a/checkpoints/best.ckpt", weights_only=True)["state_dict"]
    assert_equal(first.lightning_module.state_dict(), weights)


def test_it_starts_from_the_weights_of_its_network_alone(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(1, 1), "bias": torch.zeros(1)}, tmp_path / "a.pt")
    words = ("data=linear_noise", "data.rows=20", "logger=none", "trainer=cpu", "data.val_size=5")
    module = f"module._target_={own_modules.__name__}.Line"
    first = built(tmp_path / "b", *words, module, f"initial_weights.run='{tmp_path / 'a.pt'}'")
    assert {v.item() for v in first.lightning_module.state_dict().values()} == {0.0, 1.0}


# ---- What reads a run ----------------------------------------------------------------------------


def test_what_reads_a_run_never_reads_the_file_that_it_started_from(
    source: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "source"
    shutil.copytree(source, copied)
    trained(tmp_path / "run", *WORDS, f"initial_weights.run='{copied}'")
    shutil.rmtree(copied)

    spec = load_spec(RunFolder(tmp_path / "run"), [])
    assert spec.initial_weights.run is None
    module, _ = load_module(RunFolder(tmp_path / "run"), spec, "best")
    assert_equal(module.net.state_dict(), kept(tmp_path / "run"))


def test_a_folder_that_names_a_file_of_the_system_is_read_nevertheless(
    source: Path, tmp_path: Path
) -> None:
    shutil.copytree(source, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    config = OmegaConf.load(folder.config)
    config.initial_weights.update(run="/etc/shadow", only=["nothing"], rename={"x": "y"})
    OmegaConf.save(config, folder.config)

    load_module(folder, load_spec(folder, []), "best")


# ---- Which run is the latest --------------------------------------------------------------------


def test_the_latest_run_is_named_in_the_config(source: Path) -> None:
    outputs = source.parents[2]
    config = composed(*WORDS, f"paths.outputs='{outputs}'", "initial_weights.run=latest")
    name_latest(config)
    assert Path(config.initial_weights.run) == source

    words = words_with_latest_named(("seed=1", "initial_weights.run=latest"), str(outputs))
    assert words == ("seed=1", f"initial_weights.run={source}")


def test_a_config_without_it_stays() -> None:
    config = composed(*WORDS)
    name_latest(config)
    assert config.initial_weights.run is None


# ---- Mistakes ------------------------------------------------------------------------------------


def test_mistakes_are_answered_in_one_or_two_lines(source: Path, tmp_path: Path) -> None:
    def without_checkpoints(_: Path) -> str:
        shutil.copytree(source, tmp_path / "bare")
        shutil.rmtree(tmp_path / "bare" / "checkpoints")
        return str(tmp_path / "bare")

    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "sweep.json").touch()
    (tmp_path / "empty").mkdir()
    for run, why in {
        "nowhere": "no such folder or file",
        "lates": "Did you mean 'latest'?",
        str(tmp_path / "empty"): "no run folder, it has no run.json",
        str(tmp_path / "sweep"): f"a sweep; give the folder of one of its jobs, such as {tmp_path}",
        without_checkpoints(source): "this run, completed, has no checkpoint to start from",
    }.items():
        with pytest.raises(ConfigError) as error:
            start(run)
        assert str(error.value).startswith("initial_weights.run=")
        assert why in str(error.value)
        assert len(str(error.value).splitlines()) == 1


def test_a_checkpoint_is_chosen_of_a_run_alone(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(1)}, tmp_path / "a.pt")
    with pytest.raises(ConfigError, match=r"checkpoint=last: it chooses of a run folder"):
        start(tmp_path / "a.pt", "initial_weights.checkpoint=last")


def test_a_new_name_must_be_a_name(source: Path) -> None:
    with pytest.raises(ConfigError, match=r"rename: 'a' becomes 1, which is no name"):
        start(source, "initial_weights.rename={a: 1}")


def test_weights_of_a_checkpoint_that_fits_are_those_of_the_file(source: Path) -> None:
    assert set(kept(source)) == {
        name.removeprefix("net.")
        for name in read_checkpoint(source / "checkpoints/best.ckpt")["state_dict"]
    }


# ---- Notes ---------------------------------------------------------------------------------------


def notes(folder: Path, *words: str) -> list[str]:
    experiment = built(folder, *WORDS, *words)
    load(experiment)
    assert experiment.weights is not None
    return list(notes_on_weights(experiment.weights, experiment.spec, experiment.data))


def test_the_same_rows_ask_for_no_note(source: Path, tmp_path: Path) -> None:
    words = (f"initial_weights.run='{source}'", "data.val_size=8")
    assert notes(tmp_path, *words) == []


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (
            ["data.input_scale=standard"],
            [],
            "the weights were trained on inputs with data.input_scale=standard, and this run has "
            "null: they meet other numbers",
        ),
        (["data.class_names=[a,b,c]"], ["data.class_names=[a,b,d]"], "the classes are others: d"),
        (["data.feature_names=[u,v]"], ["data.feature_names=[u,w]"], "other inputs: w was v"),
        (
            ["data.input_scale=standard"],
            ["data.input_scale=standard", "data.spread=30"],
            "input 1 is (v - ",
        ),
        (
            [],
            ["freeze.parameters=['out*']", "initial_weights.exclude=['output*']"],
            "freeze.parameters: output_linear.weight, output_linear.bias stays as it was drawn",
        ),
    ],
)
def test_what_differs_is_noted(
    tmp_path: Path, before: list[str], now: list[str], expected: str
) -> None:
    trained(tmp_path / "a", *WORDS, *before)
    found = notes(tmp_path / "b", *now, f"initial_weights.run='{tmp_path / 'a'}'")
    assert len(found) == 1
    assert expected in found[0]


def test_without_initial_weights_nothing_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = built_of(composed("callbacks=quiet", *WORDS), tmp_path)
    print_weights(experiment.weights, experiment.spec, experiment.data)
    assert capsys.readouterr().out == ""
