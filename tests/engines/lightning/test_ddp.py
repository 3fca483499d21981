"""Two processes on the CPU train as one does."""

import json
from pathlib import Path

import pytest
import torch
from tests.command_line import only_run, seedbed

CASES = {
    "full batches": ("data.batch_size=null",),
    # 15 rows in batches of 5: one process gets 3 rows of a batch, the other 2.
    "uneven shares": ("data.batch_size=5", "data.val_size=3"),
    # 15 rows in batches of 7: the last batch is one row, and one process gets none.
    "an empty share": ("data.batch_size=7",),
}


@pytest.mark.slow
@pytest.mark.parametrize("overrides", CASES.values(), ids=CASES.keys())
def test_two_processes_give_the_loss_and_weights_of_one(
    tmp_path: Path, overrides: tuple[str, ...]
) -> None:
    found = {}
    for trainer in ("ddp", "cpu"):
        folder = tmp_path / trainer
        folder.mkdir()
        done = seedbed(folder, "train", f"trainer={trainer}", "trainer.max_epochs=20", *overrides)
        assert done.returncode == 0, done.stderr
        run = only_run(folder)
        record = json.loads((run / "run.json").read_text())
        assert record["status"] == "completed"
        weights = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        found[trainer] = record["metrics"], weights
        # The second process leaves nothing of its own.
        assert len(list(run.glob("events.*"))) == 1
        assert not list(run.glob("*.log"))
    assert found["ddp"][0] == pytest.approx(found["cpu"][0], rel=1e-5)
    for name, value in found["cpu"][1].items():
        torch.testing.assert_close(found["ddp"][1][name], value, rtol=1e-5, atol=1e-6)
