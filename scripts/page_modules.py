"""Check the report page's own modules: their types by TypeScript, their form by Prettier.

Usage: python scripts/page_modules.py [--format]

`--format` writes them in form instead of complaining. Nothing of this is needed to use or to build
Seedbed: the modules run as they are. Needs node, npm and a network.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from page_libraries import ROOT, SOURCES, install

SCRIPTS = ROOT / "src/seedbed/page/assets/scripts"
WIDTH = 100
TYPES = {
    "allowJs": True,
    "checkJs": True,
    "noEmit": True,
    "target": "es2022",
    "module": "es2022",
    "moduleResolution": "bundler",
    "lib": ["es2023", "dom", "dom.iterable"],
}


def main() -> int:
    """Check types and form, or write the form; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--format", action="store_true", help="write the modules in form")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(SOURCES, work, dirs_exist_ok=True)
        install(work, upgrade=False)
        settings = {"compilerOptions": TYPES, "include": [f"{SCRIPTS}/**/*.js"]}
        (work / "tsconfig.json").write_text(json.dumps(settings))
        types = ran(work, "typescript/bin/tsc", "-p", ".")
        styles = [str(SCRIPTS / "**/*.js"), f"{SCRIPTS.parent}/*.css", f"{SOURCES}/**/*.js"]
        wish = "--write" if arguments.format else "--check"
        form = ran(
            work,
            "prettier/bin/prettier.cjs",
            f"--print-width={WIDTH}",
            "--log-level=warn",
            wish,
            *styles,
        )
    return types or form


def ran(work: Path, *words: str) -> int:
    """Run a program of an npm package; return its exit code."""
    program = work / "node_modules" / words[0]
    return subprocess.run(["node", str(program), *words[1:]], cwd=work, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
