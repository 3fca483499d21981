"""A run that somebody else made is opened without executing anything of it."""

import random
import struct
import sys

import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from seedbed.config.schema.store import schema_targets
from seedbed.config.trust.restriction import is_trusted
from seedbed.data import CropYield
from seedbed.engines.lightning.build import build_module
from seedbed.errors import RunFolderError, SeedbedError
from seedbed.experiment.build import build_data, build_net, build_task
from seedbed.experiment.evaluation import load_module
from seedbed.runs.folder import RunFolder
from seedbed.runs.loading import load_checkpoint, load_spec

BOOM = {"_target_": "hostile_module.boom"}
# The same node, written such that its name is not seen before the config is resolved.
HIDDEN = (
    "${oc.create:{_target_:hostile_module.boom}}",
    "${oc.decode:'{_target_: hostile_module.boom}'}",
)
NET = """
from torch import nn


class Net(nn.Linear):
    def __init__(self, input_shape, output_size, bias):
        super().__init__(input_shape[0], output_size, bias)
"""


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """Return a file that exists as soon as anything of `hostile_module` was called."""
    marker = tmp_path / "executed"
    code = f"def boom(*args, **keys):\n    open({str(marker)!r}, 'w').close()\n"
    (tmp_path / "hostile_module.py").write_text(code)
    (tmp_path / "trusted_module.py").write_text("import hostile_module\n" + NET)
    (tmp_path / "trusted_package").mkdir()
    (tmp_path / "trusted_package" / "nets.py").write_text(NET)
    (tmp_path / "trusted_package" / "__init__.py").write_text("from .nets import Net\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield marker
    for name in ("hostile_module", "trusted_module", "trusted_package", "trusted_package.nets"):
        sys.modules.pop(name, None)


@pytest.fixture
def saved(compose, tmp_path):
    """Return a function that saves a config with one node changed, and returns its folder."""

    def save(key=None, value=None):
        plain = OmegaConf.create(OmegaConf.to_container(compose("trainer=cpu")))
        if key is not None:
            OmegaConf.update(plain, key, value, merge=False, force_add=True)
        folder = RunFolder(tmp_path / "run")
        folder.config.parent.mkdir(parents=True)
        OmegaConf.save(plain, folder.config)
        folder.record.write_text('{"status": "completed"}')
        return folder

    return save


def use(folder, trust=()):
    """Do with a run's config what evaluating and predicting do."""
    config = load_spec(folder, list(trust))
    module = build_module(config, build_net(config), build_task(config))
    data = build_data(config)
    data.prepare_data()
    data.setup("test")
    return config, module, data


def refusal_of(call, *arguments):
    """Return the message with which a call refuses, or None where it does not."""
    try:
        call(*arguments)
    except SeedbedError as refusal:
        return str(refusal)
    return None


# ---- Names that are trusted ----------------------------------------------------------------------


@pytest.mark.parametrize("target", sorted(schema_targets()))
def test_what_the_shipped_configs_name_is_trusted(target):
    assert is_trusted(target, [])


@pytest.mark.parametrize(
    "target",
    [
        "torch.nn.Linear",
        "torch.nn.Sequential",
        "torch.optim.NAdam",
        "torch.optim.lr_scheduler.ExponentialLR",
        "torchmetrics.MeanAbsolutePercentageError",
        "torchmetrics.classification.BinaryAUROC",
        "torchmetrics.regression.R2Score",
    ],
)
def test_classes_of_torch_are_trusted(target):
    assert is_trusted(target, [])


HOSTILE_NAMES = [
    "os.system",
    "builtins.eval",
    "builtins.exec",
    "subprocess.Popen",
    "pickle.loads",
    "torch.load",
    "torch.hub.load",
    "torch.jit.load",
    "torch.nn",
    "torch.nn.functional.relu",
    "torch.nn.init.trunc_normal_",
    "torch.nn.Module.apply",
    "torch.nn.Linear.__init__.__globals__",
    "torch.nn.modules.module.torch.load",
    "torch.nn.modules.torch.load",
    "torch.nn.modules.lazy.Parameter",
    "torch.optim.optimizer.torch.load",
    "torch.optim.swa_utils.AveragedModel",
    "torch.utils.data.DataLoader",
    "torchmetrics.utilities.imports.RequirementCache",
    "torchmetrics.text.BERTScore",
    "pytorch_lightning.Trainer",
    "pytorch_lightning.callbacks.LambdaCallback",
    "seedbed.data.torch_datasets.torch_dataset.instantiate",
    "seedbed.data.in_memory.torch.save",
    "seedbed.data.datasets.fashion_mnist_files.read_file",
    "seedbed.files.write_atomically",
    "seedbed.data.CropYield.load",
    "seedbed.data.CropYieldX",
    "seedbed.training.tasks.instantiate",
    "seedbed.training.schedulers.get_object",
    "seedbed.loggers.EventFile",
    "seedbed.experiment.build.instantiate",
    "seedbed.models.set_initial_weights",
    "seedbed",
    "hydra.utils.instantiate",
    "hostile_module.boom",
    "hostile_module.torch.nn.Linear",
    "torch.nn.Linear\n",
    " torch.nn.Linear",
    "torch.nn.Linear ",
    "torch.nn..Linear",
    "torch_nn.Linear",
    "torchXnn.Linear",
    "torch.nn.${oc.env:HOME}",
    "${paths.data}",
    "torch.nn.Linear${paths.data}",
    "???",
    "",
]


@pytest.mark.parametrize("target", HOSTILE_NAMES)
def test_other_names_are_not(target):
    assert not is_trusted(target, [])
    assert not is_trusted(target, ["trusted_module"])


def test_the_names_that_are_trusted_are_not_of_other_libraries():
    # What a module imports can be named as well: none of it may do anything.
    for module in (nn, torch.optim, torch.optim.lr_scheduler):
        for name, value in vars(module).items():
            if is_trusted(f"{module.__name__}.{name}", []) and callable(value):
                home = value.__module__.partition(".")[0]
                assert home in ("torch", "typing", "collections"), (name, value)


@pytest.mark.parametrize(
    ("target", "trust", "trusted"),
    [
        ("mine.Net", ["mine"], True),
        ("mine.nets.Net", ["mine"], True),
        ("mine.nets.Net", ["mine.nets"], True),
        ("mine.nets.Net", ["mine.nets.Net"], True),
        ("mine.nets.Net", ["other", "mine"], True),
        ("mine.data.Data", ["mine.nets"], False),
        ("mine.nets.Network", ["mine.nets.Net"], False),
        ("mine2.Net", ["mine"], False),
        ("other.mine.Net", ["mine"], False),
        ("min.Net", ["mine"], False),
        ("mine.Net", [], False),
        ("mine.Net", [""], False),
        ("mine.Net", ["."], False),
        ("mine.Net", ["*"], False),
        ("os.system", ["torch", "seedbed"], False),
    ],
)
def test_trust_allows_a_module_and_what_is_in_it(target, trust, trusted):
    assert is_trusted(target, trust) is trusted


# ---- Configs that name code ----------------------------------------------------------------------

FACTS = {
    "_target_": "seedbed.data.TorchDataset",
    "task": "regression",
    "input_shape": [3],
    "output_size": 2,
    "in_memory": False,
    "train": {"_target_": "torch.nn.Identity"},
}
TRUSTED_NODE = {"_target_": "torch.nn.Identity"}
PLACES = [
    ("model", BOOM),
    ("model", {"_target_": "torch.nn.Sequential", "_args_": [BOOM]}),
    ("model", {"_target_": "torch.nn.Sequential", "_args_": [[[BOOM]]]}),
    ("model", {"_target_": "torch.nn.Linear", "in_features": BOOM}),
    ("model", {"_target_": "torch.nn.Linear", "in_features": {"a": [{"b": BOOM}]}}),
    ("model", {**BOOM, "_partial_": True}),
    ("model", {**BOOM, "_recursive_": False, "_convert_": "all"}),
    ("model", {**BOOM, "_args_": ["x"]}),
    ("model._target_", "hostile_module.boom"),
    ("data._target_", "hostile_module.boom"),
    ("data", {**FACTS, "train": BOOM}),
    ("data", {**FACTS, "val": BOOM}),
    ("data", {**FACTS, "test": BOOM}),
    ("data", {**FACTS, "train": {**TRUSTED_NODE, "transform": BOOM}}),
    ("data", {**FACTS, "_target_": "hostile_module.boom"}),
    ("task._target_", "hostile_module.boom"),
    ("task.torchmetrics", {"x": BOOM}),
    ("task.torchmetrics", {"x": {"_target_": "torchmetrics.R2Score", "a": BOOM}}),
    ("initial_weights.parameters", {"weight": BOOM}),
]
# What evaluating and predicting leave alone.
UNUSED = [
    ("optimizer._target_", "hostile_module.boom"),
    ("optimizer", BOOM),
    ("gradient", BOOM),
    ("scheduler", BOOM),
    ("scheduler", {**BOOM, "monitor": "val/loss"}),
    ("callbacks.x", BOOM),
    ("callbacks.x", {**BOOM, "monitor": "val/loss"}),
    ("callbacks.checkpoint._target_", "hostile_module.boom"),
    ("logger.x", BOOM),
    ("logger.tensorboard._target_", "hostile_module.boom"),
]
INDIRECT = [
    *(("model", node) for node in HIDDEN),
    *(("model", {"_target_": "torch.nn.Sequential", "_args_": [node]}) for node in HIDDEN),
    ("model", {"_target_": "torch.nn.Linear", "in_features": HIDDEN[0]}),
    ("model", {"_target_": "torch.nn.Sequential", "_args_": f"${{oc.create:[{HIDDEN[0]}]}}"}),
    *(("task.torchmetrics", {"x": node}) for node in HIDDEN),
    ("task.torchmetrics", "${oc.create:{x:{_target_:hostile_module.boom}}}"),
    *(("data", {**FACTS, "train": node}) for node in HIDDEN),
    ("data", {**FACTS, "test": HIDDEN[0]}),
    ("data", {**FACTS, "train": {**TRUSTED_NODE, "transform": HIDDEN[0]}}),
    ("model._target_", "${optimized_metric}"),
    ("model._target_", "${task[torchmetrics][x]}"),
    ("model._target_", "torch.nn.${paths.data}"),
    ("model._target_", "${oc.env:HOSTILE_NAME}"),
    ("data", {**FACTS, "train": {"_target_": "${oc.env:HOSTILE_NAME}"}}),
    ("task._target_", "${oc.env:HOSTILE_NAME}"),
    ("data._target_", "${oc.env:HOSTILE_NAME}"),
]


@pytest.mark.parametrize(("key", "value"), PLACES)
def test_a_class_that_is_not_trusted_is_refused_wherever_it_stands(saved, hostile, key, value):
    folder = saved(key, value)

    with pytest.raises(RunFolderError) as refusal:
        load_spec(folder, [])

    assert not hostile.exists()
    assert "hostile_module" not in sys.modules  # Importing is executing.
    message = str(refusal.value)
    assert f"{key}" in message
    assert "names hostile_module.boom" in message
    assert "trust=[hostile_module]" in message
    assert len(message.splitlines()) == 1


@pytest.mark.parametrize(("key", "value"), UNUSED)
def test_what_is_not_made_needs_no_trust(saved, hostile, key, value):
    use(saved(key, value))

    assert not hostile.exists()
    assert "hostile_module" not in sys.modules


@pytest.mark.parametrize("in_memory", [False, True])
def test_to_predict_neither_torchmetrics_nor_datasets_are_made(saved, hostile, in_memory):
    folder = saved("task.torchmetrics", {"x": BOOM})
    plain = OmegaConf.load(folder.config)
    plain.data = {**FACTS, "train": BOOM, "in_memory": in_memory}
    plain.optimized_metric = "val/x"
    OmegaConf.save(plain, folder.config)

    spec = load_spec(folder, [], measures=False)
    build_module(spec, build_net(spec), build_task(spec))
    build_data(spec).setup("predict")

    assert not hostile.exists()
    with pytest.raises(RunFolderError):
        load_spec(folder, [])


def test_one_refusal_names_all_that_is_not_trusted(saved):
    folder = saved("task.torchmetrics", {"x": {"_target_": "mine.metrics.X"}})
    plain = OmegaConf.load(folder.config)
    plain.model = {"_target_": "nets.Net", "first": {"_target_": "os.system"}}
    OmegaConf.save(plain, folder.config)

    with pytest.raises(RunFolderError) as refusal:
        load_spec(folder, ["other"])

    message = str(refusal.value)
    for name in ("model._target_ names nets.Net", "model.first._target_ names os.system"):
        assert name in message
    assert message.endswith("if you trust them: trust=[nets,mine.metrics]")


@pytest.mark.parametrize(("key", "value"), INDIRECT)
def test_a_name_that_is_made_while_resolving_is_refused(saved, hostile, monkeypatch, key, value):
    monkeypatch.setenv("HOSTILE_NAME", "hostile_module.boom")
    folder = saved(key, value)

    with pytest.raises(SeedbedError):
        use(folder)

    assert not hostile.exists()
    assert "hostile_module" not in sys.modules


@pytest.mark.parametrize("target", HOSTILE_NAMES[::5])
def test_a_run_that_names_it_is_refused(saved, hostile, target):
    folder = saved("model", {"_target_": target, "args": "x"})

    with pytest.raises(SeedbedError):
        use(folder)

    assert not hostile.exists()


def test_a_refusal_names_file_key_and_class_once(saved):
    folder = saved("model._target_", "hostile_module.boom")

    with pytest.raises(RunFolderError) as refusal:
        load_spec(folder, [])

    assert str(refusal.value) == (
        f"{folder.config}: model._target_ names hostile_module.boom, which is not Seedbed's own; "
        "if you trust it: trust=[hostile_module]"
    )


@pytest.mark.parametrize(
    "target", ["torch.hub.load", "torch.nn.${paths.data}", "seedbed.cli.main.main"]
)
def test_it_is_never_advised_to_trust_all_of_torch_or_seedbed(saved, target):
    folder = saved("model._target_", target)

    with pytest.raises(RunFolderError) as refusal:
        load_spec(folder, [])

    assert "trust=[torch]" not in str(refusal.value)
    assert "trust=[seedbed]" not in str(refusal.value)


@pytest.mark.parametrize(
    ("target", "trust"),
    [
        ("trusted_module.Net", "trusted_module"),
        ("trusted_module.Net", "trusted_module.Net"),
        ("trusted_package.nets.Net", "trusted_package"),
        ("trusted_package.nets.Net", "trusted_package.nets"),
        # Defined in trusted_package.nets: a package hands on what its own modules define.
        ("trusted_package.Net", "trusted_package"),
    ],
)
def test_a_module_that_is_trusted_may_be_used(saved, hostile, target, trust):
    folder = saved("model._target_", target)

    _, module, data = use(folder, [trust])

    assert type(module.net).__name__ == "Net"
    assert data.has_split("train")


@pytest.mark.parametrize(
    ("target", "trust"),
    [
        ("hostile_module.boom", ["trusted_module"]),
        ("trusted_module_2.Net", ["trusted_module"]),
        # Reached through what the trusted module imports.
        ("trusted_module.hostile_module.boom", ["trusted_module"]),
    ],
)
def test_trust_in_a_module_is_no_trust_in_others(saved, hostile, target, trust):
    folder = saved("model", {"_target_": target})

    with pytest.raises(SeedbedError):
        use(folder, trust)

    assert not hostile.exists()


@pytest.mark.parametrize("verb", [("evaluate",), ("predict", "input=[[1,2,3]]")])
def test_the_verbs_refuse_it(saved, hostile, refused, verb):
    folder = saved("task.torchmetrics", {"x": HIDDEN[0]})
    torch.save({"state_dict": {}}, _checkpoint(folder))

    message = refused(*verb, f"run={folder.path}", "trust=[trusted_module]", function=None)

    assert not hostile.exists()
    assert str(folder.config) in message


# ---- Configs that do not fit ---------------------------------------------------------------------


def test_a_run_of_ours_is_opened(saved):
    config, module, data = use(saved())

    assert type(config.model).__name__ == "Linear"
    assert isinstance(module.net, nn.Linear)
    assert isinstance(data, CropYield)
    assert config.trainer.accelerator == "auto"  # Trained on the CPU, opened wherever it runs.


@pytest.mark.parametrize("value", [None, 3, [1], {}, "${nowhere}"])
@pytest.mark.parametrize(
    "key", ["data", "model", "task", "optimizer", "scheduler", "trainer", "callbacks", "logger"]
)
def test_a_node_that_is_none_is_refused_or_does_no_harm(saved, key, value):
    folder = saved(key, value)

    message = refusal_of(use, folder)

    assert message is None or len(message.splitlines()) == 1


@pytest.mark.parametrize("key", ["data", "model", "task", "optimizer", "trainer"])
def test_a_node_that_is_missing_is_refused(saved, key):
    folder = saved()
    plain = OmegaConf.load(folder.config)
    del plain[key]
    OmegaConf.save(plain, folder.config)

    with pytest.raises(RunFolderError, match=key):
        load_spec(folder, [])


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("optimizer.lrr", 1, "lrr"),
        ("optimizer.lr", "fast", "optimizer.lr"),
        ("optimizer.lr", -1, "optimizer.lr: -1.0 is out of range"),
        ("data.rows", 7, "data.rows"),
        ("foo", 1, "foo"),
    ],
)
def test_a_key_that_does_not_fit_is_named(saved, key, value, said):
    folder = saved(key, value)

    with pytest.raises(RunFolderError) as refusal:
        load_spec(folder, [])

    assert str(folder.config) in str(refusal.value)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"- 1",
        b"3",
        b"'text'",
        b"a: [",
        b"a: !!python/object/apply:os.system [touch executed]",
        b"!!python/object/apply:os.system [touch executed]",
        b"a: \xe9",
        b"\x00",
        b"a: &a [*a]",
        b"a: 1\na: 2",
        b"[" * 5000,
        b"1: 2",
    ],
    ids=lambda content: repr(content[:30]),
)
def test_a_file_that_is_no_config_is_refused(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    folder = RunFolder(tmp_path / "run")
    folder.config.parent.mkdir(parents=True)
    folder.config.write_bytes(content)

    with pytest.raises(RunFolderError) as refusal:
        load_spec(folder, [])

    assert str(folder.config) in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1
    assert not (tmp_path / "executed").exists()


# ---- Checkpoints ---------------------------------------------------------------------------------


def _checkpoint(folder):
    path = folder.checkpoint("best")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


class Harmful:
    """Executes code when it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return open, (self.marker, "w")


def test_a_checkpoint_of_tensors_and_plain_values_is_read(tmp_path):
    content = {
        "state_dict": {"weight": torch.arange(6.0).reshape(2, 3)},
        "epoch": 3,
        "optimizer_states": [{"lr": 0.1, "betas": (0.9, 0.99), "foreach": None}],
    }
    torch.save(content, tmp_path / "a.ckpt")

    read = load_checkpoint(tmp_path / "a.ckpt")

    assert torch.equal(read["state_dict"]["weight"], content["state_dict"]["weight"])
    assert (read["epoch"], read["optimizer_states"]) == (3, content["optimizer_states"])


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("place", ["state_dict", "hyper_parameters"])
def test_a_pickled_object_is_refused_and_not_made(tmp_path, zipped, place):
    marker = tmp_path / "executed"
    content = {"state_dict": {}, place: {"x": Harmful(marker)}}
    torch.save(content, tmp_path / "a.ckpt", _use_new_zipfile_serialization=zipped)

    with pytest.raises(RunFolderError) as refusal:
        load_checkpoint(tmp_path / "a.ckpt")

    assert not marker.exists()
    message = str(refusal.value)
    assert message.startswith(f"{tmp_path / 'a.ckpt'}: cannot be read as tensors and plain values")
    assert len(message.splitlines()) == 1
    assert "weights_only=False" not in message  # torch's advice would execute it.


def test_a_whole_model_is_no_checkpoint(tmp_path):
    torch.save(nn.Linear(2, 1), tmp_path / "a.ckpt")

    with pytest.raises(RunFolderError):
        load_checkpoint(tmp_path / "a.ckpt")


@pytest.mark.parametrize("content", [{}, {"epoch": 1}, [], torch.zeros(2), 3, None])
def test_a_file_without_weights_is_no_checkpoint(tmp_path, content):
    torch.save(content, tmp_path / "a.ckpt")

    with pytest.raises(RunFolderError, match="not a checkpoint"):
        load_checkpoint(tmp_path / "a.ckpt")


@pytest.mark.parametrize("content", [b"", b"\x80", b"text", b"PK\x03\x04", b"\x00" * 100])
def test_a_file_of_another_kind_is_no_checkpoint(tmp_path, content):
    (tmp_path / "a.ckpt").write_bytes(content)

    with pytest.raises(RunFolderError, match=r"a\.ckpt"):
        load_checkpoint(tmp_path / "a.ckpt")


def test_a_checkpoint_that_is_not_there(tmp_path):
    with pytest.raises(RunFolderError, match="no such checkpoint"):
        load_checkpoint(tmp_path / "a.ckpt")
    with pytest.raises(RunFolderError, match="no such checkpoint"):
        load_checkpoint(tmp_path)


def test_a_truncated_checkpoint_is_refused(tmp_path):
    path = tmp_path / "a.ckpt"
    torch.save({"state_dict": {"weight": torch.zeros(20, 30)}}, path)
    content = path.read_bytes()

    for length in (1, 10, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(RunFolderError):
            load_checkpoint(path)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("zipped", [True, False])
def test_a_damaged_checkpoint_is_read_or_refused(tmp_path, zipped):
    path = tmp_path / "a.ckpt"
    content = {"state_dict": {"weight": torch.zeros(2, 3)}, "epoch": 3, "x": [1, {"a": 1.5}]}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    whole = path.read_bytes()
    drawn = random.Random(0)

    escaped = set()
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(drawn.choice([1, 2, 5])):
            damaged[drawn.randrange(len(damaged))] = drawn.randrange(256)
        path.write_bytes(damaged)
        try:
            message = refusal_of(load_checkpoint, path)
            if message is not None and str(path) not in message:
                escaped.add(message)
        except Exception as error:
            escaped.add(repr(error))

    assert escaped == set()


@pytest.mark.parametrize("error", [struct.error("a"), IndexError("b"), KeyError("c"), TypeError()])
def test_whatever_torch_raises_the_checkpoint_is_refused(tmp_path, monkeypatch, error):
    (tmp_path / "a.ckpt").write_bytes(b"x")

    def load(*args, **kwargs):
        raise error

    monkeypatch.setattr(torch, "load", load)

    with pytest.raises(RunFolderError, match=r"a\.ckpt"):
        load_checkpoint(tmp_path / "a.ckpt")


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"net.weight": torch.zeros(2, 3)},
        {"net.weight": torch.zeros(5, 5), "net.bias": torch.zeros(2)},
        {"net.weight": torch.zeros(2, 3), "net.bias": torch.zeros(2), "net.x": torch.zeros(1)},
        {"net.weight": 3, "net.bias": None},
        {1: torch.zeros(2)},
        3,
        None,
        [1],
    ],
)
def test_weights_that_do_not_fit_the_model_are_refused(saved, state):
    folder = saved()
    torch.save({"state_dict": state}, _checkpoint(folder))

    with pytest.raises(RunFolderError) as refusal:
        load_module(folder, load_spec(folder, []), "best")

    assert str(folder.checkpoint("best")) in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


def test_weights_that_fit_are_loaded(saved):
    folder = saved()
    state = {"net.weight": torch.full((2, 3), 2.0), "net.bias": torch.ones(2)}
    torch.save({"state_dict": state, "epoch": 4}, _checkpoint(folder))

    module, checkpoint = load_module(folder, load_spec(folder, []), "best")

    assert torch.equal(module.net.weight, state["net.weight"])
    assert checkpoint["epoch"] == 4


@pytest.mark.parametrize("text", ["${inferred:task}", "${ inferred: task }"])
def test_facts_that_are_still_to_be_inferred_are_refused(saved, text):
    # A stranger's run would choose which file is read.
    with pytest.raises(RunFolderError, match="does not hold the facts of its data"):
        load_spec(saved("data.task", text), [])
