"""Jobs of a sweep: the same as Hydra's own sweeper, composer and launcher make of them."""

import random
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import create_config_search_path
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, JobRuntime, setup_globals
from hydra.types import HydraContext, RunMode
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from omegaconf import Container, DictConfig, OmegaConf

from seedbed.config.composition_errors import explain
from seedbed.config.groups import config_folder
from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema import register_schema
from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer, whole_number
from seedbed.sweep.configs.sources import HydraSource, SavedSource
from seedbed.sweep.configs.yaml_text import (
    FILES,
    HYDRA_PATHS,
    PLAIN,
    item_text,
    nested,
    task_text,
    value_text,
    yaml_text,
)
from seedbed.sweep.job import Job, numbered
from seedbed.sweep.search.axes import KeysOf, job_overrides
from seedbed.sweep.search.repeats import repeated


@dataclass
class Sweep:
    """What Hydra gives a sweeper, and a launcher of Hydra's to compare with."""

    loader: ConfigLoaderImpl
    master: DictConfig

    def composer(self) -> Composer:
        return Composer(HydraSource(self.loader, self.master))

    def launched(self, job: Job) -> JobReturn:
        """Let Hydra compose and run a job that does nothing."""
        launcher = BasicLauncher()
        launcher.setup(
            hydra_context=HydraContext(self.loader, Callbacks()),
            task_function=lambda config: None,
            config=self.master,
        )
        [done] = launcher.launch([job.overrides], initial_job_idx=job.number)
        return done


def sweep(*overrides: str) -> Sweep:
    """Return a sweep as Hydra sets it up for `seedbed train -m OVERRIDES`."""
    register_resolvers()
    register_schema()
    setup_globals()
    JobRuntime.instance().set("name", "train")
    loader = ConfigLoaderImpl(create_config_search_path(str(config_folder())))
    words = [*overrides, "hydra.mode=MULTIRUN"]
    return Sweep(loader, loader.load_configuration("train", words, RunMode.MULTIRUN))


@pytest.fixture(scope="module", autouse=True)
def _inside_a_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with chdir(tmp_path_factory.mktemp("sweeps")):
        yield


@pytest.fixture(scope="module")
def plain_sweep() -> Sweep:
    return sweep()


@pytest.fixture(scope="module")
def composer(plain_sweep: Sweep) -> Composer:
    return plain_sweep.composer()


# Axes.

KEYS = [
    "seed",
    "+seed",
    "optimizer.lr",
    "model",
    "+note",
    "++trainer.max_epochs",
    "callback@callbacks.x",
]
SWEEPS = [
    "5",
    "null",
    "1,2,3",
    "a",
    "null,true,1e-5",
    "[1,2],[3]",
    "{a:1},{b:2}",
    "'a,b'",
    '"x y",z',
    r"'it\'s',b",
    "${seed},3",
    "choice(a,b)",
    "choice(1)",
    "range(0,3)",
    "range(1,2,0.25)",
    "range(5,1,-2)",
    "range(3)",
    "glob(*)",
    "glob([m*,l*],exclude=mlp)",
    "shuffle(range(0,5))",
    "shuffle(a,b,c)",
    "sort(3,1,2)",
    "sort(3,1,2,reverse=true)",
    "tag(t,choice(1,2))",
    "int(choice(1.5,2.5))",
    "float(range(0,3))",
]
words = st.builds("{}={}".format, st.sampled_from(KEYS), st.sampled_from(SWEEPS))
words = words.filter(lambda word: "glob" not in word or word.startswith(("model", "callback@")))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(words | st.sampled_from(["~note", "~callbacks.progress"]), max_size=4), words)
def test_a_grid_is_that_of_hydras_sweeper(
    plain_sweep: Sweep, arguments: list[str], param: str
) -> None:
    parser = OverridesParser.create(config_loader=plain_sweep.loader)
    random.seed(1)
    [expected] = BasicSweeper.split_arguments(parser.parse_overrides([param, *arguments]), None)
    key, _, value = param.partition("=")
    random.seed(1)
    assert job_overrides(arguments, plain_sweep.loader, params={key: value}) == expected


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("seed=range(0,0)", "seed=range(0,0): an axis without values"),
        ("model=glob(zzz*)", "model=glob(zzz*): an axis without values"),
        ("seed=range(0,3,0)", "seed=range(0,3,0): range() arg 3 must not be zero"),
        ("seed=range(0,3,0.0)", "seed=range(0,3,0.0): Invalid range values"),
        ("seed=range(0,inf)", "seed=range(0,inf): a range needs finite numbers"),
        ("seed=range(0,nan)", "seed=range(0,nan): a range needs finite numbers"),
        ("optimizer.lr=interval(0,1)", "optimizer.lr=interval(0,1): a grid has no intervals"),
    ],
)
def test_axes_that_are_no_values_are_refused(plain_sweep: Sweep, word: str, reason: str) -> None:
    key, _, value = word.partition("=")
    for arguments, params in ([word], {}), ([], {key: value}):
        with pytest.raises(ConfigError) as error:
            job_overrides(arguments, plain_sweep.loader, params=params)
        assert str(error.value).startswith(reason)


def test_a_param_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^hydra.sweeper.params: seed=range\(1: "):
        job_overrides([], params={"seed": "range(1"})


def test_paired_axes_lie_where_the_first_lies() -> None:
    arguments = ["model=linear,mlp", "seed=1,2", "trainer.max_epochs=5", "optimizer.lr=0.1,0.2"]
    assert job_overrides(arguments, zip_axes=["optimizer.lr", "model"]) == [
        ["model=linear", "seed=1", "trainer.max_epochs=5", "optimizer.lr=0.1"],
        ["model=linear", "seed=2", "trainer.max_epochs=5", "optimizer.lr=0.1"],
        ["model=mlp", "seed=1", "trainer.max_epochs=5", "optimizer.lr=0.2"],
        ["model=mlp", "seed=2", "trainer.max_epochs=5", "optimizer.lr=0.2"],
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["seed=1,2", "optimizer.lr=1,2,3"], "equally many values: seed has 2, optimizer.lr has 3"),
        (["seed=1,2"], "sweep.zip: optimizer.lr is no axis. Axes: seed"),
        (["seed=1,2", "optimizer.l=1,2"], "is no axis. Did you mean 'optimizer.l'?"),
        (["seed=1,2", "optimizer.lr=1"], "sweep.zip: optimizer.lr is no axis."),
        (["seed=1", "optimizer.lr=1,2"], "sweep.zip: seed is no axis."),
        ([], "sweep.zip: seed is no axis. This sweep has none."),
    ],
)
def test_axes_that_cannot_be_paired_are_named(arguments: list[str], reason: str) -> None:
    with pytest.raises(ConfigError) as error:
        job_overrides(arguments, zip_axes=["seed", "optimizer.lr"])
    assert reason in str(error.value)


def table(text: str) -> Path:
    file = Path("table.csv")
    file.write_text(text, encoding="utf-8")
    return file


def test_a_row_of_a_table_is_a_job() -> None:
    file = table('\ufeffoptimizer.lr, model ,+note\n1e-2,mlp, "[1, 2]"\n\n0.5,linear,null\n')
    assert job_overrides(["seed=1,2"], table=file) == [
        ["optimizer.lr=0.01", "model=mlp", "+note=[1,2]", "seed=1"],
        ["optimizer.lr=0.01", "model=mlp", "+note=[1,2]", "seed=2"],
        ["optimizer.lr=0.5", "model=linear", "+note=null", "seed=1"],
        ["optimizer.lr=0.5", "model=linear", "+note=null", "seed=2"],
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no rows"),
        ("seed\n\n", "no rows"),
        ("seed,seed\n1,2\n", "column seed: it is there twice"),
        ("seed,\n1,2\n", "column without a name: not a key"),
        ("a b c\n1\n", "column a b c: not a key"),
        ("~seed\n1\n", "column ~seed: a table gives values"),
        ("hydra.verbose\n1\n", "column hydra.verbose: a table gives values"),
        ("seed,optimizer.lr\n1,2\n3\n", "row 3: 1 cells for 2 columns"),
        ("seed,optimizer.lr\n1,\n", "row 2, column optimizer.lr: the cell is empty"),
        ('seed\n"1,2"\n', "row 2, column seed: '1,2' is a sweep"),
        ("seed\n1\nrange(0 3)]\n", "row 3, column seed: 'range(0 3)]' is no value"),
        ('seed\n"1\n', "not a CSV file in UTF-8"),
        ("sed\n1\n", "column sed: no such key. Did you mean 'seed'?"),
        ("optimizer.lrr\n1\n", "column optimizer.lrr: no such key. Did you mean 'optimizer.lr'?"),
        ("model,modl.bias\nmlp,1\n", "column modl.bias: no such key."),
        ("trainer.max_epochs\n1\n", "column trainer.max_epochs: the sweep sets this key as well"),
    ],
)
def test_a_table_that_is_wrong_says_where(composer: Composer, text: str, reason: str) -> None:
    known = KeysOf(
        composer.master, filter(composer.source.is_group, ["model", "data", "optimizer"])
    )
    with pytest.raises(ConfigError) as error:
        job_overrides(["+trainer.max_epochs=1,2"], table=table(text), known=known)
    assert str(error.value).startswith("sweep.table=table.csv")
    assert reason in str(error.value)


def test_columns_of_groups_and_of_their_options_are_known(composer: Composer) -> None:
    known = KeysOf(composer.master, ["model"])
    file = table("model,model.hidden,+anything\nmlp,3,1\n")
    [job] = job_overrides([], table=file, known=known)
    assert job == ["model=mlp", "model.hidden=3", "+anything=1"]
    [job] = job_overrides(["model=mlp"], table=table("model.hidden\n3\n"), known=known)
    assert job == ["model.hidden=3", "model=mlp"]


def test_a_table_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^sweep\.table=none\.csv: no such file or directory$"):
        job_overrides([], table="none.csv")
    Path("latin.csv").write_bytes("seed\nä\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"^sweep\.table=latin\.csv: not a CSV file in UTF-8"):
        job_overrides([], table="latin.csv")


def test_repeats_count_from_the_seed_of_each_job(composer: Composer) -> None:
    jobs = [["optimizer.lr=1.0"], ["seed=7", "optimizer.lr=2.0"], ["++seed=3"]]
    assert repeated(composer, jobs, 2) == [
        ["optimizer.lr=1.0", "seed=0"],
        ["optimizer.lr=1.0", "seed=1"],
        ["seed=7", "optimizer.lr=2.0"],
        ["seed=8", "optimizer.lr=2.0"],
        ["++seed=3"],
        ["++seed=4"],
    ]


@pytest.mark.parametrize(
    ("jobs", "repeats", "reason"),
    [
        ([["seed=0"], ["seed=1"]], 2, "sweep.repeats=2: the seeds of the sweep overlap"),
        ([["seed=0"]], 0, "sweep.repeats=0: a job runs once at least"),
        ([["~seed"]], 3, "sweep.repeats=3: the seed None is not a whole number"),
    ],
)
def test_repeats_that_make_no_sense_are_refused(
    composer: Composer, jobs: list[list[str]], repeats: int, reason: str
) -> None:
    with pytest.raises(ConfigError) as error:
        repeated(composer, jobs, repeats)
    assert str(error.value).startswith(reason)


# Derivation and texts.

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
def test_a_job_leaves_nothing_behind(
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


def test_a_config_of_ones_own_is_not_that_of_others(composer: Composer) -> None:
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


ODD = ["true", "null", "no", "nan", "a", "a.b", "1/2", "=", "<<", "/", "2020-01-01", "0x1", "1_0"]


@given(
    st.text(st.characters(codec="utf-8"))
    | st.from_regex(PLAIN)
    | st.integers()
    | st.floats()
    | st.sampled_from([*ODD, True, None])
)
def test_a_value_is_written_as_in_the_whole_file(value: Any) -> None:
    for path in (HYDRA_PATHS[-1], ("seed",)):
        head = "".join(f"{'  ' * depth}{name}:\n" for depth, name in enumerate(path))[:-1]
        assert head + value_text(path, value) == yaml_text(nested(path, value))
    if isinstance(value, str):
        whole = yaml_text(nested(HYDRA_PATHS[0], [value, value]))
        assert whole == f"hydra:\n  overrides:\n    task:{task_text(value) * 2}\n"
        assert item_text(value) * 2 == yaml_text([value, value])


@given(st.from_regex(r"\A[a-z_.0-9]{1,9}=-?[0-9]{1,9}\Z") | st.sampled_from(["seed=0", "a.b=017"]))
def test_a_whole_number_is_read_as_hydra_reads_it(line: str) -> None:
    found = whole_number(line)
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
