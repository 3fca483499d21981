"""What contradicts itself in a config is named before anything runs."""

import dataclasses

import pytest
import torch
from omegaconf import OmegaConf, open_dict

from seedbed.config.schema import typed
from seedbed.config.schema.store import ROOTS, SCHEMAS
from seedbed.config.validation import check
from seedbed.errors import ConfigError


def problems(config):
    """Return the lines of what is wrong with a config."""
    try:
        check(config)
    except ConfigError as error:
        return str(error).splitlines()
    return []


@pytest.fixture
def found(compose):
    """Return a function that names what is wrong with the overrides."""
    return lambda *overrides: problems(compose(*overrides))


# ---- Contradictions ------------------------------------------------------------------------------

DATASET = (
    "data=torch_dataset",
    "data.train._target_=a.B",
    "data.task=regression",
    "data.input_shape=[3]",
    "data.output_size=2",
    "data.class_names=[]",
    "data.in_memory=false",
)
IMAGES = ("data=fashion_mnist", "model=cnn")
NOT_ENDING = ("trainer.max_epochs=null", "trainer.max_time='00:00:01:00'")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("data=clusters", "task=regression"), ["task=regression", "binary", "use task=binary"]),
        (("task=multiclass",), ["task=multiclass", "regression", "use task=regression"]),
        ((*DATASET, "task=binary"), ["task=binary", "regression", "use task=regression"]),
        (("data.task=binary",), ["task=regression", "binary"]),
        (("data.rows=7",), ["data.rows: 7", "5, 15"]),
        (("data.input_scale=x",), ["data.input_scale: 'x'", "'max'", "null"]),
        (("data.input_scale=0",), ["data.input_scale: '0'"]),
        (("data.input_scale=true",), ["data.input_scale: 'True'"]),
        (("data.input_scale=nan",), ["data.input_scale:", "nan"]),
        (("data.input_scale=[1]",), ["data.input_scale: '[1]'"]),
        (("data.target_names=[a]",), ["data.target_names: 1", "2 target"]),
        (("data=clusters", "data.class_names=[a]"), ["data.class_names: 1", "2 class"]),
        ((*IMAGES, "data.class_names=[a,b]"), ["data.class_names: 2", "10 class"]),
        (("data.val_size=1.5",), ["data.val_size: 1.5", "fraction", "whole number"]),
        (("data.test_size=2.5",), ["data.test_size: 2.5"]),
        (("data.val_size=0.5", "data.test_size=0.5"), ["data.val_size and data.test_size"]),
        (("data.val_size=15",), ["data.val_size=15", "hold out 15 of 15 rows", "none is left"]),
        (("data.val_size=11", "data.test_size=0.3"), ["test_size=0.3", "hold out 15 of 15"]),
        (("data=thermometer", "data.test_size=11"), ["data.test_size=11", "11 of 11 rows"]),
        (("data=blobs", "data.rows=50", "data.val_size=50"), ["50 of 50 rows"]),
        (("data=clusters", "data.val_size=1000"), ["1000 of 1000 rows"]),
        (("data=linear_noise", "data.val_size=0.999", "data.rows=9"), ["9 of 9 rows"]),
        (("data=fashion_mnist", "data.val_size=60000"), ["60000 of 60000 rows"]),
        (("model=cnn",), ["model=cnn", "images", "rows of 3", "model=linear or model=mlp"]),
        (("model=cnn", "data.input_shape=[28,28]"), ["model=cnn", "28 x 28"]),
        ((*IMAGES, "model.channels=[3]"), ["model.channels has 1", "model.kernel 2"]),
        ((*IMAGES, "model.kernel=[5]"), ["model.channels has 2", "model.kernel 1"]),
        ((*IMAGES, "model.kernel=[29,1]"), ["model.kernel", "convolution 1"]),
        ((*IMAGES, "model.kernel=[5,13]"), ["model.kernel", "convolution 2"]),
        ((*IMAGES, "model.pool=25"), ["model.kernel", "convolution 1"]),
        (("optimizer.nesterov=true",), ["optimizer.nesterov", "optimizer.momentum"]),
        (
            ("optimizer.nesterov=true", "optimizer.momentum=0.9", "optimizer.dampening=0.1"),
            ["optimizer.nesterov", "optimizer.dampening=0"],
        ),
        (("optimizer=adam", "optimizer.betas=[0.9]"), ["optimizer.betas: 1", "two"]),
        (("optimizer=adamw", "optimizer.betas=[]"), ["optimizer.betas: 0", "two"]),
        (("trainer.max_epochs=null",), ["trainer.max_epochs", "max_steps", "max_time"]),
        (("trainer.max_time='1 hour'",), ["trainer.max_time: '1 hour'", "DD:HH:MM:SS"]),
        (("trainer.max_time=''",), ["trainer.max_time: ''"]),
        (("trainer.limit_train_batches=1.5",), ["trainer.limit_train_batches: 1.5"]),
        (("trainer.limit_val_batches=-1",), ["trainer.limit_val_batches: -1"]),
        (("trainer.limit_test_batches=true",), ["trainer.limit_test_batches: True"]),
        (("trainer.limit_test_batches=nan",), ["trainer.limit_test_batches: nan"]),
        (("trainer.limit_train_batches=all",), ["trainer.limit_train_batches: all"]),
        (("trainer.limit_train_batches=null",), ["trainer.limit_train_batches: "]),
        ((*NOT_ENDING, "scheduler=cosine"), ["scheduler.T_max", "null"]),
        ((*NOT_ENDING, "scheduler=one_cycle"), ["scheduler.total_steps", "null"]),
        ((*NOT_ENDING, "scheduler=warmup_cosine"), ["scheduler.total_iters", "null"]),
        (
            ("scheduler=warmup_cosine", "scheduler.total_iters=5"),
            ["scheduler.total_iters", "scheduler.warmup_iters"],
        ),
        (("optimized_metric=train/los",), ["optimized_metric: 'train/los'", "'train/loss'"]),
        (("optimized_metric=val/loss",), ["optimized_metric: 'val/loss'", "train/loss"]),
        (("optimized_metric=loss",), ["optimized_metric: 'loss'", "train/loss"]),
        (("task.metrics=[]", "optimized_metric=train/mae"), ["optimized_metric: 'train/mae'"]),
        (("scheduler=plateau", "scheduler.monitor=val/r2"), ["scheduler.monitor: 'val/r2'"]),
        (
            ("callbacks=early_stopping", "callbacks.early_stopping.monitor=val/loss"),
            ["callbacks.early_stopping.monitor: 'val/loss'"],
        ),
        (
            ("data.val_size=3", "trainer.limit_val_batches=0", "optimized_metric=val/loss"),
            ["optimized_metric: 'val/loss'"],
        ),
        # One logit tells two classes apart, and numbers put out fit the classes.
        (("data=clusters", "data.output_size=2"), ["data.output_size", "2"]),
    ],
)
def test_a_contradiction_is_named(found, overrides, said):
    [problem] = found(*overrides)

    for words in said:
        assert words in problem


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("data.rows=5",),
        ("data.input_scale=max",),
        ("data.input_scale=-0.5",),
        ("data.target_names=[]",),
        ("data.val_size=0.5", "data.test_size=0.4"),
        ("data.val_size=6", "data.test_size=0.5"),
        ("data.val_size=14",),
        ("data=fashion_mnist", "data.val_size=59999", "data.test_size=0.5"),
        ("data=clusters", "data.sample=stream", "data.val_size=2000"),
        ("data=linear_noise", "data._target_=mine.Noise", "data.val_size=2000"),
        ("data.val_size=3.0",),
        IMAGES,
        (*IMAGES, "model.kernel=[5,11]"),
        (*IMAGES, "model.channels=[4]", "model.kernel=[3]"),
        ("data=fashion_mnist", "model=mlp"),
        ("optimizer.nesterov=true", "optimizer.momentum=0.9"),
        ("trainer.max_epochs=null", "trainer.max_steps=10"),
        NOT_ENDING,
        (*NOT_ENDING, "scheduler=cosine", "scheduler.T_max=10"),
        (*NOT_ENDING, "scheduler=warmup"),
        ("trainer.limit_train_batches=0.5", "trainer.limit_val_batches=1"),
        ("scheduler=warmup_cosine", "scheduler.total_iters=6"),
        ("data.val_size=3", "optimized_metric=val/r2"),
        ("data.val_size=3", "scheduler=plateau", "scheduler.monitor=val/mae"),
        (
            "+task.torchmetrics.mape={_target_: torchmetrics.MeanAbsolutePercentageError}",
            "optimized_metric=train/mape",
        ),
        DATASET,
        (*DATASET, "data.val={_target_: a.B}", "optimized_metric=val/loss"),
        ("logger=none", "callbacks=quiet"),
    ],
)
def test_what_fits_together_is_let_through(found, overrides):
    assert found(*overrides) == []


# ---- Rules that never stop, figures, functions ---------------------------------------------------


@pytest.fixture
def found_with(compose):
    """Return a function that names what is wrong with a callback beside the overrides."""

    def find(name, keys, *overrides):
        config = compose(*overrides)
        with open_dict(config):
            config.callbacks[name] = OmegaConf.structured(SCHEMAS["callback"][name](**keys))
        return problems(config)

    return find


@pytest.mark.parametrize(
    ("name", "keys", "epochs", "said"),
    [
        ("loss_converged", {"min_epochs": 21}, 20, "min_epochs: 21 can never stop"),
        ("gradient_converged", {"min_epochs": 21}, 20, "min_epochs: 21 can never stop"),
        # The first epoch sets the mark, and only then patience begins.
        ("early_stopping", {"patience": 20}, 20, "patience: 20 can never stop"),
        ("loss_converged", {"max_loss": 0.0}, 20, "max_loss: 0.0 can never be reached"),
        ("loss_converged", {"max_loss": -1.0}, 20, "max_loss: -1.0 can never be reached"),
    ],
)
def test_a_rule_that_can_never_stop_the_run_is_named(found_with, name, keys, epochs, said):
    [line] = found_with(name, keys, f"trainer.max_epochs={epochs}")

    assert line.startswith(f"callbacks.{name}.{said}")
    if "max_loss" not in keys:
        assert f"trainer.max_epochs={epochs}" in line
        assert f"~callbacks.{name}" in line


@pytest.mark.parametrize(
    ("name", "keys", "overrides"),
    [
        ("loss_converged", {"min_epochs": 20}, ("trainer.max_epochs=20",)),
        ("gradient_converged", {"min_epochs": 20}, ("trainer.max_epochs=20",)),
        ("early_stopping", {"patience": 19}, ("trainer.max_epochs=20",)),
        ("loss_converged", {"min_epochs": 10**6}, NOT_ENDING),
        # A function may well be negative.
        ("loss_converged", {"max_loss": -4.0}, ("data=none", "model=parabola", "task=minimize")),
    ],
)
def test_a_rule_that_can_stop_the_run_is_let_through(found_with, name, keys, overrides):
    assert found_with(name, keys, *overrides) == []


def test_early_stopping_with_its_last_chance_does_stop(tmp_path):
    from tests.experiments import record, trained

    trained(
        tmp_path,
        "+callback@callbacks.early_stopping=early_stopping",
        *("callbacks.early_stopping.patience=2", "trainer.max_epochs=3"),
        *("optimizer.lr=0.0", "data.shuffle=false", "logger=none"),
    )

    assert record(tmp_path)["stopped"].startswith("after epoch 3: ")


def test_patience_that_no_trial_comes_to_the_end_of_is_refused(compose):
    def told(*words):
        return problems(compose("stop=patient", "trainer.max_epochs=20", *words))

    [line] = told("stop.patience=18")
    assert line.startswith("stop.patience=18: no trial of trainer.max_epochs=20 is looked at")
    assert told("stop.patience=17") == told("stop.patience=18", "stop@stop.wrapped=halving") == []
    assert told("stop.patience=0") == ["stop.patience: 0 is out of range: it must be at least 1"]


def test_a_rule_does_not_keep_a_run_from_being_read(compose):
    config = compose("callbacks=early_stopping", "trainer.max_epochs=3")

    assert len(problems(config)) == 1
    check(config, cut_short=True)
    check(typed(OmegaConf.create(OmegaConf.to_container(config))), cut_short=True)


RULES = (
    "callbacks=early_stopping",
    "+callback@callbacks.loss_converged=loss_converged",
    "callbacks.loss_converged.min_epochs=12",
)


def test_debugging_shortens_a_run_in_spite_of_its_rules(command):
    outcome = command("train", *RULES, "debug=fast", function=lambda config, words: 0)

    assert outcome.code == 0, outcome.err


def test_debugging_shortens_the_runs_of_a_sweep_in_spite_of_their_rules(command):
    words, ran = ("-m", *RULES, "debug=fast", "seed=0,1"), []

    def function(config, words):
        ran.append(config.trainer.max_epochs)
        return 0

    outcome = command("train", *words, function=function)

    assert ran == [1, 1], outcome.err


def test_without_debugging_the_same_run_is_refused(refused):
    message = refused("train", *RULES, "trainer.max_epochs=1")

    assert "callbacks.early_stopping.patience" in message
    assert "callbacks.loss_converged.min_epochs" in message


@pytest.mark.parametrize(
    ("overrides", "loss"),
    [(("data=clusters",), "bce_with_logits"), (("data=blobs",), "cross_entropy")],
)
def test_probabilities_in_front_of_a_cross_entropy_are_refused(found, overrides, loss):
    first, second = found(*overrides, "model=mlp", "model.apply_softmax=true")

    assert first.startswith("model.apply_softmax: ")
    assert f"task.loss={loss} takes logits" in first
    assert "apply_softmax=true" in second
    assert found(*overrides, "model=mlp", "model.apply_softmax=false") == []
    # As targets of a regression, shares are nothing unusual.
    assert found("model=mlp", "model.apply_softmax=true") == []


FUNCTION = ("data=none", "task=minimize")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("model=parabola",), ["model=parabola is a function without data: use data=none"]),
        (("model=bowl", "data=clusters"), ["model=bowl is a function without data"]),
        ((*FUNCTION, "model=linear"), ["data=none needs a function as model", "model=parabola"]),
        ((*FUNCTION, "model=mlp"), ["data=none needs a function as model"]),
        ((*FUNCTION, "model=cnn"), ["data=none needs a function as model"]),
        ((*FUNCTION, "model=bowl", "model.start=[1.0]"), ["model.start", "two", "1"]),
        ((*FUNCTION, "model=bowl", "model.centre=[1,2,3]"), ["model.centre", "two", "3"]),
        ((*FUNCTION, "model=bowl", "model.steepness=[]"), ["model.steepness", "two", "0"]),
        (("data=none", "model=parabola", "task=regression"), ["task=regression", "minimize"]),
        (("task=minimize",), ["task=minimize", "use task=regression"]),
        ((*FUNCTION, "model=parabola", "optimized_metric=val/loss"), ["optimized_metric"]),
        (("freeze.until_epoch=3",), ["freeze.until_epoch: 3, but freeze.parameters names none"]),
        (
            ("freeze.parameters=[bias]", "freeze.until_epoch=3", "trainer=ddp"),
            ["freeze.until_epoch needs one device"],
        ),
    ],
)
def test_functions_and_networks_are_told_apart(found, overrides, said):
    [problem] = found(*overrides)

    for words in said:
        assert words in problem


@pytest.mark.parametrize(
    "overrides",
    [
        (*FUNCTION, "model=parabola"),
        (*FUNCTION, "model=bowl"),
        (*FUNCTION, "model=bowl", "gradient=finite_difference", "optimizer=lbfgs"),
        ("freeze.parameters=[bias]",),
        ("freeze.parameters=[bias]", "freeze.until_epoch=2"),
        ("freeze.parameters=[bias]", "trainer=ddp"),
    ],
)
def test_functions_and_frozen_parameters_are_let_through(found, overrides):
    assert found(*overrides) == []


def test_a_function_or_network_of_the_users_own_is_not_judged(compose):
    for overrides in (FUNCTION, ()):
        config = compose(*overrides)
        config.model = OmegaConf.create({"_target_": "valley.Rosenbrock", "start": [1.0]})
        assert problems(config) == []


@pytest.mark.parametrize("ends", [[3.0, 3.0], [4.0, 3.0], [1.0], [1.0, 2.0, 3.0], []])
def test_a_range_has_a_first_and_a_last_number(found_with, ends):
    [line] = found_with("fit", {"range": ends})

    assert line == f"callbacks.fit.range: {ends} is not [first, last] with first below last"


def test_a_range_that_rises_is_let_through(found_with):
    assert found_with("fit", {"range": [-3.0, 90.0]}) == []
    assert found_with("fit", {"range": None}) == []


@pytest.mark.parametrize(
    ("name", "keys", "said"),
    [
        ("loss_landscape", {"points": 1}, "callbacks.loss_landscape.points: 1 is out of range"),
        ("worst_mistakes", {"images": 26}, "callbacks.worst_mistakes.images: 26 is out of range"),
        ("loss_curve", {"every_n_epochs": 0}, "callbacks.loss_curve.every_n_epochs: 0"),
        ("fit", {"range": [1.0, float("inf")]}, "callbacks.fit.range"),
    ],
)
def test_a_key_of_a_figure_that_is_out_of_range_is_named(found_with, name, keys, said):
    [line] = found_with(name, keys)

    assert line.startswith(said)


def test_contradictions_are_shown_together(found):
    lines = found(
        "task=multiclass",
        "data.rows=7",
        "data.val_size=1.5",
        "model=cnn",
        "optimizer.nesterov=true",
        "trainer.max_epochs=null",
        "optimized_metric=x",
    )

    beginnings = ("task=", "data.rows", "data.val_size", "model=", "optimizer.", "trainer.", "opti")
    assert len(lines) == len(beginnings)
    for line, beginning in zip(lines, beginnings, strict=True):
        assert line.startswith(beginning)


@pytest.mark.parametrize(
    ("accelerator", "cuda", "refused"),
    [("gpu", False, True), ("gpu", True, False), ("auto", False, False), ("cpu", False, False)],
)
def test_a_gpu_must_be_there(found, monkeypatch, accelerator, cuda, refused):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)

    lines = found(f"trainer.accelerator={accelerator}")

    assert len(lines) == refused
    if refused:
        assert f"trainer.accelerator={accelerator}" in lines[0]
        assert "trainer=cpu" in lines[0]


# ---- Limits of single keys -----------------------------------------------------------------------


LIMITS = ("at_least", "above", "at_most", "below")
LIMITED = [
    pytest.param(node, field, id=f"{node.__name__}.{field.name}")
    for node in [
        ROOTS["train"],
        *(node for options in SCHEMAS.values() for node in options.values()),
    ]
    for field in dataclasses.fields(node)
    if any(field.metadata.get(limit) is not None for limit in LIMITS)
]


def of_type(field, number):
    """Return a number as the key takes it: alone, or in a list."""
    kind = str(field.type)
    one = int(number) if "int" in kind else float(number)
    return [one] if "list" in kind else one


@pytest.mark.parametrize(("node", "field"), LIMITED)
def test_a_limit_is_where_the_schema_has_it(node, field):
    def out_of_range(number):
        config = OmegaConf.structured(node)
        OmegaConf.update(config, field.name, of_type(field, number))
        return [line for line in problems(config) if line.startswith(f"{field.name}: ")]

    step = 1 if "int" in str(field.type) else 1e-9
    limit = field.metadata
    if limit["at_least"] is not None:
        assert out_of_range(limit["at_least"]) == []
        [line] = out_of_range(limit["at_least"] - step)
        assert f"at least {limit['at_least']}" in line
    if limit["above"] is not None:
        assert out_of_range(limit["above"] + step) == []
        [line] = out_of_range(limit["above"])
        assert f"above {limit['above']}" in line
    if limit["at_most"] is not None:
        assert out_of_range(limit["at_most"]) == []
        [line] = out_of_range(limit["at_most"] + step)
        assert f"at most {limit['at_most']}" in line
    if limit["below"] is not None:
        assert out_of_range(limit["below"] - step) == []
        [line] = out_of_range(limit["below"])
        assert f"below {limit['below']}" in line


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_a_number_that_is_not_finite_is_out_of_range(compose, number):
    config = compose()
    config.optimizer.lr = float(number)

    [line] = problems(config)

    assert line == f"optimizer.lr: {number} is out of range: it must be finite"


def test_every_entry_of_a_list_is_checked(found):
    lines = found("model=mlp", "model.hidden=[0,3,-1]", "task.metrics=[mae,mea,r3]")

    assert [line.partition(":")[0] for line in lines] == ["model.hidden"] * 2 + ["task.metrics"] * 2


def test_null_is_within_any_limit_where_the_type_accepts_it(found):
    assert found("trainer.gradient_clip_val=null", "optimized_mode=null") == []


# ---- The walk over all keys ----------------------------------------------------------------------


def test_keys_that_no_schema_knows_are_named_with_those_it_does(compose):
    config = compose()
    for key in ("optimizer.lrr", "callbacks.progress.line", "foo"):
        OmegaConf.update(config, key, 1, force_add=True)

    lines = problems(config)

    assert [line.partition(":")[0] for line in lines] == [
        "optimizer.lrr",
        "callbacks.progress.line",
        "foo",
    ]
    assert "Did you mean 'optimizer.lr'?" in lines[0]
    assert "Did you mean 'callbacks.progress.lines'?" in lines[1]
    assert "max_depth" not in lines[1]


def test_nodes_of_the_users_own_may_hold_any_keys(compose):
    config = compose()
    config.model = OmegaConf.create({"_target_": "nets.Net", "width": -3, "loss": "mine"})
    with open_dict(config):
        config.callbacks.mine = {"_target_": "a.B", "patience": -1}

    assert problems(config) == []


def test_missing_values_are_named_with_their_meaning(compose):
    lines = problems(compose("data=torch_dataset"))

    assert "data.train._target_: a value is required" in lines


@pytest.mark.parametrize("value", ["???", "${none}"])
def test_an_entry_of_a_list_that_has_no_value_is_a_problem_of_its_key(found, value):
    [problem] = found("model=mlp", f"model.hidden=[64,'{value}']")

    assert problem.startswith("model.hidden: ")


def test_an_interpolation_that_fails_is_a_problem_of_its_key(compose):
    config = compose()
    config.optimizer.lr = "${nowhere}"
    config.seed = "${optimizer.momentun}"

    lines = problems(config)

    assert [line.partition(":")[0] for line in lines] == ["data.seed", "optimizer.lr", "seed"]
    assert "'nowhere' not found" in lines[1]


def test_configs_of_the_other_verbs_are_checked_too(compose):
    assert problems(compose("run=x", verb="evaluate")) == []
    [line] = problems(compose("run=x", "split=tset", verb="evaluate"))
    assert line == "split: 'tset' is not one of train, val, test. Did you mean 'test'?"


def test_a_list_in_a_list_of_numbers_is_refused(found):
    [problem] = found("model=mlp", "model.hidden=[8,[4]]")

    assert problem.startswith("model.hidden: [8, [4]] holds a list")


def test_a_list_of_more_values_than_anybody_means_is_refused(compose):
    config = compose("model=mlp")
    config.model.hidden = [1] * 50_001

    [problem] = problems(config)

    assert problem == "model.hidden: 50,001 values, and a list may have 50,000"


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("name=' '", "name: ' ' says nothing"),
        (f"name={'x' * 201}", "name: 201 letters, and it may have 200"),
        ("name='a\x1b[31mb'", r"name: 'a\x1b[31mb' holds a sign"),
        ("name='two\nlines'", r"name: 'two\nlines' holds a sign"),
        ("name='\u202eturned'", r"name: '\u202eturned' holds a sign"),
        ("notes='a\x07'", r"notes: 'a\x07' holds a sign"),
        (f"tags=[{'y' * 65}]", "tags: 65 letters, and it may have 64"),
        ("tags=[a,'']", "tags: '' says nothing"),
        (f"tags=[{','.join(map(str, range(51)))}]", "tags: 51 of them, and a run may have 50"),
    ],
)
def test_labels_are_short_texts_that_steer_no_terminal(found, word, problem):
    [said] = found(word)

    assert said.startswith(problem)


def test_labels_may_be_of_any_language_and_notes_of_several_lines(found):
    emoji = "\u2764\u200d\U0001f525"

    assert not found(f"name='Übung {emoji}'", "tags=['a b','ß']", "notes='one\n\ttwo'")
