"""Runs that are killed in a step and taken up, again and again, end as if left alone."""

from pathlib import Path

import pytest
import torch
from scripts.kill_cases.grid import CASES, SWA
from scripts.kill_cases.in_process import (
    Killed,
    begun,
    differences,
    end_workers,
    kill_in_step,
    killed_again_and_again,
    left,
    trained,
)

# These start worker processes, which takes long; two of them are tested here.
WITH_WORKERS = [name for name in CASES if "workers" in name]
# scripts/kills.py goes through these as well, and kills in every step of all.
MORE = ("adagrad", "adamw", "rmsprop", "own optimizer", "cosine", "step", "warmup", "clipping",
        "early stopping of training", "steps alone", "half precision", "own dataset",
        "own module, accumulation", "compared gradients")  # fmt: skip
# Killed within every step; the others within every fourth, twice or more in one epoch or another.
EVERY_STEP = ("draws of the network", "own module by hand", "own stream")


@pytest.mark.parametrize("name", [name for name in CASES if name not in (*WITH_WORKERS, *MORE)])
def test_a_run_that_is_killed_again_and_again_ends_as_if_left_alone(
    tmp_path: Path, name: str
) -> None:
    words = CASES[name]
    whole = left(trained(begun(tmp_path / "whole", words)))

    end, kills = killed_again_and_again(tmp_path / "cut", words, 2 if name in EVERY_STEP else 4)

    assert kills >= 2
    assert list(differences(whole, left(end))) == []


def test_batches_that_workers_read_are_those_of_an_undisturbed_run(tmp_path: Path) -> None:
    for name in ("own dataset, two workers", "own stream, two workers"):
        alone = CASES[name]
        # Nor do they depend on the number of workers, but in a stream that workers share.
        if "stream" not in name:
            alone = tuple(word.replace("num_workers=2", "num_workers=0") for word in alone)
        whole = left(trained(begun(tmp_path / name / "whole", alone)))
        end, kills = killed_again_and_again(tmp_path / name / "cut", CASES[name], 5)
        assert kills >= 1
        assert list(differences(whole, left(end))) == []
        end_workers()


@pytest.mark.parametrize("step", [2, 8, 19])
def test_averages_with_batch_norm_end_with_the_same_weights(tmp_path: Path, step: int) -> None:
    # In the pass that only measures for batch norm nothing is written: it begins again.
    words = (*CASES["draws of the network"], *SWA, "trainer.max_epochs=6")
    whole = left(trained(begun(tmp_path / "whole", words)))
    first = begun(tmp_path / "cut", words)
    kill_in_step(first, step)
    with pytest.raises(Killed):
        trained(first)

    end = left(trained(begun(tmp_path / "cut", words, resume=True)))

    assert list(differences(whole["weights"], end["weights"])) == []
    assert list(differences(whole["metrics"], end["metrics"])) == []


@pytest.mark.parametrize("seed", [0, 42])
def test_other_seeds_end_otherwise(tmp_path: Path, seed: int) -> None:
    words = (*CASES["dropout"], f"seed={seed}")
    one = left(trained(begun(tmp_path / "one", words)))
    other = left(trained(begun(tmp_path / "other", (*words, "seed=7"))))
    assert any("weights" in line for line in differences(one, other))


def test_a_run_that_was_killed_after_its_last_write_ends_without_a_step(tmp_path: Path) -> None:
    words = CASES["moving average"]
    whole = trained(begun(tmp_path, words))
    again = begun(tmp_path, words, resume=True)
    kill_in_step(again, 1)

    trained(again)

    assert list(differences(left(whole), left(again))) == []


def test_what_a_write_reads_changes_nothing(tmp_path: Path) -> None:
    # A run that writes after every step, and one that writes at its end alone.
    words = CASES["torchmetrics"]
    often = trained(begun(tmp_path / "often", words))
    seldom = begun(tmp_path / "seldom", words)
    seldom.checkpoint._due_at = float("inf")
    assert list(differences(left(often), left(trained(seldom)))) == []


def test_the_last_checkpoint_of_the_grid_is_of_tensors_and_plain_values(tmp_path: Path) -> None:
    end = trained(begun(tmp_path, CASES["own module by hand"]))
    content = torch.load(end.folder.checkpoint("last"), weights_only=True)
    (process,) = content["processes"]
    assert set(process["random"]) == {"torch", "python", "numpy"}
    assert process["gradients"]  # Of two batches that were added up by hand.
