"""Normalized networks, many at once, are the networks of torch.nn layers."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from dlbook_utils.normed_runs import (
    PlainRuns,
    RecurrentRuns,
    ResidualRuns,
    RunningBatchNorm,
    bare_norm,
    end_losses,
    train_normed,
)

LAYERS = {"BatchNorm": nn.BatchNorm1d, "LayerNorm": nn.LayerNorm}


@pytest.fixture(autouse=True)
def _same_numbers_every_run():
    torch.manual_seed(0)


@pytest.mark.parametrize("kind", LAYERS)
def test_normed_is_torchs_layer(kind):
    z = 3 + 2 * torch.randn(2, 16, 8)
    assert_close(bare_norm(z, kind)[1], LAYERS[kind](8)(z[1]))


def test_rmsnorm_is_torchs():
    z = torch.randn(2, 16, 8)
    assert_close(bare_norm(z, "RMSNorm"), nn.RMSNorm(8, eps=1e-5)(z))


def test_running_averages_are_torchs():
    ours, theirs = RunningBatchNorm(), nn.BatchNorm1d(8)
    for _ in range(3):
        z = 1 + torch.randn(1, 16, 8)
        assert_close(ours(z, 0)[0], theirs(z[0]))
    ours.training = False
    z = torch.randn(1, 4, 8)
    assert_close(ours(z, 0)[0], theirs.eval()(z[0]))


def test_one_run_is_the_network_of_layers():
    net, x = PlainRuns("LayerNorm", depth=2, width=8), torch.rand(5, 64)
    params = net.params([3, 4])
    layers = []
    for W, bias, gain in net.layers(params):
        linear, norm = nn.Linear(*W.shape[1:], bias=False), nn.LayerNorm(8)
        linear.weight, norm.weight, norm.bias = (
            nn.Parameter(t) for t in (W[1].T, gain[1, 0], bias[1, 0])
        )
        layers += [linear, norm, nn.ReLU()]
    h = nn.Sequential(*layers)(x)
    logits = net(params, x.expand(2, -1, -1))[1]
    assert_close(logits, h @ params[-2][1] + params[-1][1])


def test_branches_that_begin_at_zero_leave_the_identity():
    net, x = ResidualRuns("none", depth=3, width=8, scale="learned"), torch.rand(1, 5, 64)
    first, *_, last = net.hidden(net.params([0]), x)
    assert_close(first, last)


def test_a_recurrent_net_reads_every_pixel():
    net = RecurrentRuns("LayerNorm", width=8, pixels=16)
    x = torch.rand(1, 3, 64, requires_grad=True)
    net(net.params([0]), x).sum().backward()
    assert (x.grad != 0).all()


def test_rates_and_seeds_are_told_apart():
    losses, params = train_normed(PlainRuns("none", 1, 8), [0.0, 0.1], [5, 6, 7], steps=3)
    assert losses.shape == (3, 2, 3)
    assert end_losses(losses).shape == (2, 3)
    first = PlainRuns("none", 1, 8).params([5, 6, 7])[0]
    assert_close(params[0][:3].detach(), first)  # a rate of zero learns nothing
    assert not torch.equal(params[0][3:], first)
