"""The script that kills sweeps: what it compares, and a few kills."""

from pathlib import Path

import pytest
import torch

from scripts import kills


@pytest.mark.slow
def test_a_sweep_that_is_killed_comes_to_the_end_of_one_left_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert kills.main(["--count", "2", "--only", "fused"]) == 0
    assert capsys.readouterr().out.endswith("2 kills, 0 wrong\n")


def test_what_differs_is_found(tmp_path: Path) -> None:
    for name, loss, weight in (("one", 1.0, 2.0), ("same", 1.0, 2.0), ("other", 1.5, 2.5)):
        job = tmp_path / name / "0"
        job.mkdir(parents=True)
        (job.parent / "results.csv").write_text(f"number,train/loss,seconds\n0,{loss},{weight}\n")
        (job / "run.json").write_text(f'{{"status": "completed", "started": "{name}"}}')
        torch.save({"state_dict": {"bias": torch.tensor(weight)}}, job / "last.ckpt")
    (tmp_path / "other" / "0" / ".run.json.0123456789abcdef.tmp").touch()
    one, same, other = (kills.content(tmp_path / name) for name in ("one", "same", "other"))
    assert not list(kills.differences(one, same))
    assert list(kills.differences(one, other)) == [
        "0/.run.json.0123456789abcdef.tmp should not be there",
        "0/last.ckpt differs",
        "results.csv differs",
    ]
    del other["0/run.json"]
    assert "0/run.json is missing" in kills.differences(one, other)
