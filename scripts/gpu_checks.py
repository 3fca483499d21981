"""Checks of what only a GPU can show: the same numbers as on the CPU, memory, workers, speed.

python scripts/gpu_checks.py                       every check
python scripts/gpu_checks.py --only fused,workers  some of them
python scripts/gpu_checks.py --list                their names

Each check runs commands of Seedbed in a folder of its own and prints one line: what held, with the
figures measured, or what did not. Checks run side by side, but for those of speed, which come last.
The exit code is 1 where something did not hold, and 2 where there is no GPU.
"""

import argparse
import csv
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image

SIDE_BY_SIDE = 6
COMMAND_SECONDS = 240
GPU, CPU = "trainer.accelerator=gpu", "trainer.accelerator=cpu"
Words = tuple[str, ...]
BLOBS = ("data=blobs", "data.val_size=0.2", "model=mlp")
TEN = "trainer.max_epochs=10"
IMAGES = ("data=arrays", "data.file=images.npz", "model=cnn", "trainer.max_epochs=2")


class DidNotHold(Exception):
    """What a check found to be otherwise than it must be."""


@dataclass(frozen=True)
class Finished:
    """A command that has ended: its exit code, what it said, and how long it took, in s."""

    code: int
    out: str
    errors: str
    seconds: float


def seedbed(folder: Path, *words: str, code: int = 0) -> Finished:
    """Run a command in a folder; raises DidNotHold where it ends with another code."""
    began = time.monotonic()
    command = [sys.executable, "-m", "seedbed", *words]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=COMMAND_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise DidNotHold(f"{' '.join(words)}: not ended after {COMMAND_SECONDS} s") from None
    finished = Finished(done.returncode, done.stdout, done.stderr, time.monotonic() - began)
    if done.returncode != code:
        raise DidNotHold(f"{' '.join(words)}: exit {done.returncode}\n{done.stderr[-1500:]}")
    return finished


def record(folder: Path) -> dict[str, object]:
    """Return the record of a run."""
    return dict(json.loads((folder / "run.json").read_text()))


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a sweep's table."""
    with (folder / "results.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def without_times(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a sweep's table without what differs from time to time."""
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows(folder)]


def largest_difference(first: Path, second: Path, end: str = "", least: float = 1e-6) -> float:
    """Return the largest relative difference of two sweeps' metrics, of their last epochs.

    Only those whose names have this end; what is smaller than `least` is compared with that.
    """
    largest = 0.0
    pairs = zip(rows(first), rows(second), strict=True)
    for here, there in pairs:
        for name in here:
            if "/" not in name or name.startswith("best/") or not name.endswith(end):
                continue
            a, b = float(here[name] or "nan"), float(there[name] or "nan")
            if math.isfinite(a) and math.isfinite(b):
                largest = max(largest, abs(a - b) / max(abs(a), abs(b), least))
            elif math.isfinite(a) != math.isfinite(b):
                return math.inf
    return largest


def require(holds: bool, text: str) -> None:
    """Raise DidNotHold with a text unless something holds."""
    if not holds:
        raise DidNotHold(text)


def write_images(folder: Path, rows_of_images: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    """Write grey images of 28 by 28 pixels of ten classes, each a bright square at its place."""
    random = np.random.default_rng(0)
    classes = random.integers(0, 10, rows_of_images)
    images = random.integers(0, 120, (rows_of_images, 1, 28, 28)).astype(np.uint8)
    for place, number in enumerate(classes.tolist()):
        images[place, 0, 2 * number : 2 * number + 6, 4:20] += 100
    np.savez(folder / "images.npz", x=images, y=classes)
    return images, classes


def write_folder_of_images(folder: Path) -> None:
    """Write the same images as PNG files, a folder a class."""
    folder.mkdir()
    for place, (image, number) in enumerate(zip(*write_images(folder, 1000), strict=True)):
        (folder / f"class{number}").mkdir(exist_ok=True)
        Image.fromarray(image[0]).save(folder / f"class{number}/{place}.png")
    (folder / "images.npz").unlink()


# ---- The same numbers ----------------------------------------------------------------------------


def single(folder: Path) -> str:
    """A run on the GPU gives what the CPU gives, and is evaluated and asked on both."""
    words: Words = ("train", *BLOBS, TEN, "optimizer=adam", "callbacks=quiet")
    seedbed(folder, *words, CPU, "hydra.run.dir=cpu")
    seedbed(folder, *words, GPU, "hydra.run.dir=gpu")
    losses = [record(folder / name)["metrics"]["val/loss"] for name in ("cpu", "gpu")]  # type: ignore[index]
    require(math.isclose(*losses, rel_tol=1e-3), f"val/loss {losses[0]} on the CPU, {losses[1]}")
    for accelerator, epochs in (("gpu", 12), ("cpu", 14)):
        seedbed(folder, "evaluate", "run=gpu", "split=val", f"accelerator={accelerator}")
        seedbed(folder, "train", "resume=gpu", f"trainer.max_epochs={epochs}")
    seedbed(folder, "repeat", "run=gpu")
    seedbed(folder, "export", "run=gpu", "output=model.onnx")
    np.save(folder / "rows.npy", np.array([[0.1, 0.2], [1.0, -1.0]]))
    seedbed(folder, "predict", "run=gpu", "input=rows.npy", "accelerator=gpu")
    return f"val/loss {losses[1]:.6f} on the {record(folder / 'gpu')['device']}, {losses[0]:.6f}"


# Experiments that need a dataset of images, or that are made to diverge.
LEFT_OUT = ("fashion_mnist", "thermometer_diverges", "crop_yield_fast_rate")


def experiments(folder: Path) -> str:
    """Every reference experiment, with its figures, on the CPU and on the GPU."""
    names = [path.stem for path in sorted((Path.cwd() / "configs/experiment").glob("*.yaml"))]
    names = [name for name in names if not name.startswith(LEFT_OUT)]

    def on_both(name: str) -> float:
        metrics = []
        for device, accelerator in (("cpu", CPU), ("gpu", GPU)):
            run = f"hydra.run.dir={name}-{device}"
            seedbed(folder, "train", f"experiment={name}", accelerator, run)
            metrics.append(dict(record(folder / f"{name}-{device}")["metrics"]))  # type: ignore[call-overload]
        here, there = metrics
        require(here.keys() == there.keys(), f"{name}: {here} and {there}")
        pairs = [(here[key], there[key]) for key in here if key.endswith("loss")]
        return float(max(abs(a - b) / max(abs(a), 0.5) for a, b in pairs))

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        differ = dict(zip(names, pool.map(on_both, names), strict=True))
    worst = max(differ, key=lambda name: differ[name])
    require(differ[worst] < 2e-2, f"{worst}: losses differ by {differ[worst]:.1e}; {differ}")
    return f"{len(names)} experiments: losses differ by at most {differ[worst]:.1e} ({worst})"


def fused_linear(folder: Path) -> str:
    """Two hundred jobs of crop_yield side by side."""
    words: Words = ("-m", "data=crop_yield", "optimizer.lr=1e-6,1e-5", "seed=range(100)")
    return _on_both(folder, *words, "trainer.max_epochs=20", tolerance=1e-3)


def fused_mlp(folder: Path) -> str:
    """Networks of several widths, with early stopping."""
    words: Words = ("-m", *BLOBS, TEN, "optimizer=adam", "optimizer.lr=0.01,0.001", "seed=range(8)")
    words = (*words, "model.hidden=[16],[32]", "callbacks=early_stopping")
    words = (*words, "callbacks.early_stopping.patience=3")
    return _on_both(folder, *words, tolerance=1e-2)


def fused_cnn(folder: Path) -> str:
    """Convolutional networks side by side."""
    write_images(folder)
    words: Words = ("-m", *IMAGES, "optimizer.lr=0.001,0.0003", "seed=0,1", "logger=csv")
    sweeps = {"cpu": (CPU, "always"), "alone": (GPU, "never"), "gpu": (GPU, "always")}
    for name, (accelerator, fuse) in sweeps.items():
        kind = (accelerator, f"sweep.fuse={fuse}", f"hydra.sweep.dir={name}")
        seedbed(folder, "train", *words, *kind)
    tables = {name: [row["train/loss"] for row in rows(folder / name)] for name in sweeps}
    for name in ("alone", "cpu"):
        differ = largest_difference(folder / name, folder / "gpu", "loss", 0.5)
        require(differ <= 5e-2, f"losses differ by {differ:.1e} from {name}: {tables}")
    return f"losses differ by at most {differ:.1e}"


def _on_both(folder: Path, *words: str, tolerance: float) -> str:
    seconds = {}
    for name, accelerator in (("cpu", CPU), ("gpu", GPU)):
        done = seedbed(folder, "train", *words, accelerator, f"hydra.sweep.dir={name}")
        seconds[name] = done.seconds
    differ = largest_difference(folder / "cpu", folder / "gpu")
    require(differ <= tolerance, f"metrics differ by {differ:.1e}, more than {tolerance}")
    jobs = len(rows(folder / "gpu"))
    times = f"{seconds['gpu']:.1f} s on the GPU, {seconds['cpu']:.1f} s on the CPU"
    return f"{jobs} jobs, metrics differ by at most {differ:.1e}; {times}"


OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop", "adagrad")


def fused_and_alone(folder: Path) -> str:
    """Optimizers without a line search, side by side and one after another on the GPU."""
    words: Words = (
        "-m",
        *BLOBS,
        f"optimizer={','.join(OPTIMIZERS)}",
        "optimizer.lr=0.01",
        "seed=0,1",
    )
    words = (*words, "trainer.max_epochs=5", GPU)
    for name, fuse in (("together", "always"), ("alone", "never")):
        fused = (f"sweep.fuse={fuse}", f"hydra.sweep.dir={name}")
        seedbed(folder, "train", *words, *fused)
    differ = largest_difference(folder / "together", folder / "alone")
    require(differ <= 1e-3, f"metrics differ by {differ:.1e}")
    return f"{', '.join(OPTIMIZERS)}: metrics differ by at most {differ:.1e}"


def precision(folder: Path) -> str:
    """Mixed precision alone, with the gradients' figure, and side by side."""
    losses = []
    for kind in ("32-true", "16-mixed", "bf16-mixed"):
        words: Words = ("train", *BLOBS, TEN, "optimizer=adam", f"trainer.precision={kind}", GPU)
        seedbed(folder, *words, "+callback@callbacks.gradients=gradients", f"hydra.run.dir={kind}")
        losses.append(record(folder / kind)["metrics"]["val/loss"])  # type: ignore[index]
        figures = [path.name for path in (folder / kind / "figures").glob("*radient*")]
        require(bool(figures), f"{kind}: no figure of gradients")
    jobs: Words = (
        "-m",
        *BLOBS,
        TEN,
        "optimizer=adam",
        "seed=0,1,2",
        "trainer.precision=bf16-mixed",
    )
    seedbed(folder, "train", *jobs, GPU, "hydra.sweep.dir=sweep")
    close = all(math.isclose(losses[0], other, rel_tol=0.2) for other in losses[1:])
    require(close, f"val/loss {losses}")
    return f"val/loss with 32-true, 16-mixed, bf16-mixed: {losses}"


def images(folder: Path) -> str:
    """A CNN on augmented images of a folder."""
    write_folder_of_images(folder / "squares")
    more = ("data.augment.flip=random", "data.augment.crop=2", "data.augment.cutout=4")
    words: Words = ("train", "data=images", "data.folder=squares", "model=cnn", *more, GPU)
    words = (*words, "optimizer=adam", "trainer.max_epochs=3")
    seedbed(folder, *words, "hydra.run.dir=run")
    accuracy = record(folder / "run")["metrics"].get("val/accuracy")  # type: ignore[attr-defined]
    return f"val/accuracy {accuracy} after 3 epochs"


# ---- Stopped and gone on with --------------------------------------------------------------------


def resumed(folder: Path) -> str:
    """A sweep and a run that SIGTERM stops go on to the digits of those left alone."""
    jobs: Words = ("-m", *BLOBS, "optimizer=adam", "seed=range(4)", "model.dropout=0.1", GPU)
    jobs = (*jobs, "trainer.max_epochs=200")
    seedbed(folder, "train", *jobs, "hydra.sweep.dir=whole")
    _stop(folder / "stopped/sweep.json", "train", *jobs, "hydra.sweep.dir=stopped")
    seedbed(folder, "train", "-m", "sweep.resume=stopped")
    whole, stopped = (without_times(folder / name) for name in ("whole", "stopped"))
    require(whole == stopped, "the sweep that went on has other numbers")
    run: Words = (
        "train",
        *BLOBS,
        "optimizer=adam",
        "model.dropout=0.1",
        "trainer.max_epochs=200",
        GPU,
    )
    seedbed(folder, *run, "hydra.run.dir=run")
    _stop(folder / "cut/run.json", *run, "hydra.run.dir=cut")
    seedbed(folder, "train", "resume=cut")
    metrics = [record(folder / name)["metrics"] for name in ("run", "cut")]
    require(metrics[0] == metrics[1], f"the run that went on has {metrics[1]}, not {metrics[0]}")
    return "the same digits"


def _stop(written: Path, *words: str) -> None:
    """Begin a command and end it by SIGTERM, a little after it has written a file."""
    process = subprocess.Popen(
        [sys.executable, "-m", "seedbed", *words],
        cwd=written.parents[1],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not written.exists() and process.poll() is None:
        time.sleep(0.1)
    time.sleep(2.0)
    process.send_signal(signal.SIGTERM)
    code = process.wait(60)
    require(code in (143, 0), f"exit {code} after SIGTERM")


def search(folder: Path) -> str:
    """A search by tpe, with the rule that it picks."""
    words: Words = (
        "-m",
        *BLOBS,
        TEN,
        "optimizer=adam",
        "optimizer.lr=tag(log,interval(1e-4,1e-1))",
        GPU,
    )
    seedbed(folder, "train", *words, "search=tpe", "search.trials=24", "hydra.sweep.dir=search")
    return f"{len(rows(folder / 'search'))} trials"


# ---- Memory and workers --------------------------------------------------------------------------


def out_of_memory(folder: Path) -> str:
    """A chunk whose memory another process takes is trained, in halves where it must be."""
    words: Words = ("-m", "data=blobs", "data.rows=20000", "data.batch_size=2000", "model=mlp")
    words = (
        *words,
        "model.hidden=[2048,2048]",
        "seed=range(48)",
        "trainer.max_epochs=3",
        GPU,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "seedbed", "train", *words, "hydra.sweep.dir=sweep"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (folder / "sweep/sweep.json").exists() and process.poll() is None:
        time.sleep(0.05)
    free = torch.cuda.mem_get_info()[0]
    taken = torch.empty(max(0, free - (3 << 30)), dtype=torch.uint8, device="cuda")
    try:
        out, errors = process.communicate(timeout=COMMAND_SECONDS)
    finally:
        process.kill()
    del taken
    torch.cuda.empty_cache()
    require(process.returncode == 0, f"exit {process.returncode}\n{out[-500:]}\n{errors[-1500:]}")
    halves = [line for line in errors.splitlines() if "half" in line or "halves" in line]
    return f"{len(rows(folder / 'sweep'))} jobs; {halves[:1] or 'memory was enough'}"


def workers(folder: Path) -> str:
    """One, two and automatic workers on the GPU give what one process gives."""
    words: Words = (
        "-m",
        *BLOBS,
        TEN,
        "optimizer=adam",
        "optimizer.lr=0.01,0.001",
        "seed=range(32)",
        GPU,
    )
    words = (*words, "sweep.chunk_size=8")
    expected, seconds = None, {}
    for name in ("null", "1", "2", "auto"):
        sweep = folder / f"workers-{name}"
        more = (f"sweep.workers={name}", f"hydra.sweep.dir={sweep.name}")
        done = seedbed(folder, "train", *words, *more)
        seconds[name] = round(done.seconds, 1)
        table = without_times(sweep)
        expected = table if expected is None else expected
        require(table == expected, f"sweep.workers={name}: other numbers than one process")
        device = record(sweep / "0")["device"]
        require("cuda" in str(device), f"sweep.workers={name}: trained on {device}")
    return f"equal; seconds {seconds}"


def packed(folder: Path) -> str:
    """Jobs packed by a worker on the GPU are evaluated on both devices, and unpacked."""
    words: Words = ("-m", *BLOBS, TEN, "optimizer=adam", "seed=range(16)", "sweep.keep=packed", GPU)
    seedbed(folder, "train", *words, "sweep.workers=1", "hydra.sweep.dir=sweep")
    for accelerator in ("gpu", "cpu"):
        evaluate = ("evaluate", "run=sweep/3", "split=val", f"accelerator={accelerator}")
        seedbed(folder, *evaluate)
    seedbed(folder, "unpack", "sweep/3")
    return f"{len(rows(folder / 'sweep'))} jobs"


def refusals(folder: Path) -> str:
    """What a machine with one GPU cannot do is refused in a line or two."""
    words: Words = ("train", *BLOBS, TEN, "optimizer=adam", GPU)
    for more in (("trainer=ddp", "trainer.devices=9"), ("trainer.devices=9",)):
        done = seedbed(folder, *words, *more, "hydra.run.dir=refused", code=2)
        lines = done.errors.strip().splitlines()
        require(len(lines) <= 2, f"{more}: {len(lines)} lines\n{done.errors[-800:]}")
    return lines[-1]


# ---- Speed ---------------------------------------------------------------------------------------


def speed_of_fusing(folder: Path) -> str:
    """Networks side by side against one after another on the GPU: seconds a job."""
    write_images(folder, 10000)
    found = []
    cnn: Words = ("-m", *IMAGES, "data.batch_size=500", GPU, "sweep.keep=record", "logger=none")
    mlp: Words = ("-m", *BLOBS, TEN, "data.rows=10000", GPU, "sweep.keep=record", "logger=none")
    for name, words, many in (("CNN", cnn, 64), ("MLP", mlp, 256)):
        seconds = {}
        for fuse, jobs in (("always", many), ("never", 4)):
            folder_of = f"hydra.sweep.dir={name}-{fuse}"
            axes = (f"seed=range({jobs})", f"sweep.fuse={fuse}")
            seedbed(folder, "train", *words, *axes, folder_of)
            taken = [float(row["seconds"]) for row in rows(folder / f"{name}-{fuse}")]
            seconds[fuse] = median(taken)
        ratio = seconds["never"] / seconds["always"]
        found.append(
            f"{name}: {many} together {seconds['always']:.4f} s a job, alone "
            f"{seconds['never']:.3f} s, {ratio:.0f} times"
        )
    return "; ".join(found)


def speed_of_cpu_and_gpu(folder: Path) -> str:
    """A thousand jobs of crop_yield, as a command, on the CPU and on the GPU."""
    words: Words = ("-m", "data=crop_yield", "optimizer.lr=1e-6,1e-5", "seed=range(500)")
    words = (*words, "trainer.max_epochs=500")
    seconds = {}
    for name, accelerator in (("cpu", CPU), ("gpu", GPU)):
        done = seedbed(folder, "train", *words, accelerator, f"hydra.sweep.dir={name}")
        seconds[name] = round(done.seconds, 1)
    return f"seconds {seconds}"


CHECKS: Sequence[Callable[[Path], str]] = (
    experiments,
    single,
    fused_linear,
    fused_mlp,
    fused_cnn,
    fused_and_alone,
    precision,
    images,
    resumed,
    search,
    workers,
    packed,
    refusals,
)
# Those that must have the GPU for themselves.
ALONE: Sequence[Callable[[Path], str]] = (
    out_of_memory,
    speed_of_fusing,
    speed_of_cpu_and_gpu,
)


def run(check: Callable[[Path], str], base: Path) -> bool:
    """Run a check and print its line; return whether all held."""
    folder, began = base / check.__name__, time.monotonic()
    folder.mkdir()
    try:
        text, holds = check(folder), True
    except DidNotHold as error:
        text, holds = str(error), False
    except Exception as error:  # A check that is broken is one that does not hold.
        text, holds = f"{type(error).__name__}: {error}", False
    word, took = "ok  " if holds else "FAIL", time.monotonic() - began
    print(f"{word} {check.__name__:22} {took:5.0f} s  {text}", flush=True)
    return holds


def main() -> int:
    """Run the checks that are asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = [check.__name__ for check in (*CHECKS, *ALONE)]
    parser.add_argument("--only", help="names of checks, with commas between them")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    arguments = parser.parse_args()
    asked = arguments.only.split(",") if arguments.only else names
    if arguments.list or not {*asked} <= {*names}:
        print("\n".join(names))
        return 0 if arguments.list else 2
    if not torch.cuda.is_available():
        print("no GPU here", file=sys.stderr)
        return 2
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1] / "src"))
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gpu-checks-") as base:
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            first = [check for check in CHECKS if check.__name__ in asked]
            held = list(pool.map(lambda check: run(check, Path(base)), first))
        held += [run(check, Path(base)) for check in ALONE if check.__name__ in asked]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
