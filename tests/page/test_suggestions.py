"""Columns that a word in the filter may become."""

from tests.page.node import called

NAMES = ["optimizer.lr", "optimizer", "val/loss", "best/val/loss", "model.width", "Loss"]


def test_names_that_begin_with_the_word_come_first():
    words = ["loss", "val/lo", "opt", "optimizer.lr", "", "zzz", "width"]
    reached = called("shell/suggestions.js", "suggestedNames", [[NAMES, word] for word in words])
    assert reached == [
        ["Loss", "val/loss", "best/val/loss"],
        ["val/loss", "best/val/loss"],
        ["optimizer", "optimizer.lr"],
        [],
        [],
        [],
        ["model.width"],
    ]
