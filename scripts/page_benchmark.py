"""Time of a report page in the browser: first paint, filtering, sorting, scrolling 10,000 rows.

python scripts/page_benchmark.py [--rounds 5]
python scripts/page_benchmark.py --write FOLDER   (pages of drawn documents, to look at)

Times are those that the page's own thread works, medians of the rounds; the longest step of a
scroll is that of all of them. Other processes do not lengthen them as they do what a clock says,
which stands beside them: from the action to the second frame after it. Needs Chromium.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.page.browser import chromium, opened, started  # noqa: E402
from tests.page.documents import DOCUMENTS, ten_thousand  # noqa: E402

from seedbed.page.html import page_html  # noqa: E402

# What a page of 10,000 jobs may take on two cores, in ms.
PAINT, ACTION = 2000, 100
# Actions, and the fragments of the address that do them one after another.
ACTIONS = {
    "filter": ("filter=optimizer.lr>0.001", "filter=model.dropout<0.3"),
    "filter by a configuration's mean": (
        "filter=mean(val/loss)<0.5",
        "filter=mean(best/val/loss)<0.5",
    ),
    "sort": ('sort=["model.dropout","asc"]', 'sort=["val/loss","desc"]'),
    "another metric": ("metric=val/accuracy", "metric=val/loss"),
    "open a configuration": ("open=[1]", "open=[2]"),
    "pin a baseline": ("baseline=1", "baseline=2"),
    "single jobs": ("rows=jobs", "rows=jobs&filter=seed<3", ""),
}

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
# A step of a scroll through the whole table.
STEP = """async (share) => {
  const begin = performance.now();
  const holder = document.querySelector(".tabulator-tableholder");
  holder.scrollTop = holder.scrollHeight * share;
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return performance.now() - begin;
}"""
STEPS = 40


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
            for name, (busy, clock, limit) in measured(browser, file, arguments.rounds).items():
                failed |= busy > limit
                print(f"  {name:<34} {busy:6.0f} ms, by the clock {clock:5.0f}   (at most {limit})")
    return int(failed)


def measured(browser: Any, file: Path, rounds: int) -> dict[str, tuple[float, float, int]]:
    """Return of each action the page's time, the clock's, and the limit, in ms.

    The first paint is by the clock alone: it waits for the reading of the file, too.
    """
    paints = []
    for _ in range(rounds):
        with opened(browser, file) as view:
            view.page.wait_for_selector("html[data-ready]")
            paints.append(view.page.evaluate(PAINTED))
    results = {"first paint": (*[statistics.median(paints)] * 2, PAINT)}
    with opened(browser, file, "view=table") as view:
        view.page.wait_for_selector(".tabulator-row")
        thread = Thread(view.page)
        for name, fragments in ACTIONS.items():
            times = [
                thread.timed(CHANGE, f"view=table&{fragment}")
                for _ in range(rounds)
                for fragment in fragments
            ]
            results[name] = (*map(statistics.median, zip(*times, strict=True)), ACTION)
        view.page.evaluate(CHANGE, "view=table")
        steps = [
            thread.timed(STEP, step / STEPS) for _ in range(rounds) for step in range(STEPS + 1)
        ]
        columns = [*zip(*steps, strict=True)]
        results["scroll, the median step"] = (*map(statistics.median, columns), ACTION)
        results["scroll, the longest step"] = (*map(max, columns), ACTION)
    return results


class Thread:
    """The main thread of a page, by the time that it works."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.session = page.context.new_cdp_session(page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy(self) -> float:
        """Return how long it has worked, in ms."""
        metrics = self.session.send("Performance.getMetrics")["metrics"]
        return 1000 * next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    def timed(self, script: str, argument: Any) -> tuple[float, float]:
        """Return how long it works on a script, and what the clock says, in ms."""
        before = self.busy()
        clock = self.page.evaluate(script, argument)
        self.page.wait_for_timeout(30)
        return self.busy() - before, clock


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
