"""Axes and tables: their points are those that Hydra's own sweeper makes."""

import random
from pathlib import Path

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.sweep.composition import Sweep

from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.search.axes import KnownKeys, job_overrides

pytestmark = pytest.mark.usefixtures("inside_a_folder")

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
    known = KnownKeys(
        composer.master, filter(composer.source.is_group, ["model", "data", "optimizer"])
    )
    with pytest.raises(ConfigError) as error:
        job_overrides(["+trainer.max_epochs=1,2"], table=table(text), known=known)
    assert str(error.value).startswith("sweep.table=table.csv")
    assert reason in str(error.value)


def test_columns_of_groups_and_of_their_options_are_known(composer: Composer) -> None:
    known = KnownKeys(composer.master, ["model"])
    file = table("model,model.hidden,+anything\nmlp,3,1\n")
    [job] = job_overrides([], table=file, known=known)
    assert job == ["model=mlp", "model.hidden=3", "+anything=1"]
    [job] = job_overrides(["model=mlp"], table=table("model.hidden\n3\n"), known=known)
    assert job == ["model.hidden=3", "model=mlp"]


def test_columns_of_a_loss_of_the_users_own_add_its_keys() -> None:
    assert job_overrides([], table=table("task.loss.gamma\n2\n")) == [["++task.loss.gamma=2"]]


def test_a_table_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^sweep\.table=none\.csv: no such file or directory$"):
        job_overrides([], table="none.csv")
    Path("latin.csv").write_bytes("seed\nä\n".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"^sweep\.table=latin\.csv: not a CSV file in UTF-8"):
        job_overrides([], table="latin.csv")


@pytest.mark.parametrize(
    "words", [["seed=range(0,1000000000000)"], ["seed=range(0,2000)", "optimizer.lr=range(0,2000)"]]
)
def test_more_jobs_than_anybody_means_are_refused_before_they_are_made(words: list[str]) -> None:
    with pytest.raises(ConfigError, match="jobs, and a sweep may have 1,000,000"):
        job_overrides(words)


def test_a_table_that_is_no_file_or_too_large_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(10**12)  # It takes no space on the disk.

    for table in (large, tmp_path):
        with pytest.raises(ConfigError, match="no file, or one of more than 100 MB"):
            job_overrides([], table=table)
