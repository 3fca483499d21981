"""Work in threads: the results, and the error, of the order of the items."""

import threading

import pytest

from seedbed.process.threads import FEWEST_ROWS, for_each


@pytest.mark.parametrize("rows", [1, FEWEST_ROWS])
def test_results_and_errors_are_those_of_a_loop(rows: int) -> None:
    assert for_each(lambda item: item * 2, range(20), rows) == list(range(0, 40, 2))

    def fails(item: int) -> int:
        if item in (3, 7):
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="3"):
        for_each(fails, range(20), rows)


def test_few_rows_are_not_worth_a_thread() -> None:
    here = threading.get_ident()
    assert set(for_each(lambda item: threading.get_ident(), range(4), 1)) == {here}
