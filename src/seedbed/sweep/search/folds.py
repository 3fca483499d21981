"""Cross-validation of each job of a sweep: once for every fold of its rows."""

from collections.abc import Sequence
from typing import Any

from omegaconf import DictConfig

from seedbed.config.known_keys import is_independent
from seedbed.config.schema import shipped_schema_of
from seedbed.config.schema.data import held_out_rows
from seedbed.errors import ConfigError
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.job import Job, Words, bare_key, numbered, with_value
from seedbed.sweep.results.table import Row, mean_row
from seedbed.sweep.search.axes import require_few
from seedbed.sweep.search.sampler import Sampler

FOLDS, FOLD, VAL_SIZE = "data.folds", "data.fold", "data.val_size"


class Folds:
    """Sampler that gives each job of another one once for each of `folds` folds of its rows.

    The other sampler is told one result a job: the mean of each metric over the folds.
    """

    def __init__(self, sampler: Sampler, composer: Composer, folds: int) -> None:
        self.sampler = sampler
        self.composer = composer
        self.folds = folds
        # What was found of jobs that differ in nothing that folds depend on.
        self._known: dict[Words, bool] = {}

    def ask(self, count: int | None = None) -> list[Words]:
        """Return the jobs of the next round, the folds of one job innermost.

        Raises ConfigError where there are too many, or the data of one cannot be cut into folds.
        """
        asked = self.sampler.ask(None if count is None else max(1, count // self.folds))
        require_few(f"sweep.folds={self.folds}", self.folds * len(asked))
        return [words for job in numbered(asked) for words in self._folded(job)]

    def _folded(self, job: Job) -> list[Words]:
        words = with_value(job.overrides, FOLDS, self.folds)
        if self._holds_rows_out(job):
            words = with_value(words, VAL_SIZE, 0)
        return [with_value(words, FOLD, fold) for fold in range(self.folds)]

    def _holds_rows_out(self, job: Job) -> bool:
        """Return whether validation rows would be held out without a word of the user's.

        Raises ConfigError where there can be no folds.
        """
        kind = tuple(word for word in job.overrides if not is_independent(bare_key(word)))
        if kind not in self._known:
            with self.composer.applied(job) as config:
                if problem := why_no_folds(config, job.overrides, self.folds):
                    raise ConfigError(f"sweep.folds={self.folds}: {problem}")
                self._known[kind] = bool(config.data.get("val_size"))
        return self._known[kind]

    def tell(self, results: Sequence[Row]) -> None:
        """Tell the other sampler the means."""
        starts = range(0, len(results), self.folds)
        self.sampler.tell([mean_row(results[at : at + self.folds]) for at in starts])


def why_no_folds(config: DictConfig, words: Words, folds: int) -> str:
    """Return why the rows of a job cannot be cut into folds, or nothing.

    `words` are the job's overrides. Data that tell the number of their rows only when they are
    loaded are checked then.
    """
    data = config.data
    for key in (FOLDS, FOLD):
        typed = next((word for word in words if bare_key(word) == key), None)
        if typed or data.get(key.partition(".")[2]) is not None:
            return f"each job has all folds already; leave {typed or f'{key} of the config'} out"
    if data.get("task") == "minimize":
        return "the model is a function without rows, and there is nothing to cut into folds"
    if "folds" not in data:
        return (
            f"the rows of {data.get('_target_')} cannot be cut into folds: only data that are held "
            "in memory can"
        )
    if data.get("sample") == "stream":
        return "data.sample=stream draws new rows in every step: there are none to cut into folds"
    if own := next((name for name in ("val_file", "val") if data.get(name) is not None), None):
        return f"data.{own} brings validation rows of its own, and every fold would be others"
    size = next((word for word in words if bare_key(word) == VAL_SIZE), None)
    if size and data.val_size:
        return f"each fold is the validation set once; leave {size} out"
    return _too_few_rows(data, folds)


def _too_few_rows(data: DictConfig, folds: int) -> str:
    schema: Any = shipped_schema_of(data)
    rows = schema.row_count(data) if hasattr(schema, "row_count") else None
    if not rows:
        return ""
    held_out = 0 if schema.has_test_set else held_out_rows(data.test_size, rows)
    left = rows - held_out
    beside = f", and {held_out:,} of them are test rows" if held_out else ""
    return f"there are {rows:,} rows{beside}; at most {left:,} folds" if folds > left else ""
