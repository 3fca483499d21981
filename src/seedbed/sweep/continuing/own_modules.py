"""Own modules of a sweep that goes on: the same sources as its jobs have begun with."""

from collections.abc import Iterator
from typing import Any

from seedbed.errors import RunFolderError
from seedbed.runs.folder import RunFolder, record_at
from seedbed.runs.provenance.files import PROVENANCE, SOURCES, hash_of
from seedbed.runs.resuming.same_sources import changed_sources
from seedbed.sweep.configs.saved_jobs import modules_to_trust
from seedbed.sweep.execution.continued_jobs import plain_values_of
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.job import Job


def require_same_sources(name: str, worker: Worker) -> None:
    """Raise ConfigError where a module of the user's is not what a sweep's jobs began with.

    Args:
        name: What goes on, such as `sweep.resume=rates`.
        worker: Worker of the sweep.
    """
    plan, composer = worker.plan, worker.composer
    if not modules_to_trust(composer, plan.jobs):
        return
    known: set[str] = set()
    for job, folder, record in _records(worker):
        if repr(record["sources"]) not in known:
            known.add(repr(record["sources"]))
            with composer.applied(job) as config:
                values = plain_values_of(config)
            changed_sources(name, folder, record, values)


def _records(worker: Worker) -> Iterator[tuple[Job, RunFolder, dict[str, Any]]]:
    """Yield the jobs whose records name sources; where none does, one with the sweep's copies."""
    named = False
    for job in worker.plan.jobs:
        folder = RunFolder(worker.folders.path(job))
        try:
            record = record_at(folder.path) or {}
        except RunFolderError:  # Damaged: the job begins again.
            continue
        if record.get("sources"):
            named = True
            yield job, folder, record
    if not named and (copies := _copies(worker)):
        job = worker.plan.jobs[0]
        yield job, RunFolder(worker.folders.path(job)), {"sources": copies}


def _copies(worker: Worker) -> dict[str, Any]:
    """Return what a record would say of the sources of which a sweep has copies."""
    top = worker.folder.path / PROVENANCE / SOURCES
    copies = {}
    for path in sorted(top.rglob("*.py")):
        parts = path.relative_to(top).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        module = ".".join(parts[:-1] if is_package else parts)
        copies[module] = {"sha256": hash_of(path.read_bytes()), "package": is_package}
    return copies
