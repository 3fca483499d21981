"""How far a sweep is, in lines to print."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from seedbed.catalogue.entry import cut
from seedbed.documents.supervision import BestSoFar, Controller, Standing, Unit, Worker
from seedbed.terminal.words import jobs_text, printable

# Units and workers that are printed one by one; the others are counted.
MOST_SHOWN = 8
MINUTE, HOUR, DAY = 60, 3600, 86400
# What a command of `next` is for.
_TITLES = {"cancel": "stop", "go_on": "go on", "report": "report"}


def lines_of(standing: Standing) -> list[str]:
    """Return the lines that tell how far a sweep is, safe to print."""
    pairs = [
        ("sweep", f"{standing.folder}: {_status(standing)}"),
        ("controller", _controller(standing.controller)),
        ("jobs", _jobs(standing)),
        *_search(standing),
        ("units", _units(standing)),
        *_several("running", [_unit(unit) for unit in standing.running]),
        *_several("lost", [_unit(unit) for unit in standing.lost]),
        *_several("saved", [_unit(unit) for unit in standing.saved]),
        *_workers(standing.workers),
        *([("best", _best(standing.best))] if standing.best is not None else []),
        *([("left", _left(standing))] if standing.status == "running" else []),
        *((_TITLES[name], command) for name, command in standing.next.items()),
    ]
    return [printable(cut(f"{title:12} {text}")) for title, text in pairs]


def _status(standing: Standing) -> str:
    if standing.status == "running" and standing.cancelled:
        return "running, and asked to stop"
    if standing.status == "interrupted":
        how = "cancelled" if standing.cancelled else "killed" if standing.killed else ""
        return f"interrupted ({how})" if how else "interrupted"
    return standing.status


def _controller(controller: Controller) -> str:
    if controller.state == "unknown":
        return "no process works on it"
    where = f"process {controller.pid} on {controller.host}" if controller.host else "a process"
    words = [where, *(["in the background"] if controller.detached else [])]
    if controller.began is not None:
        words.append(f"since {time_text(controller.began)}")
    sign = "" if controller.age is None else f", its last sign {duration_text(controller.age)} ago"
    if controller.state == "gone":
        return f"{' '.join(words)}: gone without a word{sign}"
    if controller.state == "ended":
        at = f" at {time_text(controller.ended)}" if controller.ended else ""
        code = "" if controller.exit_code is None else f" with exit code {controller.exit_code}"
        return f"{' '.join(words)}: ended{at}{code}"
    return " ".join(words) + sign


def _jobs(standing: Standing) -> str:
    jobs = standing.jobs
    done = sum(jobs.ended.values())
    named = [f"{count:,} {status.replace('_', ' ')}" for status, count in jobs.ended.items()]
    missing = [f"{jobs.missing:,} to run"] if jobs.missing > 0 else []
    return f"{done:,} of {jobs.planned:,} done: {', '.join([*named, *missing])}"


def _search(standing: Standing) -> list[tuple[str, str]]:
    if standing.generation is None:
        return []
    of = "" if standing.generations is None else f" of {standing.generations:,}"
    return [("generation", f"{standing.generation:,}{of}")]


def _units(standing: Standing) -> str:
    units = standing.units
    counts = {
        "waiting": units.waiting,
        "running": units.running,
        "done": units.done - units.failed,
        "failed": units.failed,
        "lost": units.lost,
    }
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _several(title: str, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    for place, line in enumerate(lines[:MOST_SHOWN]):
        yield "" if place else title, line
    if len(lines) > MOST_SHOWN:
        yield "", f"and {len(lines) - MOST_SHOWN:,} more"


def _unit(unit: Unit) -> str:
    jobs = f"job {unit.first}" if unit.jobs == 1 else f"{jobs_text(unit.jobs)} from {unit.first}"
    words = [jobs, *([unit.epoch] if unit.epoch else [])]
    if unit.share is not None:
        words.append(f"{100 * unit.share:.0f} %")
    if unit.best is not None:
        words.append(f"best {unit.best:.6g}")
    if unit.began is not None:
        words.append(f"since {time_text(unit.began)}")
    if unit.tries:
        words.append(f"try {unit.tries + 1}")
    if unit.worker is not None:
        words.append(f"on {unit.worker}")
    return "  ".join(words)


def _workers(workers: Sequence[Worker]) -> Iterator[tuple[str, str]]:
    """Yield how many workers do what, and why some have stopped or are lost."""
    if not workers:
        return
    states = Counter(worker.state for worker in workers)
    counts = ", ".join(f"{count:,} {state}" for state, count in states.items())
    yield "workers", f"{len(workers):,}: {counts}"
    reasons: dict[str, list[Worker]] = {}
    for worker in workers:
        if worker.why:
            reasons.setdefault(f"{worker.state}: {worker.why}", []).append(worker)
    yield from _several("", [f"{_who(some)} {reason}" for reason, some in reasons.items()])


def _who(workers: Sequence[Worker]) -> str:
    if len(workers) > 1:
        return f"{len(workers):,}"
    [worker] = workers
    return f"{worker.name} ({worker.started})" if worker.started else worker.name


def _best(best: BestSoFar) -> str:
    value = "none" if best.value is None else f"{best.value:.6g}"
    spread = "" if best.deviation is None else f" ± {best.deviation:.3g}"
    of = f", mean of {jobs_text(best.jobs)}" if best.jobs > 1 else ""
    axes = ", ".join(f"{key}={_value(value)}" for key, value in best.axes.items())
    job = f"job {best.job}" if best.jobs == 1 else f"median job {best.job}"
    return f"{best.metric} {value}{spread}{of}: {', '.join(filter(None, [axes, job]))}"


def _value(value: object) -> str:
    words = {True: "true", False: "false", None: "null"}
    return words[value] if value is None or isinstance(value, bool) else str(value)


def _left(standing: Standing) -> str:
    if standing.seconds_left is None or standing.rate is None:
        return "not known yet"
    rate = standing.rate
    pace = f"{rate:.3g} jobs a second" if rate >= 1 else f"{duration_text(1 / rate)} a job"
    return f"{duration_text(standing.seconds_left)}, at {pace}"


def duration_text(seconds: float) -> str:
    """Return a duration in its two largest units, such as `3 h 20 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 2 * MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // DAY:,} d {whole % DAY // HOUR} h"


def time_text(text: str) -> str:
    """Return a time in UTC as ISO 8601 in local time, without the date where it is today."""
    try:
        at = datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        return text[:40]
    is_today = at.date() == datetime.now().astimezone().date()
    return at.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S")
