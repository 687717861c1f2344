"""Stacked models compute and learn what each would alone."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from dlbook_utils.many_runs import run_rows
from dlbook_utils.stacked_training import Stack, trained_stack


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(40, 1, 4, 4, generator=generator)
    return X, torch.randint(3, (40,), generator=generator)


def make() -> nn.Module:
    conv = nn.Conv2d(1, 2, 3, padding=1)
    return nn.Sequential(conv, nn.ReLU(), nn.Flatten(), nn.Linear(32, 3))


def alone(data, lr: float, seed: int, steps: int) -> nn.Module:
    X, y = data
    torch.manual_seed(seed)
    model = make()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for t, rows in enumerate(run_rows(len(X), 8, steps, [seed])[:, 0]):
        share = min((t + 1) / (steps / 10), (steps - t) / (steps / 3), 1)
        optimizer.param_groups[0]["lr"] = lr * share
        optimizer.zero_grad()
        F.cross_entropy(model(X[rows]), y[rows]).backward()
        optimizer.step()
    return model


def trained(data, steps: int = 12) -> Stack:
    rows = run_rows(40, 8, steps, [3, 4])
    return trained_stack(make, data, rows, [0.01, 0.03], [3, 4])


def test_a_run_is_the_model_trained_alone(data):
    stack = trained(data)
    for r, (lr, seed) in enumerate([(0.01, 3), (0.03, 4)]):
        model = alone(data, lr, seed, 12)
        assert_close(stack.logits(data[0])[r], model(data[0]).detach(), rtol=1e-3, atol=1e-4)


def test_a_run_can_be_taken_out(data):
    stack = trained(data)
    with torch.no_grad():
        assert_close(stack.run(1)(data[0]), stack.logits(data[0])[1])


def test_each_run_may_have_its_own_inputs(data):
    stack, (X, y) = trained(data), data
    both = stack.accuracies(torch.stack([X[:20], X[20:]]), torch.stack([y[:20], y[20:]]), own=True)
    assert both[0] == stack.accuracies(X[:20], y[:20])[0]
    assert both[1] == stack.accuracies(X[20:], y[20:])[1]
