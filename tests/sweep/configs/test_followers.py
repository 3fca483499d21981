"""Resolved configs of jobs, made from each other where no value follows what differs."""

import pytest

from seedbed.runs.hydra_job import resolved_text
from seedbed.sweep.configs.composer import Composer
from seedbed.sweep.configs.followers import Followers
from seedbed.sweep.job import numbered

pytestmark = pytest.mark.usefixtures("inside_a_folder")

JOBS = (
    ("optimizer.lr=0.1", "seed=0"),
    ("optimizer.lr=1e-3", "seed=7"),
    ("optimizer.lr=1e-3", "seed=7", "data.val_size=3"),
    ("trainer.max_epochs=3", "data.seed=5"),
    ("trainer.max_epochs=4", "data.seed=5", "seed=2"),
    ("seed=3", "initial_weights.distribution=standard_normal", "model.bias=false"),
    ("seed=${trainer.max_epochs}", "trainer.max_epochs=9"),
    ("data=blobs", "model=mlp", "task.label_smoothing=0.1", "seed=1"),
    ("data=blobs", "model=mlp", "task.label_smoothing=0.2", "data.classes=4"),
    ("data=blobs", "model=mlp", "data.classes=5", "optimized_metric=val/loss"),
    ("+initial_weights.parameters.bias=${optimizer.lr}", "optimizer.lr=0.5"),
    ("+initial_weights.parameters.bias=${optimizer.lr}", "optimizer.lr=0.25"),
    ("+initial_weights.parameters.bias='${mul:${optimizer.lr},2}'", "optimizer.lr=0.5"),
    ("+initial_weights.parameters.bias='${mul:${optimizer.lr},2}'", "optimizer.lr=0.25"),
    ("+initial_weights.parameters.bias=${hydra:job.num}", "optimizer.lr=0.25"),
    ("+initial_weights.parameters.bias=${hydra:job.num}", "optimizer.lr=0.5"),
)


def test_the_resolved_config_of_a_job_is_that_which_omegaconf_writes(composer: Composer) -> None:
    for job in numbered(JOBS * 2):
        with composer.described(job) as description:
            assert description.resolved() == resolved_text(description.config), job


def test_a_value_has_followers_that_are_known_or_none() -> None:
    followers = Followers(
        {
            "a": 1,
            "b": {"c": "${a}", "d": "${ e }", "f": ["${g}"], "h": "${.d}"},
            "e": "${mul:${i},2}",
            "j": "x ${k}",
            "l": "${m}",
            "n": "${l}",
            "o": {"p": 1},
            "q": "${o}",
            "data": {"seed": "${seed}"},
        }
    )
    assert followers.are_known
    # A relative name may be that of any key.
    assert followers.of(("a",)) is None
    without = Followers({"b": {"c": "${a}"}, "e": "${mul:${i},2}", "j": "x ${k}", "l": "${m}"})
    assert without.of(("a",)) == [("b", "c")]
    assert without.of(("z",)) == []
    assert without.of(("i",)) is None
    assert without.of(("k",)) is None
    chain = Followers({"l": "${m}", "n": "${l}", "f": ["${g}"], "q": "${o}"})
    assert chain.of(("m",)) is None
    assert chain.of(("g",)) is None
    assert chain.of(("o", "p")) is None
    assert Followers({"data": {"seed": "${seed}"}}).of(("seed",)) == [("data", "seed")]
    assert Followers({"data": {"seed": "${seed}"}}).of(("data", "rows")) is None
    assert not Followers({"a": "${dice:6}"}).are_known
