"""What lies in the working folder before the first command of a page of the documentation."""

import re
import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image
from tests.docs.console import DOCS

_CLOTHES = (
    "bag",
    "boot",
    "coat",
    "dress",
    "pullover",
    "sandal",
    "shirt",
    "sneaker",
    "top",
    "trouser",
)
# A block of Python that begins with the name of a file is that file.
_FILE = re.compile(r"```python\n# (?P<name>[\w/]+\.py)\n(?P<code>.*?)```", re.DOTALL)


def prepare(folder: Path, page: str) -> None:
    """Put into a folder what the commands of a page need."""
    shutil.copy(Path(str(files("palmerpenguins"))) / "data" / "penguins.csv", folder)
    for file in _FILE.finditer((DOCS / f"{page}.md").read_text(encoding="utf-8")):
        (folder / file["name"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / file["name"]).write_text(file["code"], encoding="utf-8")
    if page in _OF_PAGE:
        _OF_PAGE[page](folder)


def _images(folder: Path) -> None:
    """Write small pictures of clothes, a folder a class, and of plates with their angles."""
    random = np.random.default_rng(0)
    for label in _CLOTHES:
        (folder / "clothes" / label).mkdir(parents=True)
        for number in range(10):
            pixels = random.integers(0, 256, (28, 28), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "clothes" / label / f"{number:05}.png")
    (folder / "plates").mkdir()
    lines = ["file_name,angle,patient"]
    for number in range(40):
        pixels = random.integers(0, 256, (12, 12), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "plates" / f"{number:03}.png")
        lines.append(f"{number:03}.png,{random.uniform(0, 90):.1f},p{number // 4}")
    (folder / "plates" / "metadata.csv").write_text("\n".join(lines) + "\n")


def _visits(folder: Path) -> None:
    """Write the table of a German spreadsheet, in which the score gives the diagnosis away."""
    random = np.random.default_rng(0)
    lines = ["patient_id;visited;weight;smoker;zip;height;score;diagnosis"]
    for number in range(120):
        ill = number % 3 == 0
        weight = "" if number % 20 == 7 else f"{random.normal(70, 9):.1f}"
        cells = (
            f"p{random.integers(0, 40)}",
            f"{number % 28 + 1:02}/{number % 12 + 1:02}/2025",
            weight,
            "ja" if random.random() < 0.3 else "nein",
            f"0{1000 + 500 * (number % 7 % 3)}",
            f"{random.normal(1.7, 0.1):.2f}",
            f"{random.uniform(0, 1) + ill:.3f}",
            "Grippe" if ill else "Erkältung",
        )
        lines.append(";".join(cells).replace(".", ",").replace("/", "."))
    (folder / "visits.csv").write_text("\n".join(lines) + "\n", encoding="cp1252")


_OF_PAGE = {"images": _images, "tables": _visits}
