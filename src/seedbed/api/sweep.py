"""A sweep, opened from its folder."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from seedbed.api.config import Config
from seedbed.api.figures import Figures
from seedbed.api.metrics import Metrics
from seedbed.api.notebook.cards import sweep_card
from seedbed.api.places import folder_of, is_run
from seedbed.api.run import Run
from seedbed.api.trust import modules_of
from seedbed.catalogue.collection import entry_of
from seedbed.catalogue.entry import Entry
from seedbed.config.project import outputs_folder
from seedbed.errors import ConfigError, RunFolderError, plain
from seedbed.reading.content import inside
from seedbed.runs.folder import FIGURES, RECORD, RunFolder, has_run, run_folder
from seedbed.runs.record import CANCELLED, KILLED
from seedbed.sweep.results.folder import SweepFolder, open_sweep, rows_of_sweep
from seedbed.terminal.words import jobs_text, relative

if TYPE_CHECKING:
    import polars as pl
    from torch import nn

    from seedbed.sweep.results.plan_file import SweepPlan
    from seedbed.sweep.results.ranking import Winner
    from seedbed.sweep.results.table import Row


class Sweep:
    """Sweep, opened from its folder; what is asked of one that runs is as of now.

    `sweep[17]` is the run of job 17, `len(sweep)` the number of jobs, and `for run in sweep` goes
    over the jobs that have a folder. The folder of the sweep may be somebody else's (see `Run`).

    Args:
        folder: Its folder.
        trust: Modules of yours that its jobs may load classes from, where their models or data are.

    Raises:
        seedbed.ConfigError: The folder is none of a sweep, or its files lead out of it.

    Examples:
        >>> import seedbed
        >>> axes = {"optimizer.lr": [1e-6, 1e-5], "seed": range(3)}
        >>> words = ["data=crop_yield", "trainer.max_epochs=2"]
        >>> sweep = seedbed.Sweep(seedbed.sweep(*words, axes=axes, progress=False).folder)
        >>> sweep.configurations.get_column("optimizer.lr").to_list()  # The best one first.
        [1e-05, 1e-06]
        >>> len(sweep), len(sweep.results), sweep.best.config.optimizer.lr
        (6, 6, 1e-05)
        >>> sweep.predict([[75, 63, 44]]).columns[:2]  # The mean over three seeds.
        ['apples (t/ha)', 'apples (t/ha) (deviation)']
    """

    def __init__(self, folder: str | os.PathLike[str], *, trust: str | Sequence[str] = ()) -> None:
        self._trust = modules_of(trust)
        path = folder_of("Sweep", folder)
        if is_run(path):
            raise ConfigError(
                f"sweep={path}: the folder of one run; open it by seedbed.Run or seedbed.load"
            )
        self._folder: SweepFolder = open_sweep(path, outputs_folder(), "sweep")
        self._folder.clear_leftovers()
        self._read: tuple[object, SweepPlan, Mapping[int, Row]] | None = None

    # What became of it

    @property
    def folder(self) -> Path:
        """The folder."""
        return self._folder.path

    def _plan(self) -> "SweepPlan":
        return self._known()[0]

    def _rows(self) -> "Sequence[Row]":
        return list(self._known()[1].values())

    def _known(self) -> "tuple[SweepPlan, Mapping[int, Row]]":
        """Return the plan, and the rows of the jobs that have ended by their numbers.

        Files that are as they were are not read again.
        """
        from seedbed.sweep.results.plan_file import read_plan

        folder = self._folder
        state = tuple(map(_stamp, (folder.plan, folder.results, folder.saved)))
        if self._read is None or self._read[0] != state:
            self._read = state, read_plan(folder.plan), rows_of_sweep(folder)
        return self._read[1:]

    @property
    def status(self) -> str:
        """What became of it.

        `running`; `completed`, where all jobs have ended, however; else `interrupted`.
        """
        return entry_of(self._folder.path).status

    @property
    def counts(self) -> dict[str, int]:
        """How many jobs ended with which status; the others have not ended."""
        return dict(Counter(row.status for row in self._rows()))

    @property
    def error(self) -> str | None:
        """The error of the first job that failed or diverged; None where none did."""
        failed = [row for row in self._rows() if row.status in ("failed", "diverged")]
        first = min(failed, key=lambda row: row.number, default=None)
        return plain(first.error or "") if first is not None else None

    @property
    def command(self) -> str:
        """The command that began it; empty where no job has kept its folder."""
        return next((run.command for run in self), "")

    @property
    def name(self) -> str | None:
        """Its name, where one was given."""
        name = self._plan().labels.name
        return None if name is None else plain(name)

    @property
    def axes(self) -> dict[str, list[str]]:
        """The keys that differ among its jobs, and their values as they were typed."""
        axes = self._plan().axes
        return {plain(key): [plain(value) for value in axes[key]] for key in axes}

    @property
    def results(self) -> "pl.DataFrame":
        """A row a job that has ended, in the columns of results.csv.

        Numbers are numbers, those of axes too; what is empty is null. The columns of metrics are
        those of the last epoch, and `best/...` those of the best.
        """
        from seedbed.api.frames.results import results_frame

        return results_frame(self._rows(), self._plan())

    @property
    def configurations(self) -> "pl.DataFrame":
        """A row a configuration, the best first: jobs that differ in seed and fold alone together.

        Of each metric it has the mean, and the standard deviation (n - 1) over folds, or else over
        seeds, in the column `... deviation`; `completed` is over how many jobs. The order is that
        of the closing table.
        """
        from seedbed.api.frames.results import configurations_frame

        return configurations_frame(self._rows(), self._plan().objectives)

    @property
    def front(self) -> "pl.DataFrame":
        """The configurations that no other one beats in all objectives: the Pareto front.

        Of one objective that is the best configuration; none where no job has completed.
        """
        from seedbed.api.frames.results import configurations_frame

        plan, shown = self._plan(), self.configurations
        if plan.objectives.several:
            return shown.filter(shown.get_column("pareto_rank") == 1)
        best = self._winner(plan)
        return shown.clear() if best is None else configurations_frame(best.jobs, plan.objectives)

    @property
    def metrics(self) -> dict[str, float]:
        """The mean metrics of the best configuration, by their columns in `configurations`.

        That is the one which `best` is of; empty where no job has completed.
        """
        from seedbed.api.frames.results import configurations_frame

        plan = self._plan()
        best = self._winner(plan)
        if best is None:
            return Metrics()
        [row] = configurations_frame(best.jobs, plan.objectives).head(1).to_dicts()
        names = [name for name in row if f"{name} deviation" in row]
        return Metrics({name: row[name] for name in names if row[name] is not None})

    @property
    def curves(self) -> "pl.DataFrame":
        """The logged numbers of all jobs: a row a job and epoch.

        Jobs that trained by themselves and kept no folder have none.

        `sweep.curves.join(sweep.results, left_on="job", right_on="number")` has the axes beside
        them.
        """
        from seedbed.api.frames.curves import curves_of_sweep

        plan, rows = self._known()
        return curves_of_sweep(self._folder, plan, rows, self._folders())

    @property
    def figures(self) -> Figures:
        """The figures of a search by name; those of a job are in `sweep[number].figures`."""
        return Figures(self._folder.path, self._folder.path / FIGURES)

    # Its jobs

    def _folders(self) -> dict[int, Path]:
        """Return the folders of jobs by their numbers, as far as there are some."""
        folders = {job.number: self._folder_of(job.number) for job in self._plan().jobs}
        return {number: folder for number, folder in folders.items() if folder is not None}

    def _folder_of(self, number: int) -> Path | None:
        """Return the folder of a job; None where it has none."""
        row = self._known()[1].get(number)
        name = str(number) if row is None else row.folder
        if not name:
            return None
        path = inside(self._folder.path, name)
        return path if has_run(path) else None

    @property
    def runs(self) -> list[Run]:
        """The runs of all jobs that have a folder, in the order of their numbers."""
        return list(self)

    def __len__(self) -> int:
        """Return how many jobs there are, those that have not begun among them."""
        return len(self._plan().jobs)

    def __iter__(self) -> Iterator[Run]:
        """Iterate over the jobs that have a folder."""
        for number in range(len(self)):
            folder = self._folder_of(number)
            if folder is not None:
                yield Run(folder, trust=self._trust)

    @overload
    def __getitem__(self, number: int) -> Run: ...

    @overload
    def __getitem__(self, number: slice) -> list[Run]: ...

    def __getitem__(self, number: int | slice) -> Run | list[Run]:
        """Return the run of a job; of a slice of numbers, such as `sweep[0:2]`, a list of runs.

        Raises:
            IndexError: There is no such job.
            TypeError: It is no number of a job.
            seedbed.RunFolderError: It has no folder: it has not begun, or the folder was not kept.
        """
        jobs = len(self)
        if isinstance(number, slice):
            return [self[each] for each in range(jobs)[number]]
        try:
            number = index(number)
        except TypeError:
            raise TypeError(
                f"sweep[{number!r}]: jobs go by their numbers, from 0 to {jobs - 1}: sweep[0]"
            ) from None
        if not -jobs <= number < jobs:
            raise IndexError(f"job {number}: the sweep has {jobs_text(jobs)}, from 0 on")
        place = number % jobs
        folder = self._folder_of(place)
        if folder is None:
            raise self._without_folder(place)
        return Run(folder, trust=self._trust)

    def _without_folder(self, number: int) -> RunFolderError:
        ended = number in self._known()[1]
        why = (
            "has kept no folder; sweep.keep=all and packed keep those of all jobs, best of the "
            "best. Its numbers are in results"
            if ended
            else "has not begun"
        )
        return RunFolderError(f"{self._folder.path}: job {number} {why}")

    def _winner(self, plan: "SweepPlan") -> "Winner | None":
        from seedbed.sweep.results.ranking import winner

        return winner(self._rows(), plan.objectives)

    def _known_winner(self) -> "Winner":
        plan = self._plan()
        best = self._winner(plan)
        if best is None:
            wanted = plan.objectives.wanted
            raise RunFolderError(f"{self._folder.path}: no job has completed {wanted}")
        return best

    @property
    def best(self) -> Run:
        """The run that `seedbed report` calls the best.

        That is, of the best configuration, the job in the middle of its seeds; of a search its best
        trial; of several objectives that of the Pareto front which is the best in the metric that
        picks the best epoch (`front` has all).

        Raises:
            seedbed.RunFolderError: No job has completed, or its folder was not kept.
        """
        return self[self._known_winner().median.number]

    @property
    def best_jobs(self) -> list[Run]:
        """The runs of the best configuration: its seeds and folds, as far as they have folders."""
        folders = self._folders()
        numbers = sorted(row.number for row in self._known_winner().jobs)
        return [Run(folders[number], trust=self._trust) for number in numbers if number in folders]

    @property
    def refit(self) -> Run:
        """The run of the best configuration on all rows but the test rows (`sweep.refit=true`).

        Raises:
            seedbed.RunFolderError: The sweep has none.
        """
        if not (self._folder.refit / RECORD).is_file():
            raise RunFolderError(f"{self._folder.path}: no refit; sweep.refit=true makes one")
        return Run(inside(self._folder.path, self._folder.refit.name), trust=self._trust)

    @property
    def config(self) -> Config:
        """The config of its best run."""
        return self.best.config

    # What they can do together

    def predict(
        self,
        data: Any = None,
        *,
        split: str | None = None,
        checkpoint: str = "best",
        ensemble: str = "best",
        accelerator: str = "auto",
        file: str | None = None,
    ) -> Any:
        """Return the mean of what the jobs of the best configuration predict, or of all jobs.

        Of several seeds or folds each predicts by its own preparation; a regression has their
        standard deviation beside the mean.

        Args:
            data: Raw rows, as `Run.predict` takes them, which says what comes back, too.
            split: In place of rows, those of the runs' own: train, val or test.
            checkpoint: Which weights: `best` or `last`.
            ensemble: Which jobs: `best`, those of the best configuration, or `all`.
            accelerator: auto, cpu or gpu.
            file: Where the data of a split are now; None: where the runs say.

        Raises:
            seedbed.ConfigError: The rows do not fit, or no job that completed has its folder.
        """
        from seedbed.api.predicting import Choices, predict

        choices = Choices(checkpoint, accelerator, file, split, ensemble)
        return predict(self._folder, self._first(), self._trust, data, choices)

    def evaluate(
        self,
        data: Any = None,
        *,
        split: str | None = None,
        targets: str | None = None,
        checkpoint: str = "best",
        ensemble: str = "best",
        accelerator: str = "auto",
        file: str | None = None,
    ) -> dict[str, float]:
        """Return the metrics of that mean prediction, as `Run.evaluate` does of a run's.

        Args:
            data: New rows with their targets, in place of a split: the path of a file or a folder;
                of a table a DataFrame or a list of mappings, too.
            split: train, val or test (default).
            targets: `.npy` file of the targets, where `data` is one of inputs.
            checkpoint: Which weights: `best` or `last`.
            ensemble: Which jobs: `best`, those of the best configuration, or `all`.
            accelerator: auto, cpu or gpu.
            file: Where the data of a split are now; None: where the runs say.
        """
        from seedbed.api.predicting import Choices, evaluate

        choices = Choices(checkpoint, accelerator, file, split, ensemble)
        return evaluate(self._folder, self._first(), self._trust, data, targets, choices)

    def model(self, checkpoint: str = "best", *, accelerator: str = "cpu") -> "nn.Module":
        """Return the network of the best run (see `Run.model`)."""
        return self.best.model(checkpoint, accelerator=accelerator)

    def _first(self) -> RunFolder | None:
        """Return a job that has a folder: all share the modules that they were trained with."""
        folders = (self._folder_of(job.number) for job in self._plan().jobs)
        folder = next((folder for folder in folders if folder is not None), None)
        return None if folder is None else run_folder(folder)

    def report(
        self, path: str | os.PathLike[str] = "report.html", *, overwrite: bool = False
    ) -> Path:
        """Write the report page, one HTML file that needs no network, and return its path.

        Args:
            path: The file; one that is such a page already is written anew.
            overwrite: Whether it may be written over a file that is none.

        Raises:
            seedbed.ConfigError: It cannot be written there.
        """
        from seedbed.api.page import write

        return write(path, overwrite, [self._folder], [])

    # How it is shown

    def __repr__(self) -> str:
        """Return folder, status, jobs, and the best value."""
        return plain(f"Sweep({relative(self.folder)!r}): {', '.join(self._told())}")

    def _told(self) -> list[str]:
        entry = entry_of(self._folder.path)
        told = [_state(entry)]
        if entry.status == "damaged":
            return [*told, plain(entry.error)]
        plan = self._plan()
        best, column = self._winner(plan), plan.objectives.column
        value = None if best is None else self.metrics.get(column)
        if best is not None and value is not None:
            count = len(best.jobs)
            of = f" (mean of {jobs_text(count)})" if count > 1 else ""
            told.append(f"best {plan.metric} {value:.6g}{of}")
        return told

    def _repr_html_(self) -> str:
        import polars as pl

        from seedbed.api.frames.results import configurations_frame

        entry = entry_of(self._folder.path)
        facts = {
            "name": entry.name,
            "error": "" if entry.error in (KILLED, CANCELLED) else entry.error,
            "command": self.command,
            "figures": ", ".join(self.figures),
        }
        plan, rows = self._known() if entry.status != "damaged" else (None, {})
        shown = configurations_frame([*rows.values()], plan.objectives) if plan else pl.DataFrame()
        objectives = plan.objectives.columns if plan else []
        return sweep_card(relative(self.folder), _state(entry), facts, shown, objectives)


def _state(entry: Entry) -> str:
    """Return what became of a sweep, and how many jobs it has."""
    return entry.state if entry.status == "running" else f"{entry.state}, {entry.jobs_text}"


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """Return by what a file is known to be as it was; None where there is none."""
    try:
        state = os.stat(path)
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
