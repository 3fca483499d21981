"""Configs of jobs and the files of their `.hydra`: as Hydra composes and writes them."""

import random
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import Any

import pytest
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.types import HydraContext, RunMode
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from omegaconf import Container, DictConfig, OmegaConf
from tests.sweep.composition import Sweep, sweep

from seedbed.config.composition_errors import explain
from seedbed.sweep.configs.composer import Composer, plain_number
from seedbed.sweep.configs.sources import SavedSource
from seedbed.sweep.job import Job, numbered
from seedbed.sweep.search.axes import job_overrides

FILES = ("config.yaml", "hydra.yaml", "overrides.yaml")
pytestmark = pytest.mark.usefixtures("inside_a_folder")

CHANGES = [
    "seed=3",
    "seed=70",
    "++seed=5",
    "seed=${split}",
    "optimizer.lr=0.1",
    "optimizer.lr=1e-05",
    "optimizer.lr=${data.val_size}",
    "optimizer={lr:0.5}",
    "data.batch_size=${seed}",
    "data.seed=4",
    "data.feature_names=[a,'b c',c]",
    "data.feature_names=[]",
    "data.feature_names.0=zz",
    "data.input_scale=max",
    "data.input_scale={x:[1,2]}",
    "data={rows:5,val_size:0.25}",
    "optimized_metric=null",
    "optimized_metric='12'",
    "optimized_metric='ü'",
    r"optimized_metric='a: #b, \'c'",
    "optimized_metric='" + "word and " * 20 + "'",
    "optimized_metric='ä\u2028\n \n b\t'",
    "optimized_metric=''",
    "optimized_metric='???'",
    "optimized_mode=${optimized_metric}",
    "trainer.limit_train_batches=3",
    "trainer={max_epochs:5}",
    "trainer.max_time=null",
    "freeze={until_epoch:3,parameters:[x]}",
    "freeze.until_epoch=4",
    "freeze.parameters=[a]",
    "initial_weights.parameters={weight:1}",
    "initial_weights.distribution=standard_normal",
    "callbacks={}",
    "+callbacks.progress.more=3",
    "+note=1",
    "+note={deep:{x:[1,2]}}",
    "+note.deep.x=2",
    "++note.deep=null",
    "note.deep.x=3",
    "~callbacks.progress",
    "~optimized_metric",
    "~data.input_scale=null",
    "paths.outputs=elsewhere",
    "paths.outputs=${paths.data}/x",
    "paths.data=data",
]
WRONG = [
    "seed=abc",
    "+seed=3",
    "optimizer.lrr=3",
    "model=nonsense",
    "nonsense=mlp",
    "~nothing",
    "trainer@here=3",
    "+more=1,2",
]
JOBS = st.lists(st.sampled_from(CHANGES), max_size=5)
OF_GROUPS = st.sampled_from([[], [], [], ["model=mlp"], ["optimizer=adam", "logger=none"]])


def nodes(config: Any, path: str = "") -> dict[str, Any]:
    """Return all nodes below a config, as they are: path -> kind, type, flags, raw value."""
    kind, metadata = type(config), config._metadata
    flags = {name: flag for name, flag in (metadata.flags or {}).items() if flag is not None}
    what = (kind, metadata.ref_type, metadata.object_type, metadata.optional, metadata.key, flags)
    content = config.__dict__["_content"] if isinstance(config, Container) else config._value()
    if isinstance(content, dict):
        children = {str(key): node for key, node in content.items()}
    elif isinstance(content, list):
        children = {str(key): node for key, node in enumerate(content)}
    else:
        value = nodes(content) if hasattr(content, "_metadata") else content
        return {path: (what, type(content), value)}
    found: dict[str, Any] = {path: (what, list(children))}
    for key, node in children.items():
        assert node._get_parent() is config, f"{path}.{key}"
        found |= nodes(node, f"{path}.{key}")
    return found


def identities(config: Any) -> list[int]:
    """Return which objects a config consists of, in their order."""
    content = config.__dict__.get("_content", config.__dict__.get("_val"))
    if isinstance(content, dict | list):
        children = content.values() if isinstance(content, dict) else content
        return [id(config), *(one for child in children for one in identities(child))]
    return [id(config), id(content)]


def without_hydra(config: DictConfig) -> dict[str, Any]:
    """Return the nodes of a config but for Hydra's, and without the root's own."""
    return {path: what for path, what in nodes(config).items() if _top(path) not in ("", "hydra")}


def _top(path: str) -> str:
    return path.split(".")[1] if path else ""


def only_hydra(config: DictConfig) -> dict[str, Any]:
    return {path: what for path, what in nodes(config.hydra).items() if path}


def outcome(call: Callable[[], Any]) -> Any:
    """Return what a call returns, or the exception that it raises."""
    try:
        return call()
    except Exception as error:
        return error


def saved(sweep: Sweep, job: Job) -> Composer:
    """Return a composer that knows only what a sweep of this job has saved."""
    live = sweep.composer()
    with live.applied(job):
        folder = Path(sweep.master.hydra.sweep.dir)
    live.save(folder, folder / ".sweep")
    return Composer(SavedSource(folder, folder / ".sweep"))


def assert_as_by_hydra(sweep: Sweep, composer: Composer, job: Job) -> None:
    """Compare config and files of a job, or what goes wrong with it, with those of Hydra."""
    expected, found = outcome(lambda: sweep.launched(job)), outcome(lambda: composer.config(job))
    if isinstance(expected, Exception):
        assert (type(found), str(found)) == (type(expected), str(expected))
        assert str(found.__cause__) == str(expected.__cause__)
        return
    config = found
    assert without_hydra(config) == without_hydra(expected.cfg)
    assert only_hydra(config) == only_hydra(expected.hydra_cfg)
    assert list(config)[1:] == list(expected.cfg)
    folder = Path(expected.hydra_cfg.hydra.runtime.output_dir, ".hydra")
    assert composer.texts(job) == {
        file: (folder / file).read_text(encoding="utf-8") for file in FILES
    }
    assert saved(sweep, job).texts(job) == composer.texts(job)
    for key in ("data.seed", "optimizer.lr", "paths.outputs"):
        ours = outcome(lambda key=key: OmegaConf.select(config, key))
        assert str(ours) == str(outcome(lambda key=key: OmegaConf.select(expected.cfg, key)))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(OF_GROUPS, JOBS, st.randoms(use_true_random=False), st.integers(0, 300))
@example([], ["optimizer.lr=0.1", "optimizer={lr:0.5}", "optimized_metric='ü'"], None, 1)
@example([], ["optimizer={lr:0.5}", "optimizer.lr=0.1", "seed=3"], None, 1)
@example(
    [], ["callbacks.progress=${callbacks.model_summary}", "callbacks.progress.max_depth=5"], None, 2
)
@example([], ["+note={1:{x:a}}", "++note.1.x=b", "+several=[{a:1}]", "several.0.a=2"], None, 2)
@example(["+callback@callbacks.x=progress"], ["callbacks.x.lines=3", "seed=3"], None, 1)
@example([], ["model.input_shape.0=7", "freeze.until_epoch=4", "freeze={until_epoch:3}"], None, 2)
def test_a_job_is_as_hydra_composes_it(
    plain_sweep: Sweep,
    composer: Composer,
    groups: list[str],
    changes: list[str],
    order: random.Random | None,
    number: int,
) -> None:
    overrides = [*groups, *changes]
    if order is not None:
        order.shuffle(overrides)
    assert_as_by_hydra(plain_sweep, composer, Job(number, tuple(overrides)))


@pytest.mark.parametrize(
    "overrides",
    [
        ["optimizer.lr=3", "seed=4"],
        ["seed=${data.batch_size}", "data={rows:5}", "data.feature_names=[a]", "freeze=null"],
        ["+note={x:1}", "+note.y=2", "++note.x=[3]", "~note.y"],
        ["+note={1:{x:a}}", "++note.1.x=b"],
        ["model.input_shape.0=7"],
        ["callbacks.progress=${callbacks.model_summary}", "callbacks.progress.max_depth=5"],
        ["+several=[1,'${optimizer}']", "several.1.lr=3"],
        ["~callbacks.progress", "~optimized_metric", "callbacks={}", "paths.outputs=x"],
        ["trainer.max_epochs=3", "data.feature_names.0=zz", "+callbacks.progress.more=1"],
        ["seed=3", "+note=1", "optimizer.lrr=3"],
        ["optimizer.lr=3", "trainer.max_epochs=abc"],
        ["data.seed=${nothing}", "hydra.sweep.subdir=${nothing}"],
    ],
)
def test_the_config_that_jobs_share_is_put_back_after_each(
    composer: Composer, overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    held = composer.master
    monkeypatch.setattr(HydraConfig.instance(), "cfg", held)
    with composer.applied(Job(0, ())) as base:
        pass
    before, objects, yaml = nodes(base), identities(base), OmegaConf.to_yaml(base)
    for _ in range(2):
        outcome(lambda: composer.texts(Job(3, tuple(overrides))))
        with pytest.raises(ZeroDivisionError), composer.applied(Job(1, ("seed=1",))):
            raise ZeroDivisionError
    assert nodes(base) == before
    assert identities(base) == objects
    assert OmegaConf.to_yaml(base) == yaml
    assert HydraConfig.instance().cfg is held
    with composer.applied(Job(0, ())) as again:
        assert again is base


def test_while_a_job_is_applied_no_other_is(composer: Composer) -> None:
    with composer.applied(Job(4, ("seed=1",))) as config:
        assert config.seed == config.data.seed == 1
        assert HydraConfig.get().job.num == 4
        with pytest.raises(RuntimeError, match="one job at a time"):
            composer.config(Job(5, ("seed=2",)))
        assert config.seed == 1


def test_another_thread_waits_to_apply_a_job_of_any_sweep(composer: Composer) -> None:
    # As the thread of a sweep does that takes results, while a unit runs in the same process.
    other, seen = Composer(composer.source), []

    def apply() -> None:
        with other.applied(Job(5, ("seed=2",))):
            seen.append(HydraConfig.get().job.num)

    thread = Thread(target=apply)
    with composer.applied(Job(4, ("seed=1",))):
        thread.start()
        thread.join(0.3)
        assert (seen, HydraConfig.get().job.num) == ([], 4)
    thread.join(60)
    assert seen == [5]


def test_a_copied_config_may_be_changed_without_changing_other_jobs(composer: Composer) -> None:
    mine = composer.config(Job(0, ("seed=1", "+note=3")))
    mine.seed = 9
    assert composer.config(Job(0, ("seed=1",))).seed == 1
    assert OmegaConf.is_readonly(mine.hydra)


def test_hydra_composes_once_for_each_choice_of_groups(
    plain_sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    composed: list[list[str]] = []
    load = plain_sweep.loader.load_sweep_config

    def counted(master: DictConfig, overrides: list[str]) -> DictConfig:
        composed.append(overrides)
        return load(master, overrides)

    monkeypatch.setattr(plain_sweep.loader, "load_sweep_config", counted)
    composer = plain_sweep.composer()
    words = ["+note=1,2", "model=linear,mlp", "freeze.until_epoch=range(2,5)"]
    words += ["~callbacks.progress", "~seed", "optimizer={lr:1}"]
    for job in numbered(job_overrides(words)):
        composer.texts(job)
    assert composed == [["model=linear"], ["model=mlp"]]


def test_a_resolver_that_keeps_its_value_keeps_it_for_one_job() -> None:
    composer = sweep().composer()
    seen = set()
    for number in range(3):
        job = Job(number, ("optimized_mode='${now:%f}'", "optimized_metric='${unique:}'"))
        with composer.applied(job) as config:
            assert config.optimized_mode == config.optimized_mode
            # Taken from the sweep, whose folder is named by it.
            assert config.hydra.runtime.output_dir.endswith(f"{config.optimized_metric}/{number}")
            seen.add(config.optimized_mode)
    assert len(seen) == 3


@pytest.mark.parametrize(
    "settings",
    [
        ["hydra.sweep.subdir=${hydra.job.override_dirname}", "hydra.sweep.dir=a b"],
        ["hydra.sweep.dir=${seed}", "hydra.job.config.override_dirname.exclude_keys=[seed]"],
        ["hydra.sweep.dir=${oc.env:FOLDER}", "hydra.sweep.subdir='${hydra:job.num}/${data.seed}'"],
        ["optimized_mode=data", "hydra.sweep.dir='${paths.${optimized_mode}}/x'"],
        ["hydra.sweep.dir=${paths.outputs}"],
        ["hydra.sweep.dir=${oc.select:seed}/${hydra.job.name}"],
        ["hydra.sweep.dir=${hydra.job.override_dirname}"],
    ],
)
def test_the_folder_is_that_of_hydra(settings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDER", "first")
    folders = sweep(*settings)
    composer = folders.composer()
    changes = ["optimized_mode=data", "optimized_metric='a b'", "paths.outputs=${paths.data}/x"]
    jobs = numbered([[*changes, f"seed={seed}", f"paths.data=p{seed}"] for seed in (0, 1)])
    composer.texts(jobs[0])
    monkeypatch.setenv("FOLDER", "second")
    assert_as_by_hydra(folders, composer, jobs[1])


@pytest.mark.parametrize("word", WRONG)
def test_what_is_wrong_is_said_as_for_a_single_run(
    plain_sweep: Sweep, composer: Composer, word: str
) -> None:
    job = Job(3, ("optimizer.lr=0.1", word, "+more=1"))
    single = outcome(lambda: _single(plain_sweep.loader, job.overrides))
    with pytest.raises(type(single)) as found:
        composer.config(job)
    said = explain(found.value, "train", job.overrides)
    assert str(said) == str(explain(single, "train", job.overrides))


def _single(loader: ConfigLoaderImpl, overrides: tuple[str, ...]) -> DictConfig:
    return loader.load_configuration("train", list(overrides), RunMode.RUN)


def test_the_files_are_those_of_a_command(
    command: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Compared are two jobs of a real multirun with Hydra's own sweeper and launcher."""
    kept: list[Sweep] = []
    instantiate = Plugins.instantiate_sweeper

    def keep(self: Plugins, *, hydra_context: HydraContext, config: DictConfig, **more: Any) -> Any:
        kept.append(Sweep(hydra_context.config_loader, config))
        return instantiate(self, hydra_context=hydra_context, config=config, **more)

    monkeypatch.setattr(Plugins, "instantiate_sweeper", keep)
    words = ["seed=0,1", "trainer.max_epochs=1", "logger=none", "callbacks=quiet"]
    arguments = ["-m", *words, "hydra/sweeper=basic"]
    assert command("train", *arguments, function=lambda config, command: 0).code == 0
    composer = kept[0].composer()
    for job in numbered(job_overrides(words)):
        [folder] = tmp_path.glob(f"outputs/sweeps/*/*/{job.number}/.hydra")
        written = {file: (folder / file).read_text(encoding="utf-8") for file in FILES}
        assert composer.texts(job) == written


FLOATS = st.floats(allow_nan=False, allow_infinity=False).map(lambda number: f"a.b={number!r}")


@given(
    st.from_regex(r"\A[a-z_.0-9]{1,9}=-?[0-9]{1,9}\Z")
    | st.sampled_from(["seed=0", "a.b=017", "a=1e5", "a=-0.0", "a=1.", "a=.5", "a=1_0", "a=0.0_1"])
    | FLOATS
)
def test_a_plain_number_is_read_as_hydra_reads_it(line: str) -> None:
    found = plain_number(line)
    assert found in (None, outcome(lambda: OverridesParser.create().parse_overrides([line])[0]))
    assert line != "seed=0" or found is not None


def test_a_thousand_jobs_take_a_moment(composer: Composer) -> None:
    rates = ",".join(str(rate / 1000) for rate in range(1, 11))
    jobs = numbered(job_overrides([f"optimizer.lr={rates}", "seed=range(0,100)"]))
    keys = ["optimizer.lr", "seed", "data.seed", "data.batch_size", "trainer.max_epochs"]
    start = perf_counter()
    for job in jobs:
        with composer.applied(job) as config:
            assert [OmegaConf.select(config, key) for key in keys][1] == job.number % 100
    for job in jobs:
        composer.texts(job)
    # Composed one by one they would take minutes; the limit is wide, for machines that are busy.
    assert perf_counter() - start < 10
