"""A verb as an application: what is refused and in which words, exit codes, sweeps, signals."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import hydra._internal.hydra
import pytest
import torch
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from seedbed.config import groups
from seedbed.config.spec import run_spec
from seedbed.config.validation import check
from seedbed.errors import ConfigError, DataError, Diverged, Interrupted, SeedbedError
from seedbed.runs.folder import RunFolder

SEEDBED = str(Path(sys.executable).parent / "seedbed")


def fake(config, words):
    """Take the place of the verb's function and find nothing wrong."""
    return 0


def files(folder):
    """Return the files below a folder, by their path in it."""
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


@pytest.fixture
def yaml(tmp_path):
    """Return a function that writes a YAML file of the user's and returns the flags to find it."""
    folder = tmp_path / "user"

    def write(name, content):
        path = folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return "--config-dir", str(folder)

    return write


# ---- What is wrong with a key --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.lrr=1", ["optimizer.lrr:", "Did you mean 'optimizer.lr'?", "momentum"]),
        ("modle=mlp", ["modle:", "Did you mean 'model'?", "optimizer"]),
        ("callback=checkpoint", ["callback:", "Did you mean 'callbacks'?"]),
        ("model.hidden=[3]", ["model.hidden:", "model has:", "output_size"]),
        ("+optimizer.foo=1", ["optimizer.foo:", "no such key", "momentum"]),
        ("+foo=1", ["foo:", "no such key", "optimized_metric"]),
        ("initial_weights.parameters.weight=1", ["+initial_weights.parameters.weight="]),
    ],
)
def test_a_key_that_does_not_exist(refused, override, said):
    message = refused("train", override)

    for words in said:
        assert words in message


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("lr=0.1", "Did you mean 'optimizer.lr'?"),
        ("+lr=0.1", "Did you mean 'optimizer.lr'?"),
        ("epochs=3", "Did you mean 'trainer.max_epochs'?"),
        ("trainer.epochs=3", "Did you mean 'trainer.max_epochs'?"),
        ("batch_size=8", "Did you mean 'data.batch_size'?"),
        ("accelerator=cuda", "Did you mean 'trainer.accelerator'?"),
        ("trainer.accelerator=cuda", "Did you mean 'gpu'?"),
        ("ckpt_path=last.ckpt", "Did you mean 'resume'?"),
        ("optimizer.betas=[0.9,0.99]", "It is a key of optimizer=adam, adamw."),
        ("+optimizer.betas=[0.9,0.99]", "It is a key of optimizer=adam, adamw."),
        ("data.folder=there", "It is a key of data=fashion_mnist, images."),
        ("callbacks.early_stopping.patience=3", "callbacks=early_stopping adds it"),
        ("callbacks.fit.dpi=3", "+callback@callbacks.fit=fit adds it"),
        ("callbacks.progres.bar=true", "Did you mean 'callbacks.progress'?"),
        ("logger.graph=true", "Did you mean 'logger.tensorboard.graph'?"),
        ("adam.lr=0.1", "Did you mean 'optimizer=adam'?"),
    ],
)
def test_a_key_that_is_known_elsewhere_is_named_in_full(refused, override, said):
    assert said in refused("train", override)


def test_the_axis_of_a_sweep_is_named_in_full_as_well(refused):
    assert "Did you mean 'optimizer.lr'?" in refused("train", "-m", "lr=0.1,0.2")


@pytest.mark.parametrize(
    "words", [("seed=0", "seed=5"), ("optimizer=sgd", "optimizer=adam"), ("seed=5", "+seed=5")]
)
def test_a_key_that_is_given_twice_is_refused_with_both_words(refused, words):
    assert f"given twice, by {words[0]} and by {words[1]}" in refused("train", *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "hydra.job.chdir=maybe"], "hydra.job.chdir: 'maybe' is not true or false"),
        (["train", "hydra.run.dir=null"], "hydra.run.dir: null is not accepted"),
        (["train", "trainer.max_epochs=99999999999999999999"], "trainer.max_epochs: 9999"),
        (["train", "trainer.devices=999"], "trainer.devices: 999 processes"),
        (["train", "trainer.min_epochs=9", "trainer.max_epochs=3"], "trainer.min_epochs: 9 is"),
        (["evaluate", "run=x", "accelerator=gpu"], "accelerator=gpu: torch"),
        (["predict", "run=x", "input=[[1]]", "accelerator=gpu"], "accelerator=gpu: torch"),
        (["evaluate", "."], "Did you mean 'run=.'?"),
        (["train", f"optimizer.lr={'9' * 5_000}"], " ... "),
        (["list", "--config-dir"], "which folder?"),
    ],
)
@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is there")
def test_the_users_own_word_is_named(refused, words, said):
    assert said in refused(*words)


@pytest.mark.parametrize("module", ["nowhere", "nowhere.at.all", "os.nowhere", ".a"])
def test_a_trusted_module_that_does_not_exist_is_refused(refused, module):
    assert f"trust: no module '{module}'" in refused("evaluate", "run=x", f"trust=[{module}]")


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.lr=fast", ["optimizer.lr:", "'fast'", "a number", "learning rate"]),
        ("optimizer.lr=", ["optimizer.lr:", "''", "a number"]),
        ("trainer.max_epochs=1.5", ["trainer.max_epochs:", "'1.5'", "a whole number"]),
        ("data.shuffle=maybe", ["data.shuffle:", "'maybe'", "true or false"]),
        ("data.input_shape=3", ["data.input_shape:", "a list", "shape of one input"]),
        ("data.input_shape=[null]", ["data.input_shape", "null", "not accepted"]),
        ("initial_weights.parameters=[1]", ["initial_weights.parameters", "[1]"]),
        ("optimizer.lr=null", ["optimizer.lr: null is not accepted (learning rate)"]),
        (
            "data.class_names=null",
            ["data.class_names: null is not accepted (names of the classes)"],
        ),
    ],
)
def test_a_value_of_the_wrong_type(refused, override, said):
    message = refused("train", override)

    for words in said:
        assert words in message
    for jargon in ("DictConfig", "ListConfig", "NoneType", "(type str)"):
        assert jargon not in message


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimizer.lr=-1", "optimizer.lr: -1.0 is out of range: it must be at least 0"),
        ("task.loss=mee", "task.loss: 'mee' is not one of mse, mae, huber. Did you mean 'mse'?"),
    ],
)
def test_a_value_that_is_not_accepted(refused, override, message):
    assert refused("train", override) == f"seedbed: {message}\n"


def test_problems_are_shown_together(refused):
    message = refused("train", "optimizer.lr=-1", "trainer.max_epochs=-1", "task.loss=mee")

    assert len(message.splitlines()) == 3
    for key in ("optimizer.lr:", "trainer.max_epochs:", "task.loss:"):
        assert key in message


def test_a_missing_value_is_asked_for(command, tmp_path):
    outcome = command("train", "data=torch_dataset", function=fake)

    assert outcome.code == 2
    # What is inferred of the rows is not asked for besides.
    assert outcome.err == "seedbed: data.train._target_: a value is required\n"
    assert list(tmp_path.iterdir()) == []


def test_what_follows_from_a_missing_value_is_not_reported_again(command):
    outcome = command("train", "data=torch_dataset", function=fake)

    assert "model." not in outcome.err
    assert "interpolation" not in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evaluate",), ["run: a value is required", "latest"]),
        (("predict", "run=x"), ["input: a value is required", "table, .npy or image file"]),
        (("evaluate", "run=x", "split=tset"), ["split:", "'tset'", "train, val, test", "'test'"]),
        (("evaluate", "rnu=x"), ["rnu:", "Did you mean 'run'?", "checkpoint"]),
        (("evaluate", "run=x", "optimizer.lr=1"), ["optimizer", "no such key", "checkpoint"]),
        (("evaluate", "run=x", "model=mlp"), ["model", "no such", "checkpoint"]),
    ],
)
def test_the_verbs_that_read_a_run_refuse_as_well(refused, arguments, said):
    message = refused(*arguments)

    for words in said:
        assert words in message


@pytest.mark.parametrize("override", ["rnu=x", "optimizer.lr=1", "model=mlp"])
def test_the_keys_offered_are_those_of_the_verb(refused, override):
    message = refused("evaluate", "run=x", override)

    # They belong to `seedbed train`.
    assert "scheduler" not in message
    assert "Did you mean 'optimizer'?" not in message
    assert "Did you mean 'model'?" not in message


# ---- What is wrong with a group ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "suggested"),
    [("model=mpl", "mlp"), ("experiment=thermometr", "thermometer"), ("debug=fas", "fast")],
)
def test_an_option_that_does_not_exist(refused, override, suggested):
    message = refused("train", override)

    group = override.partition("=")[0]
    assert override in message
    assert f"Did you mean '{suggested}'?" in message
    for option in groups.options(group):
        assert option in message


def test_one_option_of_several_does_not_exist(refused):
    message = refused("train", "callbacks=[quiet,foo]")

    assert "callbacks=foo" in message
    for option in groups.options("callbacks"):
        assert option in message


@pytest.mark.parametrize("override", ["optimizer=sgd,adam", "optimizer.lr=0.1,0.2"])
def test_several_values_need_a_sweep(refused, override):
    message = refused("train", override)

    assert override in message
    assert "-m" in message


@pytest.mark.parametrize("override", ["logger=null", "model=3", "trainer=true"])
def test_what_is_not_a_word_is_no_option(refused, override):
    group, _, value = override.partition("=")

    message = refused("train", override)

    assert group in message
    assert value in message.lower()


@pytest.mark.parametrize("override", ["debug=nan"])
def test_an_option_may_be_called_like_a_number(command, override):
    outcome = command("train", override, "--cfg", "job")

    assert (outcome.code, outcome.err) == (0, "")
    assert "detect_anomaly: true" in outcome.out


def test_an_option_is_changed_without_a_plus(refused):
    message = refused("train", "+experiment=thermometer")

    assert "experiment=thermometer" in message
    assert "without" in message


@pytest.mark.parametrize("override", ["~optimizer.lr", "~foo"])
def test_a_key_that_cannot_be_deleted(refused, override):
    message = refused("train", override)

    assert override.strip("~") in message
    assert "DictConfig" not in message


# ---- What is wrong with the command --------------------------------------------------------------


@pytest.mark.parametrize(
    "override",
    [
        "optimizer.lr",
        "a b",
        "optimizer.lr=[1",
        "optimizer.lr='",
        "optimizer..lr=1",
        ".lr=1",
        "=3",
        "€=1",
        "",
    ],
)
def test_an_override_that_cannot_be_read(refused, override):
    message = refused("train", override)

    assert override in message
    assert "key=value" in message
    assert "Exception" not in message


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--cfg", "job", "--info"), ["--cfg", "--info"]),
        (("-m", "--cfg", "job"), ["--multirun", "--cfg"]),
        (("--resolve",), ["--resolve", "--cfg"]),
        (("--config-dir", "nowhere"), ["nowhere", "not found"]),
        (("--config-name", "trian"), ["trian", "Did you mean 'train'?"]),
        (("--cfg", "jbo"), ["--cfg", "jbo", "job"]),
        (("--cfg", "job", "--package", "nothing"), ["package 'nothing' not found"]),
        (("--nope",), ["--nope"]),
        (("--config-dir",), ["--config-dir"]),
    ],
)
def test_flags_that_cannot_be_followed(refused, flags, said):
    message = refused("train", *flags)

    for words in said:
        assert words in message


@pytest.mark.parametrize(
    "words",
    [
        ("seed=1", "--cfg", "job", "optimizer.lr=0.5"),
        ("--cfg", "job", "seed=1", "optimizer.lr=0.5"),
        ("seed=1", "optimizer.lr=0.5", "-c", "job"),
    ],
)
def test_flags_may_stand_before_between_and_after_overrides(command, words):
    outcome = command("train", *words)

    assert (outcome.code, outcome.err) == (0, "")
    assert "seed: 1\n" in outcome.out
    assert "lr: 0.5\n" in outcome.out


# ---- What is wrong with a YAML file --------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: [1\nb: 2\n", "line 2"),
        ("a: !!python/object/apply:os.system ['true']\n", "line 1"),
        (b"a: \xe9\xe8\n", "UTF-8"),
        ("defaults: linear\n", "defaults"),
        ("defaults:\n  - nowhere\n", "nowhere"),
        ("defaults:\n  - mine\n", "mine"),
        ("- a\n- b\n", ""),
        ("_target_: os.getcwd\ninput_shape: ${data.input_shapes}\n", "model.input_shape:"),
    ],
)
def test_a_yaml_file_that_cannot_be_used(refused, yaml, content, said):
    message = refused("train", *yaml("model/mine", content), "model=mine")

    assert "mine" in message or "model." in message
    assert said in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("optimizer:\n  lrr: 1\n", ["optimizer.lrr", "Did you mean 'optimizer.lr'?"]),
        ("optimizr:\n  lr: 1\n", ["optimizr", "Did you mean 'optimizer'?"]),
        ("optimizer:\n  lr: fast\n", ["optimizer.lr", "'fast'", "a number"]),
        ("optimizer: null\n", ["optimizer"]),
        ("defaults:\n  - override /modle: mlp\n", ["modle", "Did you mean 'model'?"]),
        ("defaults:\n  - override /model: mpl\n", ["model=mpl", "Did you mean 'mlp'?"]),
    ],
)
def test_a_preset_of_the_users_that_is_wrong(refused, yaml, content, said):
    flags = yaml("experiment/mine", f"# @package _global_\n{content}")

    message = refused("train", *flags, "experiment=mine")

    for words in said:
        assert words in message


def test_a_wrong_header_of_a_preset(refused, yaml):
    flags = yaml("experiment/mine", "# @package \nseed: 1\n")

    assert "@package" in refused("train", *flags, "experiment=mine")


def test_an_option_of_the_users_is_among_those_offered(refused, yaml):
    flags = yaml("model/mine", "_target_: a.B\n")

    message = refused("train", *flags, "model=mime")

    assert "Did you mean 'mine'?" in message


def test_a_model_of_the_users_needs_no_schema(command, yaml):
    seen = []
    content = "_target_: nets.Net\ninput_shape: ${data.input_shape}\nwidth: 3\n"

    def function(config, words):
        seen.append(config.model)
        return 0

    outcome = command("train", *yaml("model/mine", content), "model=mine", function=function)

    assert outcome.code == 0, outcome.err
    assert seen == [{"_target_": "nets.Net", "input_shape": [3], "width": 3}]


def test_data_of_the_users_without_their_facts_are_refused(refused, yaml):
    message = refused("train", *yaml("data/mine", "_target_: mine.Data\n"), "data=mine")

    assert "data.input_shape" in message
    assert "data.task" in message or "data.output_size" in message


# ---- Interpolations and folders ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${foo}", "'foo' not found"),
        ("${oc.env:NO_SUCH_VARIABLE}", "NO_SUCH_VARIABLE"),
        ("${optimizer.lr}", ""),
        ("${task.loss}", "'mse'"),
    ],
)
def test_an_interpolation_that_does_not_resolve(refused, value, said):
    message = refused("train", f"optimizer.lr={value}")

    assert "optimizer.lr:" in message
    assert said in message


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        (("paths.outputs=taken",), "taken"),
        (("-m", "hydra.sweep.dir=taken/x", "seed=1"), "taken"),
        (("hydra.run.dir=${hydra:runtime.cwd}/taken/${hydra:job.name}",), "taken/train"),
        (("-m", "hydra.sweep.dir=${hydra:runtime.cwd}/taken/${hydra:job.name}"), "taken/train"),
    ],
)
def test_a_folder_that_cannot_be_made(refused, tmp_path, arguments, folder):
    (tmp_path / "taken").write_text("a file")

    assert folder in refused("train", *arguments)


# ---- Project file --------------------------------------------------------------------------------

PROJECT = """config_dir: mine
trust: [nets]
defaults: [optimizer=adam, optimizer.lr=0.5, sweep.fuse=never, paths.outputs=mine/out]
"""


@pytest.fixture
def project(tmp_path):
    """Write a project file with a config folder that it names."""
    (tmp_path / "mine" / "model").mkdir(parents=True)
    (tmp_path / "mine" / "model" / "own.yaml").write_text("_target_: nets.Net\nwidth: 3\n")
    (tmp_path / "seedbed.yaml").write_text(PROJECT)
    (tmp_path / "nets.py").touch()
    (tmp_path / "other.py").touch()


@pytest.mark.usefixtures("project")
def test_a_run_is_composed_with_the_project_file_and_says_so(command):
    seen = []

    def function(config, words):
        overrides = list(HydraConfig.get().overrides.task)
        seen.append((config.optimizer.lr, config.model.width, overrides, words[1:]))
        return 0

    outcome = command("train", "model=own", "optimizer.lr=0.25", function=function)

    assert outcome.code == 0, outcome.err
    typed = ["model=own", "optimizer.lr=0.25"]
    applied = ["trust=[nets]", "optimizer=adam", "paths.outputs=mine/out", *typed]
    assert seen == [(0.25, 3, applied, ["train", "--config-dir", "mine", *applied])]


@pytest.mark.usefixtures("project")
def test_evaluate_trusts_the_modules_of_the_project_file(command, tmp_path):
    (tmp_path / "x" / ".hydra").mkdir(parents=True)
    (tmp_path / "x" / ".hydra" / "config.yaml").write_text("seed: 0\n")
    (tmp_path / "x" / "run.json").write_text("{}")
    seen = []

    def function(config, words):
        seen.append((list(config.trust), config.paths.outputs))
        return 0

    assert command("evaluate", "run=x", function=function).code == 0
    assert command("evaluate", "run=x", "trust=[other]", function=function).code == 0
    assert seen == [(["nets"], "mine/out"), (["other"], "mine/out")]


@pytest.mark.usefixtures("project")
def test_a_project_file_that_is_wrong_is_named(refused, tmp_path):
    file = tmp_path / "seedbed.yaml"
    file.write_text("defaults: [optimizer.lrr=0.5]\n")
    assert f"Did you mean 'optimizer.lr'? (in {file})" in refused("train")
    file.write_text("default: []\n")
    for verb in (["train"], ["report", "latest"], ["list"]):
        assert f"{file}: default: no such key. Did you mean" in refused(*verb, function=None)


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_processes_of_ddp_do_not_apply_the_project_file_again(tmp_path):
    (tmp_path / "nets.py").write_text("import torch\n\nNet = lambda width: torch.nn.Linear(3, 2)\n")
    words = ("train", "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "model=own")

    found = subprocess.run(
        [SEEDBED, *words, "optimizer=sgd", "trainer.max_epochs=1"],
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert found.returncode == 0, found.stderr
    [record] = tmp_path.glob("mine/out/runs/*/*/run.json")
    assert json.loads(record.read_text())["hyperparameters"]["optimizer"] == "sgd"


@pytest.mark.slow
@pytest.mark.usefixtures("project")
def test_a_sweep_takes_the_defaults_and_goes_on_with_them(tmp_path, command):
    words = ("-m", "seed=1,2", "optimizer.lr=0.01", "trainer=cpu", "trainer.max_epochs=1")

    assert command("train", *words).code == 0
    [plan] = tmp_path.glob("mine/out/sweeps/*/*/sweep.json")
    jobs = [job["overrides"] for job in json.loads(plan.read_text())["rounds"][0]["jobs"]]
    assert [job[:2] for job in jobs] == [["trust=[nets]", "optimizer=adam"]] * 2
    assert "sweep.fuse=never" in jobs[0]
    resumed = command("train", "-m", "sweep.resume=latest")
    assert (resumed.code, "2 of 2 jobs done" in resumed.out) == (0, True)


# ---- What only shows when the objects are made ---------------------------------------------------


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model._target_=nowhere.Net", ["model", "nowhere.Net"]),
        ("data._target_=nowhere.Data", ["data._target_", "nowhere.Data"]),
        ("+callbacks.x=1", ["callbacks.x", "1"]),
        ("optimizer._target_=torch.optim.Adamm", ["optimizer._target_", "torch.optim.Adamm"]),
        ("optimizer._target_=torch.nn.Linear", ["optimizer._target_", "torch.nn.Linear"]),
        ("scheduler._target_=nowhere.Schedule", ["scheduler._target_", "nowhere.Schedule"]),
        ("data.val_size=15", ["data.val_size=15", "15 rows"]),
    ],
)
def test_what_cannot_be_made_leaves_nothing(command, tmp_path, override, said):
    outcome = command("train", override, "trainer.max_epochs=1", "trainer.accelerator=cpu")

    assert "Traceback" not in outcome.err, outcome.err[-500:]
    assert outcome.code == 2, outcome
    assert 1 <= len(outcome.err.splitlines()) <= 3, outcome.err
    for words in said:
        assert words in outcome.err
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("model._target_", "os.getcwd", "os.getcwd"),
        ("model._target_", "os.system", "os.system"),
        ("model._target_", "torch.nn.Linear", "torch.nn.Linear"),
        ("model._target_", "", "''"),
        ("data._target_", "os.getcwd", "os.getcwd"),
        ("data._target_", "torch.nn.Linear", "torch.nn.Linear"),
        ("data._target_", "seedbed.data.Clusters", "seedbed.data.Clusters"),
        ("task._target_", "torch.nn.Linear", "torch.nn.Linear"),
        ("task._target_", "torch.nn.Identity", "torch.nn.Identity"),
        ("callbacks.progress", 3, "3"),
        ("callbacks.x", {"a": 1}, "_target_"),
        ("callbacks.x", {"_target_": "nowhere.Callback"}, "nowhere.Callback"),
        ("callbacks.x", {"_target_": "os.getcwd"}, "os.getcwd"),
        ("callbacks.x", {"_target_": "seedbed.callbacks.Progress", "foo": 1}, "foo"),
        ("logger.x", 1, "1"),
        ("logger.x", {"a": 1}, "_target_"),
        ("logger.x", {"_target_": "os.getcwd"}, "os.getcwd"),
        ("task.torchmetrics.x", 1, "1"),
        ("task.torchmetrics.x", {"_target_": "nowhere.Metric"}, "nowhere.Metric"),
        ("task.torchmetrics.x", {"_target_": "os.getcwd"}, "os.getcwd"),
        ("task.torchmetrics.x", {"_target_": "torchmetrics.MeanSquaredError", "foo": 1}, "foo"),
        ("initial_weights.parameters.foo", 1, "weight, bias"),
        ("trainer.accelerator", "tpu", "tpu"),
        ("trainer.strategy", "fsdp", "fsdp"),
    ],
)
def test_what_cannot_be_made_is_a_config_error(compose, tmp_path, key, value, said):
    from seedbed.experiment.training.experiment import build_experiment

    config = compose("trainer=cpu")
    OmegaConf.update(config, key, value, force_add=True)

    def make():
        check(config)
        build_experiment(run_spec(config), RunFolder(tmp_path))

    with pytest.raises(ConfigError) as raised:
        make()

    assert key.partition("._target_")[0] in str(raised.value)
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) <= 2


@pytest.mark.parametrize("key", ["data.input_shape", "model.input_shape"])
def test_a_shape_that_the_data_do_not_have(command, key):
    outcome = command("train", f"{key}=[4]", "trainer.max_epochs=1", "trainer.accelerator=cpu")

    assert "Traceback" not in outcome.err, outcome.err[-300:]
    assert outcome.code in (1, 2)
    assert "input_shape" in outcome.err


# ---- Exit codes ----------------------------------------------------------------------------------


def raising(error):
    """Return a function that raises in place of a verb's."""

    def function(config, words):
        raise error

    return function


def test_the_code_of_the_function_is_that_of_the_process(command):
    outcome = command("train", function=lambda config, words: 1)

    assert (outcome.code, outcome.err) == (1, "")


@pytest.mark.parametrize("error", [DataError("no file"), Diverged(1e9, 1, 2, 0.1)])
def test_a_run_that_failed_is_1_and_its_message(command, tmp_path, error):
    outcome = command("train", function=raising(error))

    assert (outcome.code, outcome.err) == (1, f"seedbed: {error}\n")
    assert any(file.endswith(".hydra/config.yaml") for file in files(tmp_path))


def test_a_config_that_turns_out_wrong_is_2_and_its_folder_is_removed(command, tmp_path):
    outcome = command("train", function=raising(ConfigError("no such thing")))

    assert (outcome.code, outcome.err) == (2, "seedbed: no such thing\n")
    assert files(tmp_path) == []
    assert list(tmp_path.glob("outputs/runs/*")) == []


def test_a_config_that_turns_out_wrong_leaves_not_even_empty_folders(refused):
    refused("train", "seed=1", function=raising(ConfigError("no such thing")))


def test_a_config_that_turns_out_wrong_leaves_the_other_runs_alone(command, tmp_path):
    assert command("train", function=fake).code == 0
    before = files(tmp_path)

    outcome = command("train", function=raising(ConfigError("no such thing")))

    assert outcome.code == 2
    assert files(tmp_path) == before


def test_a_folder_with_files_in_it_stays(command, tmp_path):
    def function(config, words):
        Path("here", "kept.txt").write_text("by the function")
        raise ConfigError("no such thing")

    outcome = command("train", "hydra.run.dir=here", function=function)

    assert outcome.code == 2
    assert "here/kept.txt" in files(tmp_path)


def test_a_verb_that_reads_never_removes_the_working_folder(command, tmp_path):
    # What a killed run leaves behind, and the user is looking into.
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").write_text("seed: 0\n")

    outcome = command("evaluate", "run=x", function=raising(ConfigError("no such run")))

    assert outcome.code == 2
    assert files(tmp_path) == [".hydra/config.yaml"]


def test_a_folder_that_was_there_before_is_not_removed(command, tmp_path):
    (tmp_path / "mine" / ".hydra").mkdir(parents=True)
    (tmp_path / "mine" / ".hydra" / "of_the_user.txt").write_text("kept")

    outcome = command("train", "hydra.run.dir=mine", function=raising(ConfigError("wrong")))

    assert outcome.code == 2
    assert "mine/.hydra/of_the_user.txt" in files(tmp_path)


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143)])
def test_a_run_that_a_signal_stopped_is_128_and_its_number(command, number, code):
    outcome = command("train", function=raising(Interrupted(number)))

    assert outcome.code == code
    assert "Traceback" not in outcome.err


def test_ctrl_c_before_the_run_has_started_is_130_without_a_traceback(command):
    # While torch is imported, nobody else catches it.
    outcome = command("train", function=raising(KeyboardInterrupt()))

    assert "Traceback" not in outcome.err
    assert outcome.code == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("escapes", [True, False])
@pytest.mark.parametrize("words", [("train",), ("train", "-m", "seed=1,2"), ("worker", "sweep")])
def test_a_signal_while_it_composes_is_told_as_such(command, monkeypatch, words, escapes, number):
    def inferred(*arguments):
        try:
            os.kill(os.getpid(), number)
        except SystemExit:
            # What is left of a module whose import was cut short, or what a resolver makes of it.
            raise (AttributeError if escapes else ConfigError)(
                "module 'numpy' has no 'void'"
            ) from None

    monkeypatch.setattr("seedbed.application.running.Jobs.__init__", inferred)
    outcome = command(*words, function=fake)

    stopped = f"stopped by signal {number:d} ({number.name}); nothing had begun"
    assert (outcome.code, outcome.err) == (128 + number, f"seedbed: {stopped}\n")


def test_an_unexpected_exception_is_1_and_a_traceback(command):
    outcome = command("train", function=raising(RuntimeError("a bug")))

    assert outcome.code == 1
    assert outcome.err.startswith("Traceback (most recent call last)")
    assert outcome.err.endswith("RuntimeError: a bug\n")


@pytest.mark.parametrize(
    ("override", "place"), [("optimizer.lrr=1", "omegaconf"), ("optimizer.lr=-1", "validation.py")]
)
def test_hydra_full_error_shows_where_an_error_comes_from(command, monkeypatch, override, place):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")

    outcome = command("train", override, function=fake)

    assert outcome.code != 0
    assert "Traceback (most recent call last)" in outcome.err
    assert place in outcome.err


def test_a_real_process_says_2_and_one_line(tmp_path):
    found = subprocess.run(
        [SEEDBED, "train", "optimizer.lrr=1"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "HYDRA_FULL_ERROR"},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.splitlines() == [
        "seedbed: optimizer.lrr: no such key. Did you mean 'optimizer.lr'?",
        "optimizer has: _target_, lr, weight_decay, momentum, dampening, nesterov",
    ]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_a_run_is_not_overwritten(refused, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "run.json").write_text("{}")

    assert "taken" in refused("train", "hydra.run.dir=taken")


# ---- Sweeps --------------------------------------------------------------------------------------


# Jobs that train side by side do not come here.
ALONE = "sweep.fuse=never"


def leave_a_record():
    """Leave what a run that completed leaves at least."""
    fields = {"status": "completed", "metrics": {}, "seconds": 1.0, "error": None}
    (Path(HydraConfig.get().runtime.output_dir) / "run.json").write_text(json.dumps(fields))
    return 0


def test_a_job_without_a_record_has_failed(command):
    assert command("train", "-m", "seed=1,2", ALONE, function=lambda config, words: 0).code == 1


def test_a_sweep_runs_every_job_in_a_folder_of_its_own(command, tmp_path):
    ran = []

    def function(config, words):
        ran.append((config.optimizer.lr, config.seed, words[1:]))
        return leave_a_record()

    arguments = ["train", "-m", "optimizer.lr=0.1,0.2", "seed=3", ALONE]
    outcome = command(*arguments, function=function)

    assert outcome.code == 0
    assert ran == [(0.1, 3, arguments), (0.2, 3, arguments)]
    configs = list(tmp_path.glob("outputs/sweeps/*/*/*/.hydra/config.yaml"))
    assert sorted(config.parts[-3] for config in configs) == ["0", "1"]


def test_jobs_that_fail_do_not_stop_the_others(command, tmp_path):
    ran = []
    errors = [SeedbedError("went wrong"), RuntimeError("a bug")]

    def function(config, words):
        ran.append(config.seed)
        if config.seed == 2:
            return leave_a_record()
        raise errors[config.seed]

    outcome = command("train", "-m", "seed=0,1,2", ALONE, function=function)

    assert ran == [0, 1, 2]
    assert outcome.code == 1
    for said in ("seedbed: job 0 failed: went wrong\n", "seedbed: job 1 failed: a bug\n"):
        assert said in outcome.err
    assert "RuntimeError: a bug" in outcome.err  # with its traceback
    configs = list(tmp_path.glob("outputs/sweeps/*/*/*/.hydra/config.yaml"))
    assert sorted(config.parts[-3] for config in configs) == ["0", "1", "2"]


def test_a_job_that_is_wrong_keeps_all_others_from_starting(refused):
    message = refused("train", "-m", "seed=0,-1,1,2")

    assert message.startswith("seedbed: seed: -1 is out of range")
    assert "1 of 4 jobs" in message


def test_configs_of_somebody_else_choose_no_launcher(refused, tmp_path_factory):
    folder = tmp_path_factory.mktemp("theirs")
    (folder / "experiment").mkdir()
    header = "# @package _global_\ndefaults: [override /hydra/launcher: ray]\n"
    (folder / "experiment/away.yaml").write_text(header)

    said = refused("train", "-m", "--config-dir", str(folder), "experiment=away", "seed=1,2")

    assert "configs that are not your own may not choose a launcher" in said
    assert "give hydra/launcher on the command line" in said


def test_a_signal_stops_the_sweep(command):
    ran = []

    def function(config, words):
        ran.append(config.seed)
        raise Interrupted(15)

    outcome = command("train", "-m", "seed=0,1", ALONE, function=function)

    assert (outcome.code, ran) == (143, [0])


def test_a_sweep_does_not_write_over_an_older_one(command, tmp_path):
    kept = tmp_path / "sweep" / "0" / "run.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    ran = []

    def function(config, words):
        ran.append(config.seed)
        return 0

    outcome = command("train", "-m", "hydra.sweep.dir=sweep", "seed=1", function=function)

    assert (outcome.code, ran) == (2, [])
    assert files(tmp_path) == ["sweep/0/run.json"]


# ---- What Hydra still does -----------------------------------------------------------------------


def test_the_config_that_is_printed_is_the_config_that_runs(command, tmp_path):
    overrides = ["data=clusters", "model=mlp", "model.hidden=[3]", "optimizer.lr=0.5"]
    seen = []

    def function(config, words):
        seen.append(OmegaConf.to_yaml(config))
        return 0

    printed = command("train", *overrides, "--cfg", "job").out
    command("train", *overrides, function=function)

    assert seen == [printed]
    [saved] = tmp_path.glob("outputs/runs/*/*/.hydra/config.yaml")
    assert saved.read_text() == printed


def test_runs_of_the_same_second_have_folders_of_their_own(command, tmp_path):
    for _ in range(2):
        assert command("train", function=fake).code == 0

    assert len(list(tmp_path.glob("outputs/runs/*/*"))) == 2


def test_a_verb_that_reads_takes_one_run_at_a_time(refused):
    assert "without -m" in refused("evaluate", "-m", "run=a,b")


@pytest.mark.parametrize(("words", "times"), [((), 1), (("hydra.mode=RUN",), 2)])
def test_the_config_is_composed_once_where_that_is_enough(command, monkeypatch, words, times):
    composed = []
    compose = hydra._internal.hydra.Hydra.compose_config

    def counting(self, *args, **kwargs):
        composed.append(kwargs)
        return compose(self, *args, **kwargs)

    monkeypatch.setattr(hydra._internal.hydra.Hydra, "compose_config", counting)

    assert command("train", *words, function=fake).code == 0
    assert len(composed) == times


def test_the_mode_may_be_set_by_a_key_as_hydra_has_it(command):
    ran = []

    def function(config, words):
        ran.append(config.seed)
        return leave_a_record()

    words = ("hydra.mode=MULTIRUN", "seed=3,4", ALONE)
    assert command("train", *words, function=function).code == 0
    assert ran == [3, 4]
