"""Every update rule takes the steps of the optimizer of the same name in PyTorch."""

from functools import partial

import pytest
import torch
from torch import nn

from dlbook_utils.update_rules import RuleOptimizer, adafactor, adagrad, adam, lion, rmsprop, sgd

PAIRS = {
    "SGD": (sgd, torch.optim.SGD, {}, 0.1),
    "momentum": (partial(sgd, momentum=0.9), torch.optim.SGD, {"momentum": 0.9}, 0.1),
    "dampened": (
        partial(sgd, momentum=0.9, dampening=0.5),
        torch.optim.SGD,
        {"momentum": 0.9, "dampening": 0.5},
        0.1,
    ),
    "Nesterov": (
        partial(sgd, momentum=0.9, nesterov=True),
        torch.optim.SGD,
        {"momentum": 0.9, "nesterov": True},
        0.1,
    ),
    "AdaGrad": (adagrad, torch.optim.Adagrad, {}, 0.1),
    "RMSProp": (rmsprop, torch.optim.RMSprop, {}, 0.01),
    "Adam": (adam, torch.optim.Adam, {}, 0.01),
    "Adam, other betas": (
        partial(adam, beta1=0.5, beta2=0.9, eps=1e-3),
        torch.optim.Adam,
        {"betas": (0.5, 0.9), "eps": 1e-3},
        0.01,
    ),
    "Adafactor": (adafactor, torch.optim.Adafactor, {}, 0.01),
}


def trained(make, steps=60, dtype=torch.float64):
    """The weights of a small network after `steps` steps on batches that are the same each time."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).to(dtype)
    optimizer = make(model.parameters())
    for _ in range(steps):
        x = torch.randn(8, 6, dtype=dtype)
        optimizer.zero_grad()
        model(x).square().mean().add(model(x).sum() * 0.1).backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def single(w, g, rule, **options):
    return rule(torch.tensor(w), torch.tensor(g), {}, **options)


@pytest.mark.parametrize("name", PAIRS)
def test_a_rule_takes_the_steps_of_torch(name):
    rule, theirs, options, lr = PAIRS[name]
    ours = trained(lambda p: RuleOptimizer(p, rule, lr))
    torch.testing.assert_close(
        ours, trained(lambda p: theirs(p, lr=lr, **options)), rtol=1e-12, atol=1e-12
    )


def test_decay_is_decoupled_as_in_adamw():
    ours = trained(lambda p: RuleOptimizer(p, adam, 0.01, weight_decay=0.3))
    theirs = trained(lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.3))
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_a_parameter_without_gradient_stays():
    w = torch.ones(3, requires_grad=True)
    RuleOptimizer([w], adam, 0.1, weight_decay=0.5).step()
    assert w.tolist() == [1, 1, 1]


def test_a_schedule_and_a_state_dict_work_as_with_any_optimizer():
    w = torch.ones(2, requires_grad=True)
    optimizer = RuleOptimizer([w], adam, 0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    w.grad = torch.ones(2)
    optimizer.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.05)
    other = RuleOptimizer([w], adam, 0.3)
    other.load_state_dict(optimizer.state_dict())
    assert other.state[w]["t"] == 1
    assert other.param_groups[0]["lr"] == pytest.approx(0.05)


def test_the_first_step_of_adam_has_size_one_whatever_the_gradient():
    assert single([0.0, 0.0], [3e3, -3e-3], adam).tolist() == pytest.approx([1, -1], abs=1e-5)


def test_lion_steps_by_one_mixture_and_remembers_by_another():
    w, state = torch.zeros(1), {}
    assert lion(w, torch.tensor([2.0]), state) == 1
    assert state["m"].item() == pytest.approx(0.02)
    # 0.9 * 0.02 - 0.1 * 0.1 is positive, 0.9 * 0.02 - 0.1 * 0.3 is not
    assert lion(w, torch.tensor([-0.1]), state | {"m": state["m"].clone()}) == 1
    assert lion(w, torch.tensor([-0.3]), state) == -1
    assert state["m"].item() == pytest.approx(0.99 * 0.02 - 0.01 * 0.3)


def test_adafactor_remembers_a_row_and_a_column_of_a_matrix():
    state = {}
    adafactor(torch.ones(30, 50), torch.randn(30, 50), state)
    assert sum(s.numel() for s in state.values() if torch.is_tensor(s)) == 80
