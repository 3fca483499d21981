"""Lines below the table of a search: the best so far, importances, and what stopping has saved."""

from collections.abc import Collection, Mapping, Sequence

from seedbed.analysis.searches.best_so_far import improvements
from seedbed.analysis.searches.importances import FEWEST_TRIALS, importances
from seedbed.analysis.searches.keys import SearchedKey, searched_keys
from seedbed.sweep.results.searched.trials import COMPLETED, STOPPED, Trial
from seedbed.terminal.words import printable

# Most trials that are named at which the best was improved, and keys with their importances.
IMPROVEMENTS, KEYS = 8, 6


def keys_of(trials: Sequence[Trial], logs: Mapping[str, bool] | None = None) -> list[SearchedKey]:
    """Return the keys that differ among trials; `logs` says which were searched in log."""
    return searched_keys([trial.axes for trial in trials], logs)


def shares_of(
    trials: Sequence[Trial],
    keys: Sequence[SearchedKey],
    mode: str,
    ranks: Sequence[int | None] | None = None,
) -> dict[str, float] | None:
    """Return the importances of keys.

    Trials that were stopped count as worse than those that were trained to their end, and among
    each other by what they had by then. Of several objectives the importances are those for coming
    to the Pareto front; `ranks` are theirs, which are 1 on the front.
    """
    values = [trial.value for trial in trials] if ranks is None else ranks
    sign = -1.0 if mode == "max" and ranks is None else 1.0
    order = [
        None if value is None else (trial.status != COMPLETED, sign * value)
        for trial, value in zip(trials, values, strict=True)
    ]
    known = sorted({key for key in order if key is not None})
    different = {key: float(place) for place, key in enumerate(known)}
    return importances(keys, [None if key is None else different[key] for key in order])


def search_lines(
    trials: Sequence[Trial],
    mode: str,
    shares: Mapping[str, float] | None,
    epochs: tuple[int, int] | None = None,
    infeasible: Collection[int] = (),
    several: bool = False,
) -> list[str]:
    """Return the lines below the table.

    Args:
        trials: the trials.
        mode: `min` or `max`, which values are better.
        shares: the importances of the keys, None where there are none.
        epochs: epochs that were trained, and those that were planned for the same jobs; None: not
            known.
        infeasible: numbers of the trials that break a constraint, which are never the best.
        several: whether there are several objectives, of which no trial is the best.
    """
    lines = []
    feasible = [trial for trial in trials if trial.number not in infeasible]
    if not several and (best := improvements_text(feasible, mode)):
        lines.append(f"best so far  {best}")
    if shares is not None:
        told = [
            f"{printable(name)} {_percent(share)}" for name, share in list(shares.items())[:KEYS]
        ]
        more = f", {len(shares) - KEYS} more" if len(shares) > KEYS else ""
        lines.append(f"importances  {', '.join(told)}{more}")
    elif 1 < len(trials) < FEWEST_TRIALS:
        lines.append(f"importances  of {FEWEST_TRIALS} trials or more; these are {len(trials)}")
    stopped = sum(trial.status == STOPPED for trial in trials)
    if epochs is not None and epochs[1]:
        trained, planned = epochs
        share = f"{_percent(trained / planned)} of {planned:,}"
        saved = f"; {stopped:,} of {len(trials):,} trials stopped early" if stopped else ""
        lines.append(f"epochs       {trained:,}, {share} planned{saved}")
    return lines


def improvements_text(trials: Sequence[Trial], mode: str) -> str:
    """Return the trials at which the best was improved, as `trial: value`; of many the last few."""
    completed = [trial for trial in trials if trial.status == COMPLETED]
    better = [
        (completed[place].number, value)
        for place, value in improvements((trial.value for trial in completed), mode)
    ]
    told = [f"{number:,}: {value:.6g}" for number, value in better]
    if len(told) > IMPROVEMENTS:
        told = [told[0], "...", *told[2 - IMPROVEMENTS :]]
    return "  ".join(told)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.005 or share == 0 else "<1 %"
