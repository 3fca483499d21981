"""Bundle the libraries of the report page anew, from npm into the package.

Usage: python scripts/page_libraries.py [--check | --upgrade]

Without a flag the versions stay as they are in scripts/page_npm/package-lock.json, whose hashes npm
checks. `--check` writes nothing and says whether the package holds what npm and esbuild give;
`--upgrade` takes the newest versions first. No script of an npm package is run. Needs node, npm and
a network.

Written are a minified script for each entry file in scripts/page_npm, the style of the table, the
licences of all that is inside, and libraries.json: what is where, in which version, with SHA-256.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "scripts/page_npm"
LIBRARIES = ROOT / "src/seedbed/page/assets/libraries"
STYLE = "tabulator-tables/dist/css/tabulator_simple.css"
# Modules that are left out, and ours in their place.
REPLACED = {
    "@stdlib/assert-has-generator-support": "./replacements/generator_support.js",
    "debug": "./replacements/debug.js",
}
# Browsers of 2020 and later.
TARGET = "es2020"
MANIFESTS = ("package.json", "package-lock.json")
NPM = ("--ignore-scripts", "--no-audit", "--no-fund", "--omit-lockfile-registry-resolved")
INTRODUCTION = """\
What the report page of Seedbed is made with. Each licence has its packages above it; where one
only holds the Apache License once more, that stands here once.
"""
APACHE = re.compile(r"Apache License\n.*?END OF TERMS AND CONDITIONS", re.DOTALL)


def main() -> int:
    """Write the libraries, or compare them; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="write nothing, compare")
    choice.add_argument("--upgrade", action="store_true", help="take the newest versions")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        shutil.copytree(SOURCES, work, dirs_exist_ok=True)
        install(work, arguments.upgrade)
        files = bundled(work)
    if arguments.check:
        return compared(files)
    shutil.rmtree(LIBRARIES, ignore_errors=True)
    LIBRARIES.mkdir(parents=True)
    for name, content in files.items():
        (LIBRARIES / name).write_bytes(content)
        print(f"{len(content):>8} bytes  {LIBRARIES.relative_to(ROOT) / name}")
    return 0


def install(work: Path, upgrade: bool) -> None:
    """Install what the lock file pins; if asked, the newest versions, which are then pinned."""
    if not upgrade:
        run(work, "npm", "ci", *NPM)
        return
    wanted = json.loads((work / "package.json").read_text())
    for kind, flag in (("dependencies", "--save-prod"), ("devDependencies", "--save-dev")):
        newest = [f"{name}@latest" for name in wanted[kind]]
        run(work, "npm", "install", *NPM, "--save-exact", flag, *newest)
    for name in MANIFESTS:
        shutil.copy(work / name, SOURCES)


def bundled(work: Path) -> dict[str, bytes]:
    """Return the content of each file of the libraries by its name."""
    files: dict[str, bytes] = {}
    described = []
    packages: set[str] = set()
    entries = [*sorted(work.glob("*.js")), work / "node_modules" / STYLE]
    for entry in entries:
        name = entry.name if entry.suffix == ".js" else "table.css"
        content, inside = bundle(work, entry)
        files[name] = content
        packages |= inside
        versions = {package: manifest(work, package)["version"] for package in sorted(inside)}
        digest = hashlib.sha256(content).hexdigest()
        described.append({"file": name, "sha256": digest, "packages": versions})
    licences = {package: manifest(work, package)["license"] for package in sorted(packages)}
    files["licences.txt"] = licence_texts(work, sorted(packages)).encode()
    made_with = {"esbuild": manifest(work, "esbuild")["version"]}
    document = {"made_with": made_with, "files": described, "licences": licences}
    files["libraries.json"] = (json.dumps(document, indent=2) + "\n").encode()
    return files


def bundle(work: Path, entry: Path) -> tuple[bytes, set[str]]:
    """Return a minified bundle and the npm packages inside of it."""
    output, inputs = work / "bundle", work / "inputs.json"
    is_style = entry.suffix == ".css"
    options = [] if is_style else ["--format=iife", "--platform=browser", f"--target={TARGET}"]
    run(
        work,
        "node",
        "node_modules/esbuild/bin/esbuild",
        str(entry.relative_to(work)),
        "--bundle",
        "--minify",
        "--charset=ascii",
        "--legal-comments=none",  # licences.txt has them whole
        "--log-level=warning",
        f"--metafile={inputs.name}",
        f"--outfile={output.name}{entry.suffix}",
        *(f"--alias:{module}={ours}" for module, ours in REPLACED.items()),
        *options,
    )
    [used] = json.loads(inputs.read_text())["outputs"].values()
    names = [path for path, of in used["inputs"].items() if of["bytesInOutput"]]
    return output.with_suffix(entry.suffix).read_bytes(), {
        package_of(path) for path in names if path.startswith("node_modules/")
    }


def package_of(path: str) -> str:
    """Return the name of the package that a file in node_modules belongs to."""
    scope, name = path.rpartition("node_modules/")[2].split("/")[:2]
    return f"{scope}/{name}" if scope.startswith("@") else scope


def manifest(work: Path, package: str) -> Any:
    """Return the package.json of an installed package."""
    return json.loads((work / "node_modules" / package / "package.json").read_text())


def licence_texts(work: Path, packages: list[str]) -> str:
    """Return the licences and notices of packages, each text once under those that have it."""
    texts: dict[str, list[str]] = {}
    for package in packages:
        folder = work / "node_modules" / package
        files = sorted(
            path
            for path in folder.iterdir()
            if path.name.partition(".")[0].upper() in ("LICENSE", "LICENCE", "COPYING", "NOTICE")
        )
        assert files, f"{package} has no licence file"
        for path in files:
            text = "\n".join(line.rstrip() for line in path.read_text("utf-8").splitlines())
            version = manifest(work, package)["version"]
            texts.setdefault(text.strip(), []).append(f"{package} {version}")
    apache = next(match[0] for text in texts if (match := APACHE.search(text)))
    parts = [
        ", ".join(named) + "\n\n" + without_apache(text) + "\n" for text, named in texts.items()
    ]
    parts.append(f"The Apache License 2.0\n\n{apache}\n")
    return f"\n{'-' * 100}\n\n".join([INTRODUCTION, *parts])


def without_apache(text: str) -> str:
    """Return a licence text that names the Apache License where it holds it whole."""
    return APACHE.sub("[here the Apache License 2.0, which stands below]", text)


def compared(files: dict[str, bytes]) -> int:
    """Say which files of the package are other than those of npm and esbuild."""
    there = {path.name: path.read_bytes() for path in LIBRARIES.glob("*")}
    differing = sorted(
        name for name in {*files, *there} if files.get(name, b"") != there.get(name, b"")
    )
    if differing:
        print(f"{', '.join(differing)}: not what npm and esbuild give", file=sys.stderr)
        return 1
    print(f"{len(files)} files: what npm and esbuild give")
    return 0


def run(work: Path, *words: str) -> None:
    """Run a command, quietly unless it fails."""
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        words, cwd=work, env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
