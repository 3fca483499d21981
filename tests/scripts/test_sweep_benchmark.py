"""The benchmark of sweeps: its figures follow from what it measured, its loops train."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from scripts.sweep_benchmark import (
    FOLDERS,
    GIB,
    MEANING,
    PLAIN,
    QUICK,
    Alone,
    Bench,
    Clock,
    Finished,
    HandLoop,
    Inside,
    Row,
    Start,
    at_least,
    at_most,
    decision,
    draw_curve,
    grid,
    large,
    rate_rows,
    shown,
    side_by_side,
    table_text,
)
from tests.command_line import environment
from torch import nn
from torchmetrics.functional import mean_absolute_error, mean_squared_error, r2_score

from scripts import sweep_benchmark

ROOT = Path(__file__).parents[2]


def cells(text: str) -> dict[str, list[str]]:
    """Return the lines of a table: figure -> measured, asked, verdict."""
    lines = [re.split(r" {2,}", line.strip()) for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines}


def number(cell: str) -> float:
    return float(re.sub(r"[^\d.e-].*|,", "", cell.replace(",", "")))


# ---- The commands --------------------------------------------------------------------------------


def test_the_figures_of_a_small_run_fit_each_other(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "scripts/sweep_benchmark.py", "--quick", "--only", "sweep,phases"],
        cwd=ROOT,
        env={**environment(), "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("sweep_benchmark-*")) == []
    quick, table = done.stdout.split("\n", 1)
    assert quick.startswith("quick:")
    rows = cells(table)

    fused = number(rows["20 crop_yield jobs side by side: command to last file"][0])
    two, one = map(number, rows["one after another: 2 of these jobs / 1 of them"][0].split(" / "))
    further = number(rows["each further job: the difference / 1"][0])
    assert further == pytest.approx(two - one, abs=0.011)
    ratio = number(rows["20 further jobs / side by side with its start-up"][0])
    assert ratio == pytest.approx(20 * further / fused, rel=0.02, abs=0.01)
    assert rows["last losses of the same jobs differ by"][1:] == ["at most 1e-4", "ok"]
    assert 0.1 < number(rows["its peak memory"][0]) < 2

    whole = number(rows["phases of a command of 20 jobs"][0])
    phases = [number(rows[f"{phase}: {meaning}"][0]) for phase, meaning in MEANING.items()]
    end = number(rows["the process's end"][0])
    # Each phase was seen, and importing torch takes the most of so small a sweep.
    assert min(phases) > 0
    assert max(phases) == phases[0]
    assert 0 < number(rows[PLAIN.strip()][0]) < number(rows[FOLDERS.strip()][0]) < phases[-1]
    assert 0 <= end < whole / 2
    assert sum(phases) + end == pytest.approx(whole, rel=0.01)

    for figure, (measured, *rest) in rows.items():
        asked = re.fullmatch(r"at (most|least) ([\d.e-]+)( \w+)?", rest[0]) if rest else None
        if asked is not None:
            above = number(measured) > float(asked[2])
            assert rest[1] == ("ok" if above == (asked[1] == "least") else "missed"), figure


def test_a_command_that_fails_ends_the_benchmark(tmp_path: Path) -> None:
    program = (sys.executable, "-c", "import sys; print('no such key'); sys.exit(2)")
    with pytest.raises(SystemExit, match=r"exit code 2 of seedbed train -m rate=1\nno such key"):
        sweep_benchmark.run_sweep(tmp_path, ["rate=1"], program)


def test_the_peak_memory_is_that_of_the_command(tmp_path: Path) -> None:
    # From a process of its own: what starts a command must be small itself, unlike this one.
    measure = (
        "import sys; from pathlib import Path; from scripts.sweep_benchmark import run_command\n"
        f"output = Path({str(tmp_path / 'output')!r})\n"
        "for size in (50_000_000, 100_000_000):\n"
        "    print(run_command([sys.executable, '-c', f\"b'x' * {size}\"], output)[2])"
    )
    done = subprocess.run(
        [sys.executable, "-c", measure], cwd=ROOT, capture_output=True, text=True, check=True
    )
    small, large_one = map(int, done.stdout.split())
    assert large_one - small == pytest.approx(50_000_000, rel=0.05)


def test_plain_files_are_those_of_run_folders(tmp_path: Path) -> None:
    files = {"run.json": 3000, ".hydra/config.yaml": 7, "checkpoints/last.ckpt": 40}
    sweep_benchmark.write_plain(tmp_path, files, 2)
    for number in "01":
        folder = tmp_path / "plain" / f"{number}.written"
        found = [path for path in folder.rglob("*") if path.is_file()]
        assert {str(one.relative_to(folder)): one.stat().st_size for one in found} == files


def test_a_part_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setattr(sys, "argv", ["sweep_benchmark", "--only", "sweep,rates"])
    with pytest.raises(SystemExit):
        sweep_benchmark.parse()
    assert "no part 'rates'; parts: sweep, phases" in capsys.readouterr().err


class Commands:
    """Stands for `run_sweep`: commands whose times are given and whose losses are equal."""

    def __init__(self, start: float, alone: float, fused: float, *, fuses: bool = True) -> None:
        self.start, self.alone, self.fused = start, alone, fused
        self.fuses = fuses
        self.words: list[list[str]] = []

    def __call__(self, folder: Path, words: list[str], program: object = None) -> Finished:
        self.words.append(words)
        rates = next(word for word in words if word.startswith("optimizer.lr="))
        seeds = next(word for word in words if word.startswith("seed="))
        stop = int(seeds.rpartition(",")[2].rstrip(")")) if "range" in seeds else 1
        jobs = [
            {"optimizer.lr": rate, "seed": str(seed), "train/loss": "2.0"}
            for rate in rates.partition("=")[2].split(",")
            for seed in range(stop)
        ]
        never = "sweep.fuse=never" in words
        seconds = self.start + len(jobs) * (self.alone if never else self.fused)
        plan = "side by side (numbers 0 to 19)" if self.fuses else "one after another: a reason"
        output = f"sweep  {len(jobs)} jobs: optimizer.lr (2)\n  {len(jobs)} jobs {plan}\n"
        return Finished(seconds, 3 * GIB, output, jobs, 0 if never else len(jobs), {})


def test_one_after_another_is_taken_from_the_difference_of_two_commands() -> None:
    alone = Alone(5, one=[4.0, 5.0, 3.9], several=[8.0, 8.1, 7.0])
    assert alone.per_job == 1.0
    assert alone.command(1000) == 4.0 + 999.0


def test_only_the_jobs_side_by_side_are_charged_with_the_start_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = Commands(start=4.0, alone=1.0, fused=0.05)
    monkeypatch.setattr(sweep_benchmark, "run_sweep", commands)
    rows = cells(table_text(side_by_side(Bench(QUICK, tmp_path))))
    assert rows["20 further jobs / side by side with its start-up"] == [
        shown(20 * 1.0 / (4.0 + 20 * 0.05), "times"),
        "at least 50 times",
        "missed",
    ]
    assert rows["20 / 2 times the command of 2 jobs / the same"] == [
        shown(10 * (4.0 + 2 * 1.0) / (4.0 + 20 * 0.05), "times")
    ]


def test_the_largest_sweep_is_compared_by_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = Commands(start=4.0, alone=1.0, fused=0.05)
    monkeypatch.setattr(sweep_benchmark, "run_sweep", commands)
    sizes = sweep_benchmark.replace(QUICK, large=400)
    rows = cells(table_text(large(Bench(sizes, tmp_path))))
    assert commands.words[0][-1] == "sweep.keep=record"
    assert rows["its peak memory"] == ["3.00 GiB", "at most 2 GiB", "missed"]
    assert rows["time per job"] == ["60.0 ms"]
    assert rows["time per job / that of 20 jobs"] == [shown(0.06 / 0.25, "times")]


@pytest.mark.parametrize(
    ("fuses", "slower", "measured", "ok"),
    [(True, 1.06, "1.060", False), (True, 0.2, "0.200", True), (False, 0.2, "the same: ", True)],
)
def test_auto_is_judged_by_what_it_does(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fuses: bool,
    slower: float,
    measured: str,
    ok: bool,
) -> None:
    monkeypatch.setattr(sweep_benchmark, "run_sweep", Commands(4.0, 1.0, 0.05, fuses=fuses))
    row = decision(Bench(QUICK, tmp_path), grid(20, 5), slower)
    assert row.measured.startswith(measured)
    assert ("20 jobs side by side)" in row.figure) is fuses
    assert row.ok is ok


# ---- Clock, table, figure ------------------------------------------------------------------------


def test_time_belongs_to_the_innermost_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [10.0]
    monkeypatch.setattr(sweep_benchmark.time, "perf_counter", lambda: now[0])

    def take(seconds: float) -> None:
        now[0] += seconds

    def outer() -> None:
        take(2.0)
        inner()
        inner()
        take(4.0)

    clock = Clock("import", started=9.0)
    inner = clock.clocked(lambda: take(8.0), "train")
    clock.clocked(outer, "write")()
    take(32.0)
    clock.tell()
    assert clock.seconds == {"import": 1.0 + 32.0, "write": 6.0, "train": 16.0}


def test_a_limit_itself_is_ok() -> None:
    assert at_most("a", 15.0, 15, "s").ok
    assert not at_most("a", 15.1, 15, "s").ok
    assert at_least("a", 50.0, 50, "times").ok
    assert not at_least("a", 49.9, 50, "times").ok


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12345.6, "12,346 s"),
        (12.345, "12.3 s"),
        (1.2345, "1.23 s"),
        (0.5, "0.500 s"),
        (0.0123, "0.0123 s"),
    ],
)
def test_values_are_shown_with_three_digits(value: float, text: str) -> None:
    assert shown(value, "s") == text


def test_the_table_is_aligned() -> None:
    rows = [Row("a long figure", "1 s", "at most 2 s", True), Row("b", "10 s")]
    assert table_text(rows).splitlines() == [
        "figure         measured  asked",
        "a long figure  1 s       at most 2 s  ok",
        "b              10 s",
    ]


def test_the_curve_is_drawn_below_the_line_of_one_after_another(tmp_path: Path) -> None:
    file = tmp_path / "curve.png"
    draw_curve([(10, 5.0), (100, 6.0), (1000, 12.0)], 0.9, "some jobs", file)
    with Image.open(file) as image:
        pixels = torch.from_numpy(np.array(image.convert("RGB")))
    dark, orange = torch.tensor([11, 60, 111]), torch.tensor([217, 98, 43])
    # Above the legend.
    rows = int(0.8 * len(pixels))
    curve = (pixels[:rows] == dark).all(dim=2).nonzero()[:, 0]
    line = (pixels[:rows] == orange).all(dim=2).nonzero()[:, 0]
    assert len(curve) > 100
    assert len(line) > 100
    assert curve.min() > line.max()


# ---- Loops by hand -------------------------------------------------------------------------------


def a_start(jobs: int = 4, batch_size: int = 15) -> Start:
    """Return linear models of three inputs and two targets, on 15 rows."""
    torch.manual_seed(0)
    return Start(
        inputs=torch.randn(15, 3),
        targets=torch.randn(15, 2) + 3.0,
        weights=torch.randn(jobs, 3, 2),
        biases=torch.randn(jobs, 1, 2),
        rates=torch.linspace(0.01, 0.1, jobs).view(-1, 1, 1),
        batch_size=batch_size,
    )


def loss_by_torch(start: Start, job: int, epochs: int) -> float:
    """Return the loss of a job in its last epoch, trained by torch alone on all rows at once."""
    net = nn.Linear(3, 2)
    net.weight.data, net.bias.data = start.weights[job].T.clone(), start.biases[job, 0].clone()
    optimizer = torch.optim.SGD(net.parameters(), lr=float(start.rates[job]))
    loss = torch.zeros(())
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(start.inputs), start.targets)
        loss.backward()
        optimizer.step()
    return loss.item()


@pytest.mark.parametrize("formula", [False, True], ids=["autograd", "formula"])
def test_a_loop_by_hand_trains_as_torch_does(formula: bool) -> None:
    start = a_start()
    found = HandLoop(start, epochs=20, formula=formula).train()
    assert found == pytest.approx([loss_by_torch(start, job, 20) for job in range(4)], rel=1e-4)


def test_loops_by_hand_agree_on_small_batches() -> None:
    start, losses = a_start(batch_size=4), []
    for options in ({}, {"formula": True}, {"metrics": True}):
        torch.manual_seed(1)  # Their orders of the rows are torch's own.
        losses.append(HandLoop(start, epochs=5, **options).train())
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert losses[2] == losses[0]


def test_a_loop_by_hand_takes_the_metrics_of_torchmetrics() -> None:
    start = a_start()
    output = torch.baddbmm(start.biases, start.inputs.expand(4, 15, 3), start.weights).double()
    found = HandLoop(start, epochs=1, metrics=True)._measure(output - start.targets)
    for job in range(4):
        target = start.targets.double()
        expected = (
            mean_squared_error(output[job], target, squared=False, num_outputs=1),
            mean_absolute_error(output[job], target),
            r2_score(output[job], target),
        )
        assert [values[job] for values in found] == pytest.approx(list(map(float, expected)))


def test_engine_and_loop_by_hand_begin_alike_and_reach_the_same() -> None:
    inside = Inside.of([*grid(20, 40), "task.metrics=[]", "data.batch_size=15"])
    by_engine = inside.train(inside.group())
    by_hand = HandLoop(inside.start(), epochs=40).train()
    assert by_hand == pytest.approx(by_engine, rel=1e-4)


def test_rates_are_those_of_rounds_measured_in_turn() -> None:
    seconds = {
        "engine with metrics": [2.0, 4.0, 2.0],
        "first epoch with metrics": [0.5, 1.0, 0.4],
        "loop with metrics": [1.5, 2.0, 1.6],
        "engine": [1.0, 1.0, 1.0],
        "first epoch": [0.2, 0.2, 0.2],
        "loop": [0.6, 0.5, 0.7],
        "formula": [0.25, 0.25, 0.25],
    }
    rows = rate_rows(1000, seconds)
    assert [row.measured for row in rows] == [
        "500",
        "0.75 (1.00 after epoch 1)",
        "0.60 (0.75 after epoch 1)",
        "0.25 (0.31 after epoch 1)",
    ]
    # The first epoch counts.
    assert [row.ok for row in rows] == [None, True, False, None]


def test_the_engine_and_all_loops_are_measured(tmp_path: Path) -> None:
    rate, *rows = sweep_benchmark.rate(Bench(QUICK, tmp_path))
    assert float(rate.measured.replace(",", "")) > 0
    for row in rows:
        assert re.fullmatch(r"\d+\.\d\d \(-?\d+\.\d\d after epoch 1\)", row.measured), row


def test_all_configs_of_a_sweep_are_derived_and_hydra_alone_is_asked_for_some(
    tmp_path: Path,
) -> None:
    first, second, third = sweep_benchmark.configs(Bench(QUICK, tmp_path))
    assert first.ok
    assert number(third.measured) == pytest.approx(
        number(second.measured) / number(first.measured), rel=0.02
    )
    assert number(third.measured) > 1
