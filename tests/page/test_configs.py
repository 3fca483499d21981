"""What configs of many jobs share, and what differs."""

from hypothesis import given
from hypothesis import strategies as st

from seedbed.page.configs import flattened, nested, shared_and_differing
from seedbed.page.part import JobConfig
from seedbed.runs.provenance.secrets import LEFT_OUT


def test_only_keys_that_differ_have_a_value_a_job():
    bases = [{"optimizer.lr": 0.1, "model.width": 4}, {"optimizer.lr": 0.1, "model.depth": 2}]
    configs = [
        JobConfig(0),
        JobConfig(0, {"optimizer.lr": 0.2, "seed": 1}),
        JobConfig(1, {"seed": 1}),
        None,
    ]
    found = shared_and_differing(bases, configs)
    assert found.common == {}
    assert found.differing == {
        "optimizer.lr": [0.1, 0.2, 0.1, None],
        "model.width": [4, 4, None, None],
        "model.depth": [None, None, 2, None],
        "seed": [None, 1, 1, None],
    }


def test_true_is_not_one():
    found = shared_and_differing([{"x": True}, {"x": 1}], [JobConfig(0), JobConfig(1)])
    assert found.differing == {"x": [True, 1]}


KEYS = st.sampled_from(["a", "b.c", "b.d", "e"])
VALUES = st.none() | st.integers(0, 2) | st.just([1, 2]) | st.text("xy", max_size=1)
CONFIGS = st.dictionaries(KEYS, VALUES, min_size=1)


@given(st.lists(CONFIGS, min_size=1, max_size=3), st.data())
def test_every_config_can_be_put_together_again(bases, data):
    changes = st.builds(JobConfig, st.integers(0, len(bases) - 1), st.dictionaries(KEYS, VALUES))
    configs = data.draw(st.lists(changes, min_size=1, max_size=4))
    found = shared_and_differing(bases, configs)
    common = flattened(found.common)
    for place, config in enumerate(configs):
        whole = {**bases[config.base], **config.changes}
        for key in {*common, *found.differing}:
            shown = found.differing[key][place] if key in found.differing else common.get(key)
            # A key that a job lacks is shown as null.
            assert shown == whole.get(key)
        assert {*whole} <= {*common, *found.differing}


def test_secrets_and_what_is_about_the_machine_are_left_out():
    config = {
        "logger": {"wandb": {"api_key": "0123456789abcdef0123"}},
        "url": "https://jane:passw0rd@example.org/x",
        "paths": {"outputs": "/home/jane/outputs"},
        "hydra": {"job": {"name": "train"}},
        "sweep": {"fuse": "auto"},
        "list": [float("nan"), 1.5],
        "empty": {},
    }
    assert flattened(config) == {
        "logger.wandb.api_key": LEFT_OUT,
        "url": f"https://{LEFT_OUT}@example.org/x",
        "list": ["nan", 1.5],
        "empty": {},
    }
    assert len(str(nested({".".join("a" * 10_000): 1}))) < 30_000
    assert nested({"a.b": 1, "a.c.d": 2, "e": 3}) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
