"""Sweeps on the command line: run folders, tables, plans, exit codes and refusals."""

import csv
import json
import math
import statistics
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.command_line import environment
from tests.experiments import events, record

from seedbed.application import jobs as application
from seedbed.commands import train
from seedbed.errors import ConfigError

SMALL = ("data.rows=20", "data.batch_size=10", "data.val_size=5", "data.test_size=5")
TRAIN = ("train", "-m", "data=linear_noise", "trainer=cpu", "trainer.max_epochs=3", *SMALL)
# Differs between two runs of the same job by its nature.
OF_THE_RUN = ("started", "finished", "seconds", "command", "group")


def swept(folder: Path, name: str = "sweep") -> list[Path]:
    """Return the run folders of a sweep, in the order of their numbers."""
    found = [path.parent for path in (folder / name).glob("*/run.json")]
    return sorted(found, key=lambda path: int(path.name))


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def files(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


def assert_like(found: Any, expected: Any, where: str = "") -> None:
    """Assert that JSON is equal but for the last digits of its numbers."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), where
        assert list(found) == list(expected), where
        for key, value in expected.items():
            assert_like(found[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for place, value in enumerate(expected):
            assert_like(found[place], value, f"{where}[{place}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-5), where
    else:
        assert found == expected, where


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def pair(command: Any, kept: Path) -> tuple[Path, Path]:
    """Return the folders of a fused sweep and of the same one job after another, swept once."""
    for fuse in ("always", "never"):
        if not (kept / fuse).exists():
            words = ("optimizer.lr=0.01,0.05", "seed=1,2", f"sweep.fuse={fuse}")
            outcome = command(*TRAIN, *words, f"hydra.sweep.dir={kept / fuse}")
            assert outcome.code == 0, outcome.err
    return kept / "always", kept / "never"


def test_a_fused_sweep_leaves_what_its_jobs_alone_leave(pair: tuple[Path, Path]) -> None:
    fused, alone = pair
    problems = []
    for number in range(4):
        here, there = fused / str(number), alone / str(number)
        found, expected = record(here), record(there)
        for key in dict.fromkeys([*expected, *found]):
            if key in OF_THE_RUN:
                continue
            try:
                assert_like(found.get(key), expected.get(key), key)
            except AssertionError as error:
                problems.append(f"{number}: {str(error).splitlines()[0]}")
        assert found["seconds"] > 0
        assert found["group"]["jobs"] == 4
        names = [name for name in files(here) if "tfevents" not in name]
        assert names == [name for name in files(there) if "tfevents" not in name]
        for name in ("best", "last"):
            one, other = (
                torch.load(path / "checkpoints" / f"{name}.ckpt", weights_only=True)
                for path in (here, there)
            )
            assert (one["epoch"], one["global_step"]) == (other["epoch"], other["global_step"])
            torch.testing.assert_close(one["state_dict"], other["state_dict"], rtol=1e-4, atol=1e-6)
    assert problems == []


IMPORTS = """
import sys
from seedbed.cli.main import main

try:
    main()
finally:
    print([name for name in ("pytorch_lightning", "torchmetrics") if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("fuse", "imported"), [("always", []), ("never", ["pytorch_lightning", "torchmetrics"])]
)
def test_a_sweep_of_jobs_side_by_side_imports_no_lightning(
    tmp_path: Path, fuse: str, imported: list[str]
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS, *TRAIN, "optimizer.lr=0.01,0.05", f"sweep.fuse={fuse}"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(imported)


def test_the_saved_config_is_that_of_the_job_alone(pair: tuple[Path, Path]) -> None:
    for number in range(4):
        fused, alone = (folder / str(number) / ".hydra" for folder in pair)
        for name in ("config.yaml", "overrides.yaml"):
            found = (fused / name).read_text().replace("fuse: always", "fuse: never")
            found = found.replace("fuse=always", "fuse=never")
            assert found == (alone / name).read_text(), name


def test_the_true_line_is_measured_by_each_jobs_own_loss(command: Any, tmp_path: Path) -> None:
    for fuse in ("always", "never"):
        words = ("task.loss=huber", "task.huber_delta=0.1,3.0", f"sweep.fuse={fuse}")
        assert command(*TRAIN, *words, f"hydra.sweep.dir={fuse}").code == 0
    fused, alone = (
        [record(run)["parameters"] for run in swept(tmp_path, fuse)] for fuse in ("always", "never")
    )
    assert_like(fused, alone)
    first, second = (one["true_line"]["metrics"]["train/loss"] for one in fused)
    assert first < second


def test_the_curves_are_those_of_the_job_alone(pair: tuple[Path, Path]) -> None:
    for number in range(4):
        found, expected = (events(folder / str(number)) for folder in pair)
        tags = set(expected.Tags()["scalars"])
        assert set(found.Tags()["scalars"]) == tags
        for tag in tags:
            points = {one.step: one.value for one in expected.Scalars(tag)}
            drawn = {one.step: one.value for one in found.Scalars(tag)}
            assert drawn == pytest.approx(points, rel=1e-4, abs=1e-6), tag


def test_tensorboard_reads_the_hyperparameters(pair: tuple[Path, Path]) -> None:
    from tensorboard.plugins.hparams import plugin_data_pb2

    for folder in pair:
        content = events(folder / "3").SummaryMetadata("_hparams_/session_start_info")
        data = plugin_data_pb2.HParamsPluginData.FromString(content.plugin_data.content)
        values = data.session_start_info.hparams
        assert values["optimizer.lr"].number_value == 0.05
        assert values["seed"].number_value == 2
        assert values["model"].string_value == "linear"


def test_evaluate_and_predict_read_a_fused_run(command: Any, tmp_path: Path) -> None:
    assert command(*TRAIN, "seed=1,2", "sweep.fuse=always", "hydra.sweep.dir=sweep").code == 0
    run = swept(tmp_path)[1]
    evaluated = command("evaluate", f"run={run}", "split=test")
    assert evaluated.code == 0, evaluated.err
    assert f"{record(run)['metrics']['test/loss']:.4g}"[:5] in evaluated.out
    for name in ("best", "last"):
        predicted = command("predict", f"run={run}", "input=[[0.5],[1]]", f"checkpoint={name}")
        assert predicted.code == 0, predicted.err


def test_the_table_and_the_plan_of_a_sweep(command: Any, tmp_path: Path) -> None:
    words = ("optimizer.lr=1e-2,5e-2", "seed=range(0,3)", "sweep.fuse=always")
    outcome = command(*TRAIN, *words, "hydra.sweep.dir=sweep")
    assert outcome.code == 0, outcome.err
    assert "6 jobs: optimizer.lr (2) x seed (3)" in outcome.out
    assert "6 jobs side by side" in outcome.out
    assert "6 completed" in outcome.out
    assert "results      sweep/results.csv\n" in outcome.out
    assert "TensorBoard  seedbed dashboard sweep\n" in outcome.out
    rows = table(tmp_path / "sweep")
    assert [row["number"] for row in rows] == [str(number) for number in range(6)]
    assert [row["folder"] for row in rows] == [str(number) for number in range(6)]
    assert [float(row["optimizer.lr"]) for row in rows] == [0.01] * 3 + [0.05] * 3
    assert [int(row["seed"]) for row in rows] == [0, 1, 2] * 2
    for row, path in zip(rows, swept(tmp_path), strict=True):
        fields = record(path)
        assert row["status"] == fields["status"] == "completed"
        for name, value in fields["metrics"].items():
            assert float(row[name]) == pytest.approx(value, rel=1e-12)
        best = fields["checkpoints"]["best"]
        assert row["best/epoch"] == str(best["epoch"])
        assert float(row["best/val/loss"]) == pytest.approx(best["metrics"]["val/loss"], rel=1e-12)
    plan = json.loads((tmp_path / "sweep/sweep.json").read_text())
    found = {key: list(map(float, values)) for key, values in plan["axes"].items()}
    assert found == {"optimizer.lr": [0.01, 0.05], "seed": [0, 1, 2]}
    assert plan["rounds"][0]["groups"] == [list(range(6))]
    assert [one["number"] for one in plan["rounds"][0]["jobs"]] == list(range(6))
    assert (tmp_path / "sweep/multirun.yaml").is_file()
    # The rate with the better mean over the seeds, and the seed in the middle.
    losses = {
        rate: {
            row["seed"]: float(row["best/val/loss"]) for row in rows if row["optimizer.lr"] == rate
        }
        for rate in ("0.01", "0.05")
    }
    best = min(losses, key=lambda rate: statistics.mean(losses[rate].values()))
    median = sorted(losses[best], key=losses[best].__getitem__)[1]
    [line] = [line for line in outcome.out.splitlines() if line.startswith("best alone")]
    assert line.endswith("  # median of 3 seeds")
    words = dict(word.split("=", 1) for word in line.split() if "=" in word)
    assert (float(words["optimizer.lr"]), words["seed"]) == (float(best), median)
    [line] = [line for line in outcome.out.splitlines() if line.startswith("all seeds")]
    assert "seedbed train -m " in line
    assert line.endswith(" seed=0,1,2")


@pytest.mark.parametrize("fuse", ["always", "never"])
def test_jobs_are_kept_and_ranked_by_the_epoch_that_is_asked_for(
    command: Any, tmp_path: Path, fuse: str
) -> None:
    # With this momentum the first job passes the minimum on its way and ends far from it.
    words = ("optimizer.lr=0.4,0.1", "optimizer.momentum=0.9,0.0", f"sweep.fuse={fuse}")
    words = (*words, "sweep.zip=[optimizer.lr,optimizer.momentum]")
    kept = {}
    for rank in ("best", "last"):
        keep = ("sweep.keep=best", "sweep.top=1", f"sweep.rank={rank}", f"hydra.sweep.dir={rank}")
        outcome = command(*TRAIN, *words, *keep)
        assert outcome.code == 0, outcome.err
        assert f"ranked by {rank} val/loss" in outcome.out
        kept[rank] = [row["optimizer.lr"] for row in table(tmp_path / rank) if row["folder"]]
        found = table(tmp_path / rank)
        column = {"best": "best/val/loss", "last": "val/loss"}[rank]
        best = min(found, key=lambda row: float(row[column]))
        assert kept[rank] == [best["optimizer.lr"]]
        assert f"optimizer.lr={best['optimizer.lr']}" in outcome.out
    assert kept["best"] != kept["last"]


def test_sweep_plan_writes_nothing(command: Any, tmp_path: Path) -> None:
    outcome = command(*TRAIN, "seed=range(0,5)", "optimizer.lr=1e-3,1e-2", "sweep.plan=true")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[0] == "sweep  10 jobs: seed (5) x optimizer.lr (2)"
    assert "10 jobs side by side (numbers 0 to 9)" in outcome.out
    assert files(tmp_path) == []


def test_a_plan_names_axes_without_signs_and_only_numbers_without_gaps(command: Any) -> None:
    words = ("seed=0,1", "optimizer=adam,lbfgs", "optimizer.lr=0.1", "sweep.plan=true")
    first, together, alone = command(*TRAIN, *words).out.splitlines()
    assert (first, together) == ("sweep  4 jobs: seed (2) x optimizer (2)", "  2 jobs side by side")
    assert alone.startswith("  2 jobs one after another: ")
    outcome = command(*TRAIN, "+initial_weights.parameters.bias=[0.0],[1.0]", "sweep.plan=true")
    assert outcome.out.startswith("sweep  2 jobs: initial_weights.parameters.bias (2)\n")


def test_the_curves_of_a_sweep_have_as_many_points_as_asked_for(
    command: Any, tmp_path: Path
) -> None:
    words = ("seed=0,1", "sweep.points=2", "sweep.fuse=always", "hydra.sweep.dir=sweep")
    command(*TRAIN, *words)
    points = [len(events(run).Scalars("train/loss")) for run in swept(tmp_path)]
    assert points == [2, 2]  # Of three epochs.


def test_the_best_job_of_a_sweep_has_the_most_where_that_is_the_aim(
    command: Any, tmp_path: Path
) -> None:
    words = ("optimizer.lr=0.02,0.01,0.05", "optimized_mode=max", "sweep.keep=best", "sweep.top=1")
    outcome = command(*TRAIN, *words, "hydra.sweep.dir=sweep")
    rows = table(tmp_path / "sweep")
    worst = max(rows, key=lambda row: float(row["best/val/loss"]))
    assert [row["number"] for row in rows if row["folder"]] == [worst["number"]]
    again = command("train", "-m", "sweep.resume=sweep")
    for text in (outcome.out, again.out):
        [line] = [one for one in text.splitlines() if one.startswith("best alone")]
        assert f" optimizer.lr={worst['optimizer.lr']} " in line


def test_a_job_that_is_refused_before_its_record_says_why_in_the_table(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*arguments: Any, **keywords: Any) -> None:
        raise ConfigError("of the test")

    monkeypatch.setattr(application, "check", refuses)
    outcome = command(*TRAIN, "seed=1,2", "sweep.fuse=never", "hydra.sweep.dir=sweep")
    assert outcome.code == 1
    assert "seedbed: job 0 failed: of the test\n" in outcome.err
    found = [(row["status"], row["error"]) for row in table(tmp_path / "sweep")]
    assert found == [("failed", "of the test")] * 2


def test_sweep_zip_pairs_axes(command: Any, tmp_path: Path) -> None:
    words = ("optimizer.lr=0.01,0.02", "seed=5,6", "sweep.zip=[optimizer.lr,seed]")
    outcome = command(*TRAIN, *words, "hydra.sweep.dir=sweep")
    assert outcome.code == 0, outcome.err
    found = [(row["optimizer.lr"], row["seed"]) for row in table(tmp_path / "sweep")]
    assert found == [("0.01", "5"), ("0.02", "6")]


def test_each_row_of_sweep_table_is_a_job(command: Any, tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_text("optimizer.lr,data.noise\n0.01,0\n0.02,1\n0.03,0.5\n")
    outcome = command(*TRAIN, "sweep.table=jobs.csv", "hydra.sweep.dir=sweep")
    assert outcome.code == 0, outcome.err
    found = [(row["optimizer.lr"], row["data.noise"]) for row in table(tmp_path / "sweep")]
    assert [tuple(map(float, one)) for one in found] == [(0.01, 0), (0.02, 1), (0.03, 0.5)]
    rates = [record(run)["hyperparameters"]["optimizer.lr"] for run in swept(tmp_path)]
    assert rates == [0.01, 0.02, 0.03]
    (tmp_path / "jobs.csv").write_text("sed\n1\n")
    assert "jobs.csv, column sed: no such key" in command(*TRAIN, "sweep.table=jobs.csv").err


def test_sweep_repeats_runs_each_job_with_the_seeds_from_its_own_on(
    command: Any, tmp_path: Path
) -> None:
    words = ("seed=7", "optimizer.lr=0.01,0.02", "sweep.repeats=2", "hydra.sweep.dir=sweep")
    assert command(*TRAIN, *words).code == 0
    assert [record(run)["seed"] for run in swept(tmp_path)] == [7, 8, 7, 8]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("optimizer.lr=1e-5,-1,1e-3", "seed=0,1"), "optimizer.lr"),
        (("optimizer=sgd,adm",), "adm"),
        (("nosuchkey=1,2",), "nosuchkey"),
        (("seed=0,1", "seed=5"), "seed: given twice, by seed=0,1 and by seed=5"),
        (("seed=1,x",), "seed"),
        (("model=linear,cnn",), "model=cnn"),
        (("optimizer.momentum=0.9,0", "optimizer.nesterov=true"), "nesterov"),
        (("data.val_size=5,0.5,100", "seed=0,1"), "val_size"),
        (("task.loss=huber", "task.huber_delta=1,2,-1"), "task.huber_delta"),
        (("+initial_weights.parameters.weight=[[1.0]],[[[1.0]]]",), "initial_weights"),
        (("optimizer=adam", "optimizer.betas=[0.9,0.99],[0.9]"), "betas"),
        (("sweep.fuse=always,never",), "sweep"),
        (("sweep.fuse=sometimes", "seed=0,1"), "sweep.fuse"),
        (("sweep.zip=[seed]", "optimizer.lr=1,2"), "sweep.zip"),
        (
            ("sweep.zip=[[seed]]", "seed=1,2"),
            "sweep.zip: ['seed'] is no axis. Did you mean 'seed'?",
        ),
        (("sweep.table=none.csv",), "none.csv"),
        (("seed=0,1", "sweep.repeats=2"), "overlap"),
        (("freeze.parameters=[bias],[nothing]", "seed=0,1"), "freeze.parameters"),
    ],
)
def test_a_wrong_job_stops_the_sweep_before_anything_is_written(
    refused: Any, words: tuple[str, ...], message: str
) -> None:
    fuse = () if any("sweep.fuse" in word for word in words) else ("sweep.fuse=always",)
    given = {word.partition("=")[0] for word in words}
    others = [word for word in TRAIN if word.partition("=")[0] not in given]
    assert message in refused(*others, *words, *fuse, function=None)


def test_a_sweep_with_a_job_that_diverges_fails_and_completes_the_others(
    command: Any, tmp_path: Path
) -> None:
    words = ("optimizer.lr=0.01,1e30,0.02", "sweep.fuse=always", "hydra.sweep.dir=sweep")
    outcome = command(*TRAIN, *words)
    assert outcome.code == 1, outcome
    statuses = [record(run)["status"] for run in swept(tmp_path)]
    assert statuses == ["completed", "diverged", "completed"]
    assert "the loss became" in record(tmp_path / "sweep/1")["error"]
    assert "2 completed, 1 diverged" in outcome.out
    rows = table(tmp_path / "sweep")
    assert [row["status"] for row in rows] == statuses
    assert math.isfinite(float(rows[2]["val/loss"]))


def test_a_sweep_of_jobs_that_train_alone_and_together(command: Any, tmp_path: Path) -> None:
    words = ("optimizer=lbfgs,adam", "optimizer.lr=0.1", "seed=0,1", "hydra.sweep.dir=sweep")
    outcome = command(*TRAIN, *words)
    assert outcome.code == 0, outcome.err
    assert "2 jobs side by side" in outcome.out
    assert "one after another: optimizer torch.optim.LBFGS" in outcome.out
    rows = table(tmp_path / "sweep")
    assert [row["number"] for row in rows] == ["0", "1", "2", "3"]
    assert {row["status"] for row in rows} == {"completed"}
    assert ["group" in record(run) for run in swept(tmp_path)] == [False, False, True, True]
    plan = json.loads((tmp_path / "sweep/sweep.json").read_text())
    assert plan["rounds"][0]["groups"] == [[2, 3]]


def test_models_of_different_kinds_are_groups_of_their_own(command: Any, tmp_path: Path) -> None:
    words = ("model=linear,mlp", "seed=0,1", "hydra.sweep.dir=sweep")
    outcome = command(*TRAIN, *words)
    assert outcome.code == 0, outcome.err
    plan = json.loads((tmp_path / "sweep/sweep.json").read_text())
    assert plan["rounds"][0]["groups"] == [[0, 1], [2, 3]]
    assert {record(run)["status"] for run in swept(tmp_path)} == {"completed"}
    assert [row["model"] for row in table(tmp_path / "sweep")] == ["linear", "linear", "mlp", "mlp"]


def test_a_job_that_diverges_alone_leaves_the_exit_code_of_the_sweep(command: Any) -> None:
    words = ("optimizer.lr=0.01,1e30", "sweep.fuse=never")
    assert command(*TRAIN, *words).code == 1


def test_a_sweep_does_not_write_over_an_older_one(command: Any, tmp_path: Path) -> None:
    words = (*TRAIN, "seed=0,1", "hydra.sweep.dir=sweep")
    assert command(*words).code == 0
    before = files(tmp_path)
    assert command(*words).code == 2
    assert files(tmp_path) == before


# A number that follows another.


def test_a_split_seed_that_interpolates_the_seed_differs_between_fused_jobs(
    command: Any, tmp_path: Path
) -> None:
    words = ("data.split_seed=${data.seed}", "seed=1,2", "hydra.sweep.dir=")
    for fuse in ("always", "never"):
        sweep = (*words[:2], words[2] + fuse, f"sweep.fuse={fuse}")
        assert command(*TRAIN, *sweep).code == 0
    for number in ("0", "1"):
        found, expected = (record(tmp_path / one / number) for one in ("always", "never"))
        assert_like(found["metrics"], expected["metrics"])


def test_an_interpolated_key_is_checked_in_every_job(refused) -> None:
    # The first job is right; only the second one's batch size is out of range.
    words = ("data.batch_size=${seed}", "seed=3,0", "trainer.max_epochs=1")
    assert refused("train", "-m", *words).startswith("seedbed: data.batch_size: 0 is out of range")


def test_an_optimizer_that_has_no_rule_trains_alone_beside_one_that_has(command) -> None:
    targets = "optimizer._target_=torch.optim.Adam,torch.optim.NAdam"
    outcome = command("train", "-m", "optimizer=adam", targets, "seed=0,1", "sweep.plan=true")
    assert "2 jobs side by side (numbers 0 to 1)" in outcome.out
    assert "2 jobs one after another: optimizer torch.optim.NAdam has no update rule" in outcome.out


def test_the_command_of_the_winner_has_its_flags_and_quotes(command) -> None:
    outcome = command(
        "train",
        "-m",
        "--config-name=train",
        "seed=0,1",
        "initial_weights.distribution=standard_normal",
        "+initial_weights.parameters.bias=[0.0,0.0]",
        "trainer.max_epochs=1",
        "sweep.points=5",
    )
    [line] = [one for one in outcome.out.splitlines() if one.startswith("best alone")]
    assert "seedbed train --config-name=train " in line
    assert "'+initial_weights.parameters.bias=[0.0,0.0]'" in line
    assert "sweep." not in line
    assert line in command("train", "-m", "sweep.resume=latest").out.splitlines()


def test_a_chunk_that_fails_leaves_the_results_of_the_other_chunks(
    command, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from seedbed.errors import DataError
    from seedbed.sweep.execution import worker

    train_chunk = worker.train_chunk

    def second_fails(config, numbers, *arguments):
        if numbers[0].seed == 1:
            raise DataError("of the test")
        return train_chunk(config, numbers, *arguments)

    monkeypatch.setattr(worker, "train_chunk", second_fails)
    outcome = command(
        "train",
        "-m",
        "seed=range(0,5)",
        "trainer.max_epochs=1",
        "logger=none",
        "sweep.chunk_size=2",
    )
    assert outcome.code == 1
    assert "seedbed: job 1 failed: of the test\n" in outcome.err
    [table] = tmp_path.glob("outputs/sweeps/*/*/results.csv")
    rows = [line.split(",") for line in table.read_text().splitlines()[1:]]
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "4"]
    assert [row[2] for row in rows] == ["completed", "failed", "failed", "completed", "completed"]
    failed = record(table.parent / "2")
    assert (failed["status"], failed["error"]) == ("failed", "of the test")


def test_a_job_alone_leaves_nothing_in_memory(
    command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainers: list[weakref.ref[Any]] = []
    alive = []

    def built(*arguments: Any) -> Any:
        alive.append(sum(one() is not None for one in trainers))
        experiment = build_experiment(*arguments)
        trainers.append(weakref.ref(experiment.trainer))
        return experiment

    build_experiment = train.build_experiment
    monkeypatch.setattr(train, "build_experiment", built)
    command(*TRAIN, "seed=1,2,3", "sweep.fuse=never")
    assert alive == [0, 0, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed,optimizer.lr\n1,1\n\nabc,1\n", "row 4: seed: 'abc' is not a whole number"),
        ("optimizer.lr,seed\n1,1\n-1,2\n1,3\n", "row 3: optimizer.lr: -1.0 is out of range"),
        ("model,model.hidden\nmlp,[4]\nmlp,[x]\n", "row 3: model.hidden[0]: 'x' is not a whole"),
        ("model\nmlp\nmlpp\n", "row 3: model=mlpp: no such option. Did you mean 'mlp'?"),
    ],
)
def test_a_value_of_a_table_that_does_not_fit_is_named_by_its_row(
    refused: Any, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "jobs.csv").write_text(text)
    said = refused(*TRAIN, "sweep.table=jobs.csv", "data.seed=1,2", function=None)
    assert f"sweep.table=jobs.csv, {message}" in said


def test_jobs_that_fail_alike_show_where_once(command: Any, tmp_path: Path) -> None:
    (tmp_path / "fails_alike.py").write_text(
        "from seedbed.models import Linear\n"
        "class Net(Linear):\n"
        "    def forward(self, inputs):\n"
        "        raise ValueError('of the test')\n"
    )
    sys.path.insert(0, str(tmp_path))
    try:
        outcome = command(*TRAIN, "model=linear", "model._target_=fails_alike.Net", "seed=1,2,3")
    finally:
        sys.path.remove(str(tmp_path))
    assert outcome.code == 1
    assert outcome.err.count("Traceback") == 1
    for number in range(3):
        assert f"job {number} failed: ValueError: of the test" in outcome.err
