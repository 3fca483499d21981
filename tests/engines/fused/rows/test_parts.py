"""Parts of the rows of jobs that have more and fewer of them, against the batches of each alone."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from seedbed.data.loader import BatchLoader
from seedbed.engines.fused.rows.parts import parts_of, places_of, trained_rows

CPU = torch.device("cpu")


@given(
    rows=st.lists(st.integers(1, 12), min_size=1, max_size=4),
    size=st.none() | st.integers(1, 14),
    drop_last=st.booleans(),
)
def test_each_job_has_its_own_batches(rows: list[int], size: int | None, drop_last: bool) -> None:
    counts = np.array(rows)
    trained = trained_rows(counts, size, drop_last)
    parts = parts_of(trained, size, CPU)
    for job, count in enumerate(rows):
        values = torch.arange(count)
        alone = BatchLoader(values, values, size, drop_last=drop_last)
        expected = [batch[0].tolist() for batch in alone][: len(alone)]
        found = []
        for part in parts:
            assert part.takes_part[job] == (part.counts[job] > 0)
            if part.present is not None:
                assert int(part.present[job].sum()) == part.counts[job]
            start = part.rows.start
            found.append(list(range(start, start + int(part.counts[job]))))
        assert [part for part in found if part] == expected
        # What has ended does not begin again.
        assert found == [part for part in found if part] + [[]] * (len(found) - len(expected))
    whole = len(set(trained.tolist())) == 1
    assert all(part.present is None for part in parts) == whole
    assert any(part.some_rest for part in parts) == (
        len({-(-n // (size or 99)) for n in trained}) > 1
    )


@given(rows=st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_the_last_row_is_repeated(rows: list[int]) -> None:
    places, longest = places_of(np.array(rows), CPU), max(rows)
    if places is None:
        assert set(rows) == {longest}
        return
    for count, own in zip(rows, places.tolist(), strict=True):
        assert own == [*range(count), *[count - 1] * (longest - count)]
