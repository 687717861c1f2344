"""Stacked runs compute what each of them computes alone."""

from functools import partial

import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from dlbook_utils.many_runs import (
    mlp_logits,
    mlp_runs,
    run_losses,
    run_norms,
    run_rows,
    train_runs,
    transformer_logits,
    transformer_runs,
)
from dlbook_utils.update_rules import RuleOptimizer, adam

SEEDS = [3, 1, 3]
RATES = [0.1, 0.1, 0.02]


@pytest.fixture
def data():
    return torch.randn(50, 6), torch.randint(4, (50,))


def alone(seed, lr, data, rule, rows):
    params = [w[0].requires_grad_() for w in mlp_runs((6, 5, 4), [seed])]
    optimizer = RuleOptimizer(params, rule, lr=lr)
    for chosen in rows:
        optimizer.zero_grad()
        hidden = (data[0][chosen] @ params[0] + params[1]).relu()
        functional.cross_entropy(hidden @ params[2] + params[3], data[1][chosen]).backward()
        optimizer.step()
    return params


def test_a_run_in_the_stack_is_the_run_alone(data):
    rows, params = run_rows(50, 8, 20, SEEDS), mlp_runs((6, 5, 4), SEEDS)
    rule = partial(adam, beta2=0.9)
    losses = train_runs(params, data, rows, torch.tensor(RATES).expand(20, -1), rule)
    assert losses.shape == (20, 3)
    for r, (seed, lr) in enumerate(zip(SEEDS, RATES, strict=True)):
        for together, one in zip(params, alone(seed, lr, data, rule, rows[:, r]), strict=True):
            assert_close(together[r], one)


def test_a_rate_per_parameter_freezes_what_gets_none(data):
    params = mlp_runs((6, 5, 4), SEEDS)
    before = [w.clone() for w in params]
    lr = torch.tensor([0.0, 0.0, 0.1, 0.1]).expand(5, 3, 4)
    train_runs(params, data, run_rows(50, 8, 5, SEEDS), lr)
    moved = [not torch.equal(w, b) for w, b in zip(params, before, strict=True)]
    assert moved == [False, False, True, True]


def test_a_pass_takes_every_example_once():
    rows = run_rows(12, 4, 6, [0, 1, 0])
    assert rows.shape == (6, 3, 4)
    assert all(sorted(rows[:3, r].flatten().tolist()) == list(range(12)) for r in range(3))
    assert torch.equal(rows[:, 0], rows[:, 2])
    assert not torch.equal(rows[:, 0], rows[:, 1])


def test_the_norm_is_that_of_the_whole_gradient():
    grads = [torch.tensor([[3.0], [0.0]]), torch.tensor([[[4.0]], [[1.0]]])]
    assert run_norms(grads).tolist() == [5, 1]


def test_run_losses_are_mean_cross_entropies():
    logits, y = torch.randn(2, 7, 4), torch.randint(4, (2, 7))
    each = [functional.cross_entropy(logits[r], y[r]) for r in range(2)]
    assert_close(run_losses(logits, y), torch.stack(each))
    assert_close(run_losses(logits, y[0])[0], each[0])


@pytest.mark.parametrize("post_norm", [True, False])
def test_transformers_in_a_stack_do_not_see_each_other(post_norm):
    weights, x = transformer_runs(2, [0, 1]), torch.randn(2, 3, 64)
    both = transformer_logits(weights, x, post_norm)
    one = transformer_logits({k: w[1:] for k, w in weights.items()}, x[1:], post_norm)
    assert both.shape == (2, 3, 10)
    assert_close(both[1:], one)


def test_networks_of_one_seed_are_one_network():
    first, _, third = mlp_logits(mlp_runs((6, 5, 4), SEEDS), torch.randn(7, 6))
    assert torch.equal(first, third)
