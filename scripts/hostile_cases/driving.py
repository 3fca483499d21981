"""Hostile folders and bad inputs, each driven through every verb that could open it."""

import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from scripts.hostile_cases.checks import (
    SECRET,
    changes,
    faults,
    page_faults,
    refused_well,
    remove,
    snapshot,
)
from scripts.hostile_cases.command_server import CommandServer, Outcome, fresh_process
from scripts.hostile_cases.inputs.cases import Input
from scripts.hostile_cases.inputs.files import INPUT_FILES
from scripts.hostile_cases.planting import Folder, Place, plant

EMPTY: Mapping[str, str] = MappingProxyType({})
# Where pages are written to, from the working folder.
PAGE, PAGE_FOLDER = "outputs/page.html", "work/outputs"
LIMIT = 10.0
FRESH_LIMIT = 60.0
# Rows to measure the honest run on.
LABELLED = "x1,x2,class\n1,2,0\n3,4,1\n"
RUN, SWEEP = "runs/2026-01-01/12-00-00-aaaaaa", "sweeps/2026-01-01/12-00-00-aaaaaa"

# Where the folder of each kind lies, and the verbs that open it. Those with a `!` must refuse it.
VERBS: dict[str, tuple[str, tuple[str, ...]]] = {
    "run": (
        f"theirs/{RUN}",
        (
            "!evaluate run={here} split=train",
            "!evaluate run=latest paths.outputs=../theirs split=val checkpoint=last",
            "!predict run={here} input=[[1,2]]",
            "!predict run={here} split=train",
            "!evaluate run={here} input=labelled.csv",
            "!export run={here} output=outputs/model.pt2",
            "export run={here} output=outputs/model.safetensors checkpoint=last",
            "repeat run={here} folder=outputs/again",
            "report {here}",
            "report {here} page=outputs/page.html",
            "report ../theirs page=outputs/page.html",
            "report ../theirs sort=name top=3",
            "report {here} --json",
            "list runs ../theirs sweeps=jobs --json",
            "list runs {here}",
            "list runs ../theirs sweeps=jobs",
            "train -m sweep.resume={here}",
            "train resume={here} --cfg job",
            "train resume={here} trainer.max_epochs=3",
            "list --config-dir {here}/.hydra",
            "dashboard {here}",
            "PYTHON {here}",
            "COMPLETE evaluate run={here}/",
            "COMPLETE predict run=",
        ),
    ),
    "sweep": (
        f"theirs/{SWEEP}",
        (
            "report {here}",
            "report {here} page=outputs/page.html",
            "report {here} {here}/2 page=outputs/page.html",
            "report latest paths.outputs=../theirs group=false",
            "report {here} --json group=false",
            "report ../theirs --json",
            "status {here}",
            "status latest paths.outputs=../theirs --json",
            "cancel {here} wait=0",
            "list sweeps ../theirs",
            "list sweeps {here} --json",
            "list runs ../theirs",
            "list runs {here} sweeps=jobs",
            "evaluate run={here}/2 split=train",
            "evaluate run={here} split=train ensemble=all",
            "predict run={here} input=[[1,2,3]]",
            "predict run={here} split=train ensemble=all",
            "train -m sweep.resume={here} sweep.plan=true",
            "dashboard {here}",
            "PYTHON {here}",
            "COMPLETE train -m sweep.resume={here}/",
            "!train -m sweep.resume={here}",
            "train -m sweep.resume={here} sweep.on_failure=stop",
        ),
    ),
    "queue": (
        f"theirs/{SWEEP}",
        (
            "status {here}",
            "status {here} --json",
            "cancel {here} wait=0",
            "worker {here}",
            "report {here}",
            "list runs ../theirs",
            "train -m sweep.resume={here} sweep.plan=true",
            "train -m sweep.resume={here}",
        ),
    ),
    "pack": (
        f"theirs/{SWEEP}",
        (
            "report {here}/0",
            "report {here}/1 page=outputs/page.html",
            "list runs {here} sweeps=jobs",
            "evaluate run={here}/1 split=train output=outputs/evaluated.json",
            "predict run={here} input=[[1,2,3]]",
            "train data=crop_yield trainer.max_epochs=1 initial_weights.run={here}/0",
            "PYTHON {here}",
            "unpack {here}/0",
            "unpack {here} --json",
            "train -m sweep.resume={here}",
        ),
    ),
    "search": (
        f"theirs/{SWEEP}",
        (
            "report {here}",
            "report {here} page=outputs/page.html",
            "list runs {here} sweeps=jobs",
            "evaluate run={here} split=train",
            "PYTHON {here}",
            "train -m sweep.resume={here} sweep.plan=true",
            "!train -m sweep.resume={here} search.trials=6",
            "train -m sweep.resume={here} search.trials=6 sweep.on_failure=stop",
        ),
    ),
    "config": (
        "theirs",
        (
            "list --config-dir {here}",
            "list model --config-dir {here}",
            "--help --config-dir {here}",
            "train --config-dir {here} --help",
            "COMPLETE train --config-dir {here} model=",
            "COMPLETE train --config-dir {here} experiment=evil model.",
            "train --config-dir {here} {words} --cfg job",
            "train --config-dir {here} {words} --cfg all",
            "train --config-dir {here} {words} --info all",
            "train --config-dir {here} {words} trainer.max_epochs=1",
            "train -m --config-dir {here} {words} seed=0,1 sweep.plan=true",
            "train -m --config-dir {here} {words} seed=0,1 trainer.max_epochs=1",
        ),
    ),
    "working": (
        "work",
        (
            "--help",
            "list model",
            "train --help",
            "COMPLETE train model=",
            "COMPLETE evaluate run=",
            "train --cfg job",
            "train trainer.max_epochs=1 +callback@callbacks.loss_curve=loss_curve",
            "train -m trainer.max_epochs=1 seed=0,1",
            "evaluate run=latest split=train",
            "evaluate run=../own/run split=train",
            "predict run=../own/run input=[[1,2]]",
            "report ../own/sweep",
            "report latest",
            "list runs",
            "dashboard",
        ),
    ),
}

Case = TypeVar("Case")


@dataclass(frozen=True)
class Fault:
    """Something that did not hold: of which case, after which command."""

    case: str
    command: str
    problem: str


class Bench:
    """A folder in which one case after another is driven.

    Args:
        root: a new folder.
        server: what runs commands.

    An honest run, an honest sweep and an honest search, one job of which is still to run, are made
    first.
    """

    def __init__(self, root: Path, server: CommandServer) -> None:
        self.root = root
        self.server = server
        self.commands = 0
        self._for_inputs: Place | None = None
        self.honest = root / "honest"
        self.case = root / "case"
        self.honest.mkdir(parents=True)
        self._done(
            *("train", "data=blobs", "model=mlp", "data.val_size=0.2", "trainer.max_epochs=2"),
            "data.feature_names=[x1,x2]",
        )
        self._done(
            *("train", "-m", "data=crop_yield", "seed=0,1", "optimizer.lr=1e-6,1e-5"),
            *("trainer.max_epochs=2", "sweep.fuse=always"),
        )
        [self.run] = self.honest.glob("outputs/runs/*/*")
        [self.sweep] = self.honest.glob("outputs/sweeps/*/*")
        self.search = self.honest / "search"
        self._done(
            *("train", "-m", "data=crop_yield", "optimizer.lr=tag(log,interval(1e-7,1e-5))"),
            *("search=random", "search.trials=4", "search.generation=2", "trainer.max_epochs=2"),
            *("optimizer=sgd,adam", "sweep.fuse=always", f"hydra.sweep.dir={self.search}"),
        )
        self.packed = self.honest / "packed"
        self._done(
            *("train", "-m", "data=crop_yield", "seed=0,1", "optimizer.lr=1e-6,1e-5"),
            *("trainer.max_epochs=2", "sweep.keep=packed", f"hydra.sweep.dir={self.packed}"),
        )
        for sweep in (self.sweep, self.search):
            _take_last_job_away(sweep)
        # Else what is hostile would be refused for another reason.
        self._done("evaluate", f"run={self.run}", "split=val")
        self._done("train", "-m", f"sweep.resume={self.sweep}", "sweep.plan=true")

    def _done(self, *words: str) -> None:
        outcome = self.server.run(words, self.honest)
        if outcome.code != 0:
            raise RuntimeError(f"seedbed {shlex.join(words)}: {outcome.err}")

    def drive(
        self, kind: str, folder: Folder, fresh: bool = False, verbs: Sequence[str] = ()
    ) -> list[Fault]:
        """Return what goes wrong as a folder of a kind is driven through its verbs, or these."""
        where, commands = VERBS[kind]
        place = self._laid_out(where, kind)
        plant(folder.files, place)
        name = f"{kind}: {folder.kind}: {folder.name}"
        problems = []
        own = (place.here, *(self.case / name for name in ("own", "work/outputs", "home/.cache")))
        for command in commands:
            verb = command.lstrip("!").partition(" ")[0]
            if verbs and verb not in verbs:
                continue
            must_refuse = command.startswith("!") and folder.opens not in (True, verb)
            words = [
                word.format(
                    here=os.path.relpath(place.here, self.case / "work"), words=folder.words
                )
                for word in command.lstrip("!").split(" ")
            ]
            run = self._fresh if fresh else self._forked
            found, outcome = self._watched(words, run, own)
            if must_refuse and outcome.code not in (1, 2):
                found.append(f"exit code {outcome.code}, and it must be refused")
            if place.canary.exists():
                found.insert(0, f"CODE RAN {place.canary.read_text()[:300]}")
                place.canary.unlink()
            problems += [Fault(name, shlex.join(words), problem) for problem in found]
        return problems

    def refuse(self, bad: Input) -> list[Fault]:
        """Return what goes wrong with words that must be refused before anything is written."""
        place = self._laid_out_for_inputs()
        if bad.project is not None:
            plant({"seedbed.yaml": bad.project}, place)
        found, outcome = self._watched(list(bad.words), self._forked, (), bad.environment)
        if outcome.code != 2:
            said = outcome.err.strip().splitlines()[-1:]
            found.append(f"exit code {outcome.code} instead of 2: {said}")
        elif not refused_well(outcome) or len(outcome.err.splitlines()) > 3:
            found.append(f"not one to three lines: {outcome.err[:300]!r}")
        elif bad.says not in outcome.err:
            found.append(f"does not say {bad.says!r}: {outcome.err[:300]!r}")
        if place.canary.exists():
            found.append("CODE RAN")
        # What is refused has written nothing, and the next one finds all as it was.
        self._for_inputs = None if found or bad.project else place
        command = shlex.join(bad.words)
        return [Fault(f"input: {bad.kind}", command[:300], problem) for problem in found]

    def _watched(
        self,
        words: list[str],
        run: Callable[[list[str], dict[str, str]], Outcome],
        own: tuple[Path, ...],
        environment: Mapping[str, str] = EMPTY,
    ) -> tuple[list[str], Outcome]:
        before = snapshot(self.case, own)
        variables = self._environment | environment
        if words[0] == "COMPLETE":
            line = {"COMP_LINE": f"seedbed {' '.join(words[1:])}"}
            outcome = run(["-sc", "query=bash"], variables | line)
        else:
            outcome = run(words, variables)
        self.commands += 1
        found = faults(outcome, LIMIT)
        page = self.case / "work" / PAGE
        if page.is_file():
            found += page_faults(page)
            page.unlink()
        if touched := changes(before, snapshot(self.case, own)):
            found.append("; ".join(touched))
        return found, outcome

    @property
    def _environment(self) -> dict[str, str]:
        home = str(self.case / "home")
        return {"HOME": home, "TMPDIR": str(self.case / "tmp"), "OUTSIDE_SECRET": SECRET}

    def _forked(self, words: list[str], environment: dict[str, str]) -> Outcome:
        return self.server.run(words, self.case / "work", environment, LIMIT)

    def _fresh(self, words: list[str], environment: dict[str, str]) -> Outcome:
        outcome = fresh_process(words, self.case / "work", environment, FRESH_LIMIT)
        if words[0] == "dashboard" and outcome.code is None:
            return Outcome(0, outcome.out, outcome.err, outcome.seconds, 0.0)
        return outcome

    def _laid_out_for_inputs(self) -> Place:
        if self._for_inputs is None:
            self._for_inputs = self._laid_out("work", "input")
            plant(INPUT_FILES, self._for_inputs)
        return self._for_inputs

    def _laid_out(self, where: str, kind: str) -> Place:
        """Make the folders of a case anew, the honest one of its kind at `where`."""
        remove(self.case)
        for name in ("work", "outside", "home", "tmp", "own"):
            (self.case / name).mkdir(parents=True)
        (self.case / "work/labelled.csv").write_text(LABELLED)
        outside, here = self.case / "outside", self.case / where
        shutil.copytree(self.run, outside / "run")
        (outside / "notes.txt").write_text(SECRET)
        (outside / "secret.yaml").write_text(f"{SECRET}: {SECRET}\nstatus: {SECRET}\n")
        honest = {
            "run": self.run,
            "sweep": self.sweep,
            "queue": self.sweep,
            "pack": self.packed,
            "search": self.search,
        }.get(kind)
        if honest is not None:
            shutil.copytree(honest, here)
            # Of the page: its folder is not made.
            (self.case / PAGE_FOLDER).mkdir(exist_ok=True)
        elif kind in ("working", "input"):
            shutil.copytree(self.run, self.case / "own/run")
            shutil.copytree(self.sweep, self.case / "own/sweep")
        here.mkdir(parents=True, exist_ok=True)
        return Place(self.case / "canary", outside, here)


def _take_last_job_away(sweep: Path) -> None:
    """Let a sweep of four jobs be at its last, and give the others the seconds that cases name."""
    shutil.rmtree(sweep / "3")
    table = sweep / "results.csv"
    header, *rows = table.read_text().splitlines()
    names = header.split(",")
    cells = [row.split(",") for row in rows[:-1]]
    for row in cells:
        row[names.index("seconds")] = "0.029633"
    table.write_text("".join(",".join(row) + "\n" for row in [names, *cells]))


def spread(cases: Sequence[Case], most: int) -> list[Case]:
    """Return at most so many of the cases, evenly."""
    return list(cases[:: max(1, len(cases) // most)])[:most]
