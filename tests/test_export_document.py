"""The examples of docs/export.md, run where Seedbed cannot be imported, answer as the run does."""

import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image
from tests.command_line import environment
from tests.composing import composed
from tests.docs.console import shape
from tests.experiments import trained_on_own_data

from seedbed.commands.export import export
from seedbed.commands.predict import predict

DOCUMENT = (Path(__file__).parents[1] / "docs" / "export.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
PENGUINS = Path(str(files("palmerpenguins"))) / "data" / "penguins.csv"
TRAINED = {
    "penguins": (
        *("data=table", "data.file=penguins.csv", "data.target=species", "data.encode=embedding"),
        *("model=mlp", "trainer.max_epochs=20"),
    ),
    # Dates, truths, words one-hot, scaled targets.
    "masses": (
        *("data=table", "data.file=masses.csv", "data.target=[body_mass_g,year]"),
        *("data.target_scale=standard", "model=linear", "trainer.max_epochs=5"),
    ),
    "shapes": (
        *("data=images", "data.folder=images", "data.size=8", "data.fit=crop"),
        *("data.input_scale=standard", "model=cnn"),
        *("model.kernel=[3]", "model.channels=[4]", "model.hidden=[6]", "trainer.max_epochs=2"),
    ),
}
SUFFIXES = (".onnx", ".pt2", ".safetensors", ".pt")

# What is around the examples: no Seedbed, files of other names, and where the answers go.
BEFORE = """
import sys
for name in ("seedbed", "pytorch_lightning", "hydra", "omegaconf", "polars"):
    sys.modules[name] = None
kept = {}
"""
NUMPY = "np.savez('answers.npz', **{name: np.asarray(value) for name, value in kept.items()})"


def _images(folder: Path) -> None:
    random = np.random.default_rng(0)
    for word, bright in (("dark", 0), ("light", 100)):
        (folder / word).mkdir(parents=True)
        for number in range(12):
            pixels = random.integers(bright, bright + 120, (10, 12, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / word / f"{number}.png")


def _masses(file: Path) -> None:
    """Write the penguins with a date, a boolean and gaps of every kind."""
    frame = pl.read_csv(PENGUINS, null_values="NA").drop_nulls("body_mass_g")[:120]
    rows = pl.int_range(len(frame), eager=True)
    frame.with_columns(
        seen=(pl.date(2007, 1, 1) + pl.duration(days=rows * 17)).dt.strftime("%d.%m.%Y"),
        # Of another time zone, with parts of seconds.
        stamp=(pl.lit("2020-02-") + (rows % 9 + 10).cast(pl.String) + "T23:30:15.250+02:00"),
        at=(pl.lit("0") + (rows % 10).cast(pl.String) + ":30"),
        ringed=pl.when(rows % 3 == 0).then(pl.lit("Yes")).otherwise(pl.lit("No")),
    ).with_columns(
        seen=pl.when(rows % 11 == 5).then(None).otherwise(pl.col("seen")),
        ringed=pl.when(rows % 7 == 6).then(None).otherwise(pl.col("ringed")),
    ).write_csv(file)


def _script() -> str:
    """Return the examples, as they are for penguins and with other names for the others."""
    functions = [block for block in BLOCKS if "def " in block]
    onnx, exported, safe, plain = [block for block in BLOCKS if "def " not in block]
    script = [BEFORE, *functions, "import torch\n"]
    for name in TRAINED:
        axis = "assert session.get_inputs()[0].shape[0] == 'rows'\n"
        parts = {".onnx": onnx + axis, ".pt2": exported, ".safetensors": safe}
        if name == "penguins":
            parts[".pt"] = plain + "layers =" + safe.partition("layers =")[2]
        for suffix, part in parts.items():
            text = part.replace("penguins.", f"{name}.")
            if name == "masses":
                text = re.sub(r"^classes = .*\n", "", text, flags=re.MULTILINE)
            if name == "shapes":
                text = re.sub(r"with open\(\"shapes.csv.*\n.*\n", _PIXELS, text)
                text = text.replace("float64", "uint8")
            script.append(f"{text}kept['{name}{suffix}'] = probabilities\n")
    return "\n".join([*script, NUMPY])


# Of images that are not of the model's size.
_PIXELS = """from pathlib import Path
rows = [pixels(path, model) for path in sorted(Path("images/dark").glob("*.png"))]
"""


def _done(verb: str, *words: str) -> None:
    """Run a verb in this process."""
    function = {"export": export, "predict": predict}[verb]
    assert function(composed(*words, verb=verb), ["seedbed", verb, *words]) == 0


def _require_shown(printed: str) -> None:
    """Check that the document shows what the export prints."""
    [(train, export)] = re.findall(
        r"^\$ (seedbed train.*)\n\.\.\.\n\$ (.*)$", DOCUMENT, re.MULTILINE
    )
    assert all(word in train.split() for word in TRAINED["penguins"])
    assert export == "seedbed export run=penguins output=penguins.onnx"
    shown = DOCUMENT.partition(f"{export}\n")[2].partition("```")[0].splitlines()
    assert [*map(shape, shown)] == [*map(shape, printed.splitlines())]


def test_the_examples_answer_as_the_run_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("penguins.csv").write_bytes(PENGUINS.read_bytes())
    _masses(Path("masses.csv"))
    _images(Path("images"))
    for name, words in TRAINED.items():
        trained_on_own_data(Path(name), *words, "optimizer=adam")
        for suffix in SUFFIXES if name == "penguins" else SUFFIXES[:3]:
            capsys.readouterr()
            _done("export", f"run={name}", f"output={name}{suffix}")
            printed = capsys.readouterr().out
            assert re.search(r"check +\d+ rows of the test split: ", printed), printed
            if suffix == ".onnx" and name == "penguins":
                _require_shown(printed)
        source = "images/dark" if name == "shapes" else f"{name}.csv"
        _done("predict", f"run={name}", f"input={source}", f"output={name}.npy")
    features = json.loads(Path("masses.onnx.json").read_text())["input"]["features"]
    kinds = {each["kind"] for each in features}
    assert kinds == {"number", "category", "boolean", "date", "time"}
    assert "stamp hour" in [each["name"] for each in features]
    of_images = json.loads(Path("shapes.onnx.json").read_text())["input"]
    assert of_images["image"] == {"channels": 3, "height": 8, "width": 8, "fit": "crop"}
    assert "features" not in of_images  # One name stands for all pixels.
    (tmp_path / "examples.py").write_text(_script())
    done = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "examples.py"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = np.load(tmp_path / "answers.npz")
    assert len(answers) == 10
    for key, value in answers.items():
        name = key.partition(".")[0]
        expected = np.load(tmp_path / f"{name}.npy")
        if expected.ndim == 1:  # Of two classes the probability of the second.
            expected = np.stack([1 - expected, expected], axis=1)
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6, err_msg=key)
