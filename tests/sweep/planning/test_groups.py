"""Which jobs train side by side, and the reason given for the others."""

from collections.abc import Iterator
from contextlib import chdir
from dataclasses import replace

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.utils import JobRuntime, setup_globals
from hydra.types import RunMode
from tests.composing import composed

from seedbed.config.groups import config_folder
from seedbed.config.known_keys import varies
from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema import register_schema
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.configs.sources import HydraSource
from seedbed.sweep.job import Job, numbered
from seedbed.sweep.planning import speedup
from seedbed.sweep.planning.compatibility import why_alone
from seedbed.sweep.planning.groups import PlannedGroup, make_plan, rehearsed
from seedbed.sweep.planning.job_numbers import numbers_of
from seedbed.sweep.search.axes import job_overrides


@pytest.fixture(scope="module")
def composer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composer]:
    with chdir(tmp_path_factory.mktemp("sweeps")):
        register_resolvers()
        register_schema()
        setup_globals()
        JobRuntime.instance().set("name", "train")
        loader = ConfigLoaderImpl(create_config_search_path(str(config_folder())))
        words = ["trainer=cpu", "callbacks=quiet", "hydra.mode=MULTIRUN"]
        yield Composer(
            HydraSource(loader, loader.load_configuration("train", words, RunMode.MULTIRUN))
        )


def jobs_of(composer: Composer, *words: str) -> list[Job]:
    return numbered(job_overrides(words, composer.source.loader))


def planned(composer: Composer, *words: str, fuse: str = "auto") -> list[PlannedGroup]:
    jobs = jobs_of(composer, *words)
    groups = make_plan(composer, jobs, fuse)
    # Every job is in one group, and nothing is read wrongly for the sake of speed.
    assert sorted(job for group in groups for job in group.jobs) == jobs
    for group in groups:
        assert len(group.numbers) == (0 if group.reason else len(group.jobs))
        for job, numbers in zip(group.jobs, group.numbers, strict=False):
            with composer.applied(job) as config:
                assert numbers == numbers_of(config), job
    return groups


REASONS = {
    "data seedbed.data.NoData": ("data=none", "model=parabola"),
    "optimizer torch.optim.LBFGS": ("optimizer=lbfgs",),
    "gradient seedbed.training.gradients.FiniteDifference": ("gradient=finite_difference",),
    "trainer.devices=2": ("trainer.devices=2",),
    "trainer.strategy=ddp": ("trainer.strategy=ddp",),
    "trainer.precision=bf16-mixed": ("trainer.precision=bf16-mixed",),
    "trainer.min_epochs=2": ("trainer.min_epochs=2",),
    "trainer.max_steps=5": ("trainer.max_steps=5",),
    "trainer.max_time=00:00:01:00": ("trainer.max_time=00:00:01:00",),
    "trainer.accumulate_grad_batches=2": ("trainer.accumulate_grad_batches=2",),
    "trainer.limit_train_batches=0.5": ("trainer.limit_train_batches=0.5",),
    "trainer.limit_val_batches=3": ("trainer.limit_val_batches=3",),
    "trainer.limit_test_batches=2": ("trainer.limit_test_batches=2",),
    "trainer.overfit_batches=1": ("trainer.overfit_batches=1",),
    "trainer.check_val_every_n_epoch": ("trainer.check_val_every_n_epoch=2", "data.val_size=3"),
    "trainer.log_every_n_steps=1": ("trainer.log_every_n_steps=1",),
    "trainer.detect_anomaly=True": ("trainer.detect_anomaly=true",),
    "trainer.profiler=simple": ("trainer.profiler=simple",),
    "cycle_momentum": ("scheduler=one_cycle", "scheduler.cycle_momentum=true"),
    "freeze.until_epoch": ("freeze.parameters=[bias]", "freeze.until_epoch=2"),
    "callbacks.stop": ("+callback@callbacks.stop=loss_converged", "callbacks.stop.max_loss=1"),
    "callbacks.path": ("+callback@callbacks.path=parameter_values",),
    # Classes of the user's own, in the place of one that is known.
    "data mine.Data": ("data._target_=mine.Data",),
    "task mine.Task": ("task._target_=mine.Task",),
    "scheduler mine.Schedule": ("scheduler=step", "scheduler._target_=mine.Schedule"),
    "gradient mine.Gradient": ("gradient._target_=mine.Gradient",),
    "callbacks.checkpoint mine.Checkpoint": ("callbacks.checkpoint._target_=mine.Checkpoint",),
    "logger.tensorboard": ("logger.tensorboard._target_=mine.Logger",),
    "callbacks.again is a second EarlyStopping": (
        "callbacks=early_stopping",
        "+callback@callbacks.again=early_stopping",
    ),
    # Ours under the class's name, but with keys that nothing is known of.
    "optimizer torch.optim.SGD": ("optimizer=adam", "optimizer._target_=torch.optim.SGD"),
    "logger.csv": ("+logger.csv={_target_: pytorch_lightning.loggers.CSVLogger}",),
}


@pytest.mark.parametrize("reason", REASONS)
def test_why_a_job_trains_alone(reason: str) -> None:
    assert reason in why_alone(composed(*REASONS[reason]))


def test_the_ordinary_job_needs_not_train_alone() -> None:
    assert why_alone(composed("callbacks=early_stopping")) == ""
    assert why_alone(composed("trainer.precision=64-true", "gradient.compare=false")) == ""
    assert why_alone(composed("callbacks.checkpoint=null")) == ""
    assert why_alone(composed("gradient.compare=true")) == "gradient.compare=True"


STOPS = "+callback@callbacks.early_stopping=early_stopping"
# Values of a key, and what must stand beside it.
TOGETHER = {
    "seed": ("1,2",),
    "initial_weights.distribution": ("pytorch,standard_normal",),
    "data.seed": ("1,2",),
    "data.split_seed": ("1,2", "data.val_size=3"),
    "data.val_size": ("2,3",),
    "data.fold": ("0,1,2", "data.folds=3"),
    "data.target_scale": ("null,standard",),
    "data.data_seed": ("1,2", "data=linear_noise"),
    "data.noise": ("0,0.5", "data=linear_noise"),
    "data.input_scale": ("null,0.5,max",),
    "model.hidden_size": ("2,3", "model=mlp"),
    "task.huber_delta": ("0.1,1", "task.loss=huber"),
    "task.label_smoothing": ("0,0.1", "data=blobs", "task.loss=cross_entropy"),
    "optimizer.lr": ("1e-6,1e-5",),
    "optimizer.weight_decay": ("0,0.1",),
    "optimizer.momentum": ("0,0.9",),
    "optimizer.dampening": ("0,0.1", "optimizer.momentum=0.9"),
    "optimizer.betas": ("[0.9,0.99],[0.8,0.99]", "optimizer=adam"),
    "optimizer.eps": ("1e-8,1e-6", "optimizer=adam"),
    "optimizer.alpha": ("0.9,0.99", "optimizer=rmsprop"),
    "optimizer.lr_decay": ("0,0.1", "optimizer=adagrad"),
    "optimizer.initial_accumulator_value": ("0,0.1", "optimizer=adagrad"),
    "scheduler": ("constant,step,plateau",),
    "scheduler.gamma": ("0.1,0.5", "scheduler=step"),
    "scheduler.interval": ("epoch,step", "scheduler=step"),
    "trainer.gradient_clip_val": ("null,0.5,1",),
    "trainer.max_epochs": ("10,20",),
    "callbacks.early_stopping.patience": ("1,2", STOPS),
    "callbacks.early_stopping.min_delta": ("0,0.1", STOPS),
    "callbacks.stop.patience": ("1,2", "+callback@callbacks.stop=early_stopping"),
}
APART = {
    "data": ("crop_yield,thermometer",),
    "data.rows": ("5,15",),
    "data.shuffle": ("false,true",),
    "data.drop_last": ("false,true",),
    "data.sample": ("fixed,stream", "data=clusters"),
    "model": ("linear,mlp",),
    "model.hidden": ("[2],[2,2]", "model=mlp"),
    "task.loss": ("mse,mae",),
    "task.metrics": ("[],[r2]",),
    "optimizer": ("adam,adamw",),
    "optimizer.nesterov": ("false,true", "optimizer.momentum=0.9"),
    "optimizer.amsgrad": ("false,true", "optimizer=adam"),
    "optimizer.centered": ("false,true", "optimizer=rmsprop"),
    "trainer.precision": ("32-true,64-true",),
    "trainer.gradient_clip_algorithm": ("norm,value",),
    "freeze.parameters": ("[bias],[weight]",),
    "optimized_metric": ("train/loss,train/r2",),
    "optimized_mode": ("min,max",),
    "callbacks.early_stopping.monitor": ("train/loss,train/r2", STOPS),
    "callbacks.early_stopping.mode": ("min,max", STOPS),
    "logger": ("tensorboard,none",),
}


@pytest.mark.parametrize("key", TOGETHER)
def test_jobs_that_differ_in_such_a_key_are_one_group(composer: Composer, key: str) -> None:
    values, *beside = TOGETHER[key]
    [group] = planned(composer, f"{key}={values}", *beside, fuse="always")
    assert len(group.jobs) > 1
    assert group.reason == ""
    kinds = {repr(one) for one in group.numbers}
    assert len(kinds) == len(group.jobs)


def test_keys_that_divide_jobs_into_groups_do_not_vary() -> None:
    assert [key for key in TOGETHER if not varies(key)] == []
    # Layers have sizes of their own, but all networks as many layers.
    assert [key for key in APART if varies(key)] == ["model.hidden"]


@pytest.mark.parametrize("key", APART)
def test_jobs_that_differ_in_such_a_key_share_no_group(composer: Composer, key: str) -> None:
    values, *beside = APART[key]
    groups = planned(composer, f"{key}={values}", *beside, fuse="always")
    assert [[job.number for job in group.jobs] for group in groups] == [[0], [1]]
    assert {group.reason for group in groups} == {""}


def test_jobs_that_differ_in_numbers_alone_are_one_group(composer: Composer) -> None:
    words = ("optimizer.lr=1e-6,1e-5", "seed=range(0,3)", "scheduler=constant,step")
    [group] = planned(composer, *words)
    assert (len(group.jobs), group.reason) == (12, "")
    assert {one.seed for one in group.numbers} == {0, 1, 2}
    assert {one.optimizer["lr"] for one in group.numbers} == {1e-6, 1e-5}


@pytest.mark.parametrize(
    "words",
    [
        ("task.loss=huber", "task.huber_delta=0.5,2.0"),
        ("data=blobs", "task.label_smoothing=0.0,0.2"),
    ],
)
def test_numbers_of_the_loss_do_not_divide_the_jobs(
    composer: Composer, words: tuple[str, ...]
) -> None:
    [group] = planned(composer, *words, "seed=0,1")
    key, _, values = words[1].removeprefix("task.").partition("=")
    found = [(one.task[key], one.seed) for one in group.numbers]
    assert found == [(float(value), seed) for value in values.split(",") for seed in (0, 1)]


def test_other_keys_divide_the_jobs(composer: Composer) -> None:
    groups = planned(composer, "seed=0,1", "data.rows=13,15", "model=linear,mlp")
    assert [[job.number for job in group.jobs] for group in groups] == [
        [0, 4], [1, 5], [2, 6], [3, 7],
    ]  # fmt: skip
    assert {group.reason for group in groups} == {""}


def test_batch_sizes_divide_jobs_where_that_takes_less_time(composer: Composer) -> None:
    def sizes_of(*words: str, fuse: str = "auto") -> list[list[int]]:
        [group] = planned(composer, "data=blobs", "model=mlp", *words, fuse=fuse)
        parts = rehearsed(composer, group, fuse, 100)
        assert {part.reason for part in parts} == {""}
        own = [{numbers.data["batch_size"] for numbers in part.numbers} for part in parts]
        return sorted(map(sorted, own))

    few = ("data.rows=40", "data.batch_size=8,10", "seed=0,1")
    assert sizes_of(*few) == [[8, 10]]
    many = ("data.rows=500", "data.batch_size=10,500", "trainer.max_epochs=50", "seed=range(0,20)")
    assert sizes_of(*many) == [[10], [500]]
    assert sizes_of(*many, fuse="always") == [[10, 500]]
    own_loss = "+task.loss._target_=torch.nn.functional.cross_entropy"
    assert sizes_of(*few, "task.loss=null", own_loss, fuse="always") == [[8], [10]]


def test_always_and_never_and_what_pays(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [one.reason for one in planned(composer, "seed=0,1", fuse="never")] == [
        "sweep.fuse=never"
    ]
    [lone] = planned(composer, "seed=1")
    assert lone.reason == "no other job differs in numbers alone"
    assert planned(composer, "seed=1", fuse="always")[0].reason == ""
    monkeypatch.setattr(speedup, "LARGEST_STEP", 3)
    [large] = planned(composer, "seed=0,1")
    assert large.reason == speedup.BUSY
    assert planned(composer, "seed=0,1", fuse="always")[0].reason == ""


@pytest.mark.parametrize(("fuse", "reason"), [("auto", speedup.BUSY), ("always", "")])
def test_whether_a_step_pays_is_tried_last(
    composer: Composer, monkeypatch: pytest.MonkeyPatch, fuse: str, reason: str
) -> None:
    # Eight parameters; what a batch leaves for the gradient is beyond that.
    monkeypatch.setattr(speedup, "LARGEST_STEP", 8)
    [group] = planned(composer, "seed=0,1", fuse=fuse)
    assert group.reason == ""
    [tried] = rehearsed(composer, group, fuse, 100)
    assert (tried.reason, tried.jobs) == (reason, group.jobs)
    assert tried.numbers == ([] if reason else group.numbers)


def test_convolutions_fuse_on_demand_alone(composer: Composer) -> None:
    words = ("seed=0,1", "data=fashion_mnist", "model=cnn")
    assert "convolutions" in planned(composer, *words)[0].reason
    assert planned(composer, *words, fuse="always")[0].reason == ""


def test_a_reason_goes_before_always(composer: Composer) -> None:
    [group] = planned(composer, "seed=0,1", "optimizer=lbfgs", fuse="always")
    assert "LBFGS" in group.reason


@pytest.mark.parametrize(
    "words",
    [
        ("data.rows=${seed}", "seed=11,12"),
        ("model=cnn", "model.pool=${seed}", "seed=1,2"),
        # By way of another free key that nobody swept.
        ("data.rows=${data.seed}", "seed=11,12"),
        ("data.rows=${.seed}", "seed=11,12"),
        ("data.rows=${.split_seed}", "data.split_seed=11,12"),
        ("data.rows=${oc.select:seed}", "seed=11,12"),
        # Beside an interpolation that follows nothing.
        ("data=fashion_mnist", "data.folder='${paths.data}/${seed}'", "seed=1,2"),
        ("model=cnn", "model.channels=['${oc.env:SEEDBED_NONE,${seed}}',12]", "seed=1,2"),
    ],
)
def test_a_key_that_follows_a_number_of_the_job(composer: Composer, words: tuple[str, ...]) -> None:
    # Such jobs differ in more than their numbers: none of them shares a program with another.
    assert [len(group.jobs) for group in planned(composer, *words)] == [1, 1]


def test_a_key_that_follows_what_does_not_differ_is_no_reason(composer: Composer) -> None:
    [group] = planned(composer, "data.rows=${seed}", "seed=13", "optimizer.lr=1,2")
    assert group.reason == ""


@pytest.mark.parametrize(
    "words",
    [
        ("data.split_seed=${seed}", "seed=1,2,3"),
        ("data.split_seed=${data.seed}", "seed=1,2,3"),
        ("data.split_seed=${.seed}", "data.seed=1,2,3"),
        ("data.seed=1,${data.split_seed},${.split_seed},${seed}", "data.split_seed=3", "seed=5"),
        ("optimizer.lr=1,${optimizer.momentum},${seed}", "optimizer.momentum=0.5", "seed=5"),
        ("data=linear_noise", "data.noise=${optimizer.lr}", "optimizer.lr=1,2,3"),
        ("scheduler=one_cycle", "optimizer.lr=1,2,3"),
        ("scheduler=step", "scheduler.step_size=${trainer.max_epochs}", "trainer.max_epochs=2,3"),
        ("optimizer=adam", "optimizer.betas=[0.1,0.2],[0.3,0.4]", "seed=1,2"),
        ("optimizer.weight_decay=${optimizer.lr}", "optimizer.lr=1,2"),
        ("trainer.gradient_clip_val=${optimizer.lr}", "optimizer.lr=1,2"),
        ("task.loss=huber", "task.huber_delta=${optimizer.lr}", "optimizer.lr=1,2"),
        ("trainer.max_epochs=${seed}", "seed=1,2"),
        ("trainer.gradient_clip_val=null,1", "seed=1,2", "data.seed=4"),
    ],
)
def test_a_number_that_follows_another_is_each_jobs_own(
    composer: Composer, words: tuple[str, ...]
) -> None:
    # `planned` compares the numbers with those of each job's own config.
    assert [group.reason for group in planned(composer, *words)] == [""]


@pytest.mark.parametrize(
    "words",
    [
        ("scheduler=one_cycle", "scheduler.cycle_momentum=false,true", "optimizer.momentum=0.9"),
        ("trainer.max_steps=null,5",),
    ],
)
def test_each_job_is_asked_whether_it_can_fuse(composer: Composer, words: tuple[str, ...]) -> None:
    reasons = {}
    for group in planned(composer, *words):
        reasons |= {job.number: group.reason for job in group.jobs}
    assert reasons[1] != ""


def test_a_group_trains_in_chunks_of_equal_size(composer: Composer) -> None:
    [group] = planned(composer, "seed=range(0,7)")
    assert [len(jobs) for jobs in group.chunks()] == [7]
    parts = replace(group, chunk_size=3).chunks()
    assert [[job.number for job in jobs] for jobs in parts] == [[0, 1], [2, 3], [4, 5, 6]]
    assert [len(jobs) for jobs in replace(group, chunk_size=1).chunks()] == [1] * 7


def test_chunks_are_a_multiple_of_the_parts_that_workers_share(composer: Composer) -> None:
    [group] = planned(composer, "seed=range(0,12)")

    def sizes(**fields: int) -> list[int]:
        return [len(jobs) for jobs in replace(group, **fields).chunks()]

    assert sizes(parts=2) == [6, 6]
    assert sizes(parts=5) == [2, 2, 3, 2, 3]
    # As many as fit in memory do not fill two workers evenly.
    assert sizes(parts=2, chunk_size=4) == [3, 3, 3, 3]
    # The jobs of a trial stay together.
    assert sizes(parts=2, lanes=4) == [4, 8]
    assert sizes(parts=9, lanes=4) == [4, 4, 4]


# What is known when the rows have been read.

LINE = ("data=linear_noise", "data.rows=22", "data.features=2")
OWN = "data._target_=tests.sweep.own_data."
NETWORKS = "model._target_=tests.sweep.networks."


def read(composer: Composer, *words: str, fuse: str = "auto") -> list[PlannedGroup]:
    return [
        part
        for group in make_plan(
            composer, numbered(job_overrides(words, composer.source.loader)), fuse
        )
        for part in rehearsed(composer, group, fuse, 100)
    ]


def numbers(group: PlannedGroup) -> list[int]:
    return [job.number for job in group.jobs]


def test_jobs_of_different_numbers_of_rows_are_one_group_and_without_a_split_another(
    composer: Composer,
) -> None:
    without, others = read(composer, *LINE, "data.val_size=0,2,4", "seed=0,1")
    assert (numbers(without), numbers(others)) == ([0, 1], [2, 3, 4, 5])
    assert {(group.reason, group.note) for group in (without, others)} == {("", "")}


def test_a_network_whose_rows_know_of_each_other_has_groups_of_equal_numbers_of_rows(
    composer: Composer,
) -> None:
    words = (*LINE, "data.folds=3", "data.fold=0,1,2", "seed=0,1", f"{NETWORKS}Normed")
    first, second = read(composer, *words)
    assert sorted([numbers(first), numbers(second)]) == [[0, 1], [2, 3, 4, 5]]
    for group in (first, second):
        assert group.reason == ""
        assert group.note == (
            "apart from jobs of another number of rows: a row of a batch changes what Normed makes "
            "of the others (BatchNorm1d)"
        )
    # Of equal numbers of rows nothing is asked.
    [group] = read(composer, *LINE, "seed=0,1", f"{NETWORKS}Normed")
    assert group.note == ""


def test_a_job_that_is_left_by_itself_trains_alone(composer: Composer) -> None:
    words = (*LINE, "data.val_size=0,2,4")
    lone, others = read(composer, *words)
    assert (numbers(lone), lone.reason) == ([0], speedup.LONELY)
    assert (numbers(others), others.reason) == ([1, 2], "")
    assert {group.reason for group in read(composer, *words, fuse="always")} == {""}


def test_data_of_the_users_own_train_side_by_side(composer: Composer) -> None:
    words = (*LINE, f"{OWN}OwnRows", "data.val_size=2,3", "seed=0,1")
    [group] = read(composer, *words)
    assert (numbers(group), group.reason) == ([0, 1, 2, 3], "")
    # In keys of which nothing is known they agree.
    assert len(planned(composer, *LINE, f"{OWN}OwnRows", "data.rows=20,22", "seed=0,1")) == 2


def test_data_of_the_users_own_that_make_their_own_batches_train_alone(composer: Composer) -> None:
    [group] = planned(composer, *LINE, f"{OWN}OwnBatches", "seed=0,1")
    target = "tests.sweep.own_data.OwnBatches"
    assert group.reason == f"data {target} makes its own batches (train_dataloader)"


@pytest.mark.parametrize("fuse", ["auto", "always"])
@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ("StepCounting", "steps of the network changes while it trains"),
        ("RandomSlope", "slopes of the network differs from job to job"),
    ],
)
def test_a_network_that_cannot_be_recorded_is_known_before_anything_trains(
    composer: Composer, network: str, reason: str, fuse: str
) -> None:
    [group] = read(composer, *LINE, f"{NETWORKS}{network}", "seed=0,1", fuse=fuse)
    assert (group.reason, group.numbers) == (reason, [])


def test_hidden_sizes_are_cut_where_padding_costs_more_than_another_program(
    composer: Composer,
) -> None:
    words = ("model=mlp", "data=clusters", "trainer.max_epochs=20000", "optimizer.lr=0.1,0.2")
    [group] = make_plan(composer, jobs_of(composer, *words, "model.hidden_size=4,5,500"), "auto")
    parts = rehearsed(composer, group, "auto", 100)
    assert [(len(part.jobs), part.reason, part.note) for part in parts] == [
        (4, "", "hidden sizes 4 to 5"),
        (2, "", "hidden sizes 500"),
    ]
    [part] = rehearsed(composer, group, "always", 100)
    assert (len(part.jobs), part.note) == (6, "")


def test_jobs_whose_step_keeps_a_cpu_busy_train_alone_beside_narrow_ones(
    composer: Composer,
) -> None:
    words = ("model=mlp", "data=clusters", "model.hidden=[4,4],[300,300],[5,3]")
    [group] = make_plan(composer, jobs_of(composer, *words), "auto")
    narrow, wide = rehearsed(composer, group, "auto", 100)
    assert ([job.number for job in narrow.jobs], narrow.reason) == ([0, 2], "")
    assert ([job.number for job in wide.jobs], wide.reason) == ([1], speedup.UNLIKE)


def test_weights_that_are_given_fit_hidden_sizes_of_their_own_alone(composer: Composer) -> None:
    words = ("model=mlp", "data=clusters", "model.hidden_size=2,3", "optimizer.lr=0.1,0.2")
    given = "+initial_weights.parameters={hidden_linear.bias:[1,2]}"
    [group] = make_plan(composer, jobs_of(composer, *words, given), "auto")
    right, wrong = rehearsed(composer, group, "always", 100)
    assert [job.number for job in right.jobs] == [0, 1]
    assert sorted(wrong.wrong) == [2, 3]
    assert "the values have shape (2,), the parameter has (3,)" in str(wrong.wrong[2])
