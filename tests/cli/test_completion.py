"""What Tab offers for the last word of a command line."""

import gzip
from pathlib import Path

import pytest

from seedbed.cli.completion import completions
from seedbed.cli.main import VERBS
from seedbed.config import groups
from seedbed.config.schema.export import FORMATS

OPTIMIZED = ("optimized_metric=", "optimized_mode=")


@pytest.fixture(autouse=True)
def working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of our own; return it."""
    monkeypatch.chdir(tmp_path)
    for name in ("SEEDBED_OUTPUTS", "SEEDBED_DATA"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def offered(line: str) -> list[str]:
    """Return what is offered at the end of a line; a blank there begins a new word."""
    return completions(line.split(" ")[1:], VERBS)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("seedbed tr", ["train"]),
        ("seedbed ", list(VERBS)),
        ("seedbed xyz", []),
        ("seedbed xyz ", []),
        ("seedbed list deb", ["debug"]),
        ("seedbed list data mod", []),  # Takes one group.
        ("seedbed train data=f", ["data=fashion_mnist"]),
        ("seedbed train model=mlp data=cl", ["data=clusters"]),
        ("seedbed inspect data=cl", ["data=clusters"]),
        ("seedbed train experiment=fashion_mnist_c", ["experiment=fashion_mnist_cnn"]),
        ("seedbed train -m optimizer=sgd,adamw,r", ["optimizer=sgd,adamw,rmsprop"]),
        ("seedbed train callbacks=[quiet,e", ["callbacks=[quiet,early_stopping"]),
        ("seedbed train +callback@callbacks.x=loss_cur", ["+callback@callbacks.x=loss_curve"]),
        ("seedbed train +callback@callbacks.fi", ["+callback@callbacks.fit=fit"]),
        ("seedbed train hydra/launcher=jo", ["hydra/launcher=joblib"]),
        ("seedbed train --config", ["--config-dir", "--config-name"]),
        ("seedbed train --cfg j", ["job"]),
        ("seedbed evaluate --re", ["--resolve"]),
        ("seedbed export format=", [f"format={name}" for name in (*FORMATS, "null")]),
    ],
)
def test_verbs_options_and_flags(line: str, expected: list[str]) -> None:
    assert offered(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("seedbed train opti", ["optimizer=", *OPTIMIZED, "optimizer."]),
        ("seedbed train optimizer.mo", ["optimizer.momentum="]),
        ("seedbed train optimizer.bet", []),
        ("seedbed train optimizer=adam optimizer.bet", ["optimizer.betas="]),
        ("seedbed train -m optimizer=sgd,adam optimizer.bet", ["optimizer.betas="]),
        ("seedbed train data.lay", []),
        ("seedbed train experiment=xor_mlp data.lay", ["data.layout="]),
        ("seedbed train experiment=xor_mlp model.act", ["model.activation="]),
        ("seedbed train experiment=xor_mlp model=linear model.act", []),
        ("seedbed train experiment=xor_mlp callbacks.dec", ["callbacks.decision_boundary."]),
        ("seedbed train callbacks.early", []),
        ("seedbed train callbacks=early_stopping callbacks.early", ["callbacks.early_stopping."]),
        ("seedbed train +callback@callbacks.fit=fit callbacks.fi", ["callbacks.fit."]),
        ("seedbed train callbacks.progress.ba", ["callbacks.progress.bar="]),
        ("seedbed train ~callbacks.prog", ["~callbacks.progress"]),
        ("seedbed train trainer.max_e", ["trainer.max_epochs="]),
        ("seedbed train logger=none logger.", []),
        ("seedbed train logger.tensorboard.gr", ["logger.tensorboard.graph="]),
        ("seedbed train freeze.u", ["freeze.until_epoch="]),
        ("seedbed evaluate sp", ["split="]),
        ("seedbed predict chec", ["checkpoint="]),
        ("seedbed predict paths.o", ["paths.outputs="]),
        ("seedbed report so", ["sort="]),
        ("seedbed report a b,c so", ["sort="]),
        ("seedbed dashboard po", ["port="]),
    ],
)
def test_keys_of_the_chosen_options(line: str, expected: list[str]) -> None:
    assert offered(line) == expected


def test_a_choice_of_data_picks_the_keys_of_its_task() -> None:
    assert "task.huber_delta=" in offered("seedbed train task.")
    assert "task.huber_delta=" not in offered("seedbed train data=clusters task.")


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("seedbed evaluate split=", ["train", "val", "test", "null"]),
        ("seedbed evaluate split=t", ["train", "test"]),
        ("seedbed train sweep.fuse=", ["auto", "always", "never"]),
        ("seedbed train optimized_mode=", ["min", "max", "null"]),
        ("seedbed train data.shuffle=", ["true", "false"]),
        ("seedbed train data.shuffle=true,f", ["true,false"]),
        ("seedbed train optimizer.lr=", []),
        ("seedbed report mode=", ["min", "max", "null"]),
        ("seedbed report group=f", ["false"]),
    ],
)
def test_values_that_can_be_listed(line: str, values: list[str]) -> None:
    key = line.split(" ")[-1].partition("=")[0]

    assert offered(line) == [f"{key}={value}" for value in values]


def test_options_and_keys_of_the_users_own_folder(working_folder: Path) -> None:
    (working_folder / "mine" / "model").mkdir(parents=True)
    own = "defaults: [mlp]\n_target_: nets.Net\nwidth: 3\nparts: {first: 1}\n"
    (working_folder / "mine" / "model" / "own.yaml").write_text(own)
    (working_folder / "mine" / "model" / "broken.yaml").write_text("a: [")

    assert offered("seedbed train model=ow") == []
    for flags in ("--config-dir mine", "--config-dir=mine", "-cd mine"):
        assert offered(f"seedbed train {flags} model=ow") == ["model=own"]
        keys = offered(f"seedbed train {flags} model=own model.")
        assert {"model.width=", "model.parts.", "model.hidden="} < set(keys)
    assert offered("seedbed train --config-dir mine model=broken model.w") == []
    assert offered("seedbed train --config-dir mi") == ["mine/"]
    (working_folder / "seedbed.yaml").write_text("config_dir: mine\ndefaults: [model=own]\n")
    assert offered("seedbed train model=ow") == ["model=own"]
    assert offered("seedbed train model.wi") == ["model.width="]
    assert offered("seedbed train model=linear model.wi") == []
    (working_folder / "seedbed.yaml").write_text("wrong: true\n")
    assert offered("seedbed train data=f") == ["data=fashion_mnist"]


def recorded(folder: Path, name: str = "run.json") -> None:
    """Write the folder of a run or a sweep."""
    folder.mkdir(parents=True)
    (folder / name).write_text("{}")


def test_runs_newest_first_then_folders(working_folder: Path) -> None:
    recorded(working_folder / "outputs/runs/2026-11-21/23-00-00-aaaaaa")
    recorded(working_folder / "outputs/runs/2026-11-22/09-00-00-bbbbbb")
    recorded(working_folder / "outputs/runs/2026-11-22/10-00-00-cccccc")
    (working_folder / "outputs/runs/2026-11-23/10-00-00-dddddd").mkdir(parents=True)
    recorded(working_folder / "elsewhere/runs/2026-01-01/00-00-00-eeeeee")
    for unsafe in ("with blank", "with\x1b[31m", "with $(command)", "with`command`"):
        (working_folder / unsafe).mkdir()

    day = "run=outputs/runs/2026-11-22"
    runs = [f"{day}/10-00-00-cccccc", f"{day}/09-00-00-bbbbbb"]
    assert offered("seedbed evaluate run=") == [
        "run=latest",
        *runs,
        "run=outputs/runs/2026-11-21/23-00-00-aaaaaa",
        "run=elsewhere/",
        "run=outputs/",
    ]
    assert offered("seedbed predict run=outputs/runs/2026-11-22/1") == [runs[0], f"{runs[0]}/"]
    assert offered("seedbed predict run=els") == ["run=elsewhere/"]
    assert offered("seedbed evaluate paths.outputs=elsewhere run=")[1].endswith("eeeeee")
    (working_folder / "seedbed.yaml").write_text("defaults: [paths.outputs=elsewhere]\n")
    assert offered("seedbed evaluate run=")[1].endswith("eeeeee")
    (working_folder / "seedbed.yaml").write_text("a text")
    assert offered("seedbed evaluate run=")[1:4] == [*runs, f"{day[:-2]}21/23-00-00-aaaaaa"]


def test_sweeps_newest_first_then_folders(working_folder: Path) -> None:
    recorded(working_folder / "outputs/sweeps/2026-11-21/23-00-00-aaaaaa", "sweep.json")
    recorded(working_folder / "outputs/sweeps/2026-11-22/09-00-00-bbbbbb", "sweep.json")
    (working_folder / "so").mkdir()

    sweeps = [
        "outputs/sweeps/2026-11-22/09-00-00-bbbbbb",
        "outputs/sweeps/2026-11-21/23-00-00-aaaaaa",
    ]
    assert offered("seedbed report ")[:4] == ["latest", *sweeps, "outputs/"]
    assert offered("seedbed status ")[:4] == ["latest", *sweeps, "outputs/"]
    assert offered("seedbed cancel l") == ["latest"]
    assert offered("seedbed cancel w") == ["wait="]
    assert offered("seedbed status watch=") == ["watch=true", "watch=false"]
    assert offered("seedbed report x so") == ["so/", "sort="]
    assert offered("seedbed dashboard o") == ["outputs/"]
    resumed = offered("seedbed train -m sweep.resume=")
    assert resumed[:3] == [f"sweep.resume={one}" for one in ("latest", *sweeps)]


def test_files_where_a_key_takes_one(working_folder: Path) -> None:
    for name in ("rows.csv", "rows 2.csv", "other.npy"):
        (working_folder / name).touch()
    (working_folder / "rowdy").mkdir()

    assert offered("seedbed predict input=row") == ["input=rowdy/", "input=rows.csv"]
    assert offered("seedbed predict output=o") == ["output=other.npy"]
    assert offered("seedbed train -m sweep.table=rows") == ["sweep.table=rows.csv"]
    assert offered("seedbed train paths.data=ro") == ["paths.data=rowdy/"]


def test_columns_of_the_table_that_is_named(working_folder: Path) -> None:
    (working_folder / "rows.csv").write_text('\ufeffspecies;"bill length";size;sex\nx;1;2;y\n')
    (working_folder / "rows.csv.gz").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    (working_folder / "rows.parquet").write_bytes(b"PAR1\0\xff")
    table = "seedbed train data=table data.file="
    assert offered(f"{table}rows.csv data.target=s") == [
        *("data.target=species", "data.target=size", "data.target=sex"),
    ]
    assert offered(f"{table}rows.csv data.target=[size,sp") == ["data.target=[size,species"]
    assert offered(f"{table}rows.csv.gz data.weight=") == ["data.weight=a", "data.weight=b"]
    assert offered(f"{table}rows.parquet data.split_by=") == []
    assert offered("seedbed inspect data=table data.target=") == []


def test_every_option_that_is_shipped_can_be_completed() -> None:
    for group in groups.GROUPS:
        options = [f"{group}={option}" for option in sorted(groups.options(group))]
        assert offered(f"seedbed train {group}=") == options


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("list sw", ["sweeps"]),
        ("list sweeps sta", ["status="]),
        ("list sweeps swe", []),  # A key of `list runs` alone.
        ("list runs swe", ["sweeps="]),
        ("list --j", ["--json"]),
        ("report --j", ["--json"]),
        ("train --js", ["--json"]),
    ],
)
def test_json_and_the_words_of_the_lists_are_offered(line, expected):
    assert offered(f"seedbed {line}") == expected
