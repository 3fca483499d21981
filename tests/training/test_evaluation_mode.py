"""Evaluation mode for a while."""

import pytest
from torch import nn

from seedbed.training.evaluation_mode import evaluation_mode


def test_the_mode_of_each_module_is_restored_also_after_an_error() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.BatchNorm1d(2))
    # A user may want the statistics of a pretrained part left as they are.
    net[2].eval()
    with evaluation_mode(net):
        assert not any(module.training for module in net.modules())
    assert [module.training for module in net] == [True, True, False]
    with pytest.raises(ZeroDivisionError), evaluation_mode(net):
        raise ZeroDivisionError
    assert [module.training for module in net] == [True, True, False]
