import pytest
import torch
from torch import nn
from torch.testing import assert_close

from dlbook_utils.sequence_models import (
    LAG,
    LENGTH,
    NETWORKS,
    TASKS,
    Recurrent,
    adding,
    delayed_copy,
    train_sequences,
)


@pytest.mark.parametrize("name", NETWORKS)
def test_no_network_sees_the_future(name):
    x = torch.randn(2, LENGTH, 4, requires_grad=True)
    NETWORKS[name](4, 4)(x)[:, 10].sum().backward()
    assert (x.grad[:, 11:] == 0).all()
    assert (x.grad[:, 10] != 0).any()


@pytest.mark.parametrize("task", TASKS)
def test_the_networks_have_nearly_equal_parameters(task):
    sizes = [
        sum(p.numel() for p in make(TASKS[task].inputs, TASKS[task].outputs).parameters())
        for make in NETWORKS.values()
    ]
    assert max(sizes) < 1.15 * min(sizes)


def test_the_lstm_is_torchs():
    ours, theirs = Recurrent(3, 2), nn.LSTM(3, 23, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(ours.up.weight)
        theirs.bias_ih_l0.copy_(ours.up.bias)
        theirs.weight_hh_l0.copy_(ours.back.weight)
        theirs.bias_hh_l0.zero_()
    x = torch.randn(4, LENGTH, 3)
    assert_close(ours(x), ours.head(theirs(x)[0]))


def test_the_copy_asks_for_the_symbol_a_lag_ago():
    x, y = delayed_copy(0, (5,))
    assert_close(x[:, LENGTH - 1 - LAG].argmax(1), y)


def test_the_sum_is_of_the_two_marked_numbers():
    x, y = adding(0, (6,))
    assert (x[..., 1].sum(1) == 2).all()
    assert_close((x[..., 0] * x[..., 1]).sum(1), y)


def test_a_rate_of_zero_learns_nothing():
    _, test = train_sequences("dilated convolutions", "delayed copy", [0.0, 0.01], [0], 80)
    assert test[0, 0] < 0.4 < 0.9 < test[1, 0]
