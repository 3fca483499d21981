"""Gaussian clouds: where they lie, that classes are balanced, and that a stream stays fresh."""

import math
from itertools import pairwise
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.config.schema import data as schema
from seedbed.data import Clusters
from seedbed.data.datasets.clusters import draw_clusters
from seedbed.data.loader import BatchLoader, StreamLoader
from seedbed.engines.lightning.data_module import place
from seedbed.errors import ConfigError, DataError

ROWS = 20_000
# The largest deviation of a mean of n rows that is put up with is this over sqrt(n).
FIVE_SIGMA = 5.0


def clusters(**options: Any) -> Clusters:
    data = Clusters(schema.Clusters(task="binary", input_shape=[2], output_size=1, **options))
    data.setup("fit")
    return data


def make_trainer(**options: Any) -> pl.Trainer:
    return pl.Trainer(
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        **options,
    )


def test_pair_has_the_documented_centres_and_unit_variance() -> None:
    table = draw_clusters("pair", ROWS, 0, 0, 0)

    assert table.inputs.dtype == torch.float64
    assert table.targets.dtype == torch.int64
    for number, centre in enumerate([(3.0, 3.0), (3.0, -2.0)]):
        cloud = table.inputs[table.targets == number]
        bound = FIVE_SIGMA / math.sqrt(len(cloud))
        assert cloud.mean(0).tolist() == pytest.approx(centre, abs=bound)
        # The identity; a variance has the standard error sqrt(2 / n).
        covariance = cloud.T.cov().flatten().tolist()
        assert covariance == pytest.approx([1, 0, 0, 1], abs=math.sqrt(2) * bound)


def test_pair_is_separable_with_the_theoretical_accuracy() -> None:
    table = draw_clusters("pair", ROWS, 1, 0, 0)

    # The best line lies half-way, at x2 = 0.5, 2.5 standard deviations from either centre.
    wrong = ((table.inputs[:, 1] < 0.5).long() != table.targets).double().mean().item()

    expected = torch.special.ndtr(torch.tensor(-2.5, dtype=torch.float64)).item()
    assert wrong == pytest.approx(expected, abs=FIVE_SIGMA * math.sqrt(expected / ROWS))


def test_xor_has_a_cluster_per_quadrant_and_opposite_ones_share_a_class() -> None:
    table = draw_clusters("xor", ROWS, 0, 0, 0)

    # Three standard deviations from either axis: a row in a thousand crosses one.
    same_sign = (table.inputs.prod(1) > 0).long()
    assert (same_sign == 1 - table.targets).double().mean() > 0.99
    for centre in [(3.0, 3.0), (-3.0, -3.0), (3.0, -3.0), (-3.0, 3.0)]:
        near = (table.inputs - torch.tensor(centre, dtype=torch.float64)).norm(dim=1) < 3
        cloud = table.inputs[near]
        assert len(near.nonzero()) / ROWS == pytest.approx(0.25, abs=0.02)
        assert cloud.mean(0).tolist() == pytest.approx(centre, abs=0.1)


@pytest.mark.parametrize("layout", ["pair", "xor"])
def test_classes_are_equally_likely(layout: str) -> None:
    for seed in range(3):
        share = draw_clusters(layout, ROWS, seed, 0, 0).targets.double().mean().item()
        assert share == pytest.approx(0.5, abs=FIVE_SIGMA * 0.5 / math.sqrt(ROWS))


@settings(max_examples=20, deadline=None)
@given(
    layout=st.sampled_from(["pair", "xor"]),
    seed=st.integers(0, 2**32 - 1),
    split=st.integers(0, 2),
    step=st.integers(0, 1000),
)
def test_rows_depend_on_nothing_but_the_arguments(
    layout: str, seed: int, split: int, step: int
) -> None:
    first = draw_clusters(layout, 16, seed, split, step)
    second = draw_clusters(layout, 16, seed, split, step)
    others = [
        draw_clusters(layout, 16, seed + 1, split, step),
        draw_clusters(layout, 16, seed, split + 1, step),
        draw_clusters(layout, 16, seed, split, step + 1),
    ]

    assert torch.equal(first.inputs, second.inputs)
    assert torch.equal(first.targets, second.targets)
    for other in others:
        assert not torch.isin(first.inputs, other.inputs).any()


def test_a_fixed_sample_is_split() -> None:
    data = clusters(rows=50, val_size=0.2, test_size=5, data_seed=3)

    whole = draw_clusters("pair", 50, 3, 0, 0).inputs.float()
    parts = [data.table(name).inputs for name in ("train", "val", "test")]
    assert [len(part) for part in parts] == [35, 10, 5]
    assert torch.equal(torch.cat(parts).sort(0).values, whole.sort(0).values)


@pytest.mark.parametrize("seed", [0, 1])
def test_held_out_rows_are_of_both_classes(seed: int) -> None:
    data = clusters(rows=1000, val_size=200, test_size=200, split_seed=seed, data_seed=seed)

    # The split must not pick rows by the numbers that their classes were drawn from.
    for name in ("train", "val", "test"):
        share = data.table(name).targets.double().mean().item()
        assert share == pytest.approx(0.5, abs=FIVE_SIGMA * 0.5 / math.sqrt(200))


@pytest.mark.parametrize("seed", [0, 1])
def test_batches_are_of_both_classes(seed: int) -> None:
    data = clusters(rows=1000, batch_size=100, seed=seed, data_seed=seed)

    # Nor must the order of the first epoch sort them.
    for _, targets in data.train_dataloader():
        assert targets.double().mean().item() == pytest.approx(0.5, abs=FIVE_SIGMA * 0.5 / 10)


def test_the_fixed_sample_comes_in_batches_of_a_table() -> None:
    assert isinstance(clusters(rows=10).train_dataloader(), BatchLoader)


def stream(**options: Any) -> Clusters:
    return clusters(sample="stream", **{"batch_size": 6, "batches_per_epoch": 4, **options})


def test_a_stream_draws_new_rows_at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    data = stream(data_seed=2, layout="xor")
    place(data, make_trainer())
    loader = data.train_dataloader()
    assert isinstance(loader, StreamLoader)

    batches = []
    for epoch in range(3):
        monkeypatch.setattr(pl.Trainer, "current_epoch", epoch)
        batches += list(loader)

    assert len(batches) == 12
    for step, (inputs, targets) in enumerate(batches):
        expected = draw_clusters("xor", 6, 2, 0, step)
        assert inputs.dtype == torch.float32
        assert torch.equal(inputs, expected.inputs.float())
        assert torch.equal(targets, expected.targets)
    for (one, _), (other, _) in pairwise(batches):
        assert not torch.isin(one, other).any()


def test_a_stream_has_separate_validation_and_test_rows() -> None:
    data = stream(val_size=30, test_size=40, batch_size=30)

    val, test = data.table("val").inputs, data.table("test").inputs
    assert (len(val), len(test)) == (30, 40)
    assert not torch.isin(val, test).any()
    for step_inputs, _ in data.train_dataloader():
        assert not torch.isin(step_inputs, torch.cat((val, test))).any()
    # They stay the same, however often they are asked for.
    data.setup("test")
    assert torch.equal(data.table("val").inputs, val)
    assert torch.equal(stream(val_size=30, test_size=40).table("test").inputs, test)


def test_a_stream_holds_out_nothing_unless_asked() -> None:
    data = stream()

    assert not data.has_split("val")
    with pytest.raises(DataError, match=r"no test split: data\.test_size is 0"):
        data.table("test")


@pytest.mark.parametrize("name", ["val", "test"])
def test_a_fraction_of_a_stream_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"data\.{name}_size: 0\.25 of a stream .* give a count"):
        stream(**{f"{name}_size": 0.25})


def test_a_stream_without_a_batch_size_draws_all_rows_at_once() -> None:
    data = stream(batch_size=None, rows=17)

    assert [len(targets) for _, targets in data.train_dataloader()] == [17] * 4


def test_a_stream_is_scaled() -> None:
    first = draw_clusters("pair", 6, 0, 0, 0).inputs
    by_factor, by_max = stream(input_scale=0.5), stream(input_scale="max", val_size=10)

    (inputs, _), *_ = by_factor.train_dataloader()
    torch.testing.assert_close(inputs, 0.5 * first.float())
    # The rows to come are not known: the largest input is that of the first step.
    assert by_max.input_scaling is not None
    assert by_max.input_scaling.factor == pytest.approx(1 / first.max().item())
    (inputs, _), *_ = by_max.train_dataloader()
    assert inputs.max().item() == pytest.approx(1)
    held_out = draw_clusters("pair", 10, 0, 1, 0).inputs / first.max()
    torch.testing.assert_close(by_max.table("val").inputs, held_out.float())


def test_a_stream_has_the_type_they_are_placed_in() -> None:
    data = stream()
    place(data, make_trainer(precision="64-true"))

    (inputs, _), *_ = data.train_dataloader()

    assert torch.equal(inputs, draw_clusters("pair", 6, 0, 0, 0).inputs)


def test_fingerprints_of_streams_differ_by_their_options() -> None:
    options = [{}, {"data_seed": 1}, {"layout": "xor"}, {"val_size": 5}]

    fingerprints = [stream(**one).fingerprint for one in options]

    assert len(set(fingerprints)) == len(options)
    assert stream().fingerprint == fingerprints[0]


def test_the_training_rows_of_a_stream_have_no_numbers() -> None:
    stream = clusters(sample="stream", rows=50, val_size=20)
    assert stream.row_numbers("train") is None
    fixed = clusters(rows=50, val_size=20)
    numbers = [fixed.row_numbers(split) for split in ("train", "val")]
    assert torch.cat(numbers).sort().values.tolist() == list(range(50))  # type: ignore[arg-type]
