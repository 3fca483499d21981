"""Pictures of the report page's plots for docs/page.md, taken of sweeps that are trained for them.

python scripts/page_pictures.py [--folder docs/figures]

Needs Chromium and half a minute.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Locator, Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.page.browser import chromium, opened, started  # noqa: E402

SWEEPS = {
    "grid": "data=clusters data.val_size=0.25 model=mlp trainer.max_epochs=40 "
    "model.hidden=[4],[16],[64],[16,16] optimizer=sgd,adam optimizer.lr=1e-3,1e-2,1e-1,1 "
    "sweep.repeats=5",
    "search": "data=clusters data.val_size=0.25 model=mlp optimizer=adam trainer.max_epochs=20 "
    "model.hidden_size=int(interval(2,64)) optimizer.lr=tag(log,interval(1e-3,1e-1)) "
    "search=nsga2 search.trials=100 stop=none sweep.repeats=3 "
    "optimized_metric=[val/loss,model/parameters]",
}
Act = Callable[[Page, Locator], None]


def touch(page: Page, plot: Locator) -> None:
    """Show the tooltip of an epoch."""
    _at(page, plot, 0.36, 0.14)


def brush(page: Page, plot: Locator) -> None:
    """Brush the better end of the last axis."""
    box = plot.locator("canvas").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] - 91, box["y"]
    page.mouse.move(x, y + 48)
    page.mouse.down()
    page.mouse.move(x, y + 90, steps=4)
    page.mouse.move(x, y + 135, steps=4)
    page.mouse.up()


def nothing(page: Page, plot: Locator) -> None:
    """Leave the plot as it is."""


# Sweep, fragment, plot, picture, theme, and what is done before.
PICTURES: list[tuple[str, str, str, str, str, Act]] = [
    ("grid", "view=curves", "curves", "page_curves", "light", touch),
    ("grid", "view=keys", "keyPlot", "page_key", "light", nothing),
    (
        "grid",
        'view=keys&heatMap={"x":"optimizer.lr","y":"model.hidden"}',
        "heatMap",
        "page_heat_map",
        "light",
        nothing,
    ),
    ("grid", "view=parallel", "parallel", "page_parallel", "dark", brush),
    ("search", "view=search", "progress", "page_progress", "light", nothing),
    ("search", "view=search", "front", "page_front", "light", nothing),
]


def main() -> None:
    """Train the sweeps and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, default=ROOT / "docs/figures")
    arguments = parser.parse_args()
    path = chromium()
    if path is None:
        raise SystemExit("no Chromium here: scripts/fetch_chromium.sh fetches Debian's")
    with tempfile.TemporaryDirectory() as folder, started(path) as browser:
        for name, words in SWEEPS.items():
            command = [sys.executable, "-m", "seedbed", "train", "-m", *words.split()]
            command.append(f"hydra.sweep.dir={name}")
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        for sweep, fragment, plot, picture, theme, act in PICTURES:
            page = Path(folder) / sweep / "report.html"
            image = taken(browser, page, fragment, plot, theme, act)
            target = arguments.folder / f"{picture}.png"
            image.save(target, optimize=True)
            print(f"{target.stat().st_size / 1000:6.0f} KB  {target}")


def taken(
    browser: Browser, file: Path, fragment: str, plot: str, theme: str, act: Act
) -> Image.Image:
    """Return the picture of a plot, in 256 colours."""
    options = {"viewport": {"width": 980, "height": 900}, "color_scheme": theme}
    with opened(browser, file, fragment, **options) as view:
        place = view.page.locator(f'[data-plot="{plot}"]')
        place.scroll_into_view_if_needed()
        place.locator("canvas").first.wait_for()
        view.page.wait_for_timeout(400)
        act(view.page, place)
        view.page.wait_for_timeout(600)
        png = Image.open(io.BytesIO(place.screenshot())).convert("RGB")
    return png.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)


def _at(page: Page, plot: Locator, across: float, down: float) -> None:
    box = plot.locator("canvas").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * across, box["y"] + box["height"] * down)


if __name__ == "__main__":
    main()
