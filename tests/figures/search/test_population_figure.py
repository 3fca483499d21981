"""The figure of a population shows every trial, and above them the line of the best one."""

import numpy as np

from seedbed.figures.search import population


def test_a_panel_a_key_with_the_schedule_of_the_best_trial() -> None:
    rates = np.array([[1e-4, 1e-4, 1e-2], [1e-1, 1e-1, 2e-2]])
    decays = np.array([[0.1, 0.1, 0.1], [0.2, 0.2, 0.12]])
    best = {"optimizer.lr": rates[0], "optimizer.weight_decay": decays[0]}
    values = {"optimizer.lr": rates, "optimizer.weight_decay": decays}
    figure = population(values, best, [2])
    first, second = figure.axes
    assert (first.get_ylabel(), first.get_yscale()) == ("optimizer.lr", "log")
    assert second.get_yscale() == "linear"
    [lines] = first.collections
    np.testing.assert_allclose([path.vertices[:, 1] for path in lines.get_paths()], rates)
    *_, line = first.lines
    np.testing.assert_allclose(line.get_ydata(), rates[0])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        *("schedule of the best trial", "trials (2)")
    ]
