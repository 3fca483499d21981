"""Run the reference experiments by their commands; compare what they reach with what is asked.

python scripts/experiments.py                the table of all rows; exit code 1 if one is not ok
python scripts/experiments.py --rows 7 12    some of them
python scripts/experiments.py --write        also docs/experiments.md with its pictures
python scripts/experiments.py --keep DIR     leave the runs in DIR
"""

import argparse
import hashlib
import json
import math
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXACT = 1e-4


@dataclass(frozen=True)
class Run:
    """What a run left in its folder."""

    folder: Path

    @cached_property
    def record(self) -> dict[str, Any]:
        """The fields of run.json."""
        return json.loads((self.folder / "run.json").read_text())

    @cached_property
    def events(self) -> EventAccumulator:
        """What TensorBoard reads."""
        events = EventAccumulator(str(self.folder), size_guidance={"scalars": 0, "images": 0})
        events.Reload()
        return events

    def curve(self, tag: str = "train/loss") -> dict[int, float]:
        """Return a curve: epoch -> value."""
        return {event.step: event.value for event in self.events.Scalars(tag)}

    @property
    def loss(self) -> float:
        """The training loss of the last epoch."""
        return self.record["metrics"]["train/loss"]

    @property
    def checkpoint(self) -> dict[str, Any]:
        """The last checkpoint."""
        return torch.load(self.folder / "checkpoints" / "last.ckpt", weights_only=True)

    @property
    def checkpoint_hash(self) -> str:
        """The SHA-256 of the checkpoint of the best epoch."""
        return hashlib.sha256((self.folder / "checkpoints" / "best.ckpt").read_bytes()).hexdigest()

    def weights(self, name: str) -> list[float]:
        """Return the numbers of a parameter after the last epoch."""
        return self.checkpoint["state_dict"][f"net.{name}"].flatten().tolist()

    def figures(self, name: str) -> list[Path]:
        """Return the pictures of one name."""
        return sorted((self.folder / "figures").glob(f"{name}*.png"))


@dataclass(frozen=True)
class Done:
    """A command that has run."""

    code: int
    output: str
    errors: str
    runs: list[Run]
    folder: Path

    @property
    def run(self) -> Run:
        """The only run of the command."""
        (run,) = self.runs
        return run


Reached = tuple[str, bool]


@dataclass(frozen=True)
class Row:
    """A reference experiment: the commands, what they are to reach, and how that is measured."""

    number: int
    title: str
    commands: tuple[str, ...]
    asked: str
    measure: Callable[[list[Done]], Reached]


def near(found: float, wanted: float, tolerance: float = EXACT) -> bool:
    """Tell whether a number is within a relative tolerance."""
    return math.isclose(found, wanted, rel_tol=tolerance)


def losses_at(run: Run, wanted: dict[int, float]) -> Reached:
    """Compare the loss at some epochs with published ones."""
    found = run.curve()
    text = ", ".join(f"{found.get(epoch, math.nan):.7g} at {epoch}" for epoch in wanted)
    return text, all(near(found.get(epoch, math.nan), value) for epoch, value in wanted.items())


# ---- What each row measures ----------------------------------------------------------------------

SCRATCH = {
    1: 2104.163,
    2: 1691.615,
    50: 476.561,
    100: 260.479,
    150: 145.320,
    200: 83.684,
    250: 50.457,
    300: 32.331,
}
THERMOMETER = {1: 80.36434, 100: 22.14871, 1000: 3.828539, 5000: 2.927647}


def crop_yield_scratch(done: list[Done]) -> Reached:
    """Row 1."""
    return losses_at(done[0].run, SCRATCH)


def crop_yield(done: list[Done]) -> Reached:
    """Row 2."""
    worst = max(run.loss for run in done[2].runs)
    apples, oranges = (float(word) for word in done[1].output.split()[-2:])
    text = f"at most {worst:.3g} from {len(done[2].runs)} seeds; ({apples:.4g}, {oranges:.4g})"
    right = abs(apples - 54) < 2 and abs(oranges - 67) < 2
    return text, right and worst < 15 and len(done[2].runs) == 20


def crop_yield_small_batches(done: list[Done]) -> Reached:
    """Row 3."""
    loss = done[0].run.curve()
    marks = [loss[epoch] for epoch in (1, *range(50, 501, 50))]
    falls = all(after < before for before, after in pairwise(marks))
    return f"from {marks[0]:.5g} to {marks[-1]:.4g}, {'always' if falls else 'not always'}", falls


def crop_yield_fast_rate(done: list[Done]) -> Reached:
    """Row 4."""
    worst = max(run.loss for run in done[0].runs)
    text = f"at most {worst:.4g} from {len(done[0].runs)} seeds"
    return text, worst < 400 and len(done[0].runs) == 20


def thermometer_diverges(done: list[Done]) -> Reached:
    """Row 5."""
    diverged, other = (run.record for run in done[0].runs)
    text = f"{diverged['error'].partition(' (')[0]}; the other run {other['status']}"
    kept = diverged["checkpoints"]["last"]["epoch"] == 10
    advised = "try a smaller optimizer.lr" in done[0].errors
    stopped = diverged["status"] == "diverged" and "inf in epoch 11" in diverged["error"]
    return text, stopped and kept and advised and other["status"] == "completed"


def thermometer_slow(done: list[Done]) -> Reached:
    """Row 6."""
    return losses_at(done[0].run, {100: 29.02267})


def thermometer(done: list[Done]) -> Reached:
    """Row 7."""
    curves = [np.array(list(one.run.curve().values())) for one in done]
    text, right = losses_at(done[0].run, THERMOMETER)
    weight, bias = (done[0].run.weights(name)[0] for name in ("weight", "bias"))
    apart = max(float(np.abs(curve / curves[0] - 1).max()) for curve in curves[1:])
    agree = all(losses_at(one.run, THERMOMETER)[1] for one in done) and apart < EXACT
    line = near(weight, 5.36708) and near(bias, -17.30119)
    text += f"; ({weight:.6g}, {bias:.7g}); the three at most {apart:.1g} apart"
    return text, right and agree and line and len(curves[0]) == 5000


def thermometer_adam(done: list[Done]) -> Reached:
    """Row 8."""
    run = done[0].run
    weight, bias = run.weights("weight")[0], run.weights("bias")[0]
    right = near(run.loss, 2.927644) and near(weight, 0.53672) and near(bias, -17.30206)
    return f"{run.loss:.7g}, ({weight:.5g}, {bias:.7g})", right


def thermometer_max_scaled(done: list[Done]) -> Reached:
    """Row 9."""
    found = done[0].run.record["parameters"]
    scaled, raw = found["trained"]["weight"][0][0], found["original_units"]["weight"][0][0]
    bias = found["original_units"]["bias"][0]
    shown = "original units" in done[0].output and f"{raw:.6g}" in done[0].output
    text = f"slope {scaled:.4g} scaled, {raw:.4g} raw; intercept {bias:.5g}"
    return text, shown and near(raw, scaled / 81.9)


def thermometer_split(done: list[Done]) -> Reached:
    """Row 10."""
    return _both_losses(done[0].run, 3000)


def _both_losses(run: Run, epochs: int) -> Reached:
    train, val = run.curve("train/loss"), run.curve("val/loss")
    text = f"train {train[epochs]:.4g}, validation {val[epochs]:.4g}"
    return text, len(train) == len(val) == epochs and "2 to validate" in data_line(run)


def data_line(run: Run) -> str:
    """Return what was held out, by the saved config: a fifth of eleven rows is two."""
    config = (run.folder / ".hydra" / "config.yaml").read_text()
    return "2 to validate" if "val_size: 0.2" in config else ""


def thermometer_mlp(done: list[Done]) -> Reached:
    """Row 11."""
    text, logged = _both_losses(done[0].run, 5000)
    names = {name.removeprefix("net.").rpartition(".")[0] for name in _parameters(done[0].run)}
    drawn = len(done[0].run.figures("fit")) == 1
    return f"{text}; figure", logged and drawn and names == {"hidden_linear", "output_linear"}


def _parameters(run: Run) -> list[str]:
    return list(run.checkpoint["state_dict"])


def perceptron_clusters(done: list[Done]) -> Reached:
    """Row 12."""
    run = done[0].run
    metrics, epochs = run.record["metrics"], max(run.curve())
    pictures = len(run.figures("decision_boundary-epoch"))
    text = f"accuracy {metrics['val/accuracy']:.3f}; stopped {run.record['stopped']}"
    rule = epochs >= 12 and "the loss is" in (run.record["stopped"] or "")
    return text, metrics["val/accuracy"] >= 0.98 and rule and pictures == epochs


def xor(done: list[Done]) -> Reached:
    """Row 13."""
    one, hidden = (each.run.record["metrics"]["val/accuracy"] for each in done)
    drawn = all(each.run.figures("decision_boundary") for each in done)
    return f"perceptron {one:.3f}, MLP {hidden:.3f}", one < 0.6 and hidden > 0.95 and drawn


def fashion_mnist_cnn(done: list[Done]) -> Reached:
    """Row 14."""
    run = done[0].run
    test = run.record["metrics"]["test/accuracy"]
    right = f"{round(test * 10_000):,} of 10,000 right"
    tags = [f"{split}/{name}" for split in ("train", "val") for name in ("loss", "accuracy")]
    logged = all(sorted(run.curve(tag)) == list(range(1, 11)) for tag in tags)
    # 55,000 training rows in batches of 1,000, ten times.
    every_batch = run.checkpoint["global_step"] == 550
    drawn = run.figures("confusion_matrix") and run.figures("worst_mistakes")
    return right, test >= 0.85 and right in done[0].output and logged and every_batch and bool(
        drawn
    )


def transfer(done: list[Done]) -> Reached:
    """Row 21."""
    first, other, scratch = (each.run for each in done)
    taken = other.record["initial_weights"]
    right = [run.record["metrics"]["test/accuracy"] for run in (other, scratch)]
    source = first.checkpoint_hash == taken["sha256"] and taken["taken"] == 8
    return f"{right[0]:.3f}, from scratch {right[1]:.3f}", right[0] > right[1] and source


def linear_noise(done: list[Done]) -> Reached:
    """Row 15."""
    errors = []
    for each in done:
        found = each.run.record["parameters"]
        for name in ("weight", "bias"):
            apart = np.subtract(found["original_units"][name], found["true_line"][name])
            errors.append(float(np.abs(apart).max()))
    drawn = all(each.run.figures("line_recovery") for each in done)
    text = f"gradient descent within {max(errors[:2]):.2g}, Adam within {max(errors[2:]):.2g}"
    return text, max(errors[:2]) <= 0.02 and drawn


def minimize(done: list[Done]) -> Reached:
    """Row 16."""
    parabola, bowl = (each.run for each in done)
    x = parabola.record["parameters"]["trained"]["x"]
    place = [bowl.record["parameters"]["trained"][name] for name in ("x", "y")]
    text = f"x = {x:.4g} (f = {parabola.loss:.5g}); ({place[0]:.5g}, {place[1]:.1g})"
    # A step of 1e-3 at a rate of 0.01 is a slope of 0.1, and f'(x) = 2 (x - 2).
    down = abs(x - 2) <= 0.05 and abs(parabola.loss + 5) < 0.01
    there = abs(place[0] + 1) < 1e-3 and abs(place[1]) < 1e-3
    logged = len(bowl.curve("parameter/y")) == 100 and len(parabola.curve("parameter/x")) <= 500
    drawn = all(each.run.figures("minimization_path") for each in done)
    stopped = parabola.record["stopped"] is not None
    return text, down and there and logged and drawn and stopped


def mlp_shapes(done: list[Done]) -> Reached:
    """Row 17."""
    wide, small, _, refused = done
    shapes = [
        [tuple(value.shape) for name, value in _net(each.run).items() if name.endswith("weight")]
        for each in (wide, small)
    ]
    asked = [[(256, 2048), (64, 256), (2, 64)], [(100, 3), (4, 100)]]
    probability = np.load(wide.folder / "probabilities.npy")
    sums_to_1 = bool(np.allclose(probability.sum(axis=1), 1.0)) and probability.shape == (1, 4)
    reason = "takes logits" in refused.errors and refused.code == 2
    text = f"softmax in predictions sums to {probability.sum():.4g}; refused before cross-entropy"
    return text, shapes == asked and sums_to_1 and reason


def _net(run: Run) -> dict[str, torch.Tensor]:
    return run.checkpoint["state_dict"]


def styles(done: list[Done]) -> Reached:
    """Row 18."""
    values = [run.record["metrics"].get("val/accuracy", 0.0) for run in done[0].runs]
    text = "validation accuracy " + ", ".join(f"{value:.3f}" for value in values)
    return text, len(values) == 4 and min(values) > 0.95 and done[0].code == 0


def freezing(done: list[Done]) -> Reached:
    """Row 19."""
    start = [-0.5063, -0.3956]
    frozen, thawed = (each.run.weights("bias") for each in done)
    losses = [each.run.curve() for each in done]
    # The step of epoch 100 is the first that moves the bias.
    alike = all(losses[0][epoch] == losses[1][epoch] for epoch in range(1, 101))
    still = bool(np.allclose(frozen, start, rtol=1e-7)) and alike
    moved = not np.allclose(thawed, start, rtol=1e-3) and losses[0][101] != losses[1][101]
    return f"bias ({frozen[0]:.4f}, {frozen[1]:.4f}) stays, thawed it moves", still and moved


def device(done: list[Done]) -> Reached:
    """Row 20."""
    cpu, gpu = done
    on_cpu = cpu.run.record["device"].startswith("cpu")
    if torch.cuda.is_available():
        found = gpu.run.record["device"]
        return f"cpu; {found}", on_cpu and gpu.code == 0
    refused = gpu.code == 2 and "trainer.accelerator=gpu" in gpu.errors and not gpu.runs
    return "cpu; a GPU that is not there is refused", on_cpu and refused


TRAIN = "seedbed train experiment="
SWEEP = "seedbed train -m experiment="
ROWS = [
    Row(
        1,
        "gradient descent by hand",
        (f"{TRAIN}crop_yield_scratch",),
        "loss 2104.163 at epoch 1, 1691.615 at 2, 476.561 at 50, 260.479 at 100, 145.320 at 150, "
        "83.684 at 200, 50.457 at 250, 32.331 at 300",
        crop_yield_scratch,
    ),
    Row(
        2,
        "crop yields",
        (
            f"{TRAIN}crop_yield",
            "seedbed predict run=latest input='[[75,63,44]]'",
            f"{SWEEP}crop_yield 'seed=range(0,20)'",
        ),
        "loss below 15 from any of 20 seeds; (75, 63, 44) near (54, 67)",
        crop_yield,
    ),
    Row(
        3,
        "smaller batches and steps",
        (f"{TRAIN}crop_yield_small_batches",),
        "the loss falls at every 50 epochs",
        crop_yield_small_batches,
    ),
    Row(
        4,
        "a faster rate",
        (f"{SWEEP}crop_yield_fast_rate 'seed=range(0,20)'",),
        "loss below 400 from any of 20 seeds",
        crop_yield_fast_rate,
    ),
    Row(
        5,
        "a rate that diverges",
        (f"{SWEEP}thermometer_diverges optimizer.lr=1e-2,1e-4",),
        "infinite at epoch 11; stops, says what to change; other runs of the sweep go on",
        thermometer_diverges,
    ),
    Row(
        6,
        "a rate that does not",
        (f"{TRAIN}thermometer_slow",),
        "loss 29.02267 at 100",
        thermometer_slow,
    ),
    Row(
        7,
        "three ways to take a gradient",
        (
            f"{TRAIN}thermometer",
            f"{TRAIN}thermometer gradient=analytic",
            f"{TRAIN}thermometer gradient=finite_difference gradient.delta=0.1",
        ),
        "loss 80.36434 at 1, 22.14871 at 100, 3.828539 at 1000, 2.927647 at 5000; "
        "(5.36708, -17.30119); the three agree at every epoch",
        thermometer,
    ),
    Row(
        8,
        "Adam on raw readings",
        (f"{TRAIN}thermometer_adam",),
        "loss 2.927644, (0.53672, -17.30206)",
        thermometer_adam,
    ),
    Row(
        9,
        "scaled by the largest reading",
        (f"{TRAIN}thermometer_max_scaled",),
        "slope and intercept in both units",
        thermometer_max_scaled,
    ),
    Row(
        10,
        "a fifth held out",
        (f"{TRAIN}thermometer_split",),
        "both losses logged",
        thermometer_split,
    ),
    Row(
        11,
        "a tanh layer",
        (f"{TRAIN}thermometer_mlp",),
        "both losses, and the curve from 20 to 90",
        thermometer_mlp,
    ),
    Row(
        12,
        "a perceptron on a stream",
        (f"{TRAIN}perceptron_clusters",),
        "accuracy at least 0.98, stopped by its rule after at least 12 epochs; a figure an epoch",
        perceptron_clusters,
    ),
    Row(
        13,
        "what no line separates",
        (f"{TRAIN}xor_perceptron", f"{TRAIN}xor_mlp"),
        "the perceptron near chance, the MLP above 0.95",
        xor,
    ),
    Row(
        14,
        "FashionMNIST",
        (f"{TRAIN}fashion_mnist_cnn",),
        "test accuracy at least 0.85, the number right printed",
        fashion_mnist_cnn,
    ),
    Row(
        15,
        "the line behind the noise",
        (f"{TRAIN}linear_noise_gd", f"{TRAIN}linear_noise_adam"),
        "weight and bias within 0.02 of the truth by gradient descent; three panels",
        linear_noise,
    ),
    Row(
        16,
        "functions without data",
        (f"{TRAIN}minimize_parabola", f"{TRAIN}minimize_bowl"),
        "x near 2 (f = -5); (-1, 0) within 1e-3; the path logged and drawn",
        minimize,
    ),
    Row(
        17,
        "networks of any shape",
        (
            f"{TRAIN}mlp_shapes",
            f"{TRAIN}mlp_shapes data.features=3 data.classes=4 'model.hidden=[100]'",
            "seedbed predict run=latest input='[[1,2,3]]' output=probabilities.npy",
            f"{TRAIN}mlp_shapes model.apply_softmax=true",
        ),
        "2048-256-64-2 and 3-100-4; softmax for prediction alone",
        mlp_shapes,
    ),
    Row(
        18,
        "fixed rows and streams",
        (
            "seedbed train -m data=clusters data.sample=fixed,stream seed=0,1 data.val_size=200 "
            "optimizer=adam optimizer.lr=0.01 trainer.max_epochs=60",
        ),
        "both kinds train, validate and can be swept",
        styles,
    ),
    Row(
        19,
        "frozen parameters",
        (
            f"{TRAIN}crop_yield_scratch 'freeze.parameters=[bias]'",
            f"{TRAIN}crop_yield_scratch 'freeze.parameters=[bias]' freeze.until_epoch=100",
        ),
        "frozen values do not move, thawed ones do",
        freezing,
    ),
    Row(
        20,
        "the device",
        (
            f"{TRAIN}crop_yield_fast_rate trainer.accelerator=cpu",
            f"{TRAIN}crop_yield_fast_rate trainer.accelerator=gpu",
        ),
        "as told; a GPU asked for and absent is a clear error",
        device,
    ),
    Row(
        21,
        "from one network to another",
        (
            f"{TRAIN}fashion_mnist_first_five trainer.max_epochs=3",
            f"{TRAIN}fashion_mnist_transfer initial_weights.run=latest",
            f"{TRAIN}fashion_mnist_transfer initial_weights.run=null freeze.parameters=[] "
            "freeze.until_epoch=null",
        ),
        "more test images told right after 10 epochs on 20 of each kind than from scratch",
        transfer,
    ),
]

# The most telling pictures: row, the number of its command, the figure and what it shows.
PICTURES = [
    (11, 0, "fit", "A tanh layer of 8 on eleven readings, two of them held out."),
    (12, 0, "decision_boundary", "A perceptron on two clouds: wrong points are filled."),
    (14, 0, "worst_mistakes", "The test images of which the network was most wrongly sure."),
    (15, 1, "line_recovery", "Adam finds the line behind the noise."),
    (16, 1, "minimization_path", "Down f(x, y) = (x + 1)^2 + y^2 / 2 from (10, 10)."),
]


# ---- Running -------------------------------------------------------------------------------------


def execute(command: str, folder: Path) -> Done:
    """Run a command of a row in a folder, as a user would type it there."""
    before = set(_run_folders(folder))
    program, *words = shlex.split(command)
    assert program == "seedbed"
    environment = {"SEEDBED_DATA": str(ROOT / "data"), **os.environ, "SEEDBED_OUTPUTS": "outputs"}
    done = subprocess.run(
        [sys.executable, "-m", "seedbed", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    new = [one for one in _run_folders(folder) if one not in before]
    return Done(done.returncode, done.stdout, done.stderr, [Run(one) for one in new], folder)


def _run_folders(folder: Path) -> list[Path]:
    """Return the run folders below a working folder; those of a sweep in the order of its jobs."""
    found = [record.parent for record in folder.glob("outputs/*/*/**/run.json")]
    return sorted(found, key=lambda one: (one.parent.name, len(one.name), one.name))


def measure(row: Row, folder: Path) -> tuple[str, bool, float, list[Done]]:
    """Run a row and return what it reached, whether that is enough, and the seconds it took."""
    folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    done = [execute(command, folder) for command in row.commands]
    seconds = time.perf_counter() - started
    try:
        text, ok = row.measure(done)
    except Exception as error:  # Whatever a failed run left out.
        said = " ".join(one.errors.strip()[-300:] for one in done)
        text, ok = f"{type(error).__name__}: {error}; {said}", False
    return text, ok, seconds, done


def main() -> int:
    """Run the rows that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", metavar="N", help="rows to run; all")
    parser.add_argument("--write", action="store_true", help="write docs/experiments.md")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="leave the runs in DIR")
    arguments = parser.parse_args()
    chosen = [row for row in ROWS if arguments.rows is None or row.number in arguments.rows]
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        results = []
        for row in chosen:
            text, ok, seconds, done = measure(row, folder / f"row-{row.number:02d}")
            mark = "ok" if ok else "NOT OK"
            print(f"{row.number:2}  {mark:6}  {seconds:5.1f} s  {row.title}: {text}", flush=True)
            results.append((row, text, ok, seconds, done))
        print_table(results)
        if arguments.write:
            write_docs(results)
    return 0 if all(ok for _, _, ok, _, _ in results) else 1


Result = tuple[Row, str, bool, float, list[Done]]


def print_table(results: list[Result]) -> None:
    """Print asked, reached and ok."""
    table = Table("row", "experiment", "asked", "reached", "s", "ok", show_lines=True)
    for row, text, ok, seconds, _ in results:
        mark = "ok" if ok else "NOT OK"
        table.add_row(str(row.number), row.title, row.asked, text, f"{seconds:.0f}", mark)
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)


def write_docs(results: list[Result]) -> None:
    """Write docs/experiments.md and the pictures in it; all rows must have run."""
    assert len(results) == len(ROWS), "--write needs all rows"
    lines = [
        "# The reference experiments",
        "",
        "<!-- Written by scripts/experiments.py --write: change that, not this. -->",
        "",
        "Each row is one or a few commands. `make experiments` runs them all and prints what they",
        "reach; the numbers below are of such a run on two CPU cores, the seconds those of all",
        "commands of a row from start to end.",
        "",
        "| row | experiment | commands | asked | reached | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for row, text, _, seconds, _ in results:
        commands = "<br>".join(f"`{command}`" for command in row.commands)
        cells = (str(row.number), row.title, commands, row.asked, text, f"{seconds:.0f}")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += ["", "## Pictures", "", "As they lie in the runs' `figures/` and in TensorBoard.", ""]
    (DOCS / "figures").mkdir(parents=True, exist_ok=True)
    by_number = {row.number: done for row, _, _, _, done in results}
    for number, command, name, caption in PICTURES:
        picture = by_number[number][command].run.folder / "figures" / f"{name}.png"
        shutil.copyfile(picture, DOCS / "figures" / picture.name)
        lines += [f"![{caption}](figures/{picture.name})", "", f"Row {number}. {caption}", ""]
    (DOCS / "experiments.md").write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    sys.exit(main())
