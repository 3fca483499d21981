"""Exports of runs that the examples of docs/export.md do not have, and those that are refused."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import safe_open
from tests.composing import composed
from tests.engines.lightning import own_modules
from tests.experiment.export import networks
from tests.experiments import built, finished, trained_on_own_data

from seedbed.commands import export as command_module
from seedbed.commands.export import export
from seedbed.errors import ConfigError, SeedbedError
from seedbed.experiment.export import formats
from seedbed.experiment.training.experiment import Experiment

OWN, STEPS = networks.__name__, own_modules.__name__
CLUSTERS = (
    *("data=clusters", "data.rows=60", "data.val_size=20", "logger=none"),
    *("optimizer=adam", "trainer.max_epochs=2"),
)
INPUTS = np.array([[1.0, 2.0], [-3.0, 0.5], [0.0, 0.0]])


def own(name: str) -> tuple[str, ...]:
    """Return the words that choose a network of networks.py."""
    keys = ("~model", f"+model._target_={OWN}.{name}", "+model.inputs=${data.input_shape}")
    return (*keys, "+model.outputs=${data.output_size}")


def exported(run: Path, output: Path, *words: str) -> None:
    """Export a run."""
    trust = () if any(word.startswith("trust=") for word in words) else (f"trust=[{OWN}]",)
    config = composed(f"run={run}", f"output={output}", *trust, *words, verb="export")
    assert export(config, ["seedbed", "export"]) == 0


def by_torch(path: Path, inputs: np.ndarray) -> tuple[torch.Tensor, dict[str, Any]]:
    """Return what a file of torch.export makes of inputs, and the description in it."""
    inside = {"seedbed.json": ""}
    program = torch.export.load(path, extra_files=inside).module()
    return program(torch.from_numpy(inputs)), json.loads(inside["seedbed.json"])


def outputs(run: Experiment, inputs: np.ndarray) -> torch.Tensor:
    """Return what the network of a run puts out for inputs as it takes them."""
    with torch.no_grad():
        return run.module.net.eval()(torch.from_numpy(inputs).float())


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    folder = tmp_path_factory.mktemp("residual") / "run"
    return finished(built(folder, *CLUSTERS, *own("Residual")))


def test_a_network_of_the_users_answers_with_both_classes_or_a_logit(
    residual: Experiment, tmp_path: Path
) -> None:
    file, logit = tmp_path / "own.pt2", tmp_path / "logit.pt2"
    exported(residual.folder.path, file, "checkpoint=last")
    found, description = by_torch(file, INPUTS)
    logits = outputs(residual, INPUTS)
    expected = torch.cat([torch.sigmoid(-logits), torch.sigmoid(logits)], dim=1)
    torch.testing.assert_close(found, expected)
    exported(residual.folder.path, logit, "checkpoint=last", "apply_softmax=false")
    torch.testing.assert_close(by_torch(logit, INPUTS)[0], logits)
    assert description == json.loads((tmp_path / "own.pt2.json").read_text())
    assert description["output"]["classes"] == ["0", "1"]
    assert description["network"]["layers"] is None
    assert description["network"]["class"] == f"{OWN}.Residual"
    files = {"own.pt2", "own.pt2.json", "logit.pt2", "logit.pt2.json"}
    assert {path.name for path in tmp_path.iterdir()} == files


def test_units_and_scales_are_in_the_file(tmp_path: Path) -> None:
    words = ("data=thermometer", "data.input_scale=standard", "data.target_scale=standard")
    words = (*words, "logger=none", "trainer.max_epochs=3", "optimizer.lr=0.1")
    run = finished(built(tmp_path / "run", *words))
    exported(tmp_path / "run", tmp_path / "t.pt2", "checkpoint=last")
    readings = np.array([[20.0], [35.5], [90.0]])
    found, description = by_torch(tmp_path / "t.pt2", readings)
    inputs, targets = run.data.input_scaling, run.data.target_scaling
    raw = (readings - inputs.shift.numpy()) / inputs.scale.numpy()
    expected = outputs(run, raw).numpy() * targets.scale.numpy() + targets.shift.numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert description["input"]["features"] == [{"name": "reading", "unit": "unknown"}]
    assert description["output"]["targets"] == [{"name": "temperature", "unit": "C"}]
    assert description["output"]["scaled"] == targets.to_plain()


def test_a_lightning_module_is_exported_by_its_predict_step_or_forward_and_else_its_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("callbacks.checkpoint.keep_best=false", "optimized_metric=train/loss")
    for name in ("WithForward", "WithoutForward"):
        run = tmp_path / name
        trained = finished(built(run, *CLUSTERS, f"module._target_={OWN}.{name}", *words))
        if name == "WithForward":
            exported(run, tmp_path / "with.pt2")
            of_one = torch.sigmoid(outputs(trained, INPUTS))
            expected = torch.cat([1 - of_one, of_one], dim=1)
            torch.testing.assert_close(by_torch(tmp_path / "with.pt2", INPUTS)[0], expected)
    line = ("data=linear_noise", "data.rows=60", "logger=none", "trainer.max_epochs=1")
    step = finished(built(tmp_path / "step", *line, f"module._target_={STEPS}.Predicting", *words))
    exported(tmp_path / "step", tmp_path / "step.pt2", f"trust=[{STEPS}]")
    values = by_torch(tmp_path / "step.pt2", INPUTS[:, :1])[0]
    torch.testing.assert_close(values, 100 + outputs(step, INPUTS[:, :1]))
    with pytest.raises(ConfigError, match=r"WithoutForward has no forward\nformat=safetensors"):
        exported(tmp_path / "WithoutForward", tmp_path / "without.pt2")
    exported(tmp_path / "WithoutForward", tmp_path / "without.pt")
    weights = torch.load(tmp_path / "without.pt", weights_only=True)
    torch.testing.assert_close(weights, dict(trained.module.net.state_dict()))
    assert "check        none: without a forward" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "file", "message"),
    [
        ("Decides", "x.onnx", r"data-dependent.*\(forward, line \d+ of networks.py\)"),
        ("DecidesByRow", "x.pt2", r"data-dependent.*\(line \d+ of networks.py\)"),
        ("Packs", "x.pt2", r"zeros\(\).*\(forward, line \d+ of networks.py\)"),
        ("ByNumPy", "x.pt2", r"cannot be traced.*\(forward, line \d+ of networks.py\)"),
    ],
)
def test_what_cannot_be_traced_leaves_nothing_and_its_weights_can_be_had(
    tmp_path: Path, name: str, file: str, message: str
) -> None:
    run = tmp_path / "run"
    trained = finished(built(run, *CLUSTERS, *own(name)))
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(ConfigError, match=message) as refusal:
        exported(run, folder / file)
    assert len(str(refusal.value).splitlines()) == 2
    assert "format=safetensors" in str(refusal.value)
    assert not list(folder.iterdir())
    exported(run, folder / "x.safetensors", "checkpoint=last")
    with safe_open(folder / "x.safetensors", "pt") as weights:
        for key, value in trained.module.net.state_dict().items():
            assert torch.equal(weights.get_tensor(key), value)


def test_a_network_that_draws_random_numbers_is_refused(tmp_path: Path) -> None:
    finished(built(tmp_path / "run", *CLUSTERS, *own("Noisy")))
    with pytest.raises(ConfigError, match="answers the same rows otherwise each time"):
        exported(tmp_path / "run", tmp_path / "x.pt")
    assert not list(tmp_path.glob("x*"))


def test_what_onnx_lacks_is_named_with_the_formats_that_do_not_need_it(
    residual: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def converted(*arguments: object, **options: object) -> None:
        cause = RuntimeError("No ONNX function found for aten.bessel_j0. Failure message: none")
        raise RuntimeError("\033[96mThis is step 3/3\033[0m") from cause

    monkeypatch.setattr(torch.onnx, "export", converted)
    message = (
        r"converted: No ONNX function found for aten.bessel_j0\nformat=torch_export, format=sa"
    )
    with pytest.raises(ConfigError, match=message):
        exported(residual.folder.path, tmp_path / "x.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_answers_otherwise_is_not_left(
    residual: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {name: value + 0.01 for name, value in residual.module.net.state_dict().items()}
    monkeypatch.setattr(formats, "weights_of", lambda net: wrong)
    for file in ("x.pt", "x.safetensors"):
        with pytest.raises(SeedbedError, match="differs from the run by") as failure:
            exported(residual.folder.path, tmp_path / file)
        assert not isinstance(failure.value, ConfigError)  # Exit code 1.
    assert not list(tmp_path.iterdir())


def test_rows_are_made_up_where_those_of_the_run_are_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = "".join(f"{n % 7},{'ab'[n % 2]},{n % 3}.5,2020-01-{n % 28 + 1:02}\n" for n in range(40))
    (tmp_path / "rows.csv").write_text(f"x,word,y,day\n{table}")
    arrays = {"inputs": np.random.default_rng(0).normal(5, 2, (40, 3)), "targets": np.arange(40.0)}
    np.savez(tmp_path / "rows.npz", **arrays)
    tables = ("data=table", f"data.file={tmp_path / 'rows.csv'}", "data.target=y")
    scaled = ("data=arrays", f"data.file={tmp_path / 'rows.npz'}", "data.input_scale=standard")
    for name, words in {"csv": tables, "npz": scaled}.items():
        trained_on_own_data(tmp_path / name, *words, "trainer.max_epochs=1", "optimizer=adam")
        file = tmp_path / f"rows.{name}"
        file.rename(tmp_path / f"elsewhere.{name}")
        capsys.readouterr()
        exported(tmp_path / name, tmp_path / f"{name}.pt")
        said = capsys.readouterr().out
        assert "64 rows made up within the ranges of the preparation" in said
        assert f"not of the run's data: data.file={file}: no such file" in said
        where = f"file={tmp_path / f'elsewhere.{name}'}"
        exported(tmp_path / name, tmp_path / f"{name}.safetensors", where)
        assert "of the test split" in capsys.readouterr().out
        with pytest.raises(ConfigError, match="file=gone: neither"):
            exported(tmp_path / name, tmp_path / "x.pt", "file=gone")


def test_a_job_of_a_sweep_is_exported(command: Callable[..., Any], tmp_path: Path) -> None:
    words = ("data=clusters", "model=mlp", "logger=none", "trainer.max_epochs=2", "callbacks=quiet")
    swept = command("train", "-m", *words, "optimizer.lr=0.1,0.2", "hydra.sweep.dir=sweep")
    assert "side by side" in swept.out + swept.err
    whole = command("export", "run=sweep", "output=job.pt")
    assert whole.code == 2
    assert re.search(r"run=sweep: a sweep, .* such as run=sweep/\d, job", whole.err)
    assert command("export", "run=sweep/1", "output=job.pt").code == 0
    kept = torch.load(tmp_path / "sweep/1/checkpoints/best.ckpt", weights_only=True)["state_dict"]
    weights = torch.load(tmp_path / "job.pt", weights_only=True)
    assert {f"net.{name}" for name in weights} == {*kept}
    assert all(torch.equal(kept[f"net.{name}"], value) for name, value in weights.items())


# ---- Refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("output=model",), "the name must end in .onnx, .pt2, .safetensors, .pt"),
        (("output=model", "format=onnx"), "output=model.onnx"),
        (("output=model.pt", "format=safetensors"), "output=model.safetensors"),
        (("output=model.pt", "format=pickle"), "not one of onnx, torch_export"),
        ((), "output: a value is required"),
        (("output=there.pt",), "exists already, and nothing is written over"),
        (("output=told.pt",), "told.pt.json, which goes beside it"),
        (("output=run/run.json/x.pt",), "is no folder that can be written to"),
        (("output=x.pt", "run=nowhere"), "run=nowhere: no such folder"),
        (("output=x.pt", "run=valley"), "a function without inputs"),
        (("output=x.pt", "run=own"), f"{OWN}.Residual"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_written(
    refused: Callable[..., str], tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    if "run=own" in words:
        built(tmp_path / "own", *CLUSTERS, *own("Residual"))
        (tmp_path / "own" / "run.json").write_text('{"status": "completed", "metrics": {}}')
    elif "run=valley" in words:
        options = ("data=none", "model=bowl", "logger=none", "trainer.max_epochs=1")
        finished(built(tmp_path / "valley", *options))
    # What is wrong with the words is said before a run is looked into.
    (tmp_path / "run" / ".hydra").mkdir(parents=True)
    (tmp_path / "run" / ".hydra" / "config.yaml").touch()
    (tmp_path / "run" / "run.json").touch()
    (tmp_path / "there.pt").touch()
    (tmp_path / "told.pt.json").touch()
    run = () if any(word.startswith("run=") for word in words) else ("run=run",)
    assert message in refused("export", *run, *words, function=None)


def test_packages_that_onnx_takes_are_named(
    residual: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_module, "find_spec", lambda name: None)
    lacking = "onnx, onnxscript, onnxruntime; pip install 'seedbed\\[export\\]'"
    with pytest.raises(ConfigError, match=lacking):
        exported(residual.folder.path, tmp_path / "x.onnx")
    exported(residual.folder.path, tmp_path / "x.pt")
