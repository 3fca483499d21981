"""Renew the lock files: every package that `make` installs, pinned, with the hashes of its files.

Usage: python scripts/lock.py [--upgrade]   (or `make lock`, `make lock ARGS=--upgrade`)

Without `--upgrade` only what pyproject.toml no longer allows changes its version. torch never does:
name another one in requirements-torch.lock first. The files hold for every platform and Python that
Seedbed runs on. torch comes in two builds: the registry's, with NVIDIA's libraries on Linux, and
the smaller one for the CPU alone, which is taken where pip finds it.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
TRAIN, TEST, BUILD, TORCH, TORCH_CPU = (
    ROOT / f"requirements{part}.lock" for part in ("", "-test", "-build", "-torch", "-torch-cpu")
)
PROJECT = ROOT / "pyproject.toml"
OF_TORCH = re.compile(r"(torch==|triton==|nvidia-|cuda-)")


def main() -> None:
    """Write the lock files."""
    before = pins(TRAIN) + pins(TORCH)
    pinned = re.search(r"^torch==(\S+)", before, re.MULTILINE)
    assert pinned is not None, f"{TORCH} pins no torch"
    torch = pinned[0]
    if "--upgrade" in sys.argv[1:]:
        before = ""
    train = resolved([str(PROJECT)], torch, before)
    # setuptools builds the packages that come as source alone.
    requires = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["build-system"]["requires"]
    build = resolved(["-"], torch, "".join(train), "\n".join([*requires, "setuptools"]))
    # The test install holds the very packages of the train install.
    more = pins(TEST) if before else ""
    test = resolved([str(PROJECT), "--extra", "test"], torch, "".join(train) + more)
    registry = [package for package in train if OF_TORCH.match(package)]
    digest = digest_of(torch)
    if digest not in "".join(registry):
        cpu = f"{torch} \\\n    --hash=sha256:{digest}\n"
        write(TORCH_CPU, "torch for the CPU, where pip finds it", [cpu])
    write(TORCH, "torch elsewhere", registry)
    write(BUILD, "What the others and Seedbed itself are built with", build)
    rest = [package for package in train if package not in registry]
    write(TRAIN, "What training needs", [f"-r {TORCH_CPU.name}\n", *rest])
    rest = [package for package in test if package not in train]
    write(TEST, "What the checks and the tests need besides", [f"-r {TRAIN.name}\n", *rest])


def resolved(sources: list[str], torch: str, before: str, typed: str = "") -> list[str]:
    """Return the pinned packages, a text each; versions named in `before` are kept.

    `typed` are requirements beside those of the sources.
    """
    with TemporaryDirectory() as folder:
        lock, constraint = Path(folder) / "lock", Path(folder) / "constraint"
        lock.write_text(before, encoding="utf-8")
        constraint.write_text(torch, encoding="utf-8")
        command = ["uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
        command += ["--system-certs", "--no-header", "--no-annotate"]
        command += ["--no-emit-index-url", "--no-emit-find-links"]
        command += ["--constraint", str(constraint), "--output-file", str(lock), *sources]
        subprocess.run(command, input=typed, text=True, check=True, stdout=subprocess.DEVNULL)
        return re.findall(r"^\S.*\n(?: .*\n)*", lock.read_text(encoding="utf-8"), re.MULTILINE)


def pins(path: Path) -> str:
    """Return the lines of a lock file that name a package and its version."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return "".join(line.removesuffix(" \\") + "\n" for line in lines if line[0].isalnum())


def digest_of(torch: str) -> str:
    """Return the SHA-256 of the torch that pip takes on this machine."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    command += ["--no-deps", "--report", "-", torch]
    report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    digest: str = report["install"][0]["download_info"]["archive_info"]["hashes"]["sha256"]
    return digest


def write(path: Path, what: str, packages: list[str]) -> None:
    """Write a lock file."""
    path.write_text(f"# {what}; written by `make lock`.\n{''.join(packages)}", encoding="utf-8")


if __name__ == "__main__":
    main()
