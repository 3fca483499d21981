"""Check report pages with axe-core: every view, light and dark, wide and as on a phone.

python scripts/page_accessibility.py PAGE.html [PAGE.html ...] [--views jobs,comparison]

Prints each rule that is broken, with its help and the elements; exits with 1 if there is any. Needs
Chromium, npm and a network: axe-core (MPL-2.0) is fetched into a temporary folder and is no part of
Seedbed.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.page.browser import Opened, chromium, opened, started

AXE = "axe-core@4.14.1"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
RUN = """async ([source, rules]) => {
  if (!window.axe) (0, eval)(source);
  const outcome = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
  return outcome.violations.map(({id, impact, help, nodes}) => ({
    id, impact, help,
    nodes: nodes.map((node) => `${node.target.join(" ")}  ${node.html.slice(0, 160)}`),
  }));
}"""


def axe_source() -> str:
    """Return axe-core's script, by way of npm, whose lock of a version is its hash."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", AXE]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        return (Path(folder) / "node_modules/axe-core/axe.min.js").read_text("utf-8")


def views(view: Opened) -> list[str]:
    """Return the views that the page offers, by the key that its fragment has."""
    names: list[str] = view.page.eval_on_selector_all(
        "[data-view]", "elements => elements.map((element) => element.dataset.view)"
    )
    return list(dict.fromkeys(names))


def violations(file: Path, source: str, asked: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield where and which rule is broken."""
    path = chromium()
    if path is None:
        raise SystemExit("no Chromium here: scripts/fetch_chromium.sh fetches Debian's")
    with started(path) as browser:
        for look, options in LOOKS.items():
            # Only for axe's own script, which runs in the page; the tests hold the policy.
            with opened(browser, file, bypass_csp=True, **options) as view:
                for name in asked or views(view):
                    view.page.goto(f"{file.as_uri()}#view={name}")
                    view.page.wait_for_timeout(400)
                    for broken in view.page.evaluate(RUN, [source, RULES]):
                        yield f"{file.name} {name} {look}", broken


def main() -> int:
    """Print what is broken; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="+", type=Path)
    parser.add_argument("--views", default="", help="keys of views, by default all")
    arguments = parser.parse_args()
    source = axe_source()
    asked = [name for name in arguments.views.split(",") if name]
    rules: dict[str, tuple[list[str], list[str]]] = {}
    for page in arguments.pages:
        for place, broken in violations(page.resolve(), source, asked):
            title = f"{broken['id']} ({broken['impact']}): {broken['help']}"
            places, nodes = rules.setdefault(title, ([], []))
            places.append(place)
            nodes += broken["nodes"]
    for title, (places, nodes) in rules.items():
        print(title)
        print(f"  in {', '.join(places)}")
        for node in list(dict.fromkeys(nodes))[:10]:
            print(f"    {node}")
    print(f"{len(rules)} broken rules" if rules else "nothing broken")
    return 1 if rules else 0


if __name__ == "__main__":
    sys.exit(main())
