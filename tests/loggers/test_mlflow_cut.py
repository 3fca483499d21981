"""The database of an MLflow run that goes on, in the tables that MLflow makes."""

import sqlite3
from contextlib import closing
from pathlib import Path

from seedbed.loggers.mlflow_run import _cut

COLUMNS = "key TEXT, value REAL, timestamp INTEGER, step INTEGER, is_nan INTEGER, run_uuid TEXT"


def test_later_points_and_those_of_the_end_are_taken_out_of_this_run_alone(tmp_path: Path) -> None:
    points = [("train/loss", 1 / epoch, epoch) for epoch in range(1, 6)]
    points += [("train/loss_step", 1 / step, step) for step in range(1, 11)]
    points += [("trainXlossXstep", 0.5, 4), ("test/loss", 0.5, 2), ("best/val/loss", 0.5, 2)]
    database = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in ("metrics", "latest_metrics"):
            connection.execute(f"CREATE TABLE {table} ({COLUMNS})")
            for run in ("ours", "other"):
                rows = [(key, value, 10 * step, step, 0, run) for key, value, step in points]
                connection.executemany(f"INSERT INTO {table} VALUES (?, ?, ?, ?, ?, ?)", rows)
    _cut(database, "ours", epoch=3, step=7)
    with closing(sqlite3.connect(database)) as connection:
        ask = "SELECT key, step, value FROM {} WHERE run_uuid = ? ORDER BY key, step"
        kept = connection.execute(ask.format("metrics"), ("ours",)).fetchall()
        latest = connection.execute(ask.format("latest_metrics"), ("ours",)).fetchall()
        other = connection.execute(ask.format("metrics"), ("other",)).fetchall()
    losses = [("train/loss", epoch, 1 / epoch) for epoch in (1, 2, 3)]
    steps = [("train/loss_step", step, 1 / step) for step in range(1, 8)]
    assert kept == losses + steps
    assert latest == [losses[-1], steps[-1]]
    assert len(other) == len(points)
