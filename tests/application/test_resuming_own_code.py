"""`seedbed train resume=` of runs that were trained with modules of the user's own."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.application.test_resuming import TRAIN, contents
from tests.conftest import Outcome

from seedbed.runs.folder import RunFolder
from seedbed.runs.record import read_record

NETS = """
import torch

class Wide(torch.nn.Linear):
    def __init__(self, input_shape, output_size, **more) -> None:
        super().__init__(input_shape[0], output_size)

    def forward(self, x):
        return super().forward(x) * 1
"""
WATCH = """
import pytorch_lightning as pl

class Watch(pl.Callback):
    pass
"""
LINE = """
import pytorch_lightning as pl
import torch

class Line(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = torch.nn.Linear(3, 1)

    def training_step(self, batch, number):
        loss = ((self.net(batch[0]) - batch[1]) ** 2).mean()
        self.log("train/loss", loss)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=1e-9)
"""
NAMES = ("resumed_nets", "resumed_watch", "resumed_line")
CODE = (
    "optimizer=adam",
    "model=linear",
    "model._target_=resumed_nets.Wide",
    "+callbacks.watch._target_=resumed_watch.Watch",
)
TRUST = "trust=[resumed_nets,resumed_watch]"
LONGER = ("train", "resume=a", "trainer.max_epochs=3", TRUST)


def forget() -> None:
    """Let the modules be imported again, as another process would."""
    for name in NAMES:
        sys.modules.pop(name, None)


def edit(path: Path, text: str) -> None:
    path.write_text(text)
    forget()


@pytest.fixture
def train(command: Callable[..., Outcome], tmp_path: Path) -> Iterator[Callable[..., Outcome]]:
    """Return a function that begins the run `a` with modules beside it."""
    for name, text in zip(NAMES, (NETS, WATCH, LINE), strict=True):
        (tmp_path / f"{name}.py").write_text(text)
    forget()
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True

    def begin(*words: str) -> Outcome:
        given = [word for word in TRAIN if word not in ("optimizer=adam", "data.val_size=2")]
        outcome = command(*given, *words, "trainer.max_epochs=2", "hydra.run.dir=a")
        assert outcome.code == 0, outcome.err
        forget()
        return outcome

    yield begin
    sys.dont_write_bytecode = kept
    forget()


def test_a_network_that_was_edited_is_refused_and_a_callback_is_not(
    train: Callable[..., Outcome],
    command: Callable[..., Outcome],
    refused: Callable[..., str],
    tmp_path: Path,
) -> None:
    train(*CODE)
    before = contents(tmp_path / "a")
    edit(tmp_path / "resumed_nets.py", NETS.replace("* 1", "* 2"))

    said = refused(*LONGER, function=None).splitlines()

    assert said[0] == (
        "seedbed: resume=a: resumed_nets: is not the source that the run was trained with; "
        "its copy is a/provenance/sources/resumed_nets.py"
    )
    assert "put it back, or begin another run from its weights: initial_weights.run=a" in said[1]
    assert contents(tmp_path / "a") == before

    edit(tmp_path / "resumed_nets.py", NETS)
    edit(tmp_path / "resumed_watch.py", WATCH + "# Another.\n")
    told = command(*LONGER)
    assert told.code == 0, told.err
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in (WATCH, WATCH + "# Another.\n")]
    letters = [digest[:8] for digest in hashes]
    assert f"changed      sources.resumed_watch: {letters[0]} -> {letters[1]}" in told.out
    (entry,) = read_record(tmp_path / "a/run.json")["resumed"]
    assert entry["changed"]["sources.resumed_watch"] == hashes
    kept = tmp_path / "a/provenance"
    assert (kept / "sources/resumed_watch.py").read_text() == WATCH
    assert (kept / f"sources-{letters[1]}/resumed_watch.py").read_text().endswith("Another.\n")


def test_what_does_nothing_with_a_lightning_module_is_refused(
    train: Callable[..., Outcome], refused: Callable[..., str], tmp_path: Path
) -> None:
    train("module._target_=resumed_line.Line")
    before = contents(tmp_path / "a")
    for word in ("optimizer.lr=0.1", "scheduler=cosine"):
        said = refused("train", "resume=a", word, "trust=[resumed_line]", function=None)
        assert f"{word}: does nothing with module._target_=resumed_line.Line" in said, word
    said = refused("train", "resume=a", "seed=3", "trust=[resumed_line]", function=None)
    assert "What may change: trainer.max_epochs and the other lengths, callbacks" in said
    said = refused("train", "resume=a", "trust=resumed_line", function=None)
    assert "trust=resumed_line: must be a list of modules: trust=[resumed_line]" in said
    assert contents(tmp_path / "a") == before


def test_a_damaged_last_checkpoint_is_named_with_what_to_do(
    train: Callable[..., Outcome], refused: Callable[..., str], tmp_path: Path
) -> None:
    train()
    folder = RunFolder(tmp_path / "a")
    record = folder.record.read_text()
    folder.record.write_text(record.replace('"completed"', '"interrupted"'))
    last, best = folder.checkpoint("last"), folder.checkpoint("best")
    resume, repeat = ("train", "resume=a"), ("repeat", "run=a")
    last.write_bytes(last.read_bytes()[:2000])
    for words in (resume, repeat):
        said = refused(*words, function=None)
        assert "a/checkpoints/last.ckpt: cannot be read" in said
        assert str(tmp_path) not in said
        assert "its best.ckpt is whole: initial_weights.run=a begins another run from it" in said
    last.write_bytes(b"")
    best.write_bytes(b"")
    for words in (resume, repeat):
        said = refused(*words, function=None)
        assert said.splitlines()[-1] == "the command in its run.json begins it anew"
    last.unlink()
    for words in (resume, repeat):
        said = refused(*words, function=None)
        assert "its command, to begin anew, is in its run.json" in said
