"""Time of a report page in the browser: first paint, filtering, sorting, scrolling 10,000 rows.

python scripts/page_benchmark.py [--rounds 5]
python scripts/page_benchmark.py --write FOLDER   (pages of drawn documents, to look at)

Times are medians of what the page's own clock says, from the action to the next frame after it; the
longest frame of a scroll is that of all rounds. Needs Chromium.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.page.browser import chromium, opened, started  # noqa: E402
from tests.page.documents import DOCUMENTS, ten_thousand  # noqa: E402

from seedbed.page.html import page_html  # noqa: E402

# What the issue of a page with 10,000 jobs may take on two cores, in ms.
PAINT, ACTION = 2000, 100

# When the first content was painted.
PAINTED = """async () => {
  while (!window.marks["first-contentful-paint"]) await new Promise((done) => setTimeout(done, 5));
  return window.marks["first-contentful-paint"];
}"""
# Time from a change of the state to the second frame after it: the first one draws it.
CHANGE = """async (fragment) => {
  const begin = performance.now();
  history.replaceState(null, "", "#" + fragment);
  dispatchEvent(new PopStateEvent("popstate"));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - begin;
}"""
# Frames of a scroll through the whole table, 40 steps.
SCROLL = """async () => {
  const holder = document.querySelector(".tabulator-tableholder");
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const times = [];
  for (let step = 1; step <= 40; step++) {
    const begin = performance.now();
    holder.scrollTop = (holder.scrollHeight * step) / 40;
    await frame();
    await frame();
    times.push(performance.now() - begin);
  }
  holder.scrollTop = 0;
  return times;
}"""


def main() -> int:
    """Measure, or write pages; return 1 where a time is above its limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.write is not None:
        write_pages(arguments.write)
        return 0
    path = chromium()
    if path is None:
        sys.exit("no Chromium here")
    failed = False
    with tempfile.TemporaryDirectory() as folder, started(path) as browser:
        for seeds in (1, 5):
            file = Path(folder) / f"{seeds}.html"
            file.write_bytes(page_html(ten_thousand(seeds)))
            print(f"10,000 jobs of {10_000 // seeds:,} configurations, {size(file)}")
            times = measured(browser, file, arguments.rounds)
            for name, (time, limit) in times.items():
                failed |= time > limit
                print(f"  {name:<34} {time:7.0f} ms   (at most {limit})")
    return int(failed)


def measured(browser: Any, file: Path, rounds: int) -> dict[str, tuple[float, int]]:
    """Return the time of each action, and its limit, in ms."""
    paints, ready, results = [], [], {}
    for _ in range(rounds):
        with opened(browser, file) as view:
            view.page.wait_for_selector("html[data-ready]")
            paints.append(view.page.evaluate(PAINTED))
            ready.append(view.page.evaluate("performance.getEntriesByName('ready')[0].startTime"))
    with opened(browser, file, "view=table") as view:
        view.page.wait_for_selector(".tabulator-row")

        def change(*fragments: str) -> float:
            times = []
            for _ in range(rounds):
                for fragment in fragments:
                    time = view.page.evaluate(CHANGE, f"view=table&{fragment}")
                    times.append(time)
                    view.page.wait_for_timeout(50)
            return statistics.median(times)

        actions: dict[str, Callable[[], float]] = {
            "filter": lambda: change("filter=optimizer.lr>0.001", "filter=model.dropout<0.3"),
            "filter by a configuration's mean": lambda: change(
                "filter=mean(val/loss)<0.5", "filter=mean(best/val/loss)<0.5"
            ),
            "sort": lambda: change('sort=["model.dropout","asc"]', 'sort=["val/loss","desc"]'),
            "another metric": lambda: change("metric=val/accuracy", "metric=val/loss"),
            "open a configuration": lambda: change("open=[1]", "open=[2]"),
            "pin a baseline": lambda: change("baseline=1", "baseline=2"),
            "single jobs": lambda: change("rows=jobs", "rows=jobs&filter=seed<3", ""),
        }
        results = {name: (act(), ACTION) for name, act in actions.items()}
        steps = [step for _ in range(rounds) for step in view.page.evaluate(SCROLL)]
        results["scroll, the median step"] = (statistics.median(steps), ACTION)
        results["scroll, the longest step"] = (max(steps), ACTION)
    return {
        "first paint": (statistics.median(paints), PAINT),
        "ready": (statistics.median(ready), PAINT),
        **results,
    }


def write_pages(folder: Path) -> None:
    """Write a page of each drawn document."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in DOCUMENTS.items():
        path = folder / f"{name}.html"
        path.write_bytes(page_html(make()))
        print(f"{size(path):>8}  {path}")


def size(path: Path) -> str:
    """Return the size of a file as text."""
    return f"{path.stat().st_size / 1e6:.2f} MB"


if __name__ == "__main__":
    sys.exit(main())
