"""What a run costs: Seedbed beside raw PyTorch and beside Lightning with its defaults.

    python scripts/benchmark.py [crop_yield] [fashion_mnist] [augmented] [start]

Every figure is a ratio of two things measured in turn, in one process where that is possible; the
table shows the median of several rounds, with the smallest and the largest.
"""

import contextlib
import io
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig
from PIL import Image, ImageEnhance
from torch import nn

from seedbed.config.groups import config_folder
from seedbed.config.resolvers import register_resolvers
from seedbed.config.schema import register_schema
from seedbed.config.spec import run_spec
from seedbed.data.table import Table
from seedbed.engines.lightning.quiet import quiet_lightning
from seedbed.errors import DataError
from seedbed.experiment.inferred_facts import register_inferred
from seedbed.experiment.run import fit, run
from seedbed.experiment.training.experiment import Experiment, build_experiment
from seedbed.experiment.writer import RunWriter
from seedbed.runs.folder import RunFolder
from seedbed.runs.record import Record

Row = tuple[str, str, str]


def composed(*overrides: str) -> DictConfig:
    """Return the config of `seedbed train` with overrides."""
    register_resolvers()
    register_inferred()
    register_schema()
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return compose("train", overrides=list(overrides))


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes, with its output thrown away."""
    silence = io.StringIO()
    started = time.perf_counter()
    with contextlib.redirect_stdout(silence), contextlib.redirect_stderr(silence):
        work()
    return time.perf_counter() - started


def ratios(ours: list[float], theirs: list[float]) -> str:
    """Return median, smallest and largest ratio of what was measured in turn."""
    each = [a / b for a, b in zip(ours, theirs, strict=True)]
    return f"{statistics.median(each):.2f} ({min(each):.2f} to {max(each):.2f})"


def crop_yield(rounds: int = 7) -> list[Row]:
    """500 epochs of 3 batches of the 15 rows: the whole run, logging on, beside a raw loop."""
    config = composed()

    def raw(experiment: Experiment) -> float:
        experiment.data.setup("fit")
        table = experiment.data.table("train")
        net, mse = nn.Linear(3, 2), nn.MSELoss()
        optimizer = torch.optim.SGD(net.parameters(), lr=config.optimizer.lr)

        def loop() -> None:
            for _ in range(config.trainer.max_epochs):
                order = torch.randperm(len(table.inputs))
                for rows in order.split(config.data.batch_size):
                    optimizer.zero_grad()
                    mse(net(table.inputs[rows]), table.targets[rows]).backward()
                    optimizer.step()

        return seconds(loop)

    def whole_run(folder: str) -> None:
        experiment = build_experiment(run_spec(config), RunFolder(folder))
        record = Record(experiment.folder.record, {"hyperparameters": {}, "command": ""})
        run(experiment, RunWriter(record, experiment.loggers, "train/loss"))

    raw_times, training, whole = [], [], []
    for _ in range(rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            experiment = build_experiment(run_spec(config), RunFolder(folder))
            raw_times.append(raw(experiment))
            training.append(seconds(lambda: fit(experiment)))  # noqa: B023
        with tempfile.TemporaryDirectory() as folder:
            whole.append(seconds(lambda: whole_run(folder)))
    raw_times, training, whole = raw_times[1:], training[1:], whole[1:]  # the first one warms up
    shown = f"{statistics.median(whole):.2f} s against {statistics.median(raw_times):.2f} s"
    return [
        ("crop_yield, 500 epochs: training / raw loop", ratios(training, raw_times), "at most 3"),
        (f"  whole run with its folder ({shown})", ratios(whole, raw_times), "at most 3"),
    ]


class _Images(torch.utils.data.Dataset):
    """What a per-sample DataLoader is given: the steps of torchvision's dataset with ToTensor."""

    def __init__(self, inputs: torch.Tensor, targets: torch.Tensor) -> None:
        self.inputs, self.targets = inputs, targets

    def __len__(self) -> int:
        return len(self.inputs)

    def changed(self, image: Image.Image) -> Image.Image:
        """Return an image as it is trained on."""
        return image

    def __getitem__(self, row: int) -> tuple[torch.Tensor, int]:
        image = self.changed(Image.fromarray(self.inputs[row, 0].numpy()))
        pixels = torch.from_numpy(np.array(image)).unsqueeze(0)
        return pixels.float().div(255), int(self.targets[row])


class _AugmentedImages(_Images):
    """The same with what torchvision's transforms of the same names do to an image.

    RandomHorizontalFlip, RandomCrop(28, padding=2, padding_mode="reflect"), ColorJitter(0.2, 0.2)
    and RandomErasing of a square of 8 pixels.
    """

    def changed(self, image: Image.Image) -> Image.Image:
        if random.random() < 0.5:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        padded = Image.fromarray(np.pad(np.asarray(image), 2, mode="reflect"))
        left, top = random.randint(0, 4), random.randint(0, 4)
        image = padded.crop((left, top, left + 28, top + 28))
        image = ImageEnhance.Brightness(image).enhance(random.uniform(0.8, 1.2))
        image = ImageEnhance.Contrast(image).enhance(random.uniform(0.8, 1.2))
        left, top = random.randint(0, 20), random.randint(0, 20)
        image.paste(0, (left, top, left + 8, top + 8))
        return image


AUGMENTED = (
    "data.augment.flip=random",
    "data.augment.crop=2",
    "data.augment.brightness=0.2",
    "data.augment.contrast=0.2",
    "data.augment.cutout=8",
)


def fashion_mnist(rounds: int = 5) -> list[Row]:
    """Training images a second of the CNN, beside a raw loop and beside Lightning's defaults."""
    config = composed(
        "experiment=fashion_mnist_cnn",
        "trainer.max_epochs=1",
        "trainer.limit_val_batches=0",
        "trainer.limit_test_batches=0",
    )

    def raw(table: Table) -> float:
        net = build_experiment(run_spec(config), RunFolder("unused")).module.net
        optimizer = torch.optim.Adam(net.parameters(), lr=config.optimizer.lr)
        loss = nn.CrossEntropyLoss()

        def loop() -> None:
            order = torch.randperm(len(table.inputs))
            for rows in order.split(config.data.batch_size):
                optimizer.zero_grad()
                loss(net(table.inputs[rows]), table.targets[rows]).backward()
                optimizer.step()

        return seconds(loop)

    raw_times, ours, theirs = [], [], []
    for number in range(rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            experiment = build_experiment(run_spec(config), RunFolder(folder))
            experiment.data.setup("fit")
            table = experiment.data.table("train")
            raw_times.append(raw(table))
            ours.append(seconds(lambda: fit(experiment)))  # noqa: B023
            if number in (1, 2):
                theirs.append(_lightning(config, _Images, table, folder))
    rate = len(table.inputs) / statistics.median(ours[1:])
    return [
        (
            f"fashion_mnist CNN: images a second / raw loop ({rate:,.0f} a second)",
            ratios(raw_times[1:], ours[1:]),
            "at least 0.95",
        ),
        ("  / Lightning, DataLoader by sample", ratios(theirs, ours[1:3]), "at least 3"),
    ]


def _lightning(config: DictConfig, images: type[_Images], table: Table, folder: str) -> float:
    """Return the seconds of an epoch of the CNN in Lightning with a per-sample DataLoader."""
    import pytorch_lightning as pl

    class Plain(pl.LightningModule):
        def __init__(self, net: nn.Module) -> None:
            super().__init__()
            self.net = net

        def training_step(self, batch, batch_idx):
            loss = nn.functional.cross_entropy(self.net(batch[0]), batch[1])
            self.log("train/loss", loss)
            return loss

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=config.optimizer.lr)

    module = Plain(build_experiment(run_spec(config), RunFolder("unused")).module.net)
    rows = images((table.inputs * 255).round().byte(), table.targets)
    loader = torch.utils.data.DataLoader(rows, config.data.batch_size, shuffle=True)
    trainer = pl.Trainer(max_epochs=1, accelerator="cpu", default_root_dir=folder)
    return seconds(lambda: trainer.fit(module, loader))


def augmented(rounds: int = 3) -> list[Row]:
    """Training images a second of the CNN with five changes, beside Lightning's defaults."""
    words = (
        "experiment=fashion_mnist_cnn",
        "callbacks=quiet",
        "trainer.max_epochs=1",
        "trainer.limit_val_batches=0",
        "trainer.limit_test_batches=0",
    )
    without = composed(*words)
    config = composed(*words, *AUGMENTED)
    ours, plain, theirs = [], [], []
    for _ in range(rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            for times, each in ((ours, config), (plain, without)):
                experiment = build_experiment(run_spec(each), RunFolder(folder))
                experiment.data.setup("fit")
                table = experiment.data.table("train")
                times.append(seconds(lambda: fit(experiment)))  # noqa: B023
            theirs.append(_lightning(config, _AugmentedImages, table, folder))
    rate = len(table.inputs) / statistics.median(ours[1:])
    return [
        (
            f"fashion_mnist CNN augmented ({rate:,.0f} images a second) / not augmented",
            ratios(plain[1:], ours[1:]),
            "at least 0.9",
        ),
        ("  / Lightning, DataLoader by sample", ratios(theirs[1:], ours[1:]), "at least 3"),
    ]


def start(rounds: int = 5) -> list[Row]:
    """From the shell's prompt to the answer, and to the end of the shortest run."""
    seedbed = str(Path(sys.executable).with_name("seedbed"))

    def command(*words: str) -> float:
        started = time.perf_counter()
        subprocess.run(words, check=True, capture_output=True)
        return time.perf_counter() - started

    def median(*words: str) -> float:
        return statistics.median(command(*words) for _ in range(rounds))

    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        shortest, imports = [], []
        for _ in range(rounds):
            shortest.append(command(seedbed, "train", "trainer.max_epochs=1"))
            imports.append(command(sys.executable, "-c", "import torch, pytorch_lightning"))
        over = statistics.median(a - b for a, b in zip(shortest, imports, strict=True))
        return [
            ("seedbed --help", f"{median(seedbed, '--help'):.2f} s", "at most 0.5 s"),
            ("seedbed list", f"{median(seedbed, 'list'):.2f} s", "at most 0.5 s"),
            (
                "seedbed train --cfg job",
                f"{median(seedbed, 'train', '--cfg', 'job'):.2f} s",
                "at most 1.5 s",
            ),
            (
                f"shortest run over its imports ({statistics.median(imports):.1f} s)",
                f"{over:.2f} s",
                "at most 1.0 s",
            ),
        ]


PARTS = {
    "crop_yield": crop_yield,
    "fashion_mnist": fashion_mnist,
    "augmented": augmented,
    "start": start,
}


def main() -> None:
    """Measure the named parts, or all, and print one table."""
    from rich.console import Console
    from rich.table import Table as RichTable

    quiet_lightning()
    warnings.simplefilter("ignore")
    table = RichTable("figure", "measured", "asked", title=f"{torch.get_num_threads()} threads")
    for name in sys.argv[1:] or PARTS:
        if name not in PARTS:
            sys.exit(f"benchmark: no part '{name}'; parts: {', '.join(PARTS)}")
        try:
            rows = PARTS[name]()
        except DataError as error:
            rows = [(name, f"not measured: {error}", "")]
        for row in rows:
            table.add_row(*row)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
