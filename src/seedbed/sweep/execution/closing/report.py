"""What a sweep prints at its end: the closing table, the best job, and where its files are."""

from collections.abc import Sequence

from seedbed.sweep.configs.saved_jobs import modules_to_trust
from seedbed.sweep.execution.closing.page import page_lines
from seedbed.sweep.execution.worker import Worker
from seedbed.sweep.results.configurations_file import write_configurations
from seedbed.sweep.results.folder import resume_word
from seedbed.sweep.results.ranking import (
    Winner,
    closing_table,
    counts_text,
    folds_lines,
    front_lines,
    lines_of_winner,
    unranked_lines,
    winner,
)
from seedbed.sweep.results.searched.closing import (
    closing_lines,
    draw_search,
    drawing_of,
    epochs_of,
)
from seedbed.sweep.results.searched.drawn import Drawing
from seedbed.sweep.results.table import Row
from seedbed.terminal.telling import tell, tell_table
from seedbed.terminal.words import dashboard_command, relative

# The class of the logger for which the figures of a search are written.
TENSORBOARD = "seedbed.loggers.TensorBoard"


def how_to_go_on(worker: Worker) -> str:
    """Return the command that goes on with a sweep, in words."""
    modules = modules_to_trust(worker.composer, worker.plan.jobs)
    trust = f" trust=[{','.join(modules)}]" if modules else ""
    return f"go on with: seedbed train -m {resume_word(worker.folder)}{trust}"


def tell_the_end(
    worker: Worker, rows: Sequence[Row], seconds: float, stopped: str
) -> Winner | None:
    """Print the closing table and what belongs to it, and write the page; return the best job.

    Args:
        worker: Worker of the sweep.
        rows: Its table.
        seconds: How long it took.
        stopped: Why it was stopped; empty: it was not.
    """
    plan, folder = worker.plan, worker.folder
    tell_table(closing_table(rows, plan.objectives))
    tell(f"jobs         {counts_text(rows)}; {seconds:.1f} s")
    for lines in (folds_lines, unranked_lines):
        for line in lines(rows, plan.objectives):
            tell(line)
    if stopped:
        tell(f"stopped      {stopped}")
    best = winner(rows, plan.objectives)
    if best is not None:
        of_winner = lines_of_winner(best, plan, folder.path)
        tell("\n".join([*front_lines(best, plan.objectives), *of_winner]))
    drawing = drawing_of(plan, rows) if plan.search is not None else None
    for line in _search_lines(worker, rows, drawing) if drawing else []:
        tell(line)
    tell(f"results      {relative(folder.results)}")
    if plan.jobs_of_trial > 1:
        write_configurations(folder.configurations, rows, plan.objectives)
        over = "folds" if plan.folds is not None else "seeds"
        tell(f"             {relative(folder.configurations)}: the means over {over}")
    for line in page_lines(worker, rows, drawing.shares if drawing else None):
        tell(line)
    if worker.options.keep != "record":
        tell(f"TensorBoard  {dashboard_command(folder.path)}")
    return best


def _search_lines(worker: Worker, rows: Sequence[Row], drawing: Drawing) -> list[str]:
    """Return what is told of a search below its table, with its figures, which are drawn."""
    if worker.options.figures:
        with worker.composer.applied(worker.plan.jobs[0]) as config:
            targets = [str(node.get("_target_")) for node in (config.logger or {}).values()]
        for_tensorboard = TENSORBOARD in targets and worker.options.keep != "record"
        draw_search(drawing, worker.folder, worker.plan, for_tensorboard)
    return closing_lines(drawing, worker.folder, epochs_of(rows))
