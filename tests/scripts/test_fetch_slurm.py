"""The script that installs Debian's Slurm; what it shares with Chromium's is tested there."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "fetch_slurm.sh"
TOOLS = ("bash", "env", "grep", "mktemp", "rm", "timeout", "touch", "chmod", "sh")
SKIPPED = ": tests on a Slurm cluster will be skipped"
NEEDS_ROOT = "apt-get needs root: sudo apt-get install slurm-wlm munge"
SLURM = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue")


@pytest.mark.parametrize(
    ("apt", "user", "said"),
    [
        ("deliver", 0, "installed, BIN/slurmctld"),
        ("exit 0", 0, f"not installed (the packages lack a command){SKIPPED}"),
        ("exit 100", 0, f"not installed (apt-get could not install it){SKIPPED}"),
        ("deliver", 1000, f"not installed ({NEEDS_ROOT}){SKIPPED}"),
    ],
)
def test_it_ends_well_and_says_in_a_line_what_it_did(
    tmp_path: Path, apt: str, user: int, said: str
) -> None:
    for tool in TOOLS:
        path = next(p for p in (Path("/usr/bin") / tool, Path("/bin") / tool) if p.exists())
        (tmp_path / tool).symlink_to(path)
    delivers = "".join(f"touch {tmp_path}/{name}; chmod +x {tmp_path}/{name}; " for name in SLURM)
    for name, body in (("id", f"echo {user}"), ("apt-get", apt.replace("deliver", delivers))):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    # Without the folders that it adds to the search path.
    text = SCRIPT.read_text().replace(":/usr/sbin:/sbin", "")
    done = subprocess.run(
        ["bash", "-c", text],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.replace(str(tmp_path), "BIN") == f"slurm: {said}\n"
