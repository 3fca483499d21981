"""What a sweep shows while it runs."""

from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from seedbed.sweep.execution import display as module
from seedbed.sweep.execution.display import Display
from seedbed.sweep.execution.progress import Progress
from seedbed.sweep.results.table import Row


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that stands still until it is set."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def row(number: int, loss: float, status: str = "completed") -> Row:
    return Row(number, {}, status, str(number), {"val/loss": loss})


def test_a_line_every_few_seconds_says_all(clock: Any, capsys: pytest.CaptureFixture[str]) -> None:
    display = Display("val/loss", "min")
    display.open([])
    display.expect(1000)
    display.start(400)
    display.show([Progress(400, 0.1, "epoch 1/10", 0.5)])
    assert capsys.readouterr().err == ""
    clock.now += 10.0
    display.show([Progress(400, 0.5, "epoch 5/10", 0.25)])
    # Half of 400 jobs took 10 s, 800 like them are left.
    expected = "0 of 1,000 jobs  400 running, epoch 5/10  best val/loss 0.25  10 s, 40 s left\n"
    assert capsys.readouterr().err == expected
    clock.now += 10.0
    display.add([row(0, 0.125), row(1, 0.0625, "diverged"), row(2, float("nan"), "failed")])
    line = capsys.readouterr().err
    assert line.startswith("3 of 1,000 jobs  best val/loss 0.125  2 failed or diverged  20 s, ")


def test_how_long_writing_takes_is_not_told(clock: Any, capsys: Any) -> None:
    display = Display("val/loss", "min")
    display.open([])
    display.expect(400)
    display.start(400)
    display.show([Progress(400, 1.0, "epoch 10/10", 0.5)])
    clock.now += 10.0
    display.show([Progress(400, 1.0, "folder 30/400", 0.5)])
    expected = "0 of 400 jobs  400 running, folder 30/400  best val/loss 0.5  10 s\n"
    assert capsys.readouterr().err == expected


def test_jobs_that_were_done_before_do_not_count_for_the_time_left(
    clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    display = Display("val/accuracy", "max")
    display.open([row(0, 1.0), row(1, 1.0)])
    display.expect(4)
    clock.now += 6.0
    display.start(1)
    display.show([Progress(1, 0.5, "epoch 1/2")])
    assert capsys.readouterr().err == "2 of 4 jobs  epoch 1/2  6 s, 18 s left\n"


def test_the_best_of_a_metric_that_grows_is_the_largest(clock: Any, capsys: Any) -> None:
    display = Display("val/accuracy", "max")
    display.open([])
    display.expect(2)
    clock.now += 6.0
    rows = [Row(n, {}, "completed", "", {"val/accuracy": value}) for n, value in enumerate((1, 2))]
    display.add(rows)
    assert "best val/accuracy 2" in capsys.readouterr().err


def test_units_in_other_processes_are_counted_together(clock: Any, capsys: Any) -> None:
    display = Display("val/loss", "min")
    display.open([])
    display.expect(1000)
    clock.now += 10.0
    display.show([Progress(400, 0.5, "epoch 5/10", 0.5), Progress(100, 0.5, "epoch 1/2", 0.25)])
    expected = "0 of 1,000 jobs  500 running  best val/loss 0.25  10 s, 30 s left\n"
    assert capsys.readouterr().err == expected
    clock.now += 10.0
    display.show([Progress(100, 0.5, "epoch 1/2")])
    expected = "0 of 1,000 jobs  100 running, epoch 1/2  best val/loss 0.25  20 s, 380 s left\n"
    assert capsys.readouterr().err == expected


def test_a_unit_that_has_not_begun_to_train_is_shown_as_running(clock: Any, capsys: Any) -> None:
    display = Display("val/loss", "min")
    display.open([])
    display.expect(10)
    clock.now += 10.0
    display.show([Progress(4)])
    assert capsys.readouterr().err == "0 of 10 jobs  4 running  10 s\n"


@pytest.mark.parametrize(("width", "bar"), [(78, 0), (83, 0), (84, 6), (92, 14), (200, 24)])
def test_a_line_fits_the_terminal(clock: Any, width: int, bar: int) -> None:
    display = Display("val/loss", "min")
    display.open([])
    display.expect(1000)
    display.start(400)
    display.show([Progress(400, 0.5, "epoch 5/10", 0.25)])
    clock.now += 10.0
    file = StringIO()
    Console(width=width, file=file).print(display._bar(width))
    jobs, words = "0 of 1,000 jobs", "400 running, epoch 5/10  best val/loss 0.25  10 s, 40 s left"
    line = " ".join(file.getvalue().rstrip("\n").split("\n"))
    assert line.startswith(jobs)
    assert line.rstrip().endswith(words)
    assert len(line.rstrip()) == len(jobs) + bar + 2 + len(words)
    assert (bar > 0) == ("━" in line)


def test_a_search_counts_its_trials_and_says_how_many_were_stopped(
    clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    display = Display("val/loss", "min")
    display.open([])
    display.expect_generation(2, 20, trials=1000, lanes=5)
    display.start(250)
    clock.now += 10.0
    display.show([Progress(250, 0.5, "epoch 5/10", 0.25, stopped=100)])
    expected = (
        "generation 2 of 20  0 of 1,000 trials  150 running, epoch 5/10  best val/loss 0.25  "
        "20 stopped early  10 s, 390 s left\n"
    )
    assert capsys.readouterr().err == expected
    clock.now += 10.0
    display.add([row(number, 0.125, "stopped_early") for number in range(10)])
    line = capsys.readouterr().err
    assert line.startswith("generation 2 of 20  2 of 1,000 trials  best val/loss 0.125  2 stopped")
    assert "failed" not in line


def test_the_best_of_trials_of_several_jobs_is_that_of_means_of_whole_ones(
    clock: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    display = Display("val/loss", "min", 2)
    display.open([row(0, 3.0)])
    display.expect_generation(1, None, trials=4, lanes=2)
    clock.now += 10.0
    display.show([Progress(2, 0.5, "epoch 5/10", 0.001)])
    assert "best" not in capsys.readouterr().err
    for rows, best in (
        ([row(1, 1.0), row(2, 0.0)], "2"),
        ([row(3, 1.0), row(4, 0.0), row(5, 0.0, "diverged")], "0.5"),
    ):
        clock.now += 10.0
        display.add(rows)
        assert f"best val/loss {best}  " in capsys.readouterr().err
