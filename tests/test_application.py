"""A verb as an application: what is refused and in which words, exit codes, sweeps, signals."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from seedbed import listing
from seedbed.errors import ConfigError, DataError, Diverged, Interrupted, SeedbedError

SEEDBED = str(Path(sys.executable).parent / "seedbed")


def fake(config, words):
    """Take the place of the verb's function and find nothing wrong."""
    return 0


def files(folder):
    """Return the files below a folder, by their path in it."""
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


@pytest.fixture
def yaml(tmp_path_factory):
    """Return a function that writes a YAML file of the user's and returns the flags to find it."""
    folder = tmp_path_factory.mktemp("user")

    def write(name, content):
        path = folder / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return "--config-dir", str(folder)

    return write


# ---- What is wrong with a key --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.lrr=1", ["optimizer.lrr:", "Did you mean 'optimizer.lr'?", "momentum"]),
        ("trainer.max_epoch=1", ["trainer.max_epoch:", "'trainer.max_epochs'"]),
        ("sede=1", ["sede:", "Did you mean 'seed'?"]),
        ("modle=mlp", ["modle:", "Did you mean 'model'?", "optimizer"]),
        ("callback=checkpoint", ["callback:", "Did you mean 'callbacks'?"]),
        ("model.hidden=[3]", ["model.hidden:", "model has:", "output_size"]),
        ("+optimizer.foo=1", ["optimizer.foo:", "no such key", "momentum"]),
        ("++optimizer.lrr=1", ["optimizer.lrr:", "Did you mean 'lr'?"]),
        ("+foo=1", ["foo:", "no such key", "optimized_metric"]),
        ("task.torchmetrics.x=1", ["+task.torchmetrics.x="]),
        ("initial_weights.parameters.weight=1", ["+initial_weights.parameters.weight="]),
        ("hydra.foo=1", ["hydra.foo:", "no such key"]),
    ],
)
def test_a_key_that_does_not_exist(refused, override, said):
    message = refused("train", override)

    for words in said:
        assert words in message


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.lr=fast", ["optimizer.lr:", "'fast'", "a number", "learning rate"]),
        ("optimizer.lr=", ["optimizer.lr:", "''", "a number"]),
        ("optimizer.lr=true", ["optimizer.lr:", "'True'", "a number"]),
        ("trainer.max_epochs=1.5", ["trainer.max_epochs:", "'1.5'", "a whole number"]),
        ("seed=true", ["seed:", "'True'", "a whole number"]),
        ("data.shuffle=maybe", ["data.shuffle:", "'maybe'", "true or false"]),
        ("data.input_shape=3", ["data.input_shape:", "'3'", "a list"]),
        ("data.input_shape=[a]", ["data.input_shape", "'a'", "a whole number"]),
        ("data.input_shape=[null]", ["data.input_shape", "null", "a whole number"]),
        ("task.metrics=mae", ["task.metrics:", "'mae'", "a list"]),
        ("optimized_metric=[a]", ["optimized_metric:", "['a']", "metric that picks"]),
        ("initial_weights.parameters=[1]", ["initial_weights.parameters", "[1]"]),
    ],
)
def test_a_value_of_the_wrong_type(refused, override, said):
    message = refused("train", override)

    for words in said:
        assert words in message
    assert "Config" not in message  # DictConfig, ListConfig: OmegaConf's words, not the user's.


@pytest.mark.parametrize(
    "key",
    ["optimizer.lr", "seed", "data.output_size", "data.class_names", "paths.data", "model.bias"],
)
def test_null_where_it_is_not_accepted(refused, key):
    message = refused("train", f"{key}=null")

    assert f"{key}: null is not accepted (" in message


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("optimizer.lr=-1", ["optimizer.lr:", "-1", "at least 0"]),
        ("optimizer.lr=nan", ["optimizer.lr:", "nan", "finite"]),
        ("optimizer.lr=inf", ["optimizer.lr:", "inf", "finite"]),
        ("trainer.max_epochs=0", ["trainer.max_epochs:", "0", "at least 1"]),
        ("trainer.gradient_clip_val=0", ["trainer.gradient_clip_val:", "above 0"]),
        ("seed=4294967296", ["seed:", "4294967296", "below 4294967296"]),
        ("data.input_shape=[0]", ["data.input_shape:", "0", "at least 1"]),
    ],
)
def test_a_number_out_of_range(refused, override, said):
    message = refused("train", override)

    for words in said:
        assert words in message


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("task.loss=mee", ["task.loss:", "'mee'", "mse, mae, huber", "Did you mean 'mse'?"]),
        ("task.metrics=[rmse,mea]", ["task.metrics:", "'mea'", "rmse, mae, r2", "'mae'"]),
        ("trainer.precision=16", ["trainer.precision:", "'16'", "16-mixed"]),
        ("optimized_mode=maximum", ["optimized_mode:", "'maximum'", "min, max", "'max'"]),
    ],
)
def test_a_word_that_is_not_among_those_accepted(refused, override, said):
    message = refused("train", override)

    for words in said:
        assert words in message


def test_problems_are_shown_together(refused):
    message = refused("train", "optimizer.lr=-1", "trainer.max_epochs=0", "task.loss=mee")

    assert len(message.splitlines()) == 3
    for key in ("optimizer.lr:", "trainer.max_epochs:", "task.loss:"):
        assert key in message


@pytest.mark.parametrize("key", ["data.task", "data.input_shape", "data.train._target_"])
def test_a_missing_value_is_asked_for(command, tmp_path, key):
    outcome = command("train", "data=torch_dataset", function=fake)

    assert outcome.code == 2
    assert f"{key}: a value is required" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_what_follows_from_a_missing_value_is_not_reported_again(command):
    outcome = command("train", "data=torch_dataset", function=fake)

    assert "model." not in outcome.err
    assert "interpolation" not in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("evaluate",), ["run: a value is required", "latest"]),
        (("predict", "run=x"), ["input: a value is required", "CSV"]),
        (("evaluate", "run=x", "split=tset"), ["split:", "'tset'", "train, val, test", "'test'"]),
        (("evaluate", "run=x", "optimizer.lr=1"), ["optimizer", "no such key", "checkpoint"]),
        (("evaluate", "run=x", "model=mlp"), ["model", "no such key", "checkpoint"]),
        (("evaluate", "rnu=x"), ["rnu:", "Did you mean 'run'?"]),
        (("predict", "run=x", "input=y", "output=[1]"), ["output:", "CSV"]),
    ],
)
def test_the_verbs_that_read_a_run_refuse_as_well(refused, arguments, said):
    message = refused(*arguments)

    for words in said:
        assert words in message


def test_the_keys_offered_are_those_of_the_verb(refused):
    message = refused("evaluate", "rnu=x")

    assert "checkpoint" in message
    assert "optimizer" not in message


# ---- What is wrong with a group ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("override", "suggested"),
    [
        ("model=mpl", "mlp"),
        ("optimizer=adm", "adam"),
        ("data=cluster", "clusters"),
        ("experiment=thermometr", "thermometer"),
        ("debug=fas", "fast"),
        ("callbacks=earlystopping", "early_stopping"),
    ],
)
def test_an_option_that_does_not_exist(refused, override, suggested):
    message = refused("train", override)

    group = override.partition("=")[0]
    assert override in message
    assert f"Did you mean '{suggested}'?" in message
    for option in listing.options(group):
        assert option in message


@pytest.mark.parametrize("override", ["debug=[fast,foo]", "callbacks=[quiet,foo]"])
def test_one_option_of_several_does_not_exist(refused, override):
    group = override.partition("=")[0]

    message = refused("train", override)

    assert f"{group}=foo" in message
    for option in listing.options(group):
        assert option in message


def test_several_options_need_a_sweep(refused):
    message = refused("train", "optimizer=sgd,adam")

    assert "optimizer=sgd,adam" in message
    assert "-m" in message


def test_several_values_need_a_sweep(refused):
    message = refused("train", "optimizer.lr=0.1,0.2")

    assert "optimizer.lr=0.1,0.2" in message
    assert "-m" in message


@pytest.mark.parametrize("group", ["data", "model", "optimizer", "callbacks", "logger", "paths"])
def test_null_is_no_option(refused, group):
    message = refused("train", f"{group}=null")

    assert group in message
    assert "null" in message


@pytest.mark.parametrize("override", ["model=3", "optimizer=1e-3", "trainer=true"])
def test_a_number_is_no_option(refused, override):
    group, _, value = override.partition("=")

    message = refused("train", override)

    assert group in message
    assert value.lower() in message.lower() or str(float(value)) in message


@pytest.mark.parametrize("debug", listing.options("debug"))
@pytest.mark.parametrize("form", ["debug={}", "debug=[{}]"])
def test_every_debug_option_can_be_chosen(command, debug, form):
    # `nan` is also how a float is written.
    outcome = command("train", form.format(debug), "--cfg", "job")

    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("experiment", listing.options("experiment"))
def test_every_experiment_can_be_chosen(command, experiment):
    outcome = command("train", f"experiment={experiment}", function=fake)

    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize("option", ["experiment=null", "debug=null"])
def test_no_preset_can_be_chosen(command, option):
    # As configs/train.yaml itself has it.
    outcome = command("train", option, "--cfg", "job")

    assert outcome.code == 0, outcome.err


def test_an_option_is_changed_without_a_plus(refused):
    message = refused("train", "+experiment=thermometer")

    assert "experiment=thermometer" in message
    assert "without +" in message


@pytest.mark.parametrize("override", ["~optimizer.lr", "~trainer.max_epochs", "~foo", "~seed=3"])
def test_a_key_that_cannot_be_deleted(refused, override):
    key = override.strip("~").partition("=")[0]

    message = refused("train", override)

    assert key in message
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
        "optimizer.lr={a",
        "model=[mlp",
        "",
        "=",
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
        (("--config-path", "nowhere"), ["nowhere", "not found"]),
        (("--cfg", "jbo"), ["--cfg", "jbo", "job"]),
        (("--nope",), ["--nope"]),
        (("-x",), ["-x"]),
        (("--config-dir",), ["--config-dir"]),
        (("--package", "optimizer"), ["--package", "--cfg"]),
    ],
)
def test_flags_that_cannot_be_followed(refused, flags, said):
    message = refused("train", *flags)

    for words in said:
        assert words in message


# ---- What is wrong with a YAML file --------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: [1\nb: 2\n", "line 2"),
        ("a:\n\tb: 2\n", "line 2"),
        ("a: 1\na: 2\n", "line 2"),
        ("a: !!python/object/apply:os.system ['true']\n", "line 1"),
        (b"\x00\x01", "not YAML"),
        (b"a: \xe9\xe8\n", "UTF-8"),
        ("defaults: linear\n", "defaults"),
        ("defaults:\n  - nowhere\n", "nowhere"),
        ("defaults:\n  - mine\n", "mine"),
        ("null: 3\n", ""),
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
        ("optimizer:\n  lr: -1\n", ["optimizer.lr", "at least 0"]),
        ("optimizer:\n  lr: null\n", ["optimizer.lr", "null is not accepted"]),
        ("optimizer: null\n", ["optimizer"]),
        ("data: null\n", ["data"]),
        ("trainer: null\n", ["trainer"]),
        ("callbacks: null\n", ["callbacks"]),
        ("callbacks: [1]\n", ["callbacks"]),
        ("model: [1]\n", ["model"]),
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
        ("${mul:1}", "mul"),
        ("${nope:1}", "nope"),
        ("${task.loss}", "'mse'"),
    ],
)
def test_an_interpolation_that_does_not_resolve(refused, value, said):
    message = refused("train", f"optimizer.lr={value}")

    assert "optimizer.lr:" in message
    assert said in message
    assert "<lambda>" not in message


@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        (("paths.outputs=taken",), "taken"),
        (("hydra.run.dir=taken/x",), "taken"),
        (("-m", "hydra.sweep.dir=taken/x", "seed=1"), "taken"),
    ],
)
def test_a_folder_that_cannot_be_made(refused, tmp_path, arguments, folder):
    (tmp_path / "taken").write_text("a file")

    assert folder in refused("train", *arguments)


# ---- What only shows when the objects are made ---------------------------------------------------


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("model._target_=nowhere.Net", ["model", "nowhere"]),
        ("model._target_=os.getcwd", ["model", "os.getcwd"]),
        ("model._target_=os.system", ["model", "os.system"]),
        ("model._target_=torch.nn.Linear", ["model", "torch.nn.Linear"]),
        ("model._target_=", ["model"]),
        ("data._target_=nowhere.Data", ["data", "nowhere"]),
        ("data._target_=os.getcwd", ["data", "os.getcwd"]),
        ("data._target_=seedbed.data.Clusters", ["data", "seedbed.data.Clusters"]),
        ("task._target_=torch.nn.Linear", ["task", "torch.nn.Linear"]),
        ("optimizer._target_=torch.optim.Adamm", ["optimizer", "Adamm"]),
        ("optimizer._target_=torch.optim.LBFGS", ["optimizer", "LBFGS"]),
        ("optimizer._target_=os.getcwd", ["optimizer", "os.getcwd"]),
        ("scheduler._target_=nowhere.Schedule", ["scheduler", "nowhere"]),
        ("scheduler._target_=torch.optim.SGD", ["scheduler", "torch.optim.SGD"]),
        ("callbacks.progress=3", ["callbacks.progress", "3"]),
        ("+callbacks.x=1", ["callbacks.x", "1"]),
        ("+callbacks.x={a: 1}", ["callbacks.x", "_target_"]),
        ("+callbacks.x={_target_: nowhere.Callback}", ["callbacks.x", "nowhere"]),
        ("+callbacks.x={_target_: os.getcwd}", ["callbacks.x", "os.getcwd"]),
        ("+logger.x=1", ["logger.x", "1"]),
        ("+logger.x={_target_: os.getcwd}", ["logger.x", "os.getcwd"]),
        ("+task.torchmetrics.x=1", ["task.torchmetrics.x", "1"]),
        ("+task.torchmetrics.x={_target_: nowhere.M}", ["task.torchmetrics.x", "nowhere"]),
        ("+task.torchmetrics.x={_target_: os.getcwd}", ["task.torchmetrics.x", "os.getcwd"]),
        (
            "+task.torchmetrics.x={_target_: torchmetrics.MeanSquaredError, foo: 1}",
            ["task.torchmetrics.x", "foo"],
        ),
        ("data.input_shape=[4]", ["data.input_shape", "3", "4"]),
        ("model.input_shape=[5]", ["model.input_shape", "3", "5"]),
        ("data.val_size=15", ["data.val_size", "15"]),
        ("+initial_weights.parameters.foo=1", ["initial_weights.parameters.foo", "weight, bias"]),
        ("trainer.accelerator=tpu", ["trainer.accelerator", "tpu"]),
        ("trainer.strategy=fsdp", ["trainer.strategy", "fsdp"]),
    ],
)
def test_what_cannot_be_made_is_refused(command, tmp_path, override, said):
    outcome = command("train", override, "trainer.max_epochs=1", "trainer.accelerator=cpu")

    assert "Traceback" not in outcome.err, outcome.err[-500:]
    assert outcome.code == 2, outcome
    assert 1 <= len(outcome.err.splitlines()) <= 3, outcome.err
    for words in said:
        assert words in outcome.err
    assert files(tmp_path) == []


# ---- Exit codes ----------------------------------------------------------------------------------


def raising(error):
    """Return a function that raises in place of a verb's."""

    def function(config, words):
        raise error

    return function


@pytest.mark.parametrize("code", [0, 1])
def test_the_code_of_the_function_is_that_of_the_process(command, code):
    outcome = command("train", function=lambda config, words: code)

    assert (outcome.code, outcome.err) == (code, "")


@pytest.mark.parametrize(
    "error", [SeedbedError("went wrong"), DataError("no file"), Diverged(1e9, 1, 2, 0.1)]
)
def test_a_run_that_failed_is_1_and_its_message(command, tmp_path, error):
    outcome = command("train", function=raising(error))

    assert (outcome.code, outcome.err) == (1, f"seedbed: {error}\n")
    assert any(file.endswith(".hydra/config.yaml") for file in files(tmp_path))


def test_a_config_that_turns_out_wrong_is_2_and_its_folder_is_removed(refused, tmp_path):
    message = refused("train", "seed=1", function=raising(ConfigError("no such thing")))

    assert message == "seedbed: no such thing\n"
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_removed_though_hydra_keeps_no_config_in_it(refused):
    refused("train", "hydra.output_subdir=null", function=raising(ConfigError("no such thing")))


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


@pytest.mark.parametrize("verb", ["evaluate", "predict"])
def test_a_verb_that_reads_never_removes_the_working_folder(command, tmp_path, verb):
    # What a killed run leaves behind, and the user is looking into.
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "config.yaml").write_text("seed: 0\n")

    outcome = command(verb, "run=x", "+input=y", function=raising(ConfigError("no such run")))

    assert outcome.code == 2
    assert files(tmp_path) == [".hydra/config.yaml"]


def test_a_folder_that_was_there_before_is_not_removed(command, tmp_path):
    (tmp_path / "mine" / ".hydra").mkdir(parents=True)
    (tmp_path / "mine" / ".hydra" / "of_the_user.txt").write_text("kept")

    outcome = command("train", "hydra.run.dir=mine", function=raising(ConfigError("wrong")))

    assert outcome.code == 2
    assert "mine/.hydra/of_the_user.txt" in files(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_a_signal_stopped_is_128_and_its_number(command, number):
    outcome = command("train", function=raising(Interrupted(int(number))))

    assert outcome.code == 128 + number
    assert "Traceback" not in outcome.err


def test_ctrl_c_before_the_run_has_started_is_130_without_a_traceback(command):
    # While torch is imported, nobody else catches it.
    outcome = command("train", function=raising(KeyboardInterrupt()))

    assert "Traceback" not in outcome.err
    assert outcome.code == 130


def test_an_unexpected_exception_is_1_and_a_traceback(command):
    outcome = command("train", function=raising(RuntimeError("a bug")))

    assert outcome.code == 1
    assert outcome.err.startswith("Traceback (most recent call last)")
    assert outcome.err.endswith("RuntimeError: a bug\n")


@pytest.mark.parametrize("function", [fake, raising(ConfigError("wrong"))])
def test_hydra_full_error_shows_where_an_error_comes_from(command, monkeypatch, function):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    override = "optimizer.lrr=1" if function is fake else "seed=0"

    outcome = command("train", override, function=function)

    assert outcome.code != 0
    assert "Traceback (most recent call last)" in outcome.err


def test_hydra_full_error_shows_where_a_check_failed(command, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")

    outcome = command("train", "optimizer.lr=-1", function=fake)

    assert outcome.code != 0
    assert "checks.py" in outcome.err


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


def test_a_sweep_runs_every_job_in_a_folder_of_its_own(command, tmp_path):
    ran = []

    def function(config, words):
        ran.append((config.optimizer.lr, config.seed))
        return 0

    outcome = command("train", "-m", "optimizer.lr=0.1,0.2", "seed=0,1", function=function)

    assert (outcome.code, outcome.err) == (0, "")
    assert ran == [(0.1, 0), (0.1, 1), (0.2, 0), (0.2, 1)]
    configs = list(tmp_path.glob("outputs/sweeps/*/*/*/.hydra/config.yaml"))
    assert sorted(config.parts[-3] for config in configs) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("outcome_of_job_1", "code", "said"),
    [
        (1, 1, ""),
        (SeedbedError("went wrong"), 1, "seedbed: went wrong"),
        (ConfigError("is wrong"), 2, "seedbed: is wrong"),
        (RuntimeError("a bug"), 1, "RuntimeError: a bug"),
    ],
)
def test_a_job_that_fails_does_not_stop_the_others(command, outcome_of_job_1, code, said):
    ran = []

    def function(config, words):
        ran.append(config.seed)
        if config.seed != 1:
            return 0
        if isinstance(outcome_of_job_1, int):
            return outcome_of_job_1
        raise outcome_of_job_1

    outcome = command("train", "-m", "seed=0,1,2", function=function)

    assert ran == [0, 1, 2]
    assert outcome.code == code
    assert said in outcome.err


def test_a_job_whose_values_are_wrong_does_not_stop_the_others(command, tmp_path):
    ran = []

    def function(config, words):
        ran.append(config.optimizer.lr)
        return 0

    outcome = command("train", "-m", "optimizer.lr=0.1,-1,0.2", function=function)

    assert ran == [0.1, 0.2]
    assert outcome.code == 2
    assert outcome.err == "seedbed: optimizer.lr: -1.0 is out of range: it must be at least 0\n"
    configs = list(tmp_path.glob("outputs/sweeps/*/*/*/.hydra/config.yaml"))
    assert sorted(config.parts[-3] for config in configs) == ["0", "2"]


def test_a_signal_stops_the_sweep(command):
    ran = []

    def function(config, words):
        ran.append(config.seed)
        if config.seed == 1:
            raise Interrupted(15)
        return 0

    outcome = command("train", "-m", "seed=0,1,2", function=function)

    assert (outcome.code, ran) == (143, [0, 1])


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        ("optimizer.lrr=1,2", "Did you mean 'optimizer.lr'?"),
        ("optimizer=sgd,adm", "Did you mean 'adam'?"),
        ("optimizer.lr=0.1,fast", "'fast' is not a number"),
        ("optimizer.lr=-1", "at least 0"),
        ("seed=range(0,0)", "seed"),
        ("optimizer=glob(x*)", "optimizer"),
        ("seed=interval(0,1)", "seed"),
        ("seed=choice()", "seed"),
    ],
)
def test_a_sweep_that_cannot_run_is_refused_before_anything_is_written(refused, axis, said):
    assert said in refused("train", "-m", axis)


@pytest.mark.parametrize("verb", ["evaluate", "predict"])
def test_a_sweep_of_a_verb_that_reads_leaves_no_folder(command, tmp_path, verb):
    given = ["run=a,b", "input=c"] if verb == "predict" else ["run=a,b"]
    ran = []

    def function(config, words):
        ran.append(config.run)
        return 0

    outcome = command(verb, "-m", *given, function=function)

    assert (outcome.code, ran) == (0, ["a", "b"])
    assert list(tmp_path.iterdir()) == []


# ---- What Hydra still does -----------------------------------------------------------------------


def test_the_config_that_is_printed_is_the_config_that_runs(command, tmp_path):
    from omegaconf import OmegaConf

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
    for _ in range(3):
        assert command("train", function=fake).code == 0

    assert len(list(tmp_path.glob("outputs/runs/*/*"))) == 3


def test_the_command_is_handed_to_the_function(command):
    seen = []

    def function(config, words):
        seen.append(words)
        return 0

    command("train", "-m", "seed=1,2", function=function)

    assert [words[1:] for words in seen] == [["train", "-m", "seed=1,2"]] * 2
    assert json.dumps(seen[0])  # Plain words, fit for run.json.
