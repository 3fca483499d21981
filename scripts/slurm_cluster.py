"""A small Slurm cluster on this machine, in a folder of its own: up, down, status.

    python scripts/slurm_cluster.py up FOLDER [--nodes 3]
    export SLURM_CONF=FOLDER/slurm.conf
    sinfo; sbatch ...
    python scripts/slurm_cluster.py down FOLDER

Debian's packages slurm-wlm and munge, and root, are all that it needs: no systemd, no cgroups, no
file outside the folder. Each node is a slurmd of its own on this machine. There are three
partitions: `low`, the default, whose jobs are queued again where `high` needs their nodes, after
the grace time of `low`; and `short`, which grants ten minutes. An array has at most 100 tasks. A
job that takes more memory than it asked for is killed by its node's slurmd, which looks every
second. The states of jobs are those of slurmctld's memory, and `jobs.txt`; there is no `sacct`.
"""

import argparse
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "sinfo")
# Each answers within a second or two on an idle machine.
SECONDS = 60.0
MAX_ARRAY_SIZE = 101
# Seconds that a job of `low` has from SIGTERM to its end where `high` needs its node.
GRACE = 20
# Of the name of a socket.
LONGEST_PATH = 100

CONF = """\
ClusterName=seedbed
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld
SlurmdLogFile={folder}/log/slurmd-%n
SlurmdSpoolDir={folder}/spool/%n
StateSaveLocation={folder}/state
SwitchType=switch/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs.txt
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=1000
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,sched_min_interval=100000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
MaxArraySize={max_array_size}
MaxJobCount=1000
EnforcePartLimits=ALL
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=10
InactiveLimit=0
KillWait=5
MinJobAge=300
MessageTimeout=10
TreeWidth=50
{nodes}
PartitionName=low Nodes=ALL Default=YES MaxTime=UNLIMITED State=UP PriorityTier=1 \
PreemptMode=REQUEUE GraceTime={grace}
PartitionName=high Nodes=ALL MaxTime=UNLIMITED State=UP PriorityTier=10 PreemptMode=OFF
PartitionName=short Nodes=ALL MaxTime=10 State=UP PriorityTier=1 PreemptMode=OFF
"""
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} "
    "CPUs=2 RealMemory=6000 State=UNKNOWN"
)


class ClusterError(Exception):
    """The cluster cannot be had, in one line."""


def why_impossible() -> str | None:
    """Return why there can be no cluster on this machine; None where there can."""
    if os.geteuid() != 0:
        return "Slurm's daemons need root"
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = [name for name in COMMANDS if shutil.which(name, path=path) is None]
    return f"no {', '.join(missing)} here: apt-get install slurm-wlm munge" if missing else None


class Cluster:
    """Cluster whose files are all in a folder.

    Raises ClusterError where that cannot be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.conf = self.folder / "slurm.conf"
        if len(str(self.folder / "munge.socket")) > LONGEST_PATH:
            raise ClusterError(f"{self.folder}: too long a path for a socket; take a shorter one")

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which Slurm's commands speak to this cluster."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("SLURM")}
        path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
        return {**own, "SLURM_CONF": str(self.conf), "PATH": path}

    def call(self, *words: str, check: bool = True) -> str:
        """Return what a command of Slurm's prints; raises ClusterError where it fails."""
        try:
            done = subprocess.run(
                words,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise ClusterError(f"{' '.join(words)}: no answer in {SECONDS:.0f} s") from None
        if check and done.returncode:
            raise ClusterError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
        return done.stdout + done.stderr

    def up(self, nodes: int) -> None:
        """Make the folder and start the daemons; returns when all nodes can take jobs."""
        reason = why_impossible()
        if reason is not None:
            raise ClusterError(reason)
        if self.conf.exists():
            raise ClusterError(f"{self.folder}: there is a cluster already; see status, or down")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)  # munged wants nobody else to write there.
        for name in ("log", "spool", "state"):
            (self.folder / name).mkdir(exist_ok=True)
        names = [f"node{number}" for number in range(1, nodes + 1)]
        self._write_conf(names)
        try:
            self._start_munged()
            self.start_controller()
            for name in names:
                self.start_node(name)
            self._wait(lambda: self._idle() == nodes, "its nodes do not come up: see log/")
        except BaseException:
            self.down(keep_logs=True)
            raise

    def _write_conf(self, names: Sequence[str]) -> None:
        host = socket.gethostname().partition(".")[0]
        ports = _free_ports(len(names) + 1)
        lines = [
            NODE.format(name=name, host=host, port=port)
            for name, port in zip(names, ports[1:], strict=True)
        ]
        text = CONF.format(
            host=host,
            folder=self.folder,
            controller_port=ports[0],
            max_array_size=MAX_ARRAY_SIZE,
            grace=GRACE,
            nodes="\n".join(lines),
        )
        # Of cgroups nothing is asked.
        (self.folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
        self.conf.write_text(text)

    def _start_munged(self) -> None:
        key = self.folder / "munge.key"
        key.touch(0o600)
        key.write_bytes(secrets.token_bytes(128))
        options = {
            "key-file": key,
            "socket": self.folder / "munge.socket",
            "pid-file": self.folder / "munged.pid",
            "log-file": self.folder / "log/munged",
            "seed-file": self.folder / "munge.seed",
            "num-threads": 2,
        }
        self.call("munged", *(f"--{name}={value}" for name, value in options.items()))

    def start_controller(self) -> None:
        """Start slurmctld, and wait until it answers."""
        self.call("slurmctld", "-f", str(self.conf))
        self._wait(lambda: "is UP" in self.call("scontrol", "ping", check=False), "no slurmctld")

    def start_node(self, name: str) -> None:
        """Start the slurmd of a node."""
        self.call("slurmd", "-f", str(self.conf), "-N", name)

    def kill(self, daemon: str, number: int = signal.SIGKILL) -> None:
        """Send a daemon a signal and wait until it is gone: `slurmctld`, or `slurmd-NODE`."""
        pid = _pid_in(self.folder / f"{daemon}.pid")
        if pid is None or not self._is_ours(pid):
            return
        os.kill(pid, number)
        deadline = time.monotonic() + 10
        while _exists(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        if _exists(pid):
            os.kill(pid, signal.SIGKILL)

    def _idle(self) -> int:
        """Return how many nodes are idle."""
        states = self.call("sinfo", "--Node", "--noheader", "--format=%N %t", "--partition=low")
        return sum(line.endswith(" idle") for line in states.splitlines())

    def _wait(self, holds: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise ClusterError(f"{self.folder}: {otherwise}")
            time.sleep(0.1)

    def status(self) -> str:
        """Return what Slurm says of itself, its nodes and its jobs."""
        if not self.conf.exists():
            raise ClusterError(f"{self.folder}: no cluster here")
        words = (("scontrol", "ping"), ("sinfo",), ("squeue",))
        return "".join(self.call(*each, check=False) for each in words)

    def down(self, keep_logs: bool = False) -> None:
        """End all jobs and daemons, and remove the folder."""
        if not self.conf.exists():
            return
        with ExitStack() as stack:
            if not keep_logs:
                stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self._end()
        self.conf.unlink(missing_ok=True)

    def _end(self) -> None:
        """End what runs; nothing of it is needed any more, so that nobody has to save."""
        for daemon in ("slurmctld", *self.nodes()):
            self.kill(daemon)
        for pid in self._left():  # What jobs have started, and their slurmstepd.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.kill("munged", signal.SIGTERM)

    def nodes(self) -> list[str]:
        """Return the daemons of the nodes, `slurmd-NODE`, that were started."""
        return sorted(path.stem for path in self.folder.glob("slurmd-*.pid"))

    def _left(self) -> list[int]:
        """Return the processes that belong to this cluster."""
        pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
        return [pid for pid in pids if pid != os.getpid() and self._has_our_environment(pid)]

    def _has_our_environment(self, pid: int) -> bool:
        entries = _bytes(Path(f"/proc/{pid}/environ")).split(b"\0")
        if f"SLURM_CONF={self.conf}".encode() not in entries:
            return False
        in_job = any(entry.startswith(b"SLURM_JOB_ID=") for entry in entries)
        return in_job or _bytes(Path(f"/proc/{pid}/comm")).startswith(b"slurm")

    def _is_ours(self, pid: int) -> bool:
        return str(self.folder).encode() in _bytes(Path(f"/proc/{pid}/cmdline"))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _pid_in(path: Path) -> int | None:
    text = _bytes(path).strip()
    return int(text) if text.isdigit() else None


def _exists(pid: int) -> bool:
    state = _bytes(Path(f"/proc/{pid}/stat")).rpartition(b")")[2].split()
    return bool(state) and state[0] != b"Z"


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


def main() -> int:
    """Do what the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("action", choices=("up", "down", "status"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nodes", type=int, default=3)
    options = parser.parse_args()
    try:
        cluster = Cluster(options.folder)
        if options.action == "up":
            cluster.up(options.nodes)
            print(f"export SLURM_CONF={cluster.conf}")
        elif options.action == "down":
            cluster.down()
        else:
            print(cluster.status(), end="")
    except ClusterError as error:
        print(f"slurm: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
